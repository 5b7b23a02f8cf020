"""Places in a part's rows, what each predictor gave the true text there, a size of each -> means by bin and
slopes, with intervals. Knows no text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rnnscope.estimate import Interval, known, resampled
from rnnscope.records.finding import Row


@dataclass(frozen=True)
class Bin:
    name: str
    from_chars: int
    to_chars: int | None
    """Not included; None for a bin without an end."""

    def holds(self, sizes_K: np.ndarray) -> np.ndarray:
        under_K = np.full(len(sizes_K), True) if self.to_chars is None else sizes_K < self.to_chars
        return (sizes_K >= self.from_chars) & under_K


@dataclass(frozen=True)
class Places:
    """Some characters (or, of closers, runs of them) of the rows, shape (K,)."""

    shape: tuple[int, int]
    """Of the part: rows, characters of a row."""
    rows_K: np.ndarray
    steps_K: np.ndarray
    sizes_K: np.ndarray
    """Distance to the opener, or length of the line so far, characters."""
    p_MK: np.ndarray
    """Probability of the true text, predictor by predictor."""

    def __len__(self) -> int:
        return len(self.sizes_K)

    def where(self, holds_K: np.ndarray) -> "Places":
        return Places(
            self.shape,
            self.rows_K[holds_K],
            self.steps_K[holds_K],
            self.sizes_K[holds_K],
            self.p_MK[:, holds_K],
        )

    def series(self, values_K: np.ndarray) -> np.ndarray:
        """Per-character series with the values at the places and 0 elsewhere, shape (R, T)."""
        values_RT = np.zeros(self.shape)
        values_RT[self.rows_K, self.steps_K] = values_K
        return values_RT


@dataclass(frozen=True)
class Compared:
    """Of the first predictor less each other, and of each alone, with paired intervals."""

    alone_M: list[Interval]
    leads: list[Interval]
    """Of the first over the second, the third, ...: one fewer than `alone_M`."""


def means(places: Places, bins: Sequence[Bin], seed: int) -> list[Compared]:
    """Mean probability in each bin: sum over its places divided by their number, both resampled by blocks."""
    predictors = len(places.p_MK)
    drawn = resampled(_of_bins(places, bins), seed)
    found = []
    for first in range(0, (predictors + 1) * len(bins), predictors + 1):
        count = {first + predictors: 1.0}
        found.append(
            Compared(
                [drawn.ratio({first + index: 1.0}, count) for index in range(predictors)],
                [drawn.ratio({first: 1.0, first + index: -1.0}, count) for index in range(1, predictors)],
            )
        )
    return found


def _of_bins(places: Places, bins: Sequence[Bin]) -> Iterator[np.ndarray]:
    """For every bin, each predictor's probabilities at its places and a 1 at each of them."""
    for each in bins:
        holds_K = each.holds(places.sizes_K)
        for p_K in places.p_MK:
            yield places.series(np.where(holds_K, p_K, 0.0))
        yield places.series(holds_K)


def slopes(places: Places, x_K: np.ndarray, seed: int) -> Compared | None:
    """Slope of the probability over `x_K` by least squares: sum (x - mean x)(p - mean p) divided by
    sum (x - mean x)², both resampled by blocks; where x is 0 or 1 it is the difference of the two means. None
    where x does not vary.

    The means are held at those of all places, which leaves out terms of second order alone.
    """
    if not len(places) or np.ptp(x_K) == 0:
        return None
    x_K = x_K - x_K.mean()
    predictors = len(places.p_MK)
    p_MK = places.p_MK - places.p_MK.mean(axis=1, keepdims=True)
    drawn = resampled((places.series(x_K * y_K) for y_K in [*p_MK, x_K]), seed)
    below = {predictors: 1.0}
    return Compared(
        [drawn.ratio({index: 1.0}, below) for index in range(predictors)],
        [drawn.ratio({0: 1.0, index: -1.0}, below) for index in range(1, predictors)],
    )


def bin_rows(
    places: Places, bins: Sequence[Bin], names: Sequence[str], least: int, seed: int
) -> tuple[list[Row], list[Row]]:
    """(each predictor's mean in each bin, the first one's lead over the others there). A bin of fewer than
    `least` places has its number and no means.
    """
    counts = [int(each.holds(places.sizes_K).sum()) for each in bins]
    told = [each for each, count in zip(bins, counts, strict=True) if count >= least]
    of_bin = dict(zip(told, means(places, told, seed), strict=True)) if told else {}
    rows: list[Row] = []
    leads: list[Row] = []
    for each, count in zip(bins, counts, strict=True):
        where: Row = {"bin": each.name, "from_chars": each.from_chars, "to_chars": each.to_chars}
        where["places"] = count
        compared = of_bin.get(each)
        for index, name in enumerate(names):
            of_it = bounds("mean_p", compared and compared.alone_M[index])
            rows.append({**where, "predictor": name, **of_it})
        for index, name in enumerate(names[1:]):
            lead = compared and compared.leads[index]
            row: Row = {**where, "predictor": names[0], "against": name, **bounds("lead", lead)}
            leads.append({**row, "is_clear": lead and lead.is_clear})
    return rows, leads


def bounds(name: str, interval: Interval | None, prefix: str = "") -> Row:
    """An interval as columns; what is not known is None."""
    nothing = Interval(float("nan"), float("nan"), float("nan"))
    found = interval or nothing
    return {name: known(found.value), **found.ends(f"{prefix}low", f"{prefix}high")}
