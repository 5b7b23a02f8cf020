"""Network, units to hold -> what it predicts while they are held still. Knows no text.

A unit is held at every step at the value that colours text: tanh(c) of an LSTM, h of another cell. What is
set in an LSTM is c itself, at atanh(value), so that later steps, the output and the layers above follow.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn import functional as F

from rnnscope.errors import ConfigError
from rnnscope.models.network import Layer, Network, NetworkState
from rnnscope.models.sizing import why_no_unit
from rnnscope.recurrence.cells import DEFINITIONS, Touch
from rnnscope.recurrence.kinds import KINDS
from rnnscope.recurrence.recording import record
from rnnscope.recurrence.stepping import step_by_step
from rnnscope.replay.ablation import clamp, held_site

CONTROLS = 20
"""Times that other units are held, to see what holding any unit does."""
BLOCK_STEPS = 256
"""Steps read at a time by `effect_of`."""
Read = Callable[[Tensor, NetworkState | None], tuple[Tensor, NetworkState]]
"""Ids (T, B), state (None: zero) -> logits (T, B, V), the state after them: a Network's own call."""
Units = tuple[Tensor, ...]
"""Layer by layer, what colours text at every step: tanh(c) or h, each (T, B, H)."""
Watch = Callable[[Tensor, NetworkState | None], tuple[Tensor, NetworkState, Units]]
"""As Read, and every unit at every step."""


@dataclass(frozen=True)
class Hold:
    """A unit held at one value at every step."""

    layer: int
    """From 0, as in the names of sites."""
    unit: int
    value: float
    """Of tanh(c) for an LSTM, strictly between -1 and 1; of h for another cell, -1 to 1."""

    @property
    def name(self) -> str:
        """'1.37', as `rnnscope ablate` prints it: layers count from 1."""
        return f"{self.layer + 1}.{self.unit}"


@dataclass(frozen=True)
class Effect:
    """What holding does to predictions of one text, beside what holding other units does."""

    change_nats: float
    """Mean over characters of KL(whole network || with the units held), >= 0."""
    controls_nats: tuple[float, ...]
    """The same number with as many other units of the same layers, drawn at random, at the same values."""
    before_V: np.ndarray
    """Mean probability of every symbol, of the whole network."""
    after_V: np.ndarray
    """With the units held."""


def check_holds(network: Network, holds: Sequence[Hold]) -> None:
    """Raises ConfigError for a layer, unit or value that cannot be held, and for a unit held twice."""
    config, names = network.config, [hold.name for hold in holds]
    is_open = config.cell == "lstm"  # tanh(c) never reaches its ends
    what = "tanh(c)" if is_open else "h"
    for hold in holds:
        if why := why_no_unit(hold.layer, hold.unit, config.layers, config.hidden):
            raise ConfigError(f"cannot hold {hold.name}: {why}")
        if not abs(hold.value) <= 1:
            raise ConfigError(f"cannot hold {hold.name} at {hold.value:g}: {what} lies between -1 and 1")
        if is_open and abs(hold.value) == 1:
            near = math.copysign(0.99, hold.value)
            raise ConfigError(f"cannot hold {hold.name} at {hold.value:g}: tanh(c) never is; give {near:g}")
        if names.count(hold.name) > 1:
            raise ConfigError(f"{hold.name} is to be held twice; give it once")


def holding(network: Network, streams: Sequence[Sequence[Hold]]) -> Read:
    """The network with units held, each stream's own. Layers with none held run by their fast path."""
    read = _reading(network, streams, watches=False)
    return lambda ids_TB, state: read(ids_TB, state)[:2]


def watching(network: Network, streams: Sequence[Sequence[Hold]]) -> Watch:
    """As `holding`, and what every unit then is at every step."""
    return _reading(network, streams, watches=True)


def _reading(network: Network, streams: Sequence[Sequence[Hold]], watches: bool) -> Watch:
    cell = network.config.cell
    layers = [each for each in network.layers if isinstance(each, Layer)]
    touches = [_touch(network, index, streams) for index in range(len(layers))]
    wanted = (KINDS[cell].unit_site,) if watches else ()

    def read(ids_TB: Int[Tensor, "T B"], state: NetworkState | None) -> tuple[Tensor, NetworkState, Units]:
        before = network.zero_state(ids_TB.shape[1]) if state is None else state
        carried, end, units = ids_TB, [], []
        for layer, layer_state, touch in zip(layers, before, touches, strict=True):
            if touch is None:
                sites, after = record(
                    cell, carried, layer_state, layer.weights, network.layer_backend, wanted
                )
            else:
                sites, after = step_by_step(
                    KINDS[cell],
                    DEFINITIONS[cell],
                    carried,
                    layer_state,
                    layer.weights,
                    touch=lambda step, at=touch: at,
                    wanted=wanted,
                )
            carried = sites["h"]
            end.append(after)
            units += [sites[site] for site in wanted]
        return F.linear(carried, network.decoder_VH, network.decoder_bias_V), tuple(end), tuple(units)

    return read


def _touch(network: Network, layer: int, streams: Sequence[Sequence[Hold]]) -> Touch | None:
    """What holds a layer's units, None where there are none."""
    site = held_site(network.config.cell)
    at_BH = network.decoder_VH.new_zeros(len(streams), network.config.hidden)
    is_held_BH = torch.zeros_like(at_BH, dtype=torch.bool)
    for stream, holds in enumerate(streams):
        for hold in holds:
            if hold.layer == layer:
                at_BH[stream, hold.unit] = math.atanh(hold.value) if site == "c" else hold.value
                is_held_BH[stream, hold.unit] = True
    return clamp(site, is_held_BH, at_BH) if is_held_BH.any() else None


@torch.inference_mode()
def effect_of(
    network: Network, ids: np.ndarray, holds: Sequence[Hold], first: int, generator: np.random.Generator
) -> Effect:
    """What `holds` change in the predictions made once character `first` of `ids` (T,) has been read, and
    from there on; and what the same does at other units. Probabilities are of shape (V,). Raises ConfigError
    as `check_holds` does, and for a text without such a character.
    """
    check_holds(network, holds)
    if not 0 <= first < len(ids):
        raise ConfigError(f"no character {first} in a text of {len(ids)}")
    streams: list[Sequence[Hold]] = [(), holds, *_other_units(network, holds, generator)]
    read = holding(network, streams)
    ids_T = torch.from_numpy(np.ascontiguousarray(ids, dtype=np.int64)).to(network.decoder_VH.device)
    state, kl_B, mean_BV, seen = None, 0.0, 0.0, 0
    for start in range(0, len(ids_T), BLOCK_STEPS):
        block_TB = ids_T[start : start + BLOCK_STEPS, None].repeat(1, len(streams))
        logits_TBV, state = read(block_TB, state)
        log_TBV = logits_TBV[max(0, first - start) :].double().log_softmax(-1)
        p_TBV = log_TBV.exp()
        kl_B += (p_TBV[:, :1] * (log_TBV[:, :1] - log_TBV)).sum((0, 2)).numpy(force=True)
        mean_BV += p_TBV[:, :2].sum(0).numpy(force=True)
        seen += len(log_TBV)
    _, change, *controls = (np.asarray(kl_B) / seen).tolist()
    before_V, after_V = np.asarray(mean_BV) / seen
    return Effect(change, tuple(controls), before_V, after_V)


def _other_units(
    network: Network, holds: Sequence[Hold], generator: np.random.Generator
) -> list[tuple[Hold, ...]]:
    """Up to CONTROLS times as many units of the same layers that are not held; none twice."""
    columns: list[list[Hold]] = []
    for layer in sorted({hold.layer for hold in holds}):
        here = [hold for hold in holds if hold.layer == layer]
        taken = [hold.unit for hold in here]
        free = generator.permutation(np.setdiff1d(np.arange(network.config.hidden), taken))
        for place, hold in enumerate(here):
            units = free[place :: len(here)][: len(free) // len(here)]
            columns.append([Hold(layer, int(unit), hold.value) for unit in units])
    return list(zip(*columns, strict=False))[:CONTROLS]
