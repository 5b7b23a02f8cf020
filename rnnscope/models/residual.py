"""ids -> log-probabilities by residual blocks of a mixer and a feed-forward part. Knows no mixer."""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnnscope.models.language_model import LanguageModel, dropped_out
from rnnscope.models.network import NetworkState
from rnnscope.models.sizing import MatrixMemoryConfig, TransformerConfig

Mixing = Callable[[Any, Tensor, tuple[Tensor, ...]], tuple[Tensor, tuple[Tensor, ...]]]
"""A block, what is carried into it, its state -> what it adds, and its state after the last step."""


class ResidualModel(LanguageModel):
    """An embedding, blocks x <- x + mix(x), x <- x + feed(x), a last norm and the decoder."""

    config: TransformerConfig | MatrixMemoryConfig

    def __init__(self, config: TransformerConfig | MatrixMemoryConfig, blocks: Iterable[nn.Module]) -> None:
        """Every block has a feed-forward part, `feed`."""
        super().__init__(config)
        self.embed_VH = nn.Parameter(torch.empty(config.symbols, config.hidden))
        self.layers = nn.ModuleList(blocks)
        self.gain_H = nn.Parameter(torch.empty(config.hidden))
        self._end_with_decoder()

    @abstractmethod
    def _mixing(self, state: NetworkState, steps: int) -> Mixing:
        """How every block mixes the next steps with what was before."""

    def _top(
        self, ids_TB: Tensor, state: NetworkState, kept_LTBH: Tensor | None
    ) -> tuple[Tensor, NetworkState]:
        carried_BTH, end = F.embedding(ids_TB.T, self.embed_VH), []
        mixing = self._mixing(state, len(ids_TB))
        for index, (block, block_state) in enumerate(zip(self.layers, state, strict=True)):
            added, after = mixing(block, carried_BTH, block_state)
            carried_BTH = carried_BTH + added
            fed = block.feed(carried_BTH)  # pyright: ignore[reportCallIssue]
            carried_BTH = carried_BTH + dropped_out(fed, kept_LTBH, index, self.config.dropout)
            end.append(after)
        top_BTH = F.layer_norm(carried_BTH, self.gain_H.shape, self.gain_H)
        return top_BTH.transpose(0, 1), tuple(end)
