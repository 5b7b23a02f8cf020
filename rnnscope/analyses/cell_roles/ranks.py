"""Values of units -> their mid-ranks, exactly and without sorting. Knows no label.

A value in half precision has one of 65,536 levels (records/half_levels.py), so that ranks are counts: the
levels of a unit are counted, then each of its values is looked up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rnnscope.progress import OnShare, unheard
from rnnscope.records.half_levels import LEVELS, turned
from rnnscope.records.trace import TracedSite

GROUP_NUMBERS = 128_000_000
"""Values of a group of units. How a product in single precision is rounded depends on how wide it is, and its
width is a group's: another number here gives other last digits."""
STRIP_NUMBERS = 2_000_000
"""Ranks that are held at a time, beside the levels that they are looked up by; says nothing of any number."""
SiteArray = np.ndarray | TracedSite
"""A site's values (R, T, H): an array, or what is read from disk as it is wanted."""


@dataclass(frozen=True)
class Group:
    """Some units of one site, whose values are brought from time-major to unit-major order together."""

    units: slice
    """Places among all units of the network."""
    site: SiteArray
    own: slice
    """Places among the units of the site."""

    @property
    def count(self) -> int:
        return self.own.stop - self.own.start

    def levels(self, steps: slice, told: OnShare = unheard) -> np.ndarray:
        """uint16 (U, R, t), in the order of the values: each unit's stretch of every row in one piece."""
        if isinstance(self.site, TracedSite):
            blocks = self.site.blocks(steps, self.own)
        else:
            blocks = iter([self.site[:, steps, self.own]])
        return turned(blocks, (self.count, self.site.shape[0], steps.stop - steps.start), told)


def groups(sites: Sequence[SiteArray]) -> Iterator[Group]:
    """All units, site after site."""
    first = 0
    for site in sites:
        rows, steps, units = site.shape
        width = max(1, GROUP_NUMBERS // max(1, rows * steps))
        for start in range(0, units, width):
            own = slice(start, min(units, start + width))
            yield Group(slice(first + own.start, first + own.stop), site, own)
        first += units


class Ranks:
    """Centred mid-ranks of the units of a group over all of their values, float32, looked up as they are
    asked for: memory is that of the levels, which are no longer the caller's."""

    def __init__(self, levels_URt: np.ndarray) -> None:
        self._levels_URt = levels_URt
        self._ranks: list[np.ndarray] = []
        """Of every unit, by level from the lowest that it has."""
        for levels_Rt in levels_URt:
            counts = np.bincount(levels_Rt.ravel(), minlength=LEVELS)
            lowest, highest = np.flatnonzero(counts)[[0, -1]] if levels_Rt.size else (0, 0)
            levels_Rt -= np.uint16(lowest)
            self._ranks.append(mid_ranks(counts)[lowest : highest + 1].copy())

    @property
    def chars(self) -> int:
        return self._levels_URt[0].size

    def piece(self, rows: slice, steps: slice) -> np.ndarray:
        """(U, N): the values of some rows and steps, one after the other."""
        return self._looked_up(slice(None), self._levels_URt[:, rows, steps])

    def squares(self) -> np.ndarray:
        """(U,): sums of the squares of all ranks. A few units at a time, but never one of several alone:
        numpy adds up the values of one by itself in another order."""
        units, rows, steps = self._levels_URt.shape
        width = max(2, STRIP_NUMBERS // max(1, self.chars))
        found_U = np.zeros(units)
        for some in np.array_split(np.arange(units), max(1, units // width)):
            span = slice(int(some[0]), int(some[-1]) + 1)
            ranks_uRt = self._looked_up(span, self._levels_URt[span]).reshape(-1, rows, steps)
            found_U[span] = np.einsum("urt,urt->u", ranks_uRt, ranks_uRt)
        return found_U

    def every(self, nth: int) -> Iterator[tuple[slice, np.ndarray]]:
        """(units, one of so many of their ranks (u, n)), a few units at a time."""
        units = len(self._levels_URt)
        width = max(1, STRIP_NUMBERS // max(1, self.chars // nth))
        for start in range(0, units, width):
            span = slice(start, min(units, start + width))
            yield span, self._looked_up(span, self._levels_URt[span].reshape(span.stop - start, -1)[:, ::nth])

    def _looked_up(self, units: slice, levels: np.ndarray) -> np.ndarray:
        """(u, N): ranks of levels, (u, ...), of some of the units."""
        found_UN = np.empty((len(levels), levels[0].size), dtype=np.float32)
        for ranks, of_unit, found_N in zip(self._ranks[units], levels, found_UN, strict=True):
            np.take(ranks, of_unit.ravel(), out=found_N, mode="wrap")  # "raise" would go by a buffer
        return found_UN


def stretch(site: SiteArray, row: int, steps: slice, unit: int) -> np.ndarray:
    """Values of one unit in a stretch of a row, (t,)."""
    if isinstance(site, TracedSite):
        places = np.arange(steps.start, steps.stop)
        return site.at(np.full(len(places), row), places, unit)
    return site[row, steps, unit]


def of_units(site: SiteArray, units: Sequence[int]) -> np.ndarray:
    """Values of some units, (R, T, u)."""
    blocks = site.blocks() if isinstance(site, TracedSite) else [site]
    return np.concatenate([block_RtH[:, :, units] for block_RtH in blocks], axis=1)


def mid_ranks(counts: np.ndarray) -> np.ndarray:
    """Mid-rank of every level from how often each occurs, centred on zero, in (-1/2, 1/2), float32.

    The rank r of 1..n becomes (r - (n + 1) / 2) / n.
    """
    total = counts.sum()
    below = np.cumsum(counts) - counts
    return ((below + (counts - total) / 2) / max(1, total)).astype(np.float32)


def ranked_labels(labels: np.ndarray) -> np.ndarray:
    """Centred mid-ranks of whole numbers or flags over all of them, float32, same shape."""
    whole = labels.astype(np.int64)
    places = whole - whole.min(initial=0)
    if places.max(initial=0) > 16 * LEVELS:  # far apart: their order is all that counts
        places = np.unique(whole, return_inverse=True)[1].reshape(labels.shape)
    return mid_ranks(np.bincount(places.ravel()))[places]
