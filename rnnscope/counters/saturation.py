"""How often each gate is shut or open. Knows no network.

A gate unit is left-saturated at a step where its activation is below 0.1, right-saturated where it is above
0.9 (Karpathy, Johnson, Li 2015, section 4.2).
"""

from dataclasses import dataclass, field

import numpy as np

from rnnscope.counters.counter import Block, check_alike

GATES = {
    "lstm": {"f": "forget", "i": "input", "o": "output"},
    "gru": {"z": "update (z keeps)", "r": "reset"},
    "gru-2015": {"z": "update (z overwrites)", "r": "reset"},
    "rnn": {},
}
"""Cell -> its gates' sites and names. PyTorch's z keeps the old state, the paper's overwrites it: they are
mirrored.
"""
MOSTLY = 0.9
"""A gate unit is called open (shut) where it is right- (left-) saturated on so large a share of the steps."""
INFINITY = np.float16(np.inf).view(np.uint16)
"""The bits of the largest number that is not negative."""


def gate_sites(cell: str, layers: int) -> tuple[str, ...]:
    """'layers.{l}.{gate}' of every gate of every layer."""
    return tuple(f"layers.{layer}.{gate}" for layer in range(layers) for gate in GATES.get(cell, {}))


@dataclass
class SaturationCounter:
    """Counts over a stream of blocks: equal to the counts over the whole, whatever the blocks."""

    sites: tuple[str, ...]
    below: float = 0.1
    above: float = 0.9
    steps: int = 0
    """Activations counted for each unit."""
    left: dict[str, np.ndarray] = field(default_factory=dict)
    """Site -> steps below, shape (H,)."""
    right: dict[str, np.ndarray] = field(default_factory=dict)
    lowest: dict[str, np.ndarray] = field(default_factory=dict)
    highest: dict[str, np.ndarray] = field(default_factory=dict)

    def fresh(self) -> "SaturationCounter":
        """One of the same things that has seen nothing."""
        return SaturationCounter(self.sites, self.below, self.above)

    def update(self, block: Block) -> None:
        """Adds a block: site -> activations, shape (R, t, H), all sites of one shape but for H."""
        for site in self.sites:
            values_NH = np.asarray(block[site]).reshape(-1, block[site].shape[-1])
            if not len(values_NH):
                return
            counted = _counted(values_NH, self.below, self.above)
            self._add(*({site: each_H} for each_H in counted))
        if self.sites:
            self.steps += int(np.prod(block[self.sites[0]].shape[:-1]))

    def merge(self, other: "SaturationCounter") -> "SaturationCounter":
        """This counter after all that the other saw too. Raises ValueError for other thresholds or sites."""
        check_alike((self.sites, self.below, self.above), (other.sites, other.below, other.above))
        merged = self.fresh()
        for each in (self, other):
            merged.steps += each.steps
            merged._add(each.left, each.right, each.lowest, each.highest)
        return merged

    def result(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Site -> (fraction left-saturated, fraction right-saturated), each shape (H,)."""
        return {site: (self.left[site] / self.steps, self.right[site] / self.steps) for site in self.left}

    def _add(self, *new: dict[str, np.ndarray]) -> None:
        """Joins left, right, lowest, highest of more steps to what is there."""
        mine = (self.left, self.right, self.lowest, self.highest)
        for kept, found, join in zip(mine, new, (np.add, np.add, np.minimum, np.maximum), strict=True):
            for site, values_H in found.items():
                kept[site] = join(kept[site], values_H) if site in kept else values_H


def _counted(values_NH: np.ndarray, below: float, above: float) -> tuple[np.ndarray, ...]:
    """Steps below and above, lowest and highest, each shape (H,)."""
    if values_NH.dtype == np.float16:
        # the bits of numbers of which none is negative have the order of the numbers, and whole numbers are
        # compared four times as fast as half precision
        bits_NH = np.ascontiguousarray(values_NH).view(np.uint16)
        least_H, most_H = bits_NH.min(axis=0), bits_NH.max(axis=0)
        if most_H.max(initial=0) <= INFINITY:
            low, high = (np.float16(each).view(np.uint16) for each in (below, above))
            counts = ((bits_NH < low).sum(axis=0), (bits_NH > high).sum(axis=0))
            return (*counts, least_H.view(np.float16), most_H.view(np.float16))
    counts = ((values_NH < below).sum(axis=0), (values_NH > above).sum(axis=0))
    return (*counts, values_NH.min(axis=0), values_NH.max(axis=0))
