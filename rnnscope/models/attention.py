"""ids -> log-probabilities by LSTM layers with one attention head over past states. Knows no text and no
training.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnnscope.models.attending import attend, empty_memory, visible
from rnnscope.models.language_model import LanguageModel, dropped_out
from rnnscope.models.network import Layer, NetworkState
from rnnscope.models.sizing import AttentionConfig, head_width
from rnnscope.recurrence.scan import scan


class Head(nn.Module):
    """Weights of the attention; uninitialised."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        inner = head_width(hidden)
        self.w_query_AH = nn.Parameter(torch.empty(inner, hidden))
        self.w_key_AH = nn.Parameter(torch.empty(inner, hidden))
        self.w_value_AH = nn.Parameter(torch.empty(inner, hidden))
        self.w_out_HA = nn.Parameter(torch.empty(hidden, inner))
        self.gain_H = nn.Parameter(torch.empty(hidden))


class AttentionNetwork(LanguageModel):
    """A stack of LSTM layers, one of which gives on

        y_t = h_t + W_out sum over the last W steps s of a_ts V h_s,
        a_ts = softmax over s of (Q h_t) (K h_{s-1}) / sqrt(A)

    instead of h_t: the memory of Merity 2019 (arXiv 1911.11423, one head in the last layer but one), without
    his feed-forward parts and norms. A state is found by the one before it, so that what followed is read
    out, as in the cache of Grave, Joulin, Usunier 2017.
    """

    config: AttentionConfig

    def __init__(self, config: AttentionConfig) -> None:
        super().__init__(config)
        self.layers = nn.ModuleList(
            Layer("lstm", config.hidden if layer else config.symbols, config.hidden)
            for layer in range(config.layers)
        )
        self.head = Head(config.hidden)
        self._end_with_decoder()

    @property
    def _stack(self) -> list[Layer]:
        return list(self.layers)  # pyright: ignore[reportReturnType]

    def zero_state(self, streams: int) -> NetworkState:
        """h and c of every layer; of the last W - 1 steps keys, values and which are known."""
        like, hidden = self.decoder_VH, self.config.hidden
        layers = tuple(
            (like.new_zeros(streams, hidden), like.new_zeros(streams, hidden)) for _ in self._stack
        )
        return *layers, empty_memory(like, streams, self.config.context, head_width(hidden))

    def _top(
        self, ids_TB: Tensor, state: NetworkState, kept_LTBH: Tensor | None
    ) -> tuple[Tensor, NetworkState]:
        carried, end = ids_TB, []
        *states, memory = state
        for index, (layer, layer_state) in enumerate(zip(self._stack, states, strict=True)):
            carried, after = scan("lstm", carried, layer_state, layer.weights)
            if index == self.config.attended:
                carried, memory = self._attended(carried, layer_state[0], memory)
            end.append(after)
            dropped = dropped_out(carried.transpose(0, 1), kept_LTBH, index, self.config.dropout)
            carried = dropped.transpose(0, 1)
        return carried, (*end, memory)

    def _attended(
        self, hidden_TBH: Tensor, before_BH: Tensor, memory: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        keys, values, known = memory
        head, hidden_BTH = self.head, hidden_TBH.transpose(0, 1)
        earlier_BTH = torch.cat([before_BH[:, None], hidden_BTH[:, :-1]], 1)
        mixed, after = attend(
            F.linear(hidden_BTH, head.w_query_AH),
            F.linear(earlier_BTH, head.w_key_AH),
            F.linear(hidden_BTH, head.w_value_AH),
            (keys, values, known),
            visible(known, len(hidden_TBH)),
            heads=1,
            rotates=False,
        )
        return hidden_TBH + F.linear(mixed, head.w_out_HA).transpose(0, 1) * head.gain_H, after

    def _numbers(self, steps: int) -> int:
        seen = steps + self.config.context
        return seen * (3 * steps + 4 * self.config.hidden) + 12 * steps * self.config.hidden
