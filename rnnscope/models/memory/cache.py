"""Reader -> the same with a continuous cache (Grave, Joulin, Usunier 2017). Knows no tuning.

Keys are the model's vectors h_i before its decoder, values the characters that followed (their eq. 2-5):

    p_cache(v | t) ~ sum over the last `window` characters i of exp(theta h_t . h_i) [x_{i+1} = v]
    p = (1 - weight) p_model + weight p_cache

Where nothing is remembered yet, p is p_model. The last vector of a row has no known successor and is never
remembered.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from rnnscope.models.memory.reading import Read, Reader, in_blocks, log_mixture

BLOCK_QUERIES = 256
"""Characters whose similarities are worked out in one product: each block works out so many more than the
window has."""


class Cache:
    """A reader wrapped in a cache over its own vectors."""

    def __init__(
        self, inner: Reader, window: int, theta: float | int, weight: float | int, carries: bool
    ) -> None:
        """`carries`: what is remembered goes on from each row to the next; else each begins with nothing."""
        self.inner, self.window, self.theta, self.weight = inner, window, float(theta), float(weight)
        self.carries = carries

    @property
    def symbols(self) -> int:
        """V, the size of the alphabet."""
        return self.inner.symbols

    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
        """Blocks of natural-log probabilities, (steps, R, V) float32, in order of time: a Predictor's."""
        return in_blocks(self.read(inputs_RT).log_probs_RTV)

    def read(self, inputs_RT: np.ndarray) -> Read:
        """All rows; what `inner` read is changed in place."""
        read = self.inner.read(inputs_RT)
        if self.weight:
            rows, steps = inputs_RT.shape
            log_probs_NV = read.log_probs_RTV.reshape(rows * steps, self.symbols)
            for text in texts_of(read.top_RTH, inputs_RT, self.carries):
                for span, p_bV in _distributions(text, self.window, self.theta, self.symbols):
                    self._mix(log_probs_NV[text.first + span.start : text.first + span.stop], p_bV)
        return read

    def _mix(self, log_probs_bV: np.ndarray, p_bV: np.ndarray) -> None:
        """In place; a row of zeros is of a character before which nothing is remembered."""
        weight_b1 = np.where(p_bV.any(axis=1, keepdims=True), np.float32(self.weight), np.float32(0))
        with np.errstate(divide="ignore"):
            log_probs_bV[:] = log_mixture(log_probs_bV, np.log(p_bV), weight_b1)


class Text(NamedTuple):
    """What one memory sees from its beginning on: a row, or all rows one after the other."""

    first: int
    """Where it begins among all characters, row by row."""
    top_NH: Tensor
    next_N: Tensor
    """int64: the character after each, -1 where it is not known."""


def texts_of(top_RTH: np.ndarray, inputs_RT: np.ndarray, carries: bool) -> Iterator[Text]:
    """The stretches that are read with one memory each."""
    rows, steps = inputs_RT.shape
    next_RT = np.full((rows, steps), -1, dtype=np.int64)
    next_RT[:, :-1] = inputs_RT[:, 1:]
    groups, chars = (1, rows * steps) if carries else (rows, steps)
    top_GNH = torch.from_numpy(top_RTH.reshape(groups, chars, -1))
    next_GN = torch.from_numpy(next_RT.reshape(groups, chars))
    return (Text(group * chars, top_GNH[group], next_GN[group]) for group in range(groups))


def _bands(
    text: Text, window: int, block: int = BLOCK_QUERIES
) -> Iterator[tuple[slice, Float[Tensor, "b W"], Tensor]]:
    """Blocks of characters, each with its dot products with the `window` vectors before it, the newest last
    (-inf where there is none or its successor is unknown), and the K = W + b successors that all of them see,
    -1 where there is none: character q of the block sees those from q to q + W.
    """
    chars = len(text.next_N)
    window = min(window, max(1, chars - 1))
    keys_KH, next_K = F.pad(text.top_NH, (0, 0, window, 0)), F.pad(text.next_N, (window, 0), value=-1)
    for start in range(0, chars, block):
        span = slice(start, min(chars, start + block))
        queries = span.stop - span.start
        local = slice(span.start, span.start + window + queries)
        dots_bK = text.top_NH[span] @ keys_KH[local].T
        band_bW = banded(dots_bK, window).contiguous()
        seen = next_K[local]
        if bool((seen < 0).any()):
            band_bW.masked_fill_(banded(seen.expand(queries, -1).contiguous(), window) < 0, -torch.inf)
        yield span, band_bW, seen


def banded(of_bK: Tensor, window: int) -> Tensor:
    """A view (b, W) into a contiguous (b, K = W + b): row q from column q on."""
    return of_bK.as_strided((len(of_bK), window), (of_bK.shape[1] + 1, 1))


def _distributions(text: Text, window: int, theta: float, symbols: int) -> Iterator[tuple[slice, np.ndarray]]:
    """p_cache of blocks of characters, (b, V) float32; zeros where nothing is remembered."""
    for span, band_bW, next_K in _bands(text, window):
        shares_bW = _scaled(band_bW, theta).softmax(dim=1).nan_to_num_(0.0)
        spread_bK = torch.zeros(len(band_bW), len(next_K))
        banded(spread_bK, band_bW.shape[1]).copy_(shares_bW)
        one_hot_KV = F.one_hot(next_K + 1, symbols + 1)[:, 1:].to(spread_bK.dtype)
        yield span, (spread_bK @ one_hot_KV).numpy()


def _scaled(band_bW: Tensor, theta: float) -> Tensor:
    return (
        band_bW * theta if theta else torch.zeros_like(band_bW).masked_fill_(band_bW.isneginf(), -torch.inf)
    )


def true_shares(
    text: Text, targets_N: np.ndarray, thetas: Sequence[float | int], windows: Sequence[int]
) -> Float[np.ndarray, "A W N"]:
    """p_cache of the true next character under every theta and every window, which ascend; nan where nothing
    is remembered. Dot products are worked out once for all.
    """
    targets = torch.from_numpy(targets_N.astype(np.int64))
    shares_AWN = np.empty((len(thetas), len(windows), len(targets_N)), dtype=np.float32)
    for span, band_bW, next_K in _bands(text, max(windows)):
        widest = band_bW.shape[1]
        hits_bW = banded(next_K.expand(len(band_bW), -1).contiguous(), widest) == targets[span][:, None]
        # the windows' edges, the newest character last: what a window adds to the one before it
        edges = [widest - min(window, widest) for window in windows]
        parts = [slice(low, high) for low, high in zip(edges, [widest, *edges[:-1]], strict=True)]
        for which, theta in enumerate(thetas):
            scaled_bW = _scaled(band_bW, theta)
            raised_bW = scaled_bW.sub_(scaled_bW.amax(dim=1, keepdim=True)).exp_().nan_to_num_(0.0)
            all_Wb = torch.stack([raised_bW[:, part].sum(dim=1) for part in parts]).cumsum(dim=0)
            raised_bW.mul_(hits_bW)
            true_Wb = torch.stack([raised_bW[:, part].sum(dim=1) for part in parts]).cumsum(dim=0)
            shares_AWN[which, :, span] = (true_Wb / all_Wb).numpy()
    return shares_AWN


def dot_spread(top_RTH: np.ndarray) -> float:
    """How far apart dot products of a model's vectors lie: their standard deviation over random pairs, which
    theta is measured by."""
    flat_NH = top_RTH.reshape(-1, top_RTH.shape[2])
    first, second = np.random.default_rng(0).integers(len(flat_NH), size=(2, 10_000))
    return float(np.einsum("nh,nh->n", flat_NH[first], flat_NH[second]).std())
