"""How long a unit's gate lets its state last. Knows no network.

A state that is multiplied by f_t at every step is, after n steps, what it was times the product of the f_t,
exp(n * mean ln f): it falls to 1/e in -1 / mean(ln f) steps. That is the time constant here. The mean of f
itself, -1 / ln(mean f), says how the *average* over many products of independent f falls; few products that
stay large rule that average, and by Jensen's inequality it is never shorter. A gate that is at 1 for nine
steps and at 0.001 at the tenth has mean 0.9: 9.5 steps by the mean of f, 1.4 by that of ln f.
"""

from dataclasses import dataclass, field

import numpy as np

from rnnscope.counters.counter import Block, add, check_alike, pieces

KEEPING = {"lstm": ("f", 1), "gru": ("z", 1), "gru-2015": ("z", -1)}
"""Cell -> the gate that keeps what is carried, and the side on which it does; a plain RNN has none."""
LEAST = float(np.finfo(np.float32).tiny)
"""A gate below this counts as this, 1.2e-38: a single 0 would make the product 0 for ever."""


@dataclass(frozen=True)
class Keeping:
    """Of every unit at one site."""

    count: int
    sum_H: np.ndarray
    """Of the share f that is kept at a step."""
    log_sum_H: np.ndarray
    """Of ln f."""

    @property
    def mean_H(self) -> np.ndarray:
        return self.sum_H / self.count

    @property
    def steps_H(self) -> np.ndarray:
        """-1 / mean(ln f): steps to 1/e; infinite where the gate was at 1 throughout."""
        return _steps(self.log_sum_H / self.count)

    @property
    def steps_by_mean_H(self) -> np.ndarray:
        """-1 / ln(mean f), never shorter than `steps_H`."""
        return _steps(np.log(np.maximum(self.mean_H, LEAST)))

    def joined(self, other: "Keeping") -> "Keeping":
        """Of the steps of both."""
        return Keeping(self.count + other.count, self.sum_H + other.sum_H, self.log_sum_H + other.log_sum_H)


def _steps(log_H: np.ndarray) -> np.ndarray:
    steps_H = np.full(log_H.shape, np.inf)
    return np.divide(-1.0, log_H, out=steps_H, where=log_H < 0)


def keeping(values_NH: np.ndarray, overwrites: bool) -> Keeping:
    """Of a gate's values that are all in memory, in float64; `overwrites`: what is kept is 1 - gate."""
    kept_NH = np.maximum(1 - values_NH if overwrites else values_NH, LEAST)
    log_NH = np.log(kept_NH)
    return Keeping(len(values_NH), kept_NH.sum(axis=0), log_NH.sum(axis=0))


@dataclass
class KeepingCounter:
    """Sums over a stream of blocks, those over the whole to rounding."""

    sites: tuple[str, ...]
    overwrites: bool = False
    """False: the gate is the share kept (f of an LSTM, z of PyTorch's GRU). True: the share replaced (z of
    the 2015 paper's GRU)."""
    found: dict[str, Keeping] = field(default_factory=dict)

    def fresh(self) -> "KeepingCounter":
        """One of the same things that has seen nothing."""
        return KeepingCounter(self.sites, self.overwrites)

    def update(self, block: Block) -> None:
        """Adds a block: site -> activations, shape (R, t, H)."""
        for site in self.sites:
            for values_NH in pieces(block[site]):
                add(self.found, site, keeping(values_NH, self.overwrites))

    def merge(self, other: "KeepingCounter") -> "KeepingCounter":
        """This counter after all that the other saw too. Raises ValueError for other sites."""
        check_alike((self.sites, self.overwrites), (other.sites, other.overwrites))
        merged = self.fresh()
        for each in (self, other):
            for site, found in each.found.items():
                add(merged.found, site, found)
        return merged

    def result(self) -> dict[str, Keeping]:
        """Site -> what every unit's gate keeps; no site before the first block."""
        return dict(self.found)
