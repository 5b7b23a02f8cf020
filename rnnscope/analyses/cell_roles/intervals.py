"""A unit and a hypothesis -> the interval of its score. Knows no verdict.

A score is turned into a series over characters whose mean it is and whose fluctuations are its own to first
order: for the area under the curve DeLong's (1988) placements, for Spearman's rho its influence function,
with that of the ranks. Blocks of that series are drawn (estimate.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rnnscope.analyses.cell_roles.labels import Labelings
from rnnscope.analyses.cell_roles.ranks import SiteArray, groups, mid_ranks
from rnnscope.estimate import Interval, resampled
from rnnscope.progress import OnShare, unheard, within
from rnnscope.records.half_levels import LEVELS

BLOCK_CHARS = 1000
SERIES = 0.95
READING = 0.2
"""Of the time, what the series take, and of these the reading of values."""


def intervals(
    sites: Sequence[SiteArray],
    labelings: Labelings,
    pairs: Sequence[tuple[int, int]],
    told: OnShare = unheard,
) -> dict[tuple[int, int], Interval]:
    """(hypothesis, unit) -> its score on the scoring half in [-1, 1] (2 AUC - 1, or rho) with its interval;
    the sign is as the unit has it."""
    wanted = sorted(set(pairs), key=lambda pair: pair[1])
    if not wanted:
        return {}
    drawn = resampled(_series(sites, labelings, wanted, within(told, 0.0, SERIES)), block_chars=BLOCK_CHARS)
    return {pair: drawn.combination({place: 1.0}) for place, pair in enumerate(wanted)}


def _series(
    sites: Sequence[SiteArray], labelings: Labelings, pairs: Sequence[tuple[int, int]], told: OnShare
) -> Iterator[np.ndarray]:
    by_unit: dict[int, list[int]] = {}
    for hypothesis, unit in pairs:
        by_unit.setdefault(unit, []).append(hypothesis)
    codes = {
        place: np.unique(labelings.true(1)[place], return_inverse=True)[1].reshape(labelings.rows, -1)
        for place in {place for place, _ in pairs}
        if not labelings.hypotheses[place].is_flag
    }
    units = sum(site.shape[2] for site in sites)
    for group in groups(sites):
        told_here = within(told, group.units.start / units, group.units.stop / units)
        levels_URt = group.levels(labelings.halves[1], within(told_here, 0.0, READING))
        for nth in range(group.count):
            levels_Rt = levels_URt[nth]
            for place in by_unit.get(group.units.start + nth, []):
                if place in codes:
                    yield _of_rho(levels_Rt, codes[place])
                else:
                    yield _of_area(levels_Rt, labelings.true(1)[place] > 0.5)
            within(told_here, READING, 1.0)((nth + 1) / group.count)
        del levels_URt, levels_Rt  # before the next are read: they are what fills memory


def _of_area(levels_Rt: np.ndarray, on_Rt: np.ndarray) -> np.ndarray:
    """Series with mean 2 AUC - 1: where on, the share of the off below; where off, of the on above."""
    both_Rt = levels_Rt + np.where(on_Rt, np.uint32(LEVELS), np.uint32(0))
    counts_off, counts_on = np.bincount(both_Rt.ravel(), minlength=2 * LEVELS).reshape(2, LEVELS)
    on, off = counts_on.sum(), counts_off.sum()
    if not on or not off:
        return np.zeros(levels_Rt.shape)
    below_off, above_on = mid_ranks(counts_off) + 0.5, 0.5 - mid_ranks(counts_on)
    area = float((counts_on * below_off).sum() / on)
    total = on + off
    placed = np.concatenate([(above_on - area) * (total / off), (below_off - area) * (total / on)])
    return np.take(2 * placed.astype(np.float32), both_Rt) + np.float32(2 * area - 1)


def _of_rho(levels_Rt: np.ndarray, codes_Rt: np.ndarray) -> np.ndarray:
    """Series with mean rho: the influence of each character on the covariance of the two mid-ranks and on
    their variances, ranks taken as estimated from the text too.
    """
    x, y = _Ranked.of(levels_Rt, LEVELS), _Ranked.of(codes_Rt, int(codes_Rt.max()) + 1)
    variances = float(x.ranks.var()), float(y.ranks.var())
    if min(variances) < 1e-9:
        return np.zeros(levels_Rt.shape)
    scale = np.sqrt(variances[0] * variances[1])
    covariance = float((x.ranks * y.ranks).mean())
    rho = covariance / scale
    of_covariance = x.ranks * y.ranks + x.beyond(y.ranks) + y.beyond(x.ranks) - 3 * covariance
    of_variances = sum(
        (each.ranks**2 + 2 * each.beyond(each.ranks)) / variance - 3
        for each, variance in zip((x, y), variances, strict=True)
    )
    return (of_covariance / scale - rho / 2 * of_variances + rho).reshape(levels_Rt.shape)


@dataclass(frozen=True)
class _Ranked:
    """Characters' levels and their mid-ranks, centred on zero."""

    levels: np.ndarray
    counts: np.ndarray
    ranks: np.ndarray

    @classmethod
    def of(cls, levels: np.ndarray, count: int) -> "_Ranked":
        flat = levels.ravel()
        counts = np.bincount(flat, minlength=count)
        return cls(flat, counts, np.take(mid_ranks(counts), flat))

    def beyond(self, values: np.ndarray) -> np.ndarray:
        """For every character the mean over all of `values` where the level is higher, half where it is the
        same: what one more character of this level adds to the sum of rank times value.
        """
        sums = np.bincount(self.levels, weights=values, minlength=len(self.counts))
        higher = sums.sum() - np.cumsum(sums)
        return np.take((higher + sums / 2) / len(self.levels), self.levels).astype(np.float32)
