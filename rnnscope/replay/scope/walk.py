"""Layers, inputs -> outputs, end states and sites: the pass that opens a network. Knows no head, no text."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from rnnscope.recurrence.cells import Sites, State
from rnnscope.recurrence.recording import sites_behind
from rnnscope.recurrence.stepping import step_by_step
from rnnscope.replay.scope.forms import alive, lengths_of, reversed_in_time
from rnnscope.replay.scope.hooks import Hooks
from rnnscope.replay.scope.layers import Layers, Sequence
from rnnscope.replay.scope.sites import own_names, prefix_of


@dataclass(frozen=True)
class Wish:
    """What a pass is to bring back, and what it is to change."""

    names: list[str]
    """Sites, by their full names."""
    hooks: Hooks
    device: torch.device | None
    """Where the sites are put; None: where they are made."""
    first_step: int = 0
    """Steps that earlier passes of the same run have made."""


@dataclass(frozen=True)
class Passed:
    """What a pass through all layers gave."""

    outputs: Sequence
    """Of the last layer, in the form of the inputs."""
    last: list[Tensor]
    """The state after the last step, as `walk` takes the first."""
    sites: Sites
    """Full name -> (B, T, units)."""
    steps: int
    """T."""


def walk(layers: Layers, inputs: Sequence, first: list[Tensor], wish: Wish) -> Passed:
    """One pass through all layers.

    `first`: the state before the first step, a tensor for every name of `CellKind.state`, (layers *
    directions, B, units), streams in a packed sequence's own order. A layer without hooks runs by its own
    kernel, and its sites are made from its outputs; one with hooks runs step by step.
    """
    last: list[list[Tensor]] = []
    found: Sites = {}
    for layer in range(layers.count):
        rows = slice(layer * layers.directions, (layer + 1) * layers.directions)
        run = _stepped if wish.hooks.any_in(layer) else _recorded
        inputs, after, sites = run(layers, layer, inputs, [each[rows] for each in first], wish)
        last.append(after)
        found |= {name: value_TBU.transpose(0, 1) for name, value_TBU in sites.items()}
    joined = [torch.cat(each) for each in zip(*last, strict=True)]
    sites = {name: found[name] for name in wish.names}
    return Passed(inputs, joined, sites, layers.form.steps(inputs))


def _each_way(inputs: Sequence, first: list[Tensor]) -> list[State]:
    """The state of each direction, (B, units), streams in the order in which they were given."""
    order = None if isinstance(inputs, Tensor) else inputs.unsorted_indices
    if order is not None:
        first = [each_DBU.index_select(1, order) for each_DBU in first]
    return list(zip(*(each_DBU.unbind(0) for each_DBU in first), strict=True))


def _recorded(
    layers: Layers, layer: int, inputs: Sequence, first: list[Tensor], wish: Wish
) -> tuple[Sequence, list[Tensor], Sites]:
    outputs, last = layers.run(layer, inputs, first)
    found: Sites = {}
    for reverse, state in zip((False, True), _each_way(inputs, first), strict=False):
        if wanted := own_names(wish.names, layer, reverse):
            sites = _behind(layers, layer, reverse, inputs, outputs, state, wanted, wish.device)
            found |= {prefix_of(layer, reverse) + name: value for name, value in sites.items()}
    return outputs, last, found


def _behind(
    layers: Layers,
    layer: int,
    reverse: bool,
    inputs: Sequence,
    outputs: Sequence,
    state: State,
    wanted: set[str],
    device: torch.device | None,
) -> Sites:
    """Sites of one layer and direction from its inputs and outputs, zero after a stream's end."""
    lengths = lengths_of(inputs)
    inputs_TBI, hidden_TBU = layers.form.time_first(inputs), layers.form.time_first(outputs)
    hidden_TBH = hidden_TBU.chunk(layers.directions, -1)[reverse]
    sites: Sites = {"h": _batch_major(hidden_TBH, device)} if "h" in wanted else {}
    if reverse:
        inputs_TBI, hidden_TBH = (reversed_in_time(each, lengths) for each in (inputs_TBI, hidden_TBH))
    weights = layers.direction(layer, reverse).weights
    behind = sites_behind(
        hidden_TBH, layers.definition, inputs_TBI, state, weights, wanted - {"h"}, device=device
    )
    for name, value_TBH in behind.items():
        sites[name] = reversed_in_time(value_TBH, lengths) if reverse else value_TBH
    return {name: _ended(value, lengths) for name, value in sites.items()}


def _batch_major(values_TBU: Tensor, device: torch.device | None) -> Tensor:
    """A copy whose streams come first in memory: a module's own output may be changed by what comes next."""
    if torch.is_grad_enabled():
        return values_TBU.clone().to(device or values_TBU.device)
    steps, streams, units = values_TBU.shape
    made = values_TBU.new_empty((streams, steps, units), device=device or values_TBU.device).transpose(0, 1)
    return made.copy_(values_TBU)


def _ended(values_TBU: Tensor, lengths: Tensor | None) -> Tensor:
    alive_TB = alive(len(values_TBU), lengths, values_TBU.device)
    return values_TBU if alive_TB is None else torch.where(alive_TB[..., None], values_TBU, 0)


def _stepped(
    layers: Layers, layer: int, inputs: Sequence, first: list[Tensor], wish: Wish
) -> tuple[Sequence, list[Tensor], Sites]:
    lengths, inputs_TBI = lengths_of(inputs), layers.form.time_first(inputs)
    steps = len(inputs_TBI)
    alive_TB = alive(steps, lengths, inputs_TBI.device)
    hidden, ends, found = [], [], {}
    for reverse, state in zip((False, True), _each_way(inputs, first), strict=False):
        direction = layers.direction(layer, reverse)
        wanted = own_names(wish.names, layer, reverse)
        # backwards, a stream that has ended waits in its first state until its last step comes
        sites, end = step_by_step(
            layers.kind,
            layers.definition,
            inputs_TBI.flip(0) if reverse else inputs_TBI,
            state,
            direction.weights,
            touch=lambda step, r=reverse: wish.hooks.touch(
                layer, r, wish.first_step + (steps - 1 - step if r else step)
            ),
            w_project_PH=direction.w_project_PH,
            alive_TB=alive_TB.flip(0) if reverse and alive_TB is not None else alive_TB,
            wanted=wanted,
        )
        sites = {name: value.flip(0) if reverse else value for name, value in sites.items()}
        hidden.append(sites["h"])
        ends.append(end)
        for name in wanted:
            kept = _batch_major(sites[name], wish.device)
            found[prefix_of(layer, reverse) + name] = _ended(kept, lengths)
    last = [torch.stack(each) for each in zip(*ends, strict=True)]
    if isinstance(inputs, PackedSequence) and inputs.sorted_indices is not None:
        last = [each_DBU.index_select(1, inputs.sorted_indices) for each_DBU in last]
    return layers.form.as_was(inputs, torch.cat(hidden, -1)), last, found
