"""A unit and a hypothesis -> the interval of its score. Knows no verdict.

A score is turned into a series over characters whose mean it is and whose fluctuations are its own to first
order: for the area under the curve DeLong's (1988) placements, for Spearman's rho the influence of a
correlation of ranks. Blocks of that series are drawn (estimate.py).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from rnnscope.analyses.cell_roles.labels import Labelings
from rnnscope.analyses.cell_roles.ranks import LEVELS, mid_ranks, slabs
from rnnscope.estimate import Interval, resampled

BLOCK_CHARS = 1000


def intervals(
    sites: Sequence[np.ndarray], labelings: Labelings, pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], Interval]:
    """(hypothesis, unit) -> its score on the scoring half in [-1, 1] (2 AUC - 1, or rho) with its interval;
    the sign is as the unit has it."""
    wanted = sorted(set(pairs), key=lambda pair: pair[1])
    if not wanted:
        return {}
    drawn = resampled(_series(sites, labelings, wanted), block_chars=BLOCK_CHARS)
    return {pair: drawn.combination({place: 1.0}) for place, pair in enumerate(wanted)}


def _series(
    sites: Sequence[np.ndarray], labelings: Labelings, pairs: Sequence[tuple[int, int]]
) -> Iterator[np.ndarray]:
    by_unit: dict[int, list[int]] = {}
    for hypothesis, unit in pairs:
        by_unit.setdefault(unit, []).append(hypothesis)
    for slab in slabs(sites):
        for unit in range(slab.units.start, slab.units.stop):
            levels_Rt = slab.levels_URT[unit - slab.units.start, :, labelings.halves[1]]
            for place in by_unit.get(unit, []):
                labels_Rt = labelings.true(1)[place]
                is_flag = labelings.hypotheses[place].is_flag
                yield _of_area(levels_Rt, labels_Rt > 0.5) if is_flag else _of_rho(levels_Rt, labels_Rt)


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


def _of_rho(levels_Rt: np.ndarray, labels_Rt: np.ndarray) -> np.ndarray:
    """Series with mean rho: a b - rho (a² + b²) / 2 + rho, of standardised ranks a and b."""
    a_table = mid_ranks(np.bincount(levels_Rt.ravel(), minlength=LEVELS))
    a_Rt, b_Rt = np.take(a_table, levels_Rt), labels_Rt - labels_Rt.mean()
    spreads = a_Rt.std(), b_Rt.std()
    if min(spreads) < 1e-9:
        return np.zeros(levels_Rt.shape)
    a_Rt, b_Rt = a_Rt / spreads[0], b_Rt / spreads[1]
    rho = float((a_Rt * b_Rt).mean())
    return a_Rt * b_Rt - (rho / 2) * (a_Rt**2 + b_Rt**2) + rho
