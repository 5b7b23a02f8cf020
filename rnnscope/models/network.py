"""ids -> logits, log-probabilities, sites: a stack of recurrent layers between one-hot input and decoder.

Knows no text, no training and no file.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from rnnscope.errors import ConfigError, did_you_mean
from rnnscope.models.sizing import NetworkConfig
from rnnscope.recurrence.cells import LayerWeights, State
from rnnscope.recurrence.kinds import KINDS
from rnnscope.recurrence.recording import record
from rnnscope.recurrence.scan import AUTO, backend_for, scan

NetworkState = tuple[State, ...]
"""One State per layer."""

BLOCK_NUMBERS = 4_000_000
"""Numbers made at a time when a long text is read: logits and gates of a block of steps."""
_Block = TypeVar("_Block")


class Layer(nn.Module):
    """Weights of one recurrent layer; uninitialised."""

    def __init__(self, cell: str, inputs: int, hidden: int) -> None:
        super().__init__()
        stacked = KINDS[cell].stacked * hidden
        self.w_input_GI = nn.Parameter(torch.empty(stacked, inputs))
        self.w_hidden_GH = nn.Parameter(torch.empty(stacked, hidden))
        self.b_input_G = nn.Parameter(torch.empty(stacked))
        self.b_hidden_G = nn.Parameter(torch.empty(stacked))

    @property
    def weights(self) -> LayerWeights:
        return LayerWeights(self.w_input_GI, self.w_hidden_GH, self.b_input_G, self.b_hidden_G)


class Network(nn.Module):
    """A recurrent language model; satisfies `scoring.Predictor`. Its weights are uninitialised until
    `models.initialise` or `models.load_network` gives them.
    """

    def __init__(self, config: NetworkConfig, backend: str = AUTO) -> None:
        """Raises BackendError where `backend` cannot run this cell."""
        super().__init__()
        backend_for(config.cell, backend=backend)
        self.config = config
        self.backend = backend
        self.layers = nn.ModuleList(
            Layer(config.cell, config.hidden if layer else config.symbols, config.hidden)
            for layer in range(config.layers)
        )
        self.decoder_VH = nn.Parameter(torch.empty(config.symbols, config.hidden))
        self.decoder_bias_V = nn.Parameter(torch.empty(config.symbols))

    @property
    def symbols(self) -> int:
        """V, the size of the alphabet."""
        return self.config.symbols

    @property
    def parameter_count(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())

    @property
    def sites(self) -> list[str]:
        """'layers.{l}.{site}', all that can be recorded."""
        return [f"layers.{layer}.{site}" for layer in range(self.config.layers) for site in self._kind.sites]

    @property
    def _kind(self):
        return KINDS[self.config.cell]

    def zero_state(self, streams: int) -> NetworkState:
        """What a text is begun with."""
        zeros_BH = self.decoder_VH.new_zeros(streams, self.config.hidden)
        return tuple(tuple(zeros_BH.clone() for _ in self._kind.state) for _ in range(self.config.layers))

    def forward(
        self,
        ids_TB: Int[Tensor, "T B"],
        state: NetworkState | None = None,
        generator: torch.Generator | None = None,
    ) -> tuple[Float[Tensor, "T B V"], NetworkState]:
        """Logits of the symbol after each, and the state after the last step.

        In training mode with dropout the masks come from `generator`, which then must be given (ValueError).
        """
        rate = self.config.dropout if self.training else 0.0
        if rate and generator is None:
            raise ValueError("dropout in training draws its masks from a generator; pass one")
        before = self.zero_state(ids_TB.shape[1]) if state is None else state
        return self._logits(ids_TB, before, rate, generator)

    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
        """Blocks of natural-log probabilities, (steps, R, V) float32, in order of time: a Predictor's.

        Reads from the zero state without dropout; memory is bounded whatever T and V.
        """
        return self._in_blocks(inputs_RT, self._log_probs)

    def record_blocks(
        self, inputs_RT: np.ndarray, sites: Sequence[str] | None = None
    ) -> Iterator[dict[str, np.ndarray]]:
        """Blocks 'layers.{l}.{site}' -> (R, steps, H) float32, in order of time, from the zero state.

        Raises ConfigError for a site that there is not.
        """
        wanted = list(self.sites if sites is None else sites)
        for site in wanted:
            if site not in self.sites:
                raise ConfigError(f"no site '{site}' in this network; {did_you_mean(site, self.sites)}")

        def recorded(ids_TB: Tensor, state: NetworkState) -> tuple[dict[str, np.ndarray], NetworkState]:
            return self._recorded(ids_TB, state, wanted)

        return self._in_blocks(inputs_RT, recorded)

    @property
    def _stack(self) -> list[Layer]:
        return list(self.layers)  # pyright: ignore[reportReturnType]

    def _in_blocks(
        self, inputs_RT: np.ndarray, run: Callable[[Tensor, NetworkState], tuple[_Block, NetworkState]]
    ) -> Iterator[_Block]:
        rows, steps = inputs_RT.shape
        numbers_per_step = rows * (self.symbols + 3 * self._kind.stacked * self.config.hidden)
        block_steps = max(1, BLOCK_NUMBERS // max(1, numbers_per_step))
        state = self.zero_state(rows)
        for start in range(0, steps, block_steps):
            ids_RT = np.ascontiguousarray(inputs_RT[:, start : start + block_steps], dtype=np.int64)
            # entered anew for each block: the caller's own code runs between blocks
            with torch.inference_mode():
                block, state = run(torch.from_numpy(ids_RT).T.to(self.decoder_VH.device), state)
            yield block

    def _logits(
        self, ids_TB: Tensor, state: NetworkState, rate: float = 0.0, generator: torch.Generator | None = None
    ) -> tuple[Tensor, NetworkState]:
        carried, end = ids_TB, []
        for layer, layer_state in zip(self._stack, state, strict=True):
            carried, after = scan(self.config.cell, carried, layer_state, layer.weights, self.backend)
            carried = _dropped(carried, rate, generator)
            end.append(after)
        return F.linear(carried, self.decoder_VH, self.decoder_bias_V), tuple(end)

    def _log_probs(self, ids_TB: Tensor, state: NetworkState) -> tuple[np.ndarray, NetworkState]:
        logits_TBV, end = self._logits(ids_TB, state)
        return F.log_softmax(logits_TBV.float(), dim=-1).numpy(force=True), end

    def _recorded(
        self, ids_TB: Tensor, state: NetworkState, wanted: Sequence[str]
    ) -> tuple[dict[str, np.ndarray], NetworkState]:
        carried, end, block = ids_TB, [], {}
        for index, (layer, layer_state) in enumerate(zip(self._stack, state, strict=True)):
            sites, after = record(self.config.cell, carried, layer_state, layer.weights, self.backend)
            for site, values_TBH in sites.items():
                if (name := f"layers.{index}.{site}") in wanted:
                    block[name] = values_TBH.transpose(0, 1).float().numpy(force=True)
            carried = sites["h"]
            end.append(after)
        return {name: block[name] for name in wanted}, tuple(end)


def _dropped(values: Tensor, rate: float, generator: torch.Generator | None) -> Tensor:
    """Inverted dropout: what is kept is divided by the share kept."""
    if not rate:
        return values
    kept = torch.rand(values.shape, generator=generator, device=values.device) >= rate
    return values * (kept / (1 - rate)).to(values.dtype)
