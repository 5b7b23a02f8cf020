"""Weights before training. Knows the cells' blocks, not how training goes on."""

from typing import Literal

import torch
from torch import Tensor

from rnnscope.counters import KEEPING
from rnnscope.models.network import Network
from rnnscope.models.saved import Model
from rnnscope.recurrence.kinds import KINDS

InitName = Literal["uniform", "orthogonal"]
DECODER_SHRINK = 0.1
"""Logits start near zero, and so the loss near that of the uniform guess."""


def initialise(
    network: Model,
    scheme: InitName,
    generator: torch.Generator,
    *,
    uniform_range: float = 0.08,
    forget_bias: float = 1.0,
) -> None:
    """Draws all weights in place from `generator` (a processor's, whatever the network's device).

    'uniform': all from U[-uniform_range, uniform_range] (Karpathy, Johnson, Li 2015, section 3.3).

    'orthogonal': every H x H block of the recurrent matrices orthogonal; the one-hot input matrix from
    N(0, 1), input matrices above from N(0, 1/H), the decoder from N(0, 0.01/H); biases 0 but the input
    bias of the gate that keeps what is carried, which is `forget_bias` on the keeping side: an LSTM's forget
    gate, a GRU's update gate (War and Peace, GRU 1x151 after two epochs: 1.255 validation nats, 1.275 at 0).
    Every other matrix that reads hidden units is orthogonal too, and those that give on to the residual
    stream begin at zero, so that a block adds nothing at first; gains are 1. Of a convolution every fourth
    unit begins with the newest step, the others with one step back, two and three. An mLSTM's gates begin
    with their biases alone: forgetting over 4 characters to 150 (biases from 1 to 5), writing at exp(0).
    Of an n-NN the table from N(0, 1/N): a sum of N of its rows then has the variance of a one-hot input's.
    """
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            drawn = torch.empty(parameter.shape)
            if scheme == "uniform":
                drawn.uniform_(-uniform_range, uniform_range, generator=generator)
            else:
                _draw(name, drawn, network, generator, forget_bias)
            parameter.copy_(drawn)


def _draw(name: str, drawn: Tensor, network: Model, generator: torch.Generator, forget_bias: float) -> None:
    hidden = network.config.hidden
    match name.split("."):
        case ["w_input_NVH"]:
            drawn.normal_(std=len(drawn) ** -0.5, generator=generator)
        case ["layers", _, "w_hidden_GH"]:
            for block_HH in drawn.split(hidden):
                torch.nn.init.orthogonal_(block_HH, generator=generator)
        case ["layers", layer, "w_input_GI"]:
            drawn.normal_(std=1.0 if layer == "0" else hidden**-0.5, generator=generator)
        case ["embed_VH"]:
            drawn.normal_(generator=generator)
        case [*_, "w_out_HA" | "w_out_HE" | "w_down_HF" | "gates_GH"]:
            drawn.zero_()
        case [*_, "gain_H" | "gain_mix_H" | "gain_E"]:
            drawn.fill_(1.0)
        case [*_, "kernel_KH"]:
            drawn.zero_()
            for back, weights_H in enumerate(drawn):
                weights_H[back :: len(drawn)] = 1.0
        case [*_, "b_gates_G"]:
            inputs, forgets = drawn.chunk(2)
            inputs.zero_()
            forgets.copy_(torch.linspace(1.0, 5.0, len(forgets)))
        case [*_, matrix] if matrix.startswith("w_"):
            torch.nn.init.orthogonal_(drawn, generator=generator)
        case ["decoder_VH"]:
            drawn.normal_(std=DECODER_SHRINK * hidden**-0.5, generator=generator)
        case ["layers", _, "b_input_G"] if keeping := _keeping(network):
            block, sign = keeping
            drawn.zero_()
            drawn.split(hidden)[block].fill_(sign * forget_bias)
        case _:
            drawn.zero_()


def _keeping(network: Model) -> tuple[int, int] | None:
    """Which block of a layer's stacked gates keeps what is carried, and with which sign; None where none
    does.
    """
    cell = network.config.cell if isinstance(network, Network) else "lstm"
    if cell not in KEEPING:
        return None
    block, sign = KEEPING[cell]
    return KINDS[cell].blocks.index(block), sign
