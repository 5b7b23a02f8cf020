"""Three circles whose overlaps are as large as they are told to be, as nearly as circles can. Knows no chart.

Areas of the circles are exact. Where they stand has three degrees of freedom, and the overlaps of three sets
have four: they are fitted by least squares over all seven regions, as eulerr (Larsson) and venneuler
(Wilkinson 2012) do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

_SLICES = 600
"""Areas are sums over so many vertical slices: right to a thousandth of the picture."""
_GRID = 240
"""Points a side on which a region's roomiest place is sought."""
REGIONS = range(1, 8)
"""Region s lies in circle m where bit m of s is set, and in no other."""


@dataclass(frozen=True)
class Circles:
    """First and second stand level, the third below; the picture's middle is at (0, 0)."""

    centres: np.ndarray
    """Shape (3, 2); y grows upwards."""
    radii: np.ndarray
    """Shape (3,)."""

    @property
    def half_size(self) -> np.ndarray:
        """Half the width and half the height of all together."""
        return (self.centres + self.radii[:, None]).max(axis=0)

    def areas(self) -> np.ndarray:
        """Of the regions, shape (8,); region 0 has none."""
        return _areas(self.centres, self.radii)

    def room(self) -> dict[int, tuple[float, float, float]]:
        """Region -> where in it the nearest arc is farthest, x and y, and how far; none for a region that is
        not there.
        """
        x, y = (np.linspace(-size, size, _GRID) for size in self.half_size)
        places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        inwards = self.radii - np.linalg.norm(places[:, None] - self.centres, axis=-1)
        region = (inwards > 0) @ [1, 2, 4]
        nearest = np.abs(inwards).min(axis=1)
        found = {}
        for each in REGIONS:
            if (there := np.flatnonzero(region == each)).size:
                best = there[nearest[there].argmax()]
                found[each] = (float(places[best, 0]), float(places[best, 1]), float(nearest[best]))
        return found


def fitted(shares: Sequence[float]) -> Circles:
    """Circles for the shares of the regions 1 to 7, given as eight with whatever stands first left out.

    Raises ValueError where a circle would have no area.
    """
    wanted = np.array([0.0, *shares[1:]], np.float64)
    totals = np.array([sum(wanted[s] for s in REGIONS if s >> m & 1) for m in range(3)])
    if not (totals > 0).all():
        raise ValueError(f"a circle without an area: {totals.tolist()}")
    radii = np.sqrt(totals / np.pi)

    def misfit(places: np.ndarray) -> float:
        return float(((_areas(_centres(places), radii) - wanted)[1:] ** 2).sum()) / wanted.sum() ** 2

    first = _start(wanted, radii)
    options = {"xatol": 1e-4 * radii.max(), "fatol": 1e-9, "maxiter": 400}
    best = minimize(misfit, first, method="Nelder-Mead", options=options)
    centres = _centres(best.x)
    middle = ((centres + radii[:, None]).max(axis=0) + (centres - radii[:, None]).min(axis=0)) / 2
    return Circles(centres - middle, radii)


def _centres(places: np.ndarray) -> np.ndarray:
    """(x of the second, x and depth of the third), the first at the origin -> shape (3, 2)."""
    return np.array([[0.0, 0.0], [abs(places[0]), 0.0], [places[1], -abs(places[2])]])


def _start(wanted: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Every two circles as far apart as their overlap asks for, the third as near to that as it can be."""
    apart = {
        (a, b): _distance(radii[a], radii[b], sum(wanted[s] for s in REGIONS if s >> a & 1 and s >> b & 1))
        for a, b in ((0, 1), (0, 2), (1, 2))
    }
    level = max(apart[0, 1], 1e-3 * radii.max())
    x = (apart[0, 2] ** 2 - apart[1, 2] ** 2 + level**2) / (2 * level)
    x = float(np.clip(x, -apart[0, 2], apart[0, 2]))
    return np.array([level, x, max(np.sqrt(apart[0, 2] ** 2 - x**2), 0.02 * radii.max())])


def _distance(one: float, other: float, overlap: float) -> float:
    """Between the centres of two circles that share an area, by bisection."""
    near, far = abs(one - other), one + other
    for _ in range(30):
        middle = (near + far) / 2
        shared = _areas(np.array([[0.0, 0.0], [middle, 0.0], [9 * far, 0.0]]), np.array([one, other, 0.0]))[3]
        near, far = (middle, far) if shared > overlap else (near, middle)
    return (near + far) / 2


def _areas(centres: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Of the regions, shape (8,), from the lengths of every slice's chords."""
    left, right = (centres[:, 0] - radii).min(), (centres[:, 0] + radii).max()
    width = (right - left) / _SLICES
    x = left + width * (np.arange(_SLICES) + 0.5)
    half = np.sqrt(np.maximum(radii[:, None] ** 2 - (x - centres[:, :1]) ** 2, 0))
    low, high = centres[:, 1:] - half, centres[:, 1:] + half
    within = np.zeros(8)  # in all circles of the set, whatever the others
    for s in REGIONS:
        members = [m for m in range(3) if s >> m & 1]
        chord = high[members].min(axis=0) - low[members].max(axis=0)
        within[s] = np.maximum(chord, 0).sum() * width
    areas = np.zeros(8)
    for s in REGIONS:  # inclusion and exclusion
        areas[s] = sum(
            (-1) ** (bin(t).count("1") - bin(s).count("1")) * within[t] for t in REGIONS if t & s == s
        )
    return areas
