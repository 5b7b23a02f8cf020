"""A network's shape and how many parameters it has; sizes matched in parameters. Knows no tensor."""

import math
from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from rnnscope.errors import ConfigError, did_you_mean
from rnnscope.recurrence.kinds import KINDS, CellName, kind_named

WINDOW = "window"
"""Stands where a cell's name does, for a network that reads the last characters alone: an n-NN."""
ATTENTION, TRANSFORMER, MLSTM = "attention", "transformer", "mlstm"
"""Stand where a cell's name does, for models with a memory of many steps."""
ModelName = Literal[CellName, "window", "attention", "transformer", "mlstm"]
LOOKING_BACK = (WINDOW, ATTENTION, TRANSFORMER)
"""Models whose `context` says how many steps back they, or each of their attending layers, look."""
_IN_WORDS = {
    WINDOW: "an n-NN",
    ATTENTION: "an LSTM with attention",
    TRANSFORMER: "a transformer",
    MLSTM: "an mLSTM",
}


def has_units(cell: str) -> bool:
    """Whether a model of this name is a plain recurrent network, whose gates and states can be looked
    into.
    """
    return cell in KINDS


def why_no_gates(run: str, cell: str) -> str:
    """What to say where a model that has no such units is to be looked into."""
    kind = _IN_WORDS.get(cell, repr(cell))
    return f"'{run}' is {kind}: it has no gates and no state to look into; take a recurrent network"


def check_model_name(name: str) -> None:
    """Raises ConfigError for a model that there is not."""
    if name not in KINDS and name not in _IN_WORDS:
        raise ConfigError(f"no cell '{name}'; {did_you_mean(name, [*KINDS, *_IN_WORDS])}")


HEADS = 2
"""Attention heads of a transformer's layer."""
FEED = 2
"""Units of its feed-forward part, times H."""
MLSTM_HEADS = 2
"""Heads of a matrix memory, which keeps about as many things apart as a key has units.

War and Peace, 2x77, a quarter of an epoch, nats on every third row of validation: 2 heads 1.577, 4 heads
1.601, both begun forgetting over 4 to 150 characters; one head 1.582 begun at 4 characters, 1.668 at 150.
"""
MLSTM_KEYS = 1.0
"""Units of the keys of all its heads together, of H."""
MLSTM_FEED = 2
"""Units of the feed-forward part of an mLSTM's block, times H."""
HEAD_SHARE = 0.25
"""Width of a key, a query and a value of the head over an LSTM's states, of H."""
KERNEL = 4
"""Steps that the convolution before a memory sees, its own included (the xLSTM's; Beck et al. 2024)."""


def _feed_forward(hidden: int, feed: int) -> dict[str, tuple[int, ...]]:
    return {
        "feed.gain_H": (hidden,),
        "feed.w_up_FH": (feed, hidden),
        "feed.w_down_HF": (hidden, feed),
    }


def inner_width(hidden: int, heads: int) -> int:
    """A, units of all heads of an attention together: near H, and every head's even, as rotation needs."""
    return heads * 2 * max(1, round(hidden / (2 * heads)))


def head_width(hidden: int) -> int:
    """A of the head over an LSTM's states."""
    return max(1, round(HEAD_SHARE * hidden))


class NetworkConfig(BaseModel):
    """All that a network is before its weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cell: CellName
    layers: int = Field(ge=1)
    hidden: int = Field(ge=1)
    """H, units of every layer."""
    symbols: int = Field(ge=1)
    """V, the size of the alphabet."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of units dropped in training: on the inputs of layers 2 and up, and on the top output."""

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of every parameter, in the network's order."""
        stacked = kind_named(self.cell).stacked * self.hidden
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in range(self.layers):
            shapes |= {
                f"layers.{layer}.w_input_GI": (stacked, self.hidden if layer else self.symbols),
                f"layers.{layer}.w_hidden_GH": (stacked, self.hidden),
                f"layers.{layer}.b_input_G": (stacked,),
                f"layers.{layer}.b_hidden_G": (stacked,),
            }
        return shapes | {"decoder_VH": (self.symbols, self.hidden), "decoder_bias_V": (self.symbols,)}


class WindowConfig(BaseModel):
    """All that an n-NN is before its weights: one tanh layer on the last characters, each one-hot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    context: int = Field(ge=1)
    """N, characters that a prediction depends on."""
    hidden: int = Field(ge=1)
    """H, units."""
    symbols: int = Field(ge=1)
    """V, the size of the alphabet."""

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of every parameter, in the network's order."""
        return {
            "w_input_NVH": (self.context, self.symbols, self.hidden),
            "b_input_H": (self.hidden,),
            "decoder_VH": (self.symbols, self.hidden),
            "decoder_bias_V": (self.symbols,),
        }


class MemoryConfig(BaseModel):
    """What every model with a memory of many steps has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layers: int = Field(ge=1)
    hidden: int = Field(ge=1)
    """H, the width of what goes from layer to layer and of what the decoder reads."""
    symbols: int = Field(ge=1)
    """V, the size of the alphabet."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of what a layer gives on that is dropped in training."""

    @property
    def _decoder(self) -> dict[str, tuple[int, ...]]:
        return {"decoder_VH": (self.symbols, self.hidden), "decoder_bias_V": (self.symbols,)}


class AttentionConfig(MemoryConfig):
    """LSTM layers with one causal attention head over the last states of one of them."""

    context: int = Field(ge=1)
    """W, states that the head attends to, the newest included."""

    @property
    def attended(self) -> int:
        """Which layer's states, from 0: the last but one (Merity 2019), the only one where there is one."""
        return max(0, self.layers - 2)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of every parameter, in the model's order."""
        hidden, inner = self.hidden, head_width(self.hidden)
        lstm = NetworkConfig(cell="lstm", layers=self.layers, hidden=hidden, symbols=self.symbols).shapes
        head = {
            "head.w_query_AH": (inner, hidden),
            "head.w_key_AH": (inner, hidden),
            "head.w_value_AH": (inner, hidden),
            "head.w_out_HA": (hidden, inner),
            "head.gain_H": (hidden,),
        }
        layers = {name: shape for name, shape in lstm.items() if name.startswith("layers.")}
        return layers | head | self._decoder


class TransformerConfig(MemoryConfig):
    """A decoder-only transformer with rotary positions."""

    context: int = Field(ge=1)
    """W, steps that every layer attends to, the newest included."""

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of every parameter, in the model's order."""
        hidden, inner, feed = self.hidden, inner_width(self.hidden, HEADS), FEED * self.hidden
        shapes: dict[str, tuple[int, ...]] = {"embed_VH": (self.symbols, hidden)}
        for layer in range(self.layers):
            block = {
                "gain_mix_H": (hidden,),
                "kernel_KH": (KERNEL, hidden),
                "w_query_AH": (inner, hidden),
                "w_key_AH": (inner, hidden),
                "w_value_AH": (inner, hidden),
                "w_out_HA": (hidden, inner),
                **_feed_forward(hidden, feed),
            }
            shapes |= {f"layers.{layer}.{name}": shape for name, shape in block.items()}
        return shapes | {"gain_H": (hidden,)} | self._decoder


class MatrixMemoryConfig(MemoryConfig):
    """Residual blocks around the matrix-memory cell of the xLSTM."""

    @property
    def value_width(self) -> int:
        """D, rows of a head's memory: what it reads out."""
        return max(1, round(self.hidden / MLSTM_HEADS))

    @property
    def key_width(self) -> int:
        """K, columns of a head's memory."""
        return max(1, round(MLSTM_KEYS * self.hidden / MLSTM_HEADS))

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of every parameter, in the model's order."""
        hidden = self.hidden
        keys, values = MLSTM_HEADS * self.key_width, MLSTM_HEADS * self.value_width
        shapes: dict[str, tuple[int, ...]] = {"embed_VH": (self.symbols, hidden)}
        for layer in range(self.layers):
            block = {
                "gain_mix_H": (hidden,),
                "kernel_KH": (KERNEL, hidden),
                "w_query_AH": (keys, hidden),
                "w_key_AH": (keys, hidden),
                "w_value_EH": (values, hidden),
                "w_open_EH": (values, hidden),
                "gates_GH": (2 * MLSTM_HEADS, hidden),
                "b_gates_G": (2 * MLSTM_HEADS,),
                "gain_E": (values,),
                "w_out_HE": (hidden, values),
                **_feed_forward(hidden, MLSTM_FEED * hidden),
            }
            shapes |= {f"layers.{layer}.{name}": shape for name, shape in block.items()}
        return shapes | {"gain_H": (hidden,)} | self._decoder


ModelConfig = NetworkConfig | WindowConfig | AttentionConfig | TransformerConfig | MatrixMemoryConfig


def parameter_count(config: ModelConfig) -> int:
    """Of a network of this shape."""
    return sum(math.prod(shape) for shape in config.shapes.values())


_BY_NAME: dict[str, Callable[[int, int, int], ModelConfig]] = {
    ATTENTION: lambda layers, hidden, symbols: AttentionConfig(
        layers=layers, hidden=hidden, symbols=symbols, context=1
    ),
    TRANSFORMER: lambda layers, hidden, symbols: TransformerConfig(
        layers=layers, hidden=hidden, symbols=symbols, context=1
    ),
    MLSTM: lambda layers, hidden, symbols: MatrixMemoryConfig(layers=layers, hidden=hidden, symbols=symbols),
}
"""Models with a memory by layers, hidden, symbols: how far back they look changes no size."""


def why_no_unit(layer: int, unit: int, layers: int, hidden: int) -> str | None:
    """Why there is no such unit (layer from 0): which ones the network has, in words; None where there is."""
    if not 0 <= layer < layers:
        return "the network has " + ("one layer, 1" if layers == 1 else f"layers 1 to {layers}")
    return None if 0 <= unit < hidden else f"layer {layer + 1} has units 0 to {hidden - 1}"


def check_unit(layer: int, unit: int, layers: int, hidden: int) -> None:
    """Raises ConfigError for a unit that the network has not (layer from 1, as people write it)."""
    if why := why_no_unit(layer - 1, unit, layers, hidden):
        raise ConfigError(f"no unit {layer}.{unit}: {why}")


def parameters(cell: str, layers: int, hidden: int, symbols: int) -> int:
    """Parameters of a network: one-hot input, two biases a layer, decoder with bias (char-rnn's layout)."""
    if cell in _BY_NAME:
        return parameter_count(_BY_NAME[cell](layers, hidden, symbols))
    stacked = kind_named(cell).stacked * hidden
    first = stacked * (symbols + hidden + 2)
    above = stacked * (hidden + hidden + 2)
    return first + (layers - 1) * above + symbols * (hidden + 1)


def matched_hidden(cell: str, layers: int, symbols: int, budget: int) -> int:
    """The hidden size whose parameter count is nearest to `budget`, the smaller one of two as near.

    Raises ConfigError for a budget below that of a single unit.
    """
    least = parameters(cell, layers, 1, symbols)
    if budget < least:
        raise ConfigError(
            f"{budget} parameters are too few: {cell} with {layers} layers and 1 unit has {least} at "
            f"{symbols} symbols"
        )
    low, high = 1, 2
    while parameters(cell, layers, high, symbols) < budget:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if parameters(cell, layers, middle, symbols) < budget else (low, middle)
    return min((low, high), key=lambda hidden: abs(parameters(cell, layers, hidden, symbols) - budget))
