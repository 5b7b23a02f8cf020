"""What values each unit takes: mean, variance, least, largest, histogram. Knows no network."""

from dataclasses import dataclass, field

import numpy as np

from rnnscope.counters.comoments import Comoments
from rnnscope.counters.counter import Block, add, check_alike, pieces

BINS = 50
"""Of a histogram: widths of 0.02 for gates, so that the paper's 0.1 and 0.9 are edges."""


@dataclass(frozen=True)
class Bins:
    """BINS bins of equal width from `low` to `high`, each with its lower edge, the last with both."""

    low: float
    high: float
    is_squeezed: bool = False
    """Bins of equal width in x / (1 + |x|), which takes every number to one between -1 and 1: half of the
    bins lie within +-1, the outermost begins at +-24, and nothing falls outside."""

    @property
    def edges(self) -> np.ndarray:
        """Shape (BINS + 1,); infinite at the ends where the bins are squeezed from -1 to 1."""
        edges = np.linspace(self.low, self.high, BINS + 1)
        if not self.is_squeezed:
            return edges
        with np.errstate(divide="ignore"):
            return edges / (1 - np.abs(edges))

    def places(self, values: np.ndarray) -> np.ndarray:
        """0 below all bins, 1 to BINS in them, BINS + 1 above all; intp, for values in float64."""
        if self.is_squeezed:
            values = values / (1 + np.abs(values))
        places = values * (BINS / (self.high - self.low))
        places += 1 - self.low * (BINS / (self.high - self.low))
        places = np.clip(places, 0, BINS + 1, out=places).astype(np.intp)
        places[values == self.high] = BINS
        return places


GATE, TANH, ANY = Bins(0.0, 1.0), Bins(-1.0, 1.0), Bins(-1.0, 1.0, is_squeezed=True)
_BY_SITE = dict.fromkeys("ifozr", GATE) | dict.fromkeys(("g", "n", "tanh_c", "h"), TANH)


def bins_of(site: str) -> Bins:
    """From 0 to 1 for gates, -1 to 1 for what a tanh bounds, squeezed for what has no bounds (c, pre_x)."""
    return _BY_SITE.get(site.rpartition(".")[2], ANY)


def is_bounded(site: str) -> bool:
    """Whether its values lie in [-1, 1] by definition."""
    return not bins_of(site).is_squeezed


@dataclass(frozen=True)
class Distribution:
    """Of the values of every unit at one site."""

    bins: Bins
    moments: Comoments
    least_H: np.ndarray
    largest_H: np.ndarray
    places_HK: np.ndarray
    """Values below all bins, in each of them, above all; shape (H, BINS + 2), int64."""

    @property
    def count(self) -> int:
        """Values of each unit."""
        return int(self.moments.count[0])

    @property
    def mean_H(self) -> np.ndarray:
        return self.moments.mean_x

    @property
    def variance_H(self) -> np.ndarray:
        """Mean square distance from the mean: divided by the count, not by one less."""
        return self.moments.products / self.count

    @property
    def histogram_HK(self) -> np.ndarray:
        """Values in each bin, shape (H, BINS)."""
        return self.places_HK[:, 1:-1]

    def quantile_H(self, share: float) -> np.ndarray:
        """The value that `share` of the values lie under, to within a bin: straight between its edges."""
        upto_HK = np.cumsum(self.places_HK[:, :-1], axis=1)
        wanted = share * self.count
        bin_H = np.clip((upto_HK < wanted).sum(axis=1) - 1, 0, BINS - 1)[:, None]
        before_H, after_H = (np.take_along_axis(upto_HK, bin_H + more, 1)[:, 0] for more in (0, 1))
        edges = np.clip(self.bins.edges, self.least_H.min(), self.largest_H.max())
        low_H, high_H = edges[bin_H[:, 0]], edges[bin_H[:, 0] + 1]
        into_H = np.clip((wanted - before_H) / np.maximum(after_H - before_H, 1), 0, 1)
        return np.clip(low_H + into_H * (high_H - low_H), self.least_H, self.largest_H)

    def joined(self, other: "Distribution") -> "Distribution":
        """Of the values of both."""
        return Distribution(
            self.bins,
            self.moments.joined(other.moments),
            np.minimum(self.least_H, other.least_H),
            np.maximum(self.largest_H, other.largest_H),
            self.places_HK + other.places_HK,
        )


def distribution(values_NH: np.ndarray, bins: Bins) -> Distribution:
    """Of values that are all in memory, in float64."""
    count, units = values_NH.shape
    about_H = values_NH.mean(axis=0)
    apart_NH = values_NH - about_H
    squares_H = np.einsum("nh,nh->h", apart_NH, apart_NH)
    places_NH = bins.places(values_NH) + np.arange(units) * (BINS + 2)
    places_HK = np.bincount(places_NH.ravel(), minlength=units * (BINS + 2)).reshape(units, BINS + 2)
    moments = Comoments(np.array([count]), about_H, about_H, squares_H)
    return Distribution(bins, moments, values_NH.min(axis=0), values_NH.max(axis=0), places_HK)


@dataclass
class DistributionCounter:
    """Counts and bounds are those of the whole to the last bit, mean and variance to rounding."""

    sites: tuple[str, ...]
    found: dict[str, Distribution] = field(default_factory=dict)

    def fresh(self) -> "DistributionCounter":
        """One of the same things that has seen nothing."""
        return DistributionCounter(self.sites)

    def update(self, block: Block) -> None:
        """Adds a block: site -> activations, shape (R, t, H)."""
        for site in self.sites:
            for values_NH in pieces(block[site]):
                add(self.found, site, distribution(values_NH, bins_of(site)))

    def merge(self, other: "DistributionCounter") -> "DistributionCounter":
        """This counter after all that the other saw too. Raises ValueError for other sites."""
        check_alike(self.sites, other.sites)
        merged = self.fresh()
        for each in (self, other):
            for site, found in each.found.items():
                add(merged.found, site, found)
        return merged

    def result(self) -> dict[str, Distribution]:
        """Site -> the distribution of every unit; no site before the first block."""
        return dict(self.found)
