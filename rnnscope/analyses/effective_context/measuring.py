"""ContextLosses -> means over stretches of k, their bootstrap samples, and the effective context. Knows no
sentence.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from rnnscope.errors import ConfigError
from rnnscope.estimate import BLOCK_CHARS, Interval, Resampled, resampled
from rnnscope.records.context_losses import ContextLosses
from rnnscope.settings import Numbers, Settings

Rest = Literal["cut", "shuffled"]
RESTS: tuple[Rest, ...] = ("cut", "shuffled")
"""What became of what lies further back."""
EQUAL_NATS = 1e-6
"""Losses this near are the same one: float32 read in other blocks."""
LEAST_CHARS = 100
"""Of a class at one stretch, for a mean to be told."""
MOST_BLOCKS = 500
"""Of a bootstrap sample; where there would be more they are made longer: as good, and time stays bounded."""


class EffectiveContextSettings(Settings):
    """What `effective_context` can be told."""

    characters: Numbers = (
        *range(1, 9),
        *(10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400),
    )
    """How many are visible: each goes on to the next, the last to the end of the readings."""
    class_characters: Numbers = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100, 200)
    """The same by class of character, where there are fewer."""
    landmarks: Numbers = (5, 10, 20, 50, 100, 200, 400)
    """Between which what lies further back is weighed; those of `characters` count."""
    threshold_nats: float = Field(default=0.01, gt=0)
    """Excess over the whole context below which nothing more is called seen."""


class Stretch(NamedTuple):
    """Numbers of visible characters, both ends within it."""

    first: int
    last: int


def stretches_of(characters: Sequence[int], most_chars: int, what: str = "characters") -> list[Stretch]:
    """The stretches that `characters` begin, as far as readings go. Raises ConfigError."""
    if any(b <= a for a, b in pairwise(characters)) or min(characters, default=0) < 1:
        raise ConfigError(f"setting {what} must ascend from 1 up; write it as 1-9,20")
    firsts = [each for each in characters if each <= most_chars]
    if not firsts:
        raise ConfigError(
            f"setting {what} begins at {characters[0]}, and these readings go {most_chars} characters far; "
            f"begin it at 1"
        )
    return [Stretch(a, b - 1) for a, b in pairwise([*firsts, most_chars + 1])]


def sums_over(values_PK: np.ndarray, stretches: Sequence[Stretch]) -> Iterator[np.ndarray]:
    """(P,) for each stretch."""
    for first, last in stretches:
        yield values_PK[:, first - 1 : last].sum(axis=1, dtype=np.float64)


@dataclass(frozen=True)
class Curves:
    """Of one predictor: its whole-context loss, and by what became of the rest and stretch the excess over
    it, all with one set of bootstrap samples.
    """

    losses: ContextLosses
    stretches: list[Stretch]
    sampled: Resampled
    flat_from: int | None
    """The first of a stretch from which every loss is the whole one's; None: there is none."""

    @property
    def whole(self) -> Interval:
        """Of all characters that readings predict."""
        return self.sampled.combination({0: 1.0})

    def at(self, rest: Rest, stretch: int) -> int:
        """Which of the series it is."""
        return 1 + RESTS.index(rest) * len(self.stretches) + stretch

    def excess(self, rest: Rest, stretch: int) -> Interval:
        return self.sampled.combination({self.at(rest, stretch): 1.0})

    def loss(self, rest: Rest, stretch: int) -> Interval:
        """What the whole context loses and the excess over it: characters that are hard at one k by chance
        weigh on no other.
        """
        return self.sampled.combination({0: 1.0, self.at(rest, stretch): 1.0})

    def effective(self, rest: Rest, threshold_nats: float) -> Interval:
        """The first of the stretches from which on the excess is below; infinite where it never is."""
        place = slice(self.at(rest, 0), self.at(rest, len(self.stretches)))
        value = float(self._first_below(self.sampled.means_M[place, None], threshold_nats)[0])
        draws_N = self._first_below(self.sampled.draws_MN[place], threshold_nats)
        return Interval(value, *self.sampled.middle(draws_N, "inverted_cdf"))

    def _first_below(self, excess_SN: np.ndarray, threshold_nats: float) -> np.ndarray:
        firsts = np.array([*(each.first for each in self.stretches), np.inf])
        is_below_SN = np.logical_and.accumulate((excess_SN < threshold_nats)[::-1])[::-1]
        return firsts[len(self.stretches) - is_below_SN.sum(axis=0)]


def curves_of(losses: ContextLosses, stretches: list[Stretch], seed: int) -> Curves:
    """All excesses of one predictor."""
    whole_PK = np.asarray(losses.whole_PK)
    widths = [last - first + 1 for first, last in stretches]
    series = [whole_PK.mean(axis=1, dtype=np.float64)]
    apart_K = np.zeros(whole_PK.shape[1])
    for rest_PK in (losses.cut_PK, losses.shuffled_PK):
        excess_PK = rest_PK - whole_PK
        apart_K = np.maximum(apart_K, np.abs(excess_PK).max(axis=0))
        sums = sums_over(excess_PK, stretches)
        series += [sum_P / width for sum_P, width in zip(sums, widths, strict=True)]
    apart = np.flatnonzero(apart_K > EQUAL_NATS)
    last_apart = int(apart[-1]) + 1 if len(apart) else 0
    flat = [first for first, _ in stretches if first > last_apart]
    return Curves(losses, stretches, in_blocks(series, losses, seed), flat[0] if flat else None)


def in_blocks(series: Iterable[np.ndarray], losses: ContextLosses, seed: int) -> Resampled:
    """Means of series (P,) of one number a reading, with samples of blocks of neighbouring readings."""
    rows, readings = losses.manifest.rows, losses.manifest.readings
    starts_RN = np.asarray(losses.starts_P).reshape(rows, -1)
    apart = np.median(np.diff(starts_RN, axis=1)) if starts_RN.shape[1] > 1 else BLOCK_CHARS
    block = max(1, round(BLOCK_CHARS / float(apart)))
    if rows * max(1, starts_RN.shape[1] // block) > MOST_BLOCKS:
        rows, block = 1, -(-readings // MOST_BLOCKS)
    return resampled((each.reshape(rows, -1) for each in series), seed, block)


def by_class(
    losses: ContextLosses, classes: Mapping[str, np.ndarray], stretches: Sequence[Stretch], seed: int
) -> Iterator[tuple[str, Rest, Stretch, float, Interval]]:
    """(class, rest, stretch, share of the characters, mean excess over the class's own), where there are
    enough.
    """
    whole_PK = np.asarray(losses.whole_PK)
    excesses = {"cut": losses.cut_PK - whole_PK, "shuffled": losses.shuffled_PK - whole_PK}
    series: list[np.ndarray] = []
    for is_it_PK in classes.values():
        series += sums_over(is_it_PK, stretches)
        for rest in RESTS:
            series += sums_over(np.where(is_it_PK, excesses[rest], 0), stretches)
    sampled, width = in_blocks(series, losses, seed), len(stretches)
    for number, name in enumerate(classes):
        counts = number * width * (1 + len(RESTS))
        for kind, rest in enumerate(RESTS):
            for place, stretch in enumerate(stretches):
                a_reading = float(sampled.means_M[counts + place])
                if a_reading * losses.manifest.readings >= LEAST_CHARS:
                    share = a_reading / (stretch.last - stretch.first + 1)
                    above = counts + (1 + kind) * width + place
                    yield name, rest, stretch, share, sampled.ratio({above: 1.0}, {counts + place: 1.0})
