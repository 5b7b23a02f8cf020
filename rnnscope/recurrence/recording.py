"""One layer over a stretch of time -> every gate and state at every step. Knows no network.

No cell loop is needed: the fast path gives h; h_{t-1} is then known for all t, so that all gates are
matmuls over many steps, and c is one elementwise scan. A cell without a fast path runs step by step.
"""

from collections.abc import Collection, Iterator

import torch
from torch import Tensor

from rnnscope.recurrence.cells import DEFINITIONS, Definition, Inputs, LayerWeights, Sites, State, drive
from rnnscope.recurrence.kinds import KINDS
from rnnscope.recurrence.scan import AUTO, backend_for, scan
from rnnscope.recurrence.stepping import step_by_step

BLOCK_NUMBERS = 2**20
"""Stacked gates made at a time: enough for products at full speed, and little beside what is recorded
(LSTM 2x512, 1000 steps of 32 streams: 3.6 s with 2**20 and 2**21, 3.8 with 2**19, 4.4 with 2**18)."""


def record(
    cell: str,
    inputs: Inputs,
    state: State,
    weights: LayerWeights,
    backend: str = AUTO,
    wanted: Collection[str] | None = None,
) -> tuple[Sites, State]:
    """Site -> (T, B, H) for h and the wanted sites (None: all of CellKind.sites), in their order, and the
    state after the last step.

    h and the state are those of `scan` to the last bit. Raises BackendError as `scan` does.
    """
    kind, definition = KINDS[cell], DEFINITIONS[cell]
    if backend_for(cell, inputs.device, backend) == "definition":
        sites, end = step_by_step(kind, definition, inputs, state, weights, wanted=wanted)
    else:
        hidden_TBH, end = scan(cell, inputs, state, weights, backend)
        behind = set(kind.sites if wanted is None else wanted) - {"h"}
        sites = sites_behind(hidden_TBH, definition, inputs, state, weights, behind) | {"h": hidden_TBH}
    return {site: sites[site] for site in kind.sites if site in sites}, end


def sites_behind(
    hidden_TBH: Tensor,
    definition: Definition,
    inputs: Inputs,
    state: State,
    weights: LayerWeights,
    wanted: Collection[str],
    device: torch.device | None = None,
) -> Sites:
    """Site -> (T, B, H) for every wanted site but h, from h at every step and the state before the first.

    Streams come first in memory. Without gradients the sites are made block after block of time and put on
    `device` (None: where h is) as they come.
    """
    if not wanted:
        return {}
    if torch.is_grad_enabled():
        ((_, sites),) = _blocks(hidden_TBH, definition, inputs, state, weights, wanted, len(hidden_TBH))
        return {name: value.to(device or value.device) for name, value in sites.items()}
    steps, streams, _ = hidden_TBH.shape
    block_steps = max(1, BLOCK_NUMBERS // max(1, streams * len(weights.b_input_G)))
    made: Sites = {}
    for start, sites in _blocks(hidden_TBH, definition, inputs, state, weights, wanted, block_steps):
        for name, value_tBH in sites.items():
            if name not in made:
                shape = (streams, steps, value_tBH.shape[-1])
                made[name] = value_tBH.new_empty(shape, device=device or value_tBH.device).transpose(0, 1)
            made[name][start : start + len(value_tBH)] = value_tBH
    return made


def _blocks(
    hidden_TBH: Tensor,
    definition: Definition,
    inputs: Tensor,
    state: State,
    weights: LayerWeights,
    wanted: Collection[str],
    block_steps: int,
) -> Iterator[tuple[int, Sites]]:
    """First step of a block, its wanted sites."""
    before_BH, carried_state = state[0].to(hidden_TBH.dtype), state
    for start in range(0, len(hidden_TBH), block_steps):
        block = slice(start, start + block_steps)
        now_tBH = hidden_TBH[block]
        before_tBH = torch.cat([before_BH[None], now_tBH[:-1]])
        gates = definition.gates(drive(inputs[block], weights), before_tBH, weights)
        carried = {} if gates.keys() >= set(wanted) else definition.carried(gates, carried_state)
        yield start, {name: value for name, value in (gates | carried).items() if name in wanted}
        before_BH = now_tBH[-1]
        if "c" in carried:
            carried_state = (before_BH, carried["c"][-1])
