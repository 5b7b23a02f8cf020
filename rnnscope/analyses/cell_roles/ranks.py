"""Values of units -> their mid-ranks, exactly and without sorting. Knows no label.

A value in half precision has one of 65,536 levels (records/half_levels.py), so that ranks are counts: one
pass counts the levels of a unit, a second looks each value up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from rnnscope.records.half_levels import LEVELS, levels_of

SLAB_NUMBERS = 128_000_000
"""Values brought from time-major to unit-major order at a time."""
TURNED_STEPS = 1024
"""Steps that are turned at once: a block that the processor's cache holds."""


@dataclass(frozen=True)
class Slab:
    """Some units, each with its values in one piece."""

    units: slice
    """Places among all units of the network."""
    levels_URT: np.ndarray
    """uint16, in the order of the values."""


def slabs(sites: Sequence[np.ndarray]) -> Iterator[Slab]:
    """All units, site after site, each site's values (R, T, H)."""
    first = 0
    for values_RTH in sites:
        rows, steps, units = values_RTH.shape
        width = max(1, SLAB_NUMBERS // max(1, rows * steps))
        for start in range(0, units, width):
            some_RTU = values_RTH[:, :, start : start + width]
            levels_URT = np.empty((some_RTU.shape[2], rows, steps), dtype=np.uint16)
            for row, step in product(range(rows), range(0, steps, TURNED_STEPS)):
                span = slice(step, step + TURNED_STEPS)
                levels_URT[:, row, span] = levels_of(some_RTU[row, span]).T
            yield Slab(slice(first + start, first + start + len(levels_URT)), levels_URT)
        first += units


def mid_ranks(counts: np.ndarray) -> np.ndarray:
    """Mid-rank of every level from how often each occurs, centred on zero, in (-1/2, 1/2), float32.

    The rank r of 1..n becomes (r - (n + 1) / 2) / n.
    """
    total = counts.sum()
    below = np.cumsum(counts) - counts
    return ((below + (counts - total) / 2) / max(1, total)).astype(np.float32)


def ranked(levels_URt: np.ndarray) -> np.ndarray:
    """Centred mid-ranks of every unit over all its values, float32, same shape."""
    found = np.empty(levels_URt.shape, dtype=np.float32)
    for levels_Rt, ranks_Rt in zip(levels_URt, found, strict=True):
        counts = np.bincount(levels_Rt.ravel(), minlength=LEVELS)
        np.take(mid_ranks(counts), levels_Rt, out=ranks_Rt, mode="wrap")  # "raise" would go by a buffer
    return found


def ranked_labels(labels: np.ndarray) -> np.ndarray:
    """Centred mid-ranks of whole numbers or flags over all of them, float32, same shape."""
    whole = labels.astype(np.int64)
    places = whole - whole.min(initial=0)
    if places.max(initial=0) > 16 * LEVELS:  # far apart: their order is all that counts
        places = np.unique(whole, return_inverse=True)[1].reshape(labels.shape)
    return mid_ranks(np.bincount(places.ravel()))[places]
