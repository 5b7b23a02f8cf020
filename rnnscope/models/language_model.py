"""ids -> logits and log-probabilities, for models that autograd trains. Knows no memory and no layer."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from rnnscope.models.network import NetworkState, StreamShare, backpropagate_by_graph, kept_units, scaled_up
from rnnscope.models.sizing import AttentionConfig, MatrixMemoryConfig, TransformerConfig

BLOCK_NUMBERS = 4_000_000
"""Numbers made at a time when a long text is read: those of a block of steps of some of its rows."""
MOST_STEPS = 128
"""Steps of such a block: shorter ones read a long memory more often, longer ones are no quicker."""


class LanguageModel(nn.Module, ABC):
    """A model with a decoder on top and a state that is carried; satisfies `scoring.Predictor`. Its weights
    are uninitialised until `models.initialise` or `models.load_model` gives them.

    A state is a tuple of tensors a layer, streams first. All zeros is the state of nothing read, so that a
    stream begins anew where its state is multiplied by zero.
    """

    config: AttentionConfig | TransformerConfig | MatrixMemoryConfig

    def __init__(self, config: AttentionConfig | TransformerConfig | MatrixMemoryConfig) -> None:
        super().__init__()
        self.config = config

    def _end_with_decoder(self) -> None:
        """The decoder's weights, after all others."""
        self.decoder_VH = nn.Parameter(torch.empty(self.config.symbols, self.config.hidden))
        self.decoder_bias_V = nn.Parameter(torch.empty(self.config.symbols))

    @property
    def symbols(self) -> int:
        """V, the size of the alphabet."""
        return self.config.symbols

    @property
    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())

    @abstractmethod
    def zero_state(self, streams: int) -> NetworkState:
        """What a text is begun with: zeros."""

    @abstractmethod
    def _top(
        self, ids_TB: Tensor, state: NetworkState, kept_LTBH: Tensor | None
    ) -> tuple[Tensor, NetworkState]:
        """What the decoder reads, and the state after the last step, without a graph."""

    @abstractmethod
    def _numbers(self, steps: int) -> int:
        """Numbers made for one stream when so many steps are read at a time, beside the logits."""

    def forward(
        self,
        ids_TB: Int[Tensor, "T B"],
        state: NetworkState | None = None,
        generator: torch.Generator | None = None,
        share: StreamShare | None = None,
    ) -> tuple[Float[Tensor, "T B V"], NetworkState]:
        """Logits of the symbol after each, and the state after the last step; dropout as of
        `Network.forward`.
        """
        rate = self.config.dropout if self.training else 0.0
        kept_LTBH = kept_units(rate, self.config.layers, self.config.hidden, ids_TB, generator, share)
        before = self.zero_state(ids_TB.shape[1]) if state is None else state
        top_TBH, after = self._top(ids_TB, before, kept_LTBH)
        return F.linear(top_TBH, self.decoder_VH, self.decoder_bias_V), after

    def top(
        self, ids_TB: Int[Tensor, "T B"], state: NetworkState
    ) -> tuple[Float[Tensor, "T B H"], NetworkState]:
        """What the decoder reads after each symbol, without dropout, and the state after the last step."""
        return self._top(ids_TB, state, None)

    def backpropagate(
        self,
        ids_TB: Int[Tensor, "T B"],
        targets_TB: Int[Tensor, "T B"],
        state: NetworkState,
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float32,
        share: StreamShare | None = None,
    ) -> tuple[Float[Tensor, ""], NetworkState]:
        """Mean nats of the targets and the state after the window; leaves the mean's gradient in every
        `.grad`. As `Network.backpropagate`: no gradient goes further back than the window.
        """
        return backpropagate_by_graph(self, (ids_TB, state, generator, share), targets_TB, dtype)

    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
        """Blocks of natural-log probabilities, (steps, R, V) float32, in order of time: a Predictor's.

        Reads from the zero state without dropout; memory is bounded whatever T and V.
        """
        rows, steps = inputs_RT.shape
        block_steps = max(1, min(MOST_STEPS, BLOCK_NUMBERS // max(1, rows * self.symbols)))
        together = max(1, BLOCK_NUMBERS // self._numbers(block_steps))
        groups = [slice(first, first + together) for first in range(0, rows, together)]
        states = [self.zero_state(len(range(rows)[group])) for group in groups]
        for start in range(0, steps, block_steps):
            ids_RT = np.ascontiguousarray(inputs_RT[:, start : start + block_steps], dtype=np.int64)
            ids_TR = torch.from_numpy(ids_RT).T.to(self.decoder_VH.device)
            blocks = []
            # entered anew for each block: the caller's own code runs between blocks
            with torch.inference_mode():
                for index, group in enumerate(groups):
                    top_TRH, states[index] = self._top(ids_TR[:, group], states[index], None)
                    logits_TRV = F.linear(top_TRH, self.decoder_VH, self.decoder_bias_V)
                    blocks.append(F.log_softmax(logits_TRV.float(), dim=-1).numpy(force=True))
            yield np.concatenate(blocks, axis=1)


def dropped_out(carried_BTH: Tensor, kept_LTBH: Tensor | None, layer: int, rate: float) -> Tensor:
    """A layer's output after inverted dropout, (B, T, H); as it is where nothing is left out."""
    if kept_LTBH is None:
        return carried_BTH
    return scaled_up(carried_BTH, kept_LTBH[layer].transpose(0, 1), rate)
