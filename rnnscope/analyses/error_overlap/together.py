"""Surprisal of several predictors -> how often exactly these are wrong and all others right. Knows no words.

A subset is a whole number with bit m set where predictor m is wrong. Everything that is said of errors is a
sum of subsets, or a quotient of two such sums, so one set of bootstrap samples serves it all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnnscope.estimate import Interval, Resampled, resampled
from rnnscope.records.surprisal import Surprisal
from rnnscope.scoring import is_error

Wanted = Callable[[int], bool]
_NEVER = Interval(0.0, float("nan"), float("nan"))


@dataclass(frozen=True)
class Together:
    """How often each subset of predictors is wrong, of those that ever are."""

    predictors: int
    chars: dict[int, int]
    """Subset -> characters; those that never occur are left out."""
    resampled: Resampled
    """One yes/no series for every subset of `chars`, in that order."""

    @property
    def total_chars(self) -> int:
        return sum(self.chars.values())

    def share(self, wanted: Wanted) -> Interval:
        """Of all characters, those whose subset is wanted. What never occurs has no interval."""
        weights = self._weights(wanted)
        return self.resampled.combination(weights) if weights else _NEVER

    def ratio(self, wanted: Wanted, among: Wanted) -> Interval:
        """Of the characters in `among` those that are wanted too; nan where there is none."""
        below = self._weights(among)
        above = {index: weight for index, weight in self._weights(wanted).items() if index in below}
        if not below:
            return Interval(float("nan"), float("nan"), float("nan"))
        return self.resampled.ratio(above, below) if above else _NEVER

    def independent_share(self, wanted: Wanted) -> float:
        """What `share` would be if the predictors, with their error rates, erred independently."""
        return float(sum(share for subset, share in enumerate(self._independent_S) if wanted(subset)))

    @cached_property
    def _independent_S(self) -> np.ndarray:
        """For every subset, shape (2**predictors,)."""
        predictors = np.arange(self.predictors)
        rates = np.array([self.share(wrong(int(m))).value for m in predictors])
        is_wrong = np.arange(2**self.predictors)[:, None] >> predictors & 1 == 1
        return np.where(is_wrong, rates, 1 - rates).prod(axis=1)

    def _weights(self, wanted: Wanted) -> dict[int, float]:
        return {index: 1.0 for index, subset in enumerate(self.chars) if wanted(subset)}


def wrong(*predictors: int) -> Wanted:
    """Subsets in which all of these are wrong, whatever the others are."""
    mask = sum(1 << m for m in predictors)
    return lambda subset: subset & mask == mask


def exactly(wanted: int) -> Wanted:
    """One subset alone."""
    return lambda subset: subset == wanted


def together(surprisals: Sequence[Surprisal], error_probability: float, seed: int) -> Together:
    """Counts every subset; an error is a character that got less than `error_probability`."""
    subsets_RT = np.zeros(surprisals[0].nats_RT.shape, np.uint8)
    for m, surprisal in enumerate(surprisals):
        subsets_RT |= np.left_shift(
            is_error(surprisal.nats_RT, error_probability), m, dtype=np.uint8, casting="unsafe"
        )
    counts = np.bincount(subsets_RT.ravel(), minlength=2 ** len(surprisals))
    chars = {int(subset): int(counts[subset]) for subset in np.flatnonzero(counts)}
    return Together(len(surprisals), chars, resampled((subsets_RT == subset for subset in chars), seed))
