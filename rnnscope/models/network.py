"""ids -> logits, log-probabilities, sites: a stack of recurrent layers between one-hot input and decoder.

Knows no text, no training and no file.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from rnnscope.errors import BackendError, ConfigError, did_you_mean
from rnnscope.models.sizing import NetworkConfig
from rnnscope.recurrence.cells import LayerWeights, State
from rnnscope.recurrence.kinds import KINDS
from rnnscope.recurrence.native.step import CELL_NUMBERS, NativeStep, StackShape
from rnnscope.recurrence.recording import record
from rnnscope.recurrence.scan import AUTO, backend_for, scan
from rnnscope.recurrence.stack import NATIVE, native_step

NetworkState = tuple[State, ...]
"""One State per layer."""

BLOCK_NUMBERS = 4_000_000
"""Numbers made at a time when a long text is read: logits and gates of a block of steps."""
_Block = TypeVar("_Block")


@dataclass(frozen=True)
class StreamShare:
    """Which of all streams of a window a call is given, where processes share them out."""

    streams: int
    """All of them."""
    part: slice


def backpropagate_by_graph(
    network: nn.Module, arguments: tuple, targets_TB: Tensor, dtype: torch.dtype
) -> tuple[Tensor, NetworkState]:
    """Mean nats of the targets under `network(*arguments)`, which gives logits and a state, and that state;
    autograd leaves the mean's gradient in every `.grad`. Matrix products are made in `dtype`.
    """
    device = targets_TB.device.type
    with torch.autocast(device, dtype, enabled=dtype in (torch.bfloat16, torch.float16)):
        logits_TBV, after = network(*arguments)
    weights = next(network.parameters()).dtype
    loss = F.cross_entropy(logits_TBV.flatten(0, 1).to(weights), targets_TB.flatten())
    network.zero_grad(set_to_none=True)
    loss.backward()
    # contiguous, as the state of nothing read is: a compiled pass is made for one layout
    return loss.detach(), tuple(tuple(each.detach().contiguous() for each in layer) for layer in after)


def kept_units(
    rate: float,
    layers: int,
    hidden: int,
    ids_TB: Tensor,
    generator: torch.Generator | None,
    share: StreamShare | None = None,
) -> Tensor | None:
    """(L, T, B, H) bool: which outputs dropout keeps; None where it keeps all. Raises ValueError without a
    generator to draw from.
    """
    if not rate:
        return None
    if generator is None:
        raise ValueError("dropout in training draws its masks from a generator; pass one")
    steps, streams = ids_TB.shape
    of = share or StreamShare(streams, slice(None))
    shape = (layers, steps, of.streams, hidden)
    # four draws of 16 bits from one of 64: a mask should cost little beside the products
    quarters = torch.empty(-(-math.prod(shape) // 4), dtype=torch.int64, device=ids_TB.device)
    draws = quarters.random_(-(2**63), None, generator=generator).view(torch.int16)
    return (draws[: math.prod(shape)] >= round(rate * 2**16) - 2**15).view(shape)[:, :, of.part]


def scaled_up(carried: Tensor, kept: Tensor, rate: float) -> Tensor:
    """Inverted dropout: what is kept (bool, of the same shape) is divided by the share kept, the rest 0."""
    return carried * kept.to(carried.dtype) / (1 - rate)


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
        """`backend`: 'auto', 'native' (the whole stack in one compiled call), or a layer's, see
        `recurrence.scan`. Raises BackendError where it cannot run this cell.
        """
        super().__init__()
        self.config = config
        self.backend = backend
        backend_for(config.cell, backend=self.layer_backend)
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
    def layer_backend(self) -> str:
        """Where layers are run one at a time."""
        return AUTO if self.backend == NATIVE else self.backend

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
        share: StreamShare | None = None,
    ) -> tuple[Float[Tensor, "T B V"], NetworkState]:
        """Logits of the symbol after each, and the state after the last step.

        In training mode with dropout the masks come from `generator`, which then must be given (ValueError);
        `share` says which of all streams these are, so that processes that share them out draw what one
        would.
        """
        kept_LTBH = self._kept(ids_TB, generator, share)
        before = self.zero_state(ids_TB.shape[1]) if state is None else state
        return self._logits(ids_TB, before, kept_LTBH)

    def top(
        self, ids_TB: Int[Tensor, "T B"], state: NetworkState
    ) -> tuple[Float[Tensor, "T B H"], NetworkState]:
        """What the decoder reads after each symbol, without dropout, and the state after the last step."""
        return self._top(ids_TB, state)

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

        What was in `.grad` is overwritten. No gradient goes further back than the window. Matrix products are
        made in `dtype`. Masks of dropout are those of `forward`.
        """
        native = self._native(dtype)
        if native is None:
            return self._backpropagate_by_graph(ids_TB, targets_TB, state, generator, dtype, share)
        parameters = self._in_order
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.empty_like(parameter)
        kept_LTBH = self._kept(ids_TB, generator, share)
        nats, after = native.update(
            self._shape,
            [parameter.detach() for parameter in parameters],
            ids_TB,
            targets_TB,
            torch.stack([torch.stack(layer) for layer in state]),
            [parameter.grad for parameter in parameters if parameter.grad is not None],
            None if kept_LTBH is None else kept_LTBH.view(torch.uint8),
            1 - self.config.dropout,
        )
        return self.decoder_VH.new_tensor(nats), tuple(layer.unbind(0) for layer in after.unbind(0))

    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
        """Blocks of natural-log probabilities, (steps, R, V) float32, in order of time: a Predictor's.

        Reads from the zero state without dropout; memory is bounded whatever T and V.
        """
        return (block for block, _ in self._in_blocks(inputs_RT, self._log_probs))

    def record_blocks(
        self, inputs_RT: np.ndarray, sites: Sequence[str] | None = None
    ) -> Iterator[dict[str, np.ndarray]]:
        """Blocks 'layers.{l}.{site}' -> (R, steps, H) float32, in order of time, from the zero state.

        Raises ConfigError for a site that there is not.
        """
        return (block for block, _ in self.record_from(inputs_RT, sites))

    def record_from(
        self,
        inputs_RT: np.ndarray,
        sites: Sequence[str] | None = None,
        state: NetworkState | None = None,
    ) -> Iterator[tuple[dict[str, np.ndarray], NetworkState]]:
        """The blocks of `record_blocks`, each with the state after it, from `state` (None: zero).

        Raises ConfigError for a site that there is not.
        """
        wanted = list(self.sites if sites is None else sites)
        for site in wanted:
            if site not in self.sites:
                raise ConfigError(f"no site '{site}' in this network; {did_you_mean(site, self.sites)}")

        def recorded(ids_TB: Tensor, state: NetworkState) -> tuple[dict[str, np.ndarray], NetworkState]:
            return self._recorded(ids_TB, state, wanted)

        return self._in_blocks(inputs_RT, recorded, state)

    @property
    def _stack(self) -> list[Layer]:
        return list(self.layers)  # pyright: ignore[reportReturnType]

    def _in_blocks(
        self,
        inputs_RT: np.ndarray,
        run: Callable[[Tensor, NetworkState], tuple[_Block, NetworkState]],
        state: NetworkState | None = None,
    ) -> Iterator[tuple[_Block, NetworkState]]:
        rows, steps = inputs_RT.shape
        numbers_per_step = rows * (self.symbols + 3 * self._kind.stacked * self.config.hidden)
        block_steps = max(1, BLOCK_NUMBERS // max(1, numbers_per_step))
        state = self.zero_state(rows) if state is None else state
        for start in range(0, steps, block_steps):
            ids_RT = np.ascontiguousarray(inputs_RT[:, start : start + block_steps], dtype=np.int64)
            # entered anew for each block: the caller's own code runs between blocks
            with torch.inference_mode():
                block, state = run(torch.from_numpy(ids_RT).T.to(self.decoder_VH.device), state)
            yield block, state

    @property
    def _shape(self) -> StackShape:
        config = self.config
        return StackShape(config.cell, config.layers, config.hidden, config.symbols)

    @property
    def _in_order(self) -> list[nn.Parameter]:
        """Every layer's input matrix, hidden matrix and biases, then the decoder's: as the native step takes
        them."""
        layers = [parameter for layer in self._stack for parameter in layer.parameters()]
        return [*layers, self.decoder_VH, self.decoder_bias_V]

    def _native(self, dtype: torch.dtype) -> NativeStep | None:
        """The compiled step with products in `dtype`, where it is there and serves this cell and these
        weights. Raises BackendError where it was asked for by name and does not.
        """
        step = native_step(self.decoder_VH.device, dtype, self.backend)
        if step is None:
            return None
        serves = self.config.cell in CELL_NUMBERS and all(
            each.dtype == step.dtype and each.is_contiguous() for each in self._in_order
        )
        if not serves and self.backend == NATIVE:
            raise BackendError(
                f"backend 'native' cannot run '{self.config.cell}' with weights in {self.decoder_VH.dtype} "
                f"and products in {dtype}; backend 'auto' takes one that can"
            )
        return step if serves else None

    def _kept(
        self, ids_TB: Tensor, generator: torch.Generator | None, share: StreamShare | None = None
    ) -> Tensor | None:
        """(L, T, B, H) bool: which outputs dropout keeps; None where it keeps all."""
        rate = self.config.dropout if self.training else 0.0
        return kept_units(rate, self.config.layers, self.config.hidden, ids_TB, generator, share)

    def _backpropagate_by_graph(
        self,
        ids_TB: Tensor,
        targets_TB: Tensor,
        state: NetworkState,
        generator: torch.Generator | None,
        dtype: torch.dtype,
        share: StreamShare | None,
    ) -> tuple[Tensor, NetworkState]:
        return backpropagate_by_graph(self, (ids_TB, state, generator, share), targets_TB, dtype)

    def _logits(
        self, ids_TB: Tensor, state: NetworkState, kept_LTBH: Tensor | None = None
    ) -> tuple[Tensor, NetworkState]:
        top_TBH, end = self._top(ids_TB, state, kept_LTBH)
        return F.linear(top_TBH, self.decoder_VH, self.decoder_bias_V), end

    def _top(
        self, ids_TB: Tensor, state: NetworkState, kept_LTBH: Tensor | None = None
    ) -> tuple[Tensor, NetworkState]:
        carried, end = ids_TB, []
        for index, (layer, layer_state) in enumerate(zip(self._stack, state, strict=True)):
            carried, after = scan(self.config.cell, carried, layer_state, layer.weights, self.layer_backend)
            if kept_LTBH is not None:
                carried = scaled_up(carried, kept_LTBH[index], self.config.dropout)
            end.append(after)
        return carried, tuple(end)

    def _log_probs(self, ids_TB: Tensor, state: NetworkState) -> tuple[np.ndarray, NetworkState]:
        native = self._native(self.decoder_VH.dtype)
        if native is not None:
            weights = [parameter.detach() for parameter in self._in_order]
            before = torch.stack([torch.stack(layer) for layer in state])
            log_probs_TBV, after = native.read(self._shape, weights, ids_TB, before)
            return log_probs_TBV.float().numpy(), tuple(layer.unbind(0) for layer in after.unbind(0))
        logits_TBV, end = self._logits(ids_TB, state)
        return F.log_softmax(logits_TBV.float(), dim=-1).numpy(force=True), end

    def _recorded(
        self, ids_TB: Tensor, state: NetworkState, wanted: Sequence[str]
    ) -> tuple[dict[str, np.ndarray], NetworkState]:
        carried, end, block = ids_TB, [], {}
        for index, (layer, layer_state) in enumerate(zip(self._stack, state, strict=True)):
            prefix = f"layers.{index}."
            here = {name.removeprefix(prefix) for name in wanted if name.startswith(prefix)}
            sites, after = record(
                self.config.cell, carried, layer_state, layer.weights, self.layer_backend, here
            )
            for site in here:
                block[prefix + site] = sites[site].transpose(0, 1).float().numpy(force=True)
            carried = sites["h"]
            end.append(after)
        return {name: block[name] for name in wanted}, tuple(end)
