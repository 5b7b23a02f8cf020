"""One layer over a stretch of time -> every gate and state at every step. Knows no network.

No cell loop is needed: the fast path gives h; h_{t-1} is then known for all t, so that all gates are one
batched matmul, and c is one elementwise scan. A cell without a fast path runs step by step.
"""

import torch
from torch import Tensor

from rnnscope.recurrence.cells import DEFINITIONS, Inputs, LayerWeights, Sites, State, drive
from rnnscope.recurrence.kinds import KINDS
from rnnscope.recurrence.scan import AUTO, backend_for, scan


def record(
    cell: str, inputs: Inputs, state: State, weights: LayerWeights, backend: str = AUTO
) -> tuple[Sites, State]:
    """Site -> (T, B, H) for every site of CellKind.sites, in that order, and the state after the last step.

    h and the state are those of `scan` to the last bit. Raises BackendError as `scan` does.
    """
    if backend_for(cell, inputs.device, backend) == "definition":
        return _step_by_step(cell, inputs, state, weights)
    hidden_TBH, end = scan(cell, inputs, state, weights, backend)
    before_TBH = torch.cat([state[0][None].to(hidden_TBH.dtype), hidden_TBH[:-1]])
    definition = DEFINITIONS[cell]
    gates = definition.gates(drive(inputs, weights), before_TBH, weights)
    sites = gates | definition.carried(gates, state) | {"h": hidden_TBH}
    return _in_order(cell, sites), end


def _step_by_step(cell: str, inputs: Tensor, state: State, weights: LayerWeights) -> tuple[Sites, State]:
    kind, step = KINDS[cell], DEFINITIONS[cell].step
    steps = []
    for drive_BG in drive(inputs, weights).unbind(0):
        steps.append(step(drive_BG, state, weights))
        state = tuple(getattr(steps[-1], name) for name in kind.state)
    return {site: torch.stack([getattr(each, site) for each in steps]) for site in kind.sites}, state


def _in_order(cell: str, sites: Sites) -> Sites:
    return {site: sites[site] for site in KINDS[cell].sites}
