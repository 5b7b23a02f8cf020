"""ids -> log-probabilities from the last N characters alone: the n-NN of Karpathy, Johnson, Li 2015. Knows no
text, no training and no file.
"""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from rnnscope.models.network import NetworkState, StreamShare, backpropagate_by_graph
from rnnscope.models.sizing import WindowConfig

BLOCK_NUMBERS = 4_000_000
"""Numbers made at a time when a long text is read: logits and hidden units of a block of steps."""


class WindowNetwork(nn.Module):
    """One tanh layer on the one-hots of the last N characters; satisfies `scoring.Predictor`.

        p = softmax(D tanh(sum over j < N of W_j x_{t-j} + b) + d)

    The product of a matrix with a one-hot is one of its columns, so that a step looks up N rows of a table
    and adds them: nothing of width N V is made. What lies before the beginning of a row adds nothing. Weights
    are uninitialised until `models.initialise` or `models.load_model` gives them.
    """

    def __init__(self, config: WindowConfig) -> None:
        super().__init__()
        self.config = config
        context, hidden, symbols = config.context, config.hidden, config.symbols
        self.w_input_NVH = nn.Parameter(torch.empty(context, symbols, hidden))
        self.b_input_H = nn.Parameter(torch.empty(hidden))
        self.decoder_VH = nn.Parameter(torch.empty(symbols, hidden))
        self.decoder_bias_V = nn.Parameter(torch.empty(symbols))

    @property
    def symbols(self) -> int:
        """V, the size of the alphabet."""
        return self.config.symbols

    @property
    def sees(self) -> int:
        """N, how many characters a prediction depends on."""
        return self.config.context

    @property
    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())

    def zero_state(self, streams: int) -> NetworkState:
        """Nothing read: of the last N - 1 characters each id plus one, (B, N - 1) int64, 0 for none."""
        shape = (streams, self.config.context - 1)
        return ((torch.zeros(shape, dtype=torch.int64, device=self.decoder_VH.device),),)

    def forward(
        self, ids_TB: Int[Tensor, "T B"], state: NetworkState | None = None
    ) -> tuple[Float[Tensor, "T B V"], NetworkState]:
        """Logits of the symbol after each, and the state after the last step."""
        top_TBH, after = self.top(ids_TB, self.zero_state(ids_TB.shape[1]) if state is None else state)
        return F.linear(top_TBH, self.decoder_VH, self.decoder_bias_V), after

    def top(
        self, ids_TB: Int[Tensor, "T B"], state: NetworkState
    ) -> tuple[Float[Tensor, "T B H"], NetworkState]:
        """What the decoder reads after each symbol, and the state after the last step."""
        ((before_BN,),) = state
        context, symbols = self.config.context, self.config.symbols
        # one row of the table before all others stands for 'nothing there' and is zero
        known_KB = torch.cat([before_BN.T, ids_TB + 1])
        after_BN = known_KB[len(known_KB) - (context - 1) :].T
        windows_TBN = known_KB.unfold(0, context, 1).flip(-1)  # the newest first: row j looks j back
        shifts_N = torch.arange(context, device=ids_TB.device) * symbols
        index_TBN = torch.where(windows_TBN > 0, windows_TBN + shifts_N, 0)
        table = F.pad(self.w_input_NVH.flatten(0, 1), (0, 0, 1, 0))
        summed = F.embedding_bag(index_TBN.flatten(0, 1), table, mode="sum")
        hidden_TBH = torch.tanh(summed + self.b_input_H).unflatten(0, ids_TB.shape)
        return hidden_TBH, ((after_BN.contiguous(),),)

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
        `.grad`.

        As `Network.backpropagate`; nothing is dropped here, so that `generator` and `share` change nothing.
        """
        return backpropagate_by_graph(self, (ids_TB, state), targets_TB, dtype)

    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
        """Blocks of natural-log probabilities, (steps, R, V) float32, in order of time: a Predictor's."""
        rows, steps = inputs_RT.shape
        block_steps = max(1, BLOCK_NUMBERS // max(1, rows * (self.symbols + self.config.hidden)))
        state = self.zero_state(rows)
        for start in range(0, steps, block_steps):
            ids_RT = np.ascontiguousarray(inputs_RT[:, start : start + block_steps], dtype=np.int64)
            # entered anew for each block: the caller's own code runs between blocks
            with torch.inference_mode():
                logits_TRV, state = self(torch.from_numpy(ids_RT).T.to(self.decoder_VH.device), state)
                block = F.log_softmax(logits_TRV.float(), dim=-1).numpy(force=True)
            yield block
