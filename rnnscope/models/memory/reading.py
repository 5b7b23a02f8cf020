"""Rows of ids -> log-probabilities and the vectors they were read from, whole rows at a time. Knows no
memory.

A memory that goes on from one row to the next reads row after row, and the protocol wants all rows in order
of time: so what is read of a part is held, 4 x R x T x (V + H) bytes, 0.27 GB for the test part of War and
Peace under 128 units.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from rnnscope.models.network import NetworkState

BLOCK_NUMBERS = 4_000_000
"""Numbers handed on at a time."""


@runtime_checkable
class TrainedModel(Protocol):
    """What a memory asks of a model; networks and n-NNs have it."""

    @property
    def symbols(self) -> int: ...
    def zero_state(self, streams: int) -> NetworkState: ...
    def top(
        self, ids_TB: Int[Tensor, "T B"], state: NetworkState
    ) -> tuple[Float[Tensor, "T B H"], NetworkState]: ...
    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]: ...


class Read(NamedTuple):
    """What was read of some rows."""

    log_probs_RTV: np.ndarray
    """float32: of the symbol after each."""
    top_RTH: np.ndarray
    """float32: the model's vectors before the decoder, whatever memory is around it."""


@runtime_checkable
class Reader(Protocol):
    """A predictor that can be wrapped."""

    @property
    def symbols(self) -> int:
        """V, the size of the alphabet."""
        ...

    def read(self, inputs_RT: np.ndarray) -> Read:
        """All rows, each to its end."""
        ...

    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
        """As `scoring.Predictor` has it."""
        ...


def in_blocks(log_probs_RTV: np.ndarray) -> Iterator[np.ndarray]:
    """Blocks (steps, R, V) in order of time."""
    rows, steps, symbols = log_probs_RTV.shape
    block_steps = max(1, BLOCK_NUMBERS // max(1, rows * symbols))
    for start in range(0, steps, block_steps):
        yield np.ascontiguousarray(log_probs_RTV[:, start : start + block_steps].swapaxes(0, 1))


def log_mixture(one: np.ndarray, other: np.ndarray, weight: np.ndarray | float) -> np.ndarray:
    """log((1 - weight) exp(one) + weight exp(other)), natural logs, broadcast; `weight` is of the other.

    Where it is 0 it is `one` itself, to the last bit.
    """
    weight = np.asarray(weight, dtype=np.float32)
    with np.errstate(divide="ignore"):
        mixed = np.logaddexp(one + np.log1p(-weight), other + np.log(weight))
    return np.where(weight == 0, one, mixed).astype(np.float32, copy=False)


class Plain:
    """A trained model as it is, and its vectors beside."""

    def __init__(self, model: TrainedModel) -> None:
        self.model = model

    @property
    def symbols(self) -> int:
        """V, the size of the alphabet."""
        return self.model.symbols

    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
        """The model's own."""
        return self.model.log_prob_blocks(inputs_RT)

    def read(self, inputs_RT: np.ndarray) -> Read:
        """Its log-probabilities are the model's own to the last bit: where a compiled step reads, it gives no
        vectors, and they are read once more."""
        rows, steps = inputs_RT.shape
        log_probs_RTV = np.empty((rows, steps, self.symbols), dtype=np.float32)
        tops, state, done = [], self.model.zero_state(rows), 0
        for block_tRV in self.model.log_prob_blocks(inputs_RT):
            span = slice(done, done + len(block_tRV))
            log_probs_RTV[:, span] = block_tRV.swapaxes(0, 1)
            with torch.inference_mode():
                top_tRH, state = self.model.top(ids_of(inputs_RT[:, span]), state)
            tops.append(top_tRH.float().numpy(force=True).swapaxes(0, 1))
            done = span.stop
        return Read(log_probs_RTV, np.concatenate(tops, axis=1))


def ids_of(inputs_RT: np.ndarray) -> Int[Tensor, "T R"]:
    """Rows of ids as a model takes them."""
    return torch.from_numpy(np.ascontiguousarray(inputs_RT.T, dtype=np.int64))


@runtime_checkable
class HasDecoder(Protocol):
    """Named parameters, the decoder's among them."""

    def get_parameter(self, target: str) -> torch.nn.Parameter: ...


def decoded(model: HasDecoder, top_TBH: Float[Tensor, "T B H"]) -> Float[Tensor, "T B V"]:
    """Log-probabilities from the vectors before the decoder."""
    logits_TBV = F.linear(top_TBH, model.get_parameter("decoder_VH"), model.get_parameter("decoder_bias_V"))
    return F.log_softmax(logits_TBV.float(), dim=-1)
