"""Network, text -> what it loses at every character without each of its units. Knows no track.

A unit is held at a value: the cell state of an LSTM, the output of another cell. Many units are held in one
batch, each in streams of its own, one for every row; only their layer and those above it are run.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from rnnscope.errors import ConfigError
from rnnscope.models.network import Layer, Network
from rnnscope.records.ablation import ClampName
from rnnscope.recurrence.cells import DEFINITIONS, State, Touch, untouched
from rnnscope.recurrence.kinds import KINDS
from rnnscope.recurrence.scan import scan
from rnnscope.recurrence.stepping import step_by_step

STREAMS = 1024
"""Streams read side by side: units held times rows."""
NOTHING = -1
BLOCK_NUMBERS = 8_000_000
"""Numbers made at a time."""


@dataclass(frozen=True)
class Ablated:
    """What `ablate` found; arrays as in records.ablation.Ablation."""

    sites: dict[str, int]
    nats_RT: np.ndarray
    change_URT: np.ndarray
    held_at_U: np.ndarray


def held_site(cell: str) -> str:
    """What is held: the state that a cell keeps, c where it has one, else h."""
    return KINDS[cell].state[-1]


def clamp(site: str, is_held_BH: Tensor, at: Tensor) -> Touch:
    """What sets a site to `at`, (H,) or (B, H), where it is held, and leaves all else alone."""

    def touch(name: str, value_BH: Tensor) -> Tensor:
        return torch.where(is_held_BH, at, value_BH) if name == site else value_BH

    return touch


@torch.inference_mode()
def ablate(
    network: Network,
    inputs_RT: np.ndarray,
    targets_RT: np.ndarray,
    to: ClampName = "mean",
    at_step: int | None = None,
    on_units: Callable[[int, int], None] = lambda done, of: None,
) -> Ablated:
    """Every unit of every layer held at its mean over these characters, or at zero, at every step or at one.

    `on_units` hears how many units are done, and of how many. Raises ConfigError for a step that the text
    does not have.
    """
    rows, steps = inputs_RT.shape
    if at_step is not None and not 0 <= at_step < steps:
        raise ConfigError(f"no step {at_step}; the text has steps 0 to {steps - 1}")
    config, site = network.config, held_site(network.config.cell)
    device = network.decoder_VH.device
    ids_TR = torch.from_numpy(np.ascontiguousarray(inputs_RT.T, dtype=np.int64)).to(device)
    targets_TR = torch.from_numpy(np.ascontiguousarray(targets_RT.T, dtype=np.int64)).to(device)
    names = [
        f"layers.{layer}.{each}" for layer in range(config.layers) for each in dict.fromkeys((site, "h"))
    ]
    blocks = list(network.record_blocks(inputs_RT, names))
    whole = {
        name: torch.from_numpy(np.concatenate([block[name] for block in blocks], 1))
        .transpose(0, 1)
        .to(device)
        for name in names
    }
    nats_TR = _nats(network, whole[f"layers.{config.layers - 1}.h"], targets_TR)
    units, change, held_at = config.hidden, [], []
    for layer in range(config.layers):
        values_H = whole[f"layers.{layer}.{site}"].mean((0, 1))
        held_at_H = values_H if to == "mean" else torch.zeros_like(values_H)
        held_at.append(held_at_H)
        below = ids_TR if layer == 0 else whole[f"layers.{layer - 1}.h"]
        for held in torch.arange(units, device=device).split(max(1, STREAMS // rows)):
            # and one that holds nothing, so that both sides of the change come from the same arithmetic
            tried = torch.cat([held, held.new_tensor([NOTHING])])
            nats = [
                _nats(network, top_tBH, targets_TR[span].repeat(1, len(tried)))
                for span, top_tBH in _held(network, layer, below, tried, held_at_H, at_step)
            ]
            nats_URT = torch.cat(nats).view(steps, len(tried), rows).permute(1, 2, 0)
            change.append((nats_URT[:-1] - nats_URT[-1]).cpu())
            on_units(layer * units + int(held[-1]) + 1, config.layers * units)
    return Ablated(
        sites={f"layers.{layer}.{site}": units for layer in range(config.layers)},
        nats_RT=nats_TR.T.numpy(force=True),
        change_URT=torch.cat(change).numpy(),
        held_at_U=torch.cat(held_at).numpy(force=True),
    )


def _nats(network: Network, hidden_TBH: Tensor, targets_TB: Tensor) -> Tensor:
    logits_TBV = F.linear(hidden_TBH, network.decoder_VH, network.decoder_bias_V)
    true_TB = logits_TBV.gather(2, targets_TB[..., None])[..., 0]
    return logits_TBV.logsumexp(2) - true_TB


def _held(
    network: Network, layer: int, below: Tensor, held: Tensor, held_at_H: Tensor, at_step: int | None
) -> Iterator[tuple[slice, Tensor]]:
    """Block after block of time: its steps, and the top layer's h (t, B, H) with one unit held in each
    stream, B = held units times rows."""
    config = network.config
    kind, definition, site = KINDS[config.cell], DEFINITIONS[config.cell], held_site(config.cell)
    steps, rows = below.shape[:2]
    streams = len(held) * rows
    is_held_BH = held.repeat_interleave(rows)[:, None] == torch.arange(config.hidden, device=held.device)

    hold = clamp(site, is_held_BH, held_at_H)
    stack = [each.weights for each in network.layers if isinstance(each, Layer)]
    states: dict[int, State] = {
        above: tuple(held_at_H.new_zeros(streams, config.hidden) for _ in kind.state)
        for above in range(layer, config.layers)
    }
    numbers = streams * (2 * kind.stacked * config.hidden + network.symbols)
    block_steps = max(1, BLOCK_NUMBERS // numbers)
    for start in range(0, steps, block_steps):
        span = slice(start, start + block_steps)
        here = below[span]
        inputs = here.repeat(1, len(held), *[1] * (here.dim() - 2))

        def touch(step: int, start: int = start) -> Touch:
            return hold if at_step is None or step + start == at_step else untouched

        sites, states[layer] = step_by_step(
            kind, definition, inputs, states[layer], stack[layer], touch=touch, wanted=()
        )
        top = sites["h"]
        for above in range(layer + 1, config.layers):
            top, states[above] = scan(config.cell, top, states[above], stack[above], network.layer_backend)
        yield span, top
