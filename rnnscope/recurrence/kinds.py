"""The table of cells: gates, sites, states, kernels. Knows no tensor, so that it loads without torch."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rnnscope.errors import ConfigError, did_you_mean

CellName = Literal["rnn", "lstm", "gru", "gru-2015"]


@dataclass(frozen=True)
class CellKind:
    """What is to be known of a cell before any of its numbers."""

    name: str
    blocks: tuple[str, ...]
    """The blocks of H rows that are stacked in its weights, in order; G = len(blocks) * H."""
    state: tuple[str, ...]
    """What is carried from step to step, in order; each is (B, H)."""
    sites: tuple[str, ...]
    """What can be recorded at every step, each (B, H); `pre_x` is what is squashed to give x."""
    kernel: str | None
    """PyTorch's fused function of the same mathematics, an attribute of `torch`; None where there is none."""
    unit_site: str = "h"
    """The site that stands for a unit, and colours text: its output, or tanh(c) as in the 2015 paper."""

    @property
    def stacked(self) -> int:
        """G / H."""
        return len(self.blocks)


_GRU_SITES = ("pre_r", "pre_z", "pre_n", "r", "z", "n", "h")
_LSTM_SITES = ("pre_i", "pre_f", "pre_g", "pre_o", "i", "f", "g", "o", "c", "tanh_c", "h")


def _by_name(kinds: Iterable[CellKind]) -> dict[str, CellKind]:
    return {kind.name: kind for kind in kinds}


KINDS = _by_name(
    (
        CellKind("rnn", ("h",), ("h",), ("pre_h", "h"), "rnn_tanh"),
        CellKind("lstm", ("i", "f", "g", "o"), ("h", "c"), _LSTM_SITES, "lstm", "tanh_c"),
        CellKind("gru", ("r", "z", "n"), ("h",), _GRU_SITES, "gru"),
        CellKind("gru-2015", ("r", "z", "n"), ("h",), _GRU_SITES, None),
    )
)
"""Block order is PyTorch's. `gru` keeps the old state where z = 1 (PyTorch, cuDNN), `gru-2015` overwrites it
there (Karpathy, Johnson, Li 2015)."""
RNN_RELU = CellKind("rnn-relu", ("h",), ("h",), ("pre_h", "h"), "rnn_relu")
GRU_RESET_BEFORE = CellKind("gru-reset-before", ("r", "z", "n"), ("h",), _GRU_SITES, None)
LSTM_PROJECTED = CellKind(
    "lstm-projected", ("i", "f", "g", "o"), ("h", "c"), (*_LSTM_SITES[:-1], "m", "h"), "lstm", "tanh_c"
)
"""What is opened but not trained here: an `nn.RNN` with rectified units, a GRU of Keras or ONNX whose reset
comes before the matmul, an `nn.LSTM` with `proj_size`."""


def unit_site(cell: str) -> str:
    """The site that stands for a unit; h for what is no cell of the table."""
    return KINDS[cell].unit_site if cell in KINDS else "h"


def kind_named(name: str) -> CellKind:
    """Raises ConfigError for a cell that there is not."""
    if name not in KINDS:
        raise ConfigError(f"no cell '{name}'; {did_you_mean(name, KINDS)}")
    return KINDS[name]
