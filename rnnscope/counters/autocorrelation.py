"""How long a unit's own value goes on resembling itself. Knows no network.

    r(k) = mean of (x_t - m)(x_{t-k} - m) over all t > k of every row, by the variance; m the mean of all x

at the lags 1, 2, 4, ..., 512. Pairs never cross from one row to another. The time constant is the lag where r
first falls under 1/e: for r = exp(-k / s) that is s, whatever the lags.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from rnnscope.counters.comoments import Comoments, comoments
from rnnscope.counters.counter import Block, add, check_alike

LAGS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
"""Steps."""
STILL = 1e-20
"""A variance below so much of the squared mean is rounding: such a unit has no autocorrelation."""


@dataclass(frozen=True)
class Autocorrelation:
    """Of every unit at one site."""

    lags: tuple[int, ...]
    values_KH: np.ndarray
    """r at each lag, shape (lags, H); NaN where no row is that long, and for a unit that never moves."""

    @property
    def steps_H(self) -> np.ndarray:
        """First lag where r is under 1/e; infinite where it is not at any lag that was seen, NaN for a unit
        that never moves.

        Between two lags ln r is taken as straight, r itself where the later one is not positive.
        """
        return np.array([_crossing(self.lags, values_K) for values_K in self.values_KH.T])


def _crossing(lags: tuple[int, ...], values_K: np.ndarray) -> float:
    if np.isnan(values_K[0]):
        return math.nan
    goal, earlier, before = 1 / math.e, 0, 1.0
    for lag, value in zip(lags, values_K.tolist(), strict=True):
        if value < goal:
            if value > 0:
                into = (math.log(before) + 1) / (math.log(before) - math.log(value))
            else:
                into = (before - goal) / (before - value)
            return earlier + into * (lag - earlier)
        if math.isnan(value):
            break
        earlier, before = lag, value
    return math.inf


@dataclass
class AutocorrelationCounter:
    """Sums over a stream of blocks, those over the whole to rounding.

    Blocks given to `update` follow one another in time: the last 512 steps are carried from each to the next,
    and are all that is kept of any value. Counters of the same rows at different times cannot be merged
    exactly, for the pairs across the cut are in neither; counters of different rows can.
    """

    sites: tuple[str, ...]
    lags: tuple[int, ...] = LAGS
    """Ascending."""
    found: dict[str, Comoments] = field(default_factory=dict)
    """Site -> pairs (x_t, x_{t-k}) of lag 0 and every lag, shape (1 + lags, H)."""
    carried: dict[str, np.ndarray] = field(default_factory=dict)
    """Site -> the last steps that were counted, (R, up to 512, H)."""
    waiting: dict[str, list[np.ndarray]] = field(default_factory=dict)
    """Site -> blocks not counted yet: short ones are gathered, for each costs as much again as is carried."""

    def fresh(self) -> "AutocorrelationCounter":
        """One of the same things that has seen nothing."""
        return AutocorrelationCounter(self.sites, self.lags)

    def update(self, block: Block) -> None:
        """Adds a block: site -> values, shape (R, t, H). Raises ValueError where R is another than before."""
        for site in self.sites:
            values_RtH = np.asarray(block[site])
            waiting = self.waiting.setdefault(site, [])
            known = [*waiting, *([self.carried[site]] if site in self.carried else [])]
            if known and len(known[0]) != len(values_RtH):
                raise ValueError(
                    f"{len(values_RtH)} rows after {len(known[0])}: count them in another counter"
                )
            waiting.append(values_RtH)
            if sum(each.shape[1] for each in waiting) >= self.lags[-1]:
                self._count(site)

    def merge(self, other: "AutocorrelationCounter") -> "AutocorrelationCounter":
        """This counter after all that the other saw of other rows. Raises ValueError for other sites or
        lags.
        """
        check_alike((self.sites, self.lags), (other.sites, other.lags))
        merged = self.fresh()
        for each in (self, other):
            each._count_all()
            for site, found in each.found.items():
                add(merged.found, site, found)
        return merged

    def result(self) -> dict[str, Autocorrelation]:
        """Site -> autocorrelation of every unit; no site before the first block."""
        self._count_all()
        return {site: Autocorrelation(self.lags, _correlations(found)) for site, found in self.found.items()}

    def _count_all(self) -> None:
        for site in self.sites:
            if self.waiting.get(site):
                self._count(site)

    def _count(self, site: str) -> None:
        """Counts all that waits, about as many steps at a time as are carried."""
        values_RtH = np.concatenate(self.waiting.pop(site), axis=1)
        longest = self.lags[-1]
        for start in range(0, values_RtH.shape[1], 2 * longest):
            new_RtH = values_RtH[:, start : start + 2 * longest]
            before_RpH = self.carried.get(site, new_RtH[:, :0])
            seen_RnH = np.concatenate([before_RpH, new_RtH], axis=1)
            add(self.found, site, _pairs(seen_RnH, before_RpH.shape[1], (0, *self.lags)))
            self.carried[site] = seen_RnH[:, -longest:].copy()


def _pairs(seen_RnH: np.ndarray, before: int, lags: tuple[int, ...]) -> Comoments:
    """Of all (x_t, x_{t-k}) with t at or after step `before` and t - k at or after step 0 of `seen`."""
    rows, steps, units = seen_RnH.shape
    about_H = seen_RnH.mean(axis=(0, 1), dtype=np.float64)
    # lag k: the later of a pair runs from `first` to the end, the earlier k steps behind
    first_K = np.maximum(before, lags)
    is_seen_K = first_K < steps
    pairs_K1 = rows * np.maximum(steps - first_K, 0)[:, None]
    sum_nH, products_KH = np.zeros((steps, units)), np.zeros((len(lags), units))
    for row_nH in seen_RnH:
        apart_nH = row_nH - about_H
        sum_nH += apart_nH
        for k in np.flatnonzero(is_seen_K):
            first, lag = first_K[k], lags[k]
            later, earlier = apart_nH[first:], apart_nH[first - lag : steps - lag]
            products_KH[k] += np.einsum("th,th->h", later, earlier)
    upto_nH = np.concatenate([np.zeros((1, units)), np.cumsum(sum_nH, axis=0)])
    start_K, end_K = np.minimum(first_K, steps), np.maximum(steps - np.array(lags), 0)
    later_KH = upto_nH[-1] - upto_nH[start_K]
    earlier_KH = upto_nH[end_K] - upto_nH[np.minimum(first_K - lags, end_K)]
    return comoments(pairs_K1, about_H, later_KH, earlier_KH, products_KH)


def _correlations(found: Comoments) -> np.ndarray:
    """r at every lag but 0."""
    mean_H = found.mean_x[0]
    about_mean_KH = found.products + found.count * (found.mean_x - mean_H) * (found.mean_y - mean_H)
    variance_H = about_mean_KH[0] / found.count[0]
    moves_H = variance_H > STILL * mean_H**2
    covariance_KH = about_mean_KH[1:] / np.where(found.count[1:] > 0, found.count[1:], np.nan)
    values_KH = np.full(covariance_KH.shape, np.nan)
    return np.divide(
        covariance_KH, variance_H, out=values_KH, where=np.broadcast_to(moves_H, values_KH.shape)
    )
