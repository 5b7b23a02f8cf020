"""A network's shape and how many parameters it has; sizes matched in parameters. Knows no tensor."""

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from rnnscope.errors import ConfigError
from rnnscope.recurrence.kinds import CellName, kind_named

WINDOW = "window"
"""Stands where a cell's name does, for a network that reads the last characters alone: an n-NN."""
ModelName = Literal[CellName, "window"]


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


ModelConfig = NetworkConfig | WindowConfig


def parameter_count(config: ModelConfig) -> int:
    """Of a network of this shape."""
    return sum(math.prod(shape) for shape in config.shapes.values())


def why_no_unit(layer: int, unit: int, layers: int, hidden: int) -> str | None:
    """Why there is no such unit (layer from 0): which ones the network has, in words; None where there is."""
    if not 0 <= layer < layers:
        return "the network has " + ("one layer, 1" if layers == 1 else f"layers 1 to {layers}")
    return None if 0 <= unit < hidden else f"layer {layer + 1} has units 0 to {hidden - 1}"


def parameters(cell: str, layers: int, hidden: int, symbols: int) -> int:
    """Parameters of a network: one-hot input, two biases a layer, decoder with bias (char-rnn's layout)."""
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
