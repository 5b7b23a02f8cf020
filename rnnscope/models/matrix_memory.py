"""ids -> log-probabilities by residual blocks around the xLSTM's matrix memory. Knows no text and no
training.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnnscope.models.convolution import convolved
from rnnscope.models.feed_forward import FeedForward
from rnnscope.models.memory_cell import MatrixState, in_chunks
from rnnscope.models.network import NetworkState
from rnnscope.models.residual import Mixing, ResidualModel
from rnnscope.models.sizing import KERNEL, MLSTM_FEED, MLSTM_HEADS, MatrixMemoryConfig


class MatrixMemoryLayer(nn.Module):
    """Weights of one block; uninitialised."""

    def __init__(self, config: MatrixMemoryConfig) -> None:
        super().__init__()
        hidden = config.hidden
        keys, values = MLSTM_HEADS * config.key_width, MLSTM_HEADS * config.value_width
        self.gain_mix_H = nn.Parameter(torch.empty(hidden))
        self.kernel_KH = nn.Parameter(torch.empty(KERNEL, hidden))
        self.w_query_AH = nn.Parameter(torch.empty(keys, hidden))
        self.w_key_AH = nn.Parameter(torch.empty(keys, hidden))
        self.w_value_EH = nn.Parameter(torch.empty(values, hidden))
        self.w_open_EH = nn.Parameter(torch.empty(values, hidden))
        self.gates_GH = nn.Parameter(torch.empty(2 * MLSTM_HEADS, hidden))
        self.b_gates_G = nn.Parameter(torch.empty(2 * MLSTM_HEADS))
        self.gain_E = nn.Parameter(torch.empty(values))
        self.w_out_HE = nn.Parameter(torch.empty(hidden, values))
        self.feed = FeedForward(hidden, MLSTM_FEED * hidden)

    def mixed(self, carried_BTH: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """What the block adds, and its state after the last step."""
        *memory, before_BMH = state
        normed = F.layer_norm(carried_BTH, self.gain_mix_H.shape, self.gain_mix_H)
        seen, before_BMH = convolved(normed, before_BMH, self.kernel_KH)
        seen = F.silu(seen)
        gates_BNT = F.linear(seen, self.gates_GH, self.b_gates_G).transpose(1, 2)
        read_BNTD, after = in_chunks(
            _by_head(F.linear(seen, self.w_query_AH)),
            _by_head(F.linear(seen, self.w_key_AH)),
            _by_head(F.linear(normed, self.w_value_EH)),
            gates_BNT[:, :MLSTM_HEADS],
            gates_BNT[:, MLSTM_HEADS:],
            MatrixState(*memory),
        )
        read_BTND = F.layer_norm(read_BNTD.transpose(1, 2), read_BNTD.shape[-1:])
        opened = F.silu(F.linear(normed, self.w_open_EH))
        added = F.linear(read_BTND.flatten(2) * self.gain_E * opened, self.w_out_HE)
        return added, (*(each.detach() for each in after), before_BMH)


def _by_head(each_BTE: Tensor) -> Tensor:
    return each_BTE.unflatten(2, (MLSTM_HEADS, -1)).transpose(1, 2)


class MatrixMemoryNetwork(ResidualModel):
    """Pre-norm residual blocks, each x <- x + W_out (norm of every head's read-out * silu(W_open norm(x))).

    Keys, queries and gates see the last 4 steps by a convolution, values the last one alone. Kept of the
    xLSTM's block (Beck et al. 2024, figure 10): convolution, norm by head, the gate beside the cell. Dropped:
    the projection up to twice the width, block-diagonal products, the skip around the cell.
    """

    config: MatrixMemoryConfig

    def __init__(self, config: MatrixMemoryConfig) -> None:
        super().__init__(config, (MatrixMemoryLayer(config) for _ in range(config.layers)))

    def zero_state(self, streams: int) -> NetworkState:
        """Of every layer: C, n and m of every head, and inputs of the convolution."""
        config, zeros = self.config, self.decoder_VH.new_zeros
        return tuple(
            (
                zeros(streams, MLSTM_HEADS, config.key_width, config.value_width),
                zeros(streams, MLSTM_HEADS, config.key_width),
                zeros(streams, MLSTM_HEADS),
                zeros(streams, KERNEL - 1, config.hidden),
            )
            for _ in self.layers
        )

    def _mixing(self, state: NetworkState, steps: int) -> Mixing:
        return MatrixMemoryLayer.mixed

    def _numbers(self, steps: int) -> int:
        return steps * (4 * MLSTM_HEADS * steps + 12 * self.config.hidden)
