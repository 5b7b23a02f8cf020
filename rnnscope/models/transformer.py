"""ids -> log-probabilities by a decoder-only transformer with rotary positions. Knows no text and no
training.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnnscope.models.attending import Memory, attend, empty_memory, visible
from rnnscope.models.convolution import convolved
from rnnscope.models.feed_forward import FeedForward
from rnnscope.models.network import NetworkState
from rnnscope.models.residual import Mixing, ResidualModel
from rnnscope.models.sizing import FEED, HEADS, KERNEL, TransformerConfig, inner_width


class TransformerLayer(nn.Module):
    """Weights of one layer; uninitialised."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        inner = inner_width(hidden, HEADS)
        self.gain_mix_H = nn.Parameter(torch.empty(hidden))
        self.kernel_KH = nn.Parameter(torch.empty(KERNEL, hidden))
        self.w_query_AH = nn.Parameter(torch.empty(inner, hidden))
        self.w_key_AH = nn.Parameter(torch.empty(inner, hidden))
        self.w_value_AH = nn.Parameter(torch.empty(inner, hidden))
        self.w_out_HA = nn.Parameter(torch.empty(hidden, inner))
        self.feed = FeedForward(hidden, FEED * hidden)

    def mixed(
        self, carried_BTH: Tensor, state: tuple[Tensor, ...], visible_B1TS: Tensor
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """What attention adds, and the layer's state after the block."""
        keys, values, known, before_BMH = state
        normed = F.layer_norm(carried_BTH, self.gain_mix_H.shape, self.gain_mix_H)
        seen, before_BMH = convolved(normed, before_BMH, self.kernel_KH)
        mixed, memory = attend(
            F.linear(seen, self.w_query_AH),
            F.linear(seen, self.w_key_AH),
            F.linear(seen, self.w_value_AH),
            (keys, values, known),
            visible_B1TS,
            heads=HEADS,
            rotates=True,
        )
        return F.linear(mixed, self.w_out_HA), (*memory, before_BMH)


class Transformer(ResidualModel):
    """Pre-norm layers, each

        x <- x + W_out attention(Q y, K y, V y),  y = convolution of norm(x) over 4 steps
        x <- x + W_down max(0, W_up norm(x))^2

    then a last norm and the decoder. Norms have a gain and no bias, products no bias. The squared rectifier
    and the convolution are Primer's (So et al. 2021, arXiv 2109.08668), which convolves q, k and v instead.
    Every layer attends to the last `context` steps, W, of its own: the whole reaches back L times that, as in
    the Transformer-XL (Dai et al. 2019, arXiv 1901.02860).
    """

    config: TransformerConfig

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config, (TransformerLayer(config.hidden) for _ in range(config.layers)))

    def zero_state(self, streams: int) -> NetworkState:
        """Of every layer: keys, values and which are known of the last W - 1 steps, inputs of the
        convolution.
        """
        width = inner_width(self.config.hidden, HEADS)
        like = self.decoder_VH

        def memory() -> Memory:
            return empty_memory(like, streams, self.config.context, width)

        return tuple(
            (*memory(), like.new_zeros(streams, KERNEL - 1, self.config.hidden)) for _ in self.layers
        )

    def _mixing(self, state: NetworkState, steps: int) -> Mixing:
        visible_B1TS = visible(state[0][2], steps)
        return lambda layer, carried, layer_state: layer.mixed(carried, layer_state, visible_B1TS)

    def _numbers(self, steps: int) -> int:
        seen = steps + self.config.context
        return seen * (3 * HEADS * steps + 8 * self.config.hidden)
