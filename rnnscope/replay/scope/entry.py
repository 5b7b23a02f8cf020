"""Where a pass is let in: the forward of a user's module, the ids of a network of ours. Knows no site."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

from rnnscope.errors import ConfigError
from rnnscope.models.network import Network
from rnnscope.replay.scope.layers import ModuleLayers, Sequence
from rnnscope.replay.scope.walk import Passed

_ONE_AT_A_TIME = threading.RLock()
"""A module has one forward, which threads would take from each other."""
Pass = Callable[[Sequence, list[Tensor]], Passed]
"""Inputs and first states (see walk) -> what a pass through all layers gave."""


@contextlib.contextmanager
def let_in(layers: ModuleLayers, one_pass: Pass) -> Iterator[None]:
    """While it lasts the module's forward is `one_pass`; what calls the module gets what it always got."""
    module = layers.module

    def forward(input: Sequence, hx: Tensor | tuple[Tensor, Tensor] | None = None) -> tuple[Sequence, Any]:
        _refuse_dropout(module, float(module.dropout) if module.num_layers > 1 else 0.0)
        passed = one_pass(input, first_states(layers, input, hx))
        ends = passed.last
        if isinstance(input, PackedSequence) and input.unsorted_indices is not None:
            ends = [end.index_select(1, input.unsorted_indices) for end in ends]
        if isinstance(input, Tensor) and input.dim() == 2:
            ends = [end.squeeze(1) for end in ends]
        return passed.outputs, tuple(ends) if len(ends) > 1 else ends[0]

    with _ONE_AT_A_TIME:
        own = vars(module).get("forward")
        module.forward = forward
        try:
            yield
        finally:
            del module.forward
            if own is not None:
                module.forward = own


def first_states(
    layers: ModuleLayers, inputs: Sequence, given: Tensor | tuple[Tensor, Tensor] | None
) -> list[Tensor]:
    """The state before the first step, as `walk` takes it: zero where none is given. Raises ConfigError for
    one of another shape.
    """
    numbers_TBI = layers.form.time_first(inputs)
    rows, streams = layers.count * layers.directions, numbers_TBI.shape[1]
    shapes = [(rows, streams, layers.units("h" if name == "h" else "c")) for name in layers.kind.state]
    if given is None:
        stacked = [numbers_TBI.new_zeros(shape) for shape in shapes]
    else:
        stacked = list(given) if isinstance(given, tuple | list) else [given]
        if stacked and stacked[0].dim() == 2:
            stacked = [each.unsqueeze(1) for each in stacked]
    got = [tuple(each.shape) for each in stacked]
    if got != shapes:
        raise ConfigError(f"the initial state has shapes {got}; this module and input need {shapes}")
    if isinstance(inputs, PackedSequence) and inputs.sorted_indices is not None:
        stacked = [each.index_select(1, inputs.sorted_indices) for each in stacked]
    return stacked


def _refuse_dropout(module: nn.Module, dropout: float) -> None:
    if module.training and dropout > 0:
        raise ConfigError(
            f"the module is in training mode with dropout {dropout:g}, and what it drops cannot be "
            "known; call .eval() on the model first"
        )


def through_network(network: Network, one_pass: Pass, ids_BT: Tensor) -> Tensor:
    """Logits, (batch, time, V), of a network of ours, from its zero state."""
    _refuse_dropout(network, network.config.dropout)
    first = [torch.stack(each) for each in zip(*network.zero_state(len(ids_BT)), strict=True)]
    passed = one_pass(ids_BT.T.to(network.decoder_VH.device), first)
    assert isinstance(passed.outputs, Tensor)
    return F.linear(passed.outputs, network.decoder_VH, network.decoder_bias_V).transpose(0, 1)
