"""How sure a number is: block bootstrap of per-character series. Knows arrays, no records.

Characters of a text are not independent, so blocks of neighbouring characters are drawn, not characters
(Künsch 1989). Two predictors are compared on the same characters: the interval is of the mean of their
differences.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

BLOCK_CHARS = 1000
RESAMPLES = 2000
CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A number with its bootstrap interval (percentile method)."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def mean_interval(values_RT: np.ndarray, seed: int = 0, block_chars: int = BLOCK_CHARS) -> Interval:
    """Mean of a per-character series, shape (R, T), with its block-bootstrap interval. A lone block gives no
    width: nan.
    """
    values_RT = np.atleast_2d(values_RT)
    sums_RK, sizes_K = _blocks(values_RT, block_chars)
    sums = sums_RK.ravel()
    sizes = np.broadcast_to(sizes_K, sums_RK.shape).ravel().astype(np.float64)
    value = float(sums.sum() / sizes.sum())
    if len(sums) < 2:
        return Interval(value, float("nan"), float("nan"))
    result = stats.bootstrap(
        (sums, sizes),
        lambda drawn_sums, drawn_sizes, axis=-1: drawn_sums.sum(axis=axis) / drawn_sizes.sum(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=100,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    return Interval(value, float(result.confidence_interval.low), float(result.confidence_interval.high))


def paired_difference(
    a_RT: np.ndarray, b_RT: np.ndarray, seed: int = 0, block_chars: int = BLOCK_CHARS
) -> Interval:
    """Mean of a - b over the same characters: negative where a has the lower loss.

    Raises ValueError where the two were not measured on the same characters.
    """
    if a_RT.shape != b_RT.shape:
        raise ValueError(f"not the same characters: {a_RT.shape} and {b_RT.shape}")
    return mean_interval(np.asarray(a_RT, np.float64) - np.asarray(b_RT, np.float64), seed, block_chars)


def _blocks(values_RT: np.ndarray, block_chars: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums of every row's blocks, shape (R, K), and the blocks' sizes, shape (K,)."""
    chars = values_RT.shape[1]
    edges = np.arange(max(1, chars // block_chars)) * block_chars
    sums_RK = np.add.reduceat(np.asarray(values_RT, np.float64), edges, axis=1)
    return sums_RK, np.diff(np.append(edges, chars))
