"""How sure a number is: block bootstrap of per-character series. Knows arrays, no records.

Characters of a text are not independent, so blocks of neighbouring characters are drawn, not characters
(Künsch 1989). Two predictors are compared on the same characters: the interval is of the mean of their
differences.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

BLOCK_CHARS = 1000
RESAMPLES = 2000
CONFIDENCE = 0.95
LEAST_BLOCKS = 5
"""Fewer say too little of how much blocks differ: no interval."""
MANY_BLOCKS = 30
"""From here on plain percentiles of the samples hold the truth as often as they say, within two points."""
FALSE_DISCOVERIES = 0.05
"""The share of false ones that is taken among all that are called clear, where many are tried."""
RAREST = 0.005
"""A yes/no label that holds for less than this share of characters (or of the rest) tells nothing."""


class Interval(NamedTuple):
    """A number with its bootstrap interval (percentile method)."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0

    def ends(self, low: str = "low", high: str = "high") -> dict[str, float | None]:
        """As columns of a table under these names; what is not known is None."""
        return {low: known(self.low), high: known(self.high)}


def known(value: float) -> float | None:
    """None for what is no number: in a table, and in JSON, there is no nan."""
    return None if np.isnan(value) else float(value)


def has_both_sides(labels: np.ndarray) -> bool:
    """Whether a yes/no label holds often enough, and often enough not, for the two sides to be compared."""
    return labels.size > 0 and bool(RAREST <= labels.mean() <= 1 - RAREST)


def mean_interval(values_RT: np.ndarray, seed: int = 0, block_chars: int = BLOCK_CHARS) -> Interval:
    """Mean of a per-character series, shape (R, T), with its block-bootstrap interval. Under LEAST_BLOCKS
    blocks give no width: nan.
    """
    return resampled([np.atleast_2d(values_RT)], seed, block_chars).combination({0: 1.0})


def paired_difference(
    a_RT: np.ndarray, b_RT: np.ndarray, seed: int = 0, block_chars: int = BLOCK_CHARS
) -> Interval:
    """Mean of a - b over the same characters: negative where a has the lower loss.

    Raises ValueError where the two were not measured on the same characters.
    """
    if a_RT.shape != b_RT.shape:
        raise ValueError(f"not the same characters: {a_RT.shape} and {b_RT.shape}")
    return mean_interval(np.asarray(a_RT, np.float64) - np.asarray(b_RT, np.float64), seed, block_chars)


@dataclass(frozen=True)
class Resampled:
    """The means of several series over the same characters, and those means in every bootstrap sample of
    blocks.

    All series are drawn alike, so that any two, or any weighted sum of them, are compared on the same
    characters.
    """

    means_M: np.ndarray
    draws_MN: np.ndarray
    """N = RESAMPLES; none where there are under LEAST_BLOCKS blocks."""
    tail: float
    """Share of the samples below an interval, and above it."""

    def combination(self, weights: Mapping[int, float]) -> Interval:
        """Sum of weight times mean, series -> weight, with its interval: {a: 1, b: -1} is
        `paired_difference`.
        """
        return self._from_draws(*self._sum(weights))

    def ratio(self, above: Mapping[int, float], below: Mapping[int, float]) -> Interval:
        """Quotient of two such sums, with its interval: a share of errors, say, or the mean over the
        characters that a yes/no series marks ({product of both: 1} over {marks: 1}).

        nan where the lower sum is 0; samples in which it is are left out of the interval.
        """
        (value, draws_N), (under, under_N) = self._sum(above), self._sum(below)
        if not under:
            return Interval(float("nan"), float("nan"), float("nan"))
        usable = under_N != 0
        return self._from_draws(value / under, draws_N[usable] / under_N[usable])

    def middle(self, draws_N: np.ndarray, method: Any = "linear") -> tuple[float, float]:
        """The ends of the interval that bootstrap samples of a number give; nan where there is none.
        `method`: of `numpy.percentile`.
        """
        if not len(draws_N):
            return float("nan"), float("nan")
        low, high = np.percentile(draws_N, [100 * self.tail, 100 * (1 - self.tail)], method=method)
        return float(low), float(high)

    def _from_draws(self, value: float, draws_N: np.ndarray) -> Interval:
        return Interval(value, *self.middle(draws_N))

    def _sum(self, weights: Mapping[int, float]) -> tuple[float, np.ndarray]:
        """Of the means and, sample by sample, of the draws."""
        value = sum(weight * float(self.means_M[index]) for index, weight in weights.items())
        draws_N = np.zeros(self.draws_MN.shape[1])
        for index, weight in weights.items():
            draws_N += weight * self.draws_MN[index]
        return value, draws_N


def tail_of(blocks: int) -> float:
    """The share of bootstrap samples that is cut off at either end of an interval.

    Samples of few blocks vary too little, and by an unknown width: their percentiles are moved out by what
    Student's t and the sample's own standard deviation would add to a normal interval (Hesterberg 2015, "What
    teachers should know about the bootstrap", the expanded percentile interval).
    """
    tail = (1 - CONFIDENCE) / 2
    if blocks >= MANY_BLOCKS:
        return tail
    return float(stats.norm.cdf(np.sqrt(blocks / (blocks - 1)) * stats.t.ppf(tail, blocks - 1)))


def resampled(series: Iterable[np.ndarray], seed: int = 0, block_chars: int = BLOCK_CHARS) -> Resampled:
    """Means of per-character series, each (R, T), with one set of block-bootstrap samples for all of them.

    They are read one after the other. Raises ValueError where they were not measured on the same characters,
    or there is none.
    """
    shapes, sums, sizes_K = set(), [], np.empty(0)
    for each in series:
        shapes.add(each.shape)
        sums_RK, sizes = _blocks(np.atleast_2d(each), block_chars)
        sums.append(sums_RK.ravel())
        sizes_K = np.broadcast_to(sizes, sums_RK.shape).ravel().astype(np.float64)
    if len(shapes) != 1:
        raise ValueError(f"not the same characters: {' and '.join(map(str, sorted(shapes)))}")
    sums_MK = np.stack(sums)
    means_M = sums_MK.sum(axis=1) / sizes_K.sum()
    if len(sizes_K) < LEAST_BLOCKS:
        return Resampled(means_M, np.empty((len(sums), 0)), float("nan"))
    result = stats.bootstrap(
        (np.arange(len(sizes_K)),),
        lambda drawn, axis=-1: _drawn_means(sums_MK, sizes_K, drawn),
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=50,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    draws_MN = np.asarray(result.bootstrap_distribution).reshape(len(sums), -1)
    return Resampled(means_M, draws_MN, tail_of(len(sizes_K)))


def _drawn_means(sums_MK: np.ndarray, sizes_K: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Means of the M series over each sample of blocks, drawn (..., K) -> (M, ...): how often a block was
    drawn times its sum, as a product of matrices, which grows as the text does where gathering outgrows the
    cache.
    """
    blocks = len(sizes_K)
    flat_NK = drawn.reshape(-1, blocks)
    offsets_N1 = np.arange(len(flat_NK))[:, None] * blocks
    counts_N = np.bincount((flat_NK + offsets_N1).ravel(), minlength=flat_NK.size)
    counts_NK = counts_N.reshape(flat_NK.shape).astype(np.float64)
    means_MN = (sums_MK @ counts_NK.T) / (counts_NK @ sizes_K)
    return means_MN.reshape(len(sums_MK), *drawn.shape[:-1])


def _blocks(values_RT: np.ndarray, block_chars: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums of every row's blocks, shape (R, K), and the blocks' sizes, shape (K,)."""
    chars = values_RT.shape[1]
    edges = np.arange(max(1, chars // block_chars)) * block_chars
    sums_RK = np.add.reduceat(np.asarray(values_RT, np.float64), edges, axis=1)
    return sums_RK, np.diff(np.append(edges, chars))


def over_seeds(values_S: Sequence[float]) -> Interval:
    """Mean over runs that differ in their seed alone, with Student's t interval. A lone run gives no width:
    nan.
    """
    mean = float(np.mean(values_S))
    if len(values_S) < 2:
        return Interval(mean, float("nan"), float("nan"))
    if np.ptp(values_S) == 0:
        return Interval(mean, mean, mean)
    interval = stats.ttest_1samp(values_S, 0).confidence_interval(CONFIDENCE)
    return Interval(mean, float(interval.low), float(interval.high))
