"""THE definition of every cell: one step, every gate exposed. Knows no loop, no layer and no device.

All cells read h_{t-1} and a drive W_input x + b_input that is worked out for all steps at once beforehand,
and have two biases, as PyTorch's layers do, so that weights can be exchanged with `nn.RNN`, `nn.LSTM` and
`nn.GRU` as they are. Every fast path is tested against this file.

`gates` functions take any leading axes: what follows from the drive and h_{t-1} alone can be had for all
steps at once where h is known already (recording.py). Every site passes through `touch` before anything is
made of it, so that an intervention at a gate changes all that follows from the gate.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

State = tuple[Tensor, ...]
"""What a layer carries from step to step, in the order of CellKind.state; each (B, H)."""
Inputs = Float[Tensor, "T B I"] | Int[Tensor, "T B"]
"""Inputs of a layer; ids stand for their one-hot vectors."""


@dataclass(frozen=True)
class LayerWeights:
    """Weights of one layer; rows are stacked in the order of CellKind.blocks. I: units of the input."""

    w_input_GI: Float[Tensor, "G I"]
    w_hidden_GH: Float[Tensor, "G H"]
    b_input_G: Float[Tensor, " G"]
    b_hidden_G: Float[Tensor, " G"]


@dataclass(frozen=True)
class RNNStep:
    """Sites of one step of `rnn`, each (B, H)."""

    pre_h: Tensor
    h: Tensor


@dataclass(frozen=True)
class LSTMStep:
    """Sites of one step of `lstm`, each (B, H)."""

    pre_i: Tensor
    pre_f: Tensor
    pre_g: Tensor
    pre_o: Tensor
    i: Tensor
    f: Tensor
    g: Tensor
    o: Tensor
    c: Tensor
    tanh_c: Tensor
    h: Tensor


@dataclass(frozen=True)
class GRUStep:
    """Sites of one step of `gru` or `gru-2015`, each (B, H)."""

    pre_r: Tensor
    pre_z: Tensor
    pre_n: Tensor
    r: Tensor
    z: Tensor
    n: Tensor
    h: Tensor


Step = RNNStep | LSTMStep | GRUStep
Sites = dict[str, Tensor]
Touch = Callable[[str, Tensor], Tensor]
"""Site, its value -> the value that is to be gone on with: an intervention."""


def untouched(site: str, value: Tensor) -> Tensor:
    """No intervention."""
    return value


def drive(inputs: Inputs, weights: LayerWeights) -> Float[Tensor, "T B G"]:
    """W_input x + b_input at every step; for ids a lookup of columns."""
    if inputs.is_floating_point():
        return F.linear(inputs, weights.w_input_GI, weights.b_input_G)
    # the bias once per symbol, not once per step: the same sums
    return F.embedding(inputs, weights.w_input_GI.T + weights.b_input_G)


def rnn_gates(
    drive: Float[Tensor, "*X G"],
    hidden: Float[Tensor, "*X H"],
    weights: LayerWeights,
    touch: Touch = untouched,
) -> Sites:
    """h = tanh(drive + W_hidden h' + b_hidden)."""
    return _elman(drive, hidden, weights, touch, torch.tanh)


def rnn_relu_gates(
    drive: Float[Tensor, "*X G"],
    hidden: Float[Tensor, "*X H"],
    weights: LayerWeights,
    touch: Touch = untouched,
) -> Sites:
    """h = max(0, drive + W_hidden h' + b_hidden)."""
    return _elman(drive, hidden, weights, touch, torch.relu)


def _elman(
    drive: Tensor, hidden: Tensor, weights: LayerWeights, touch: Touch, squash: Callable[[Tensor], Tensor]
) -> Sites:
    pre_h = touch("pre_h", drive + F.linear(hidden, weights.w_hidden_GH, weights.b_hidden_G))
    return {"pre_h": pre_h, "h": touch("h", squash(pre_h))}


def rnn_step(
    drive_BG: Float[Tensor, "B G"], state: State, weights: LayerWeights, touch: Touch = untouched
) -> RNNStep:
    """One step of the plain network (Elman)."""
    return RNNStep(**rnn_gates(drive_BG, state[0], weights, touch))


def rnn_relu_step(
    drive_BG: Float[Tensor, "B G"], state: State, weights: LayerWeights, touch: Touch = untouched
) -> RNNStep:
    """One step of the plain network with rectified units."""
    return RNNStep(**rnn_relu_gates(drive_BG, state[0], weights, touch))


def lstm_gates(
    drive: Float[Tensor, "*X G"],
    hidden: Float[Tensor, "*X H"],
    weights: LayerWeights,
    touch: Touch = untouched,
) -> Sites:
    """i, f, o = sigmoid and g = tanh of drive + W_hidden h' + b_hidden."""
    stacked = (drive + F.linear(hidden, weights.w_hidden_GH, weights.b_hidden_G)).chunk(4, -1)
    pre_i, pre_f, pre_g, pre_o = (
        touch(site, value) for site, value in zip(("pre_i", "pre_f", "pre_g", "pre_o"), stacked, strict=True)
    )
    return {
        "pre_i": pre_i,
        "pre_f": pre_f,
        "pre_g": pre_g,
        "pre_o": pre_o,
        "i": touch("i", torch.sigmoid(pre_i)),
        "f": touch("f", torch.sigmoid(pre_f)),
        "g": touch("g", torch.tanh(pre_g)),
        "o": touch("o", torch.sigmoid(pre_o)),
    }


def lstm_step(
    drive_BG: Float[Tensor, "B G"], state: State, weights: LayerWeights, touch: Touch = untouched
) -> LSTMStep:
    """c = f c' + i g; h = o tanh(c); no peepholes."""
    hidden_BH, cell_BH = state
    gates = lstm_gates(drive_BG, hidden_BH, weights, touch)
    c = touch("c", gates["f"] * cell_BH + gates["i"] * gates["g"])
    tanh_c = touch("tanh_c", torch.tanh(c))
    return LSTMStep(**gates, c=c, tanh_c=tanh_c, h=touch("h", gates["o"] * tanh_c))


def lstm_carried(gates: Sites, state: State) -> Sites:
    """c and tanh(c) at every step, shape (T, B, H), from the gates at every step: one elementwise scan."""
    cell_BH, cells = state[1], []
    for forget_BH, written_BH in zip(gates["f"].unbind(0), (gates["i"] * gates["g"]).unbind(0), strict=True):
        cell_BH = torch.addcmul(written_BH, forget_BH, cell_BH)
        cells.append(cell_BH)
    c = torch.stack(cells)
    return {"c": c, "tanh_c": torch.tanh(c)}


def lstm_projected_carried(gates: Sites, state: State) -> Sites:
    """c, tanh(c) and m = o tanh(c) at every step; h is then W_project m (Sak, Senior, Beaufays 2014)."""
    carried = lstm_carried(gates, state)
    return carried | {"m": gates["o"] * carried["tanh_c"]}


def gru_gates(
    drive: Float[Tensor, "*X G"],
    hidden: Float[Tensor, "*X H"],
    weights: LayerWeights,
    touch: Touch = untouched,
) -> Sites:
    """r, z = sigmoid(...); n = tanh(drive_n + r (W_n h' + b_n)): the reset comes AFTER the matmul."""
    drive_r, drive_z, drive_n = drive.chunk(3, -1)
    from_r, from_z, from_n = F.linear(hidden, weights.w_hidden_GH, weights.b_hidden_G).chunk(3, -1)
    pre_r, pre_z = touch("pre_r", drive_r + from_r), touch("pre_z", drive_z + from_z)
    r = touch("r", torch.sigmoid(pre_r))
    return _gru_sites(pre_r, pre_z, r, touch("pre_n", drive_n + r * from_n), touch)


def gru_2015_gates(
    drive: Float[Tensor, "*X G"],
    hidden: Float[Tensor, "*X H"],
    weights: LayerWeights,
    touch: Touch = untouched,
) -> Sites:
    """r, z = sigmoid(...); n = tanh(drive_n + W_n (r h') + b_n): the reset comes BEFORE the matmul.

    Karpathy, Johnson, Li 2015, section 3.1, after Cho et al. 2014.
    """
    units = hidden.shape[-1]
    drive_rz, drive_n = drive.split([2 * units, units], -1)
    w_rz, w_n = weights.w_hidden_GH.split([2 * units, units])
    b_rz, b_n = weights.b_hidden_G.split([2 * units, units])
    pre_r, pre_z = (drive_rz + F.linear(hidden, w_rz, b_rz)).chunk(2, -1)
    pre_r, pre_z = touch("pre_r", pre_r), touch("pre_z", pre_z)
    r = touch("r", torch.sigmoid(pre_r))
    return _gru_sites(pre_r, pre_z, r, touch("pre_n", drive_n + F.linear(r * hidden, w_n, b_n)), touch)


def _gru_sites(pre_r: Tensor, pre_z: Tensor, r: Tensor, pre_n: Tensor, touch: Touch) -> Sites:
    return {
        "pre_r": pre_r,
        "pre_z": pre_z,
        "pre_n": pre_n,
        "r": r,
        "z": touch("z", torch.sigmoid(pre_z)),
        "n": touch("n", torch.tanh(pre_n)),
    }


def gru_step(
    drive_BG: Float[Tensor, "B G"], state: State, weights: LayerWeights, touch: Touch = untouched
) -> GRUStep:
    """h = (1 - z) n + z h': z = 1 KEEPS the old state."""
    (hidden_BH,) = state
    gates = gru_gates(drive_BG, hidden_BH, weights, touch)
    n, z = gates["n"], gates["z"]
    return GRUStep(**gates, h=touch("h", n + z * (hidden_BH - n)))


def gru_2015_step(
    drive_BG: Float[Tensor, "B G"], state: State, weights: LayerWeights, touch: Touch = untouched
) -> GRUStep:
    """h = (1 - z) h' + z n: z = 1 OVERWRITES the old state."""
    (hidden_BH,) = state
    gates = gru_2015_gates(drive_BG, hidden_BH, weights, touch)
    return GRUStep(**gates, h=touch("h", hidden_BH + gates["z"] * (gates["n"] - hidden_BH)))


def gru_reset_before_step(
    drive_BG: Float[Tensor, "B G"], state: State, weights: LayerWeights, touch: Touch = untouched
) -> GRUStep:
    """The gates of `gru-2015`, but h = (1 - z) n + z h': z = 1 KEEPS the old state (Keras, ONNX)."""
    (hidden_BH,) = state
    gates = gru_2015_gates(drive_BG, hidden_BH, weights, touch)
    n, z = gates["n"], gates["z"]
    return GRUStep(**gates, h=touch("h", n + z * (hidden_BH - n)))


def nothing_carried(gates: Sites, state: State) -> Sites:
    """For cells whose only state is h."""
    return {}


@dataclass(frozen=True)
class Definition:
    """A cell's mathematics."""

    step: Callable[..., Step]
    """drive (B, G), state, weights, touch -> every site of one step."""
    gates: Callable[..., Sites]
    """drive, h_{t-1}, weights -> the sites that follow from these alone, for any leading axes."""
    carried: Callable[[Sites, State], Sites]
    """Gates of all steps and the first state -> the sites that need a scan over time beside h."""


DEFINITIONS = {
    "rnn": Definition(rnn_step, rnn_gates, nothing_carried),
    "lstm": Definition(lstm_step, lstm_gates, lstm_carried),
    "gru": Definition(gru_step, gru_gates, nothing_carried),
    "gru-2015": Definition(gru_2015_step, gru_2015_gates, nothing_carried),
}
RNN_RELU = Definition(rnn_relu_step, rnn_relu_gates, nothing_carried)
GRU_RESET_BEFORE = Definition(gru_reset_before_step, gru_2015_gates, nothing_carried)
LSTM_PROJECTED = Definition(lstm_step, lstm_gates, lstm_projected_carried)
"""Of networks that others trained; see kinds.py. A step of the last gives m where it says h."""
