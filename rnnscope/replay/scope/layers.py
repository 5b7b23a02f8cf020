"""What can be opened, seen layer by layer: an `nn.RNN`, `nn.LSTM` or `nn.GRU` of anyone's, a Network of ours.

Knows no embedding, no head and no text.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from rnnscope.errors import ConfigError
from rnnscope.models.foreign.reset_before import GRUResetBefore
from rnnscope.models.network import Layer, Network
from rnnscope.recurrence import kinds
from rnnscope.recurrence.cells import (
    DEFINITIONS,
    GRU_RESET_BEFORE,
    LSTM_PROJECTED,
    RNN_RELU,
    Definition,
    LayerWeights,
)
from rnnscope.recurrence.kinds import KINDS, CellKind
from rnnscope.recurrence.scan import scan
from rnnscope.replay.scope.forms import Form

Sequence = Tensor | PackedSequence
"""A layer's inputs or outputs as its module has them: batch first or not, packed, or of one text alone."""


@dataclass(frozen=True)
class Direction:
    """A layer's weights for one direction of time."""

    weights: LayerWeights
    w_project_PH: Tensor | None = None
    """For an LSTM with `proj_size`."""


@runtime_checkable
class Layers(Protocol):
    """A stack of recurrent layers that can be run one at a time."""

    @property
    def kind(self) -> CellKind: ...
    @property
    def definition(self) -> Definition: ...
    @property
    def count(self) -> int:
        """L."""
        ...

    @property
    def directions(self) -> int:
        """1, or 2 where time is read backwards besides."""
        ...

    @property
    def form(self) -> Form:
        """How its sequences lie."""
        ...

    def units(self, site: str) -> int:
        """Units of a site."""
        ...

    def direction(self, layer: int, reverse: bool) -> Direction: ...

    def run(self, layer: int, inputs: Sequence, first: list[Tensor]) -> tuple[Sequence, list[Tensor]]:
        """A layer by its fastest path: its outputs and its last state.

        States: a tensor for every name of `CellKind.state`, (directions, B, units), in a packed sequence's
        own order.
        """
        ...


class ModuleLayers:
    """An `nn.RNN`, `nn.LSTM` or `nn.GRU`, with the parameters that it has at the moment."""

    def __init__(self, module: nn.RNNBase) -> None:
        self.module = module
        if isinstance(module, nn.LSTM):
            projected = module.proj_size > 0
            self.kind = kinds.LSTM_PROJECTED if projected else KINDS["lstm"]
            self.definition = LSTM_PROJECTED if projected else DEFINITIONS["lstm"]
        elif isinstance(module, GRUResetBefore):
            self.kind, self.definition = kinds.GRU_RESET_BEFORE, GRU_RESET_BEFORE
        elif isinstance(module, nn.GRU):
            self.kind, self.definition = KINDS["gru"], DEFINITIONS["gru"]
        else:
            rectified = module.mode == "RNN_RELU"
            self.kind = kinds.RNN_RELU if rectified else KINDS["rnn"]
            self.definition = RNN_RELU if rectified else DEFINITIONS["rnn"]

    @property
    def count(self) -> int:
        return self.module.num_layers

    @property
    def directions(self) -> int:
        return 2 if self.module.bidirectional else 1

    @property
    def form(self) -> Form:
        return Form(self.module.batch_first)

    def units(self, site: str) -> int:
        return (site == "h" and self.module.proj_size) or self.module.hidden_size

    def direction(self, layer: int, reverse: bool) -> Direction:
        def weight(name: str) -> Tensor:
            return getattr(self.module, f"{name}_l{layer}{'_reverse' if reverse else ''}")

        w_input_GI, w_hidden_GH = weight("weight_ih"), weight("weight_hh")
        zero_G = w_input_GI.new_zeros(len(w_input_GI))
        b_input_G, b_hidden_G = (
            (weight("bias_ih"), weight("bias_hh")) if self.module.bias else (zero_G, zero_G)
        )
        weights = LayerWeights(w_input_GI, w_hidden_GH, b_input_G, b_hidden_G)
        return Direction(weights, weight("weight_hr") if self.module.proj_size else None)

    def run(self, layer: int, inputs: Sequence, first: list[Tensor]) -> tuple[Sequence, list[Tensor]]:
        """By the module's own kernel: a module of one layer that shares its parameters.

        It reads the very memory that the whole module would: matrix products differ in their last bit with
        where in memory their numbers lie.
        """
        is_alone = isinstance(inputs, Tensor) and inputs.dim() == 2
        if is_alone:
            first = [each_DBU.squeeze(1) for each_DBU in first]
        ordered = inputs if isinstance(inputs, Tensor) else PackedSequence(inputs.data, inputs.batch_sizes)
        with differentiable(inputs[0].device.type, self.module.training):
            outputs, last = self._alone(layer)(ordered, tuple(first) if len(first) > 1 else first[0])
        if isinstance(inputs, PackedSequence):
            outputs = inputs._replace(data=outputs.data)
        ends = list(last) if isinstance(last, tuple) else [last]
        return outputs, [end.unsqueeze(1) for end in ends] if is_alone else ends

    def _alone(self, layer: int) -> Callable[..., tuple[Sequence, Any]]:
        """A layer by itself, called as its module is."""
        if self.module.num_layers == 1:
            return partial(type(self.module).forward, self.module)  # its own, whatever stands in for it now
        module, whole = self.module, [self.module.hidden_size, self.module.proj_size]
        wide = self.directions * (whole[1] or whole[0])
        settings = {
            "bias": module.bias,
            "batch_first": module.batch_first,
            "bidirectional": module.bidirectional,
            "device": "meta",
        }
        inputs = wide if layer else module.input_size
        if isinstance(module, nn.LSTM):
            alone = nn.LSTM(inputs, module.hidden_size, proj_size=module.proj_size, **settings)
        elif isinstance(module, nn.GRU):
            alone = nn.GRU(inputs, module.hidden_size, **settings)
        else:
            squash = "relu" if module.mode == "RNN_RELU" else "tanh"
            alone = nn.RNN(inputs, module.hidden_size, nonlinearity=squash, **settings)
        for name in list(alone._parameters):
            # what stands in for a parameter, such as a normalised weight, is no nn.Parameter
            delattr(alone, name)
            setattr(alone, name, getattr(module, name.replace("_l0", f"_l{layer}")))
        return alone.train(module.training)


@contextlib.contextmanager
def differentiable(device: str, training: bool) -> Iterator[None]:
    """Where gradients are to flow through a network in eval mode, cuDNN is left out: it keeps what the way
    back needs in training mode only."""
    if device == "cuda" and torch.is_grad_enabled() and not training:
        with torch.backends.cudnn.flags(enabled=False):
            yield
    else:
        yield


class NetworkLayers:
    """A Network of ours; its sequences are ids, or h, time first."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.kind = KINDS[network.config.cell]
        self.definition = DEFINITIONS[network.config.cell]
        self.directions = 1
        self.form = Form(batch_first=False)

    @property
    def count(self) -> int:
        return self.network.config.layers

    def units(self, site: str) -> int:
        return self.network.config.hidden

    def direction(self, layer: int, reverse: bool) -> Direction:
        found = self.network.layers[layer]
        assert isinstance(found, Layer)
        return Direction(found.weights)

    def run(self, layer: int, inputs: Sequence, first: list[Tensor]) -> tuple[Sequence, list[Tensor]]:
        if not isinstance(inputs, Tensor):
            raise ConfigError("a network of ours reads ids, not packed sequences")
        weights, state = self.direction(layer, False).weights, tuple(each_1BH[0] for each_1BH in first)
        hidden_TBH, end = scan(self.kind.name, inputs, state, weights, self.network.layer_backend)
        return hidden_TBH, [each_BH[None] for each_BH in end]
