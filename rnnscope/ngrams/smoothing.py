"""Level, discounts -> what each node keeps for its successors and hands down to the shorter context. Knows no
query.
"""

from dataclasses import dataclass

import numpy as np

from rnnscope.ngrams.discounts import discount_table
from rnnscope.records.count_model import Discounts, Level


@dataclass(frozen=True)
class Smoothed:
    """One level with one kind of counts: p(w | context) = kept(w) / total + handed down * p(w | shorter)."""

    level: Level
    pair_counts: np.ndarray
    """Shape (pairs,): raw or continuation counts."""
    totals: np.ndarray
    """Shape (nodes,), float64: sum of the node's counts."""
    handed_down: np.ndarray
    """Shape (nodes,), float64: share of the probability that goes to the shorter context."""
    taken: np.ndarray
    """Shape (4,): what is taken off counts of 0, 1, 2, and 3 or more."""

    def kept(self, pairs: np.ndarray, nodes: np.ndarray) -> np.ndarray:
        """Probability that each pair, of that node, keeps for itself, shape (Q,)."""
        counts = self.pair_counts[pairs]
        return (counts - self.taken[np.minimum(counts, 3)]) / self.totals[nodes]

    @property
    def alone_hands_down(self) -> float:
        """Share that a context that occurred once hands down; its one successor keeps the rest."""
        return float(self.taken[1])


def smoothed(level: Level, pair_counts: np.ndarray, discounts: Discounts | None) -> Smoothed:
    """Kneser-Ney's share of every node of the level; without discounts nothing is handed down (maximum
    likelihood).
    """
    taken = np.zeros(4) if discounts is None else discount_table(discounts)
    first = level.pair_offsets[:-1]
    if len(first) == 0:
        return Smoothed(level, pair_counts, np.zeros(0), np.zeros(0), taken)
    totals = np.add.reduceat(pair_counts, first, dtype=np.float64)
    handed_down = np.add.reduceat(taken[np.minimum(pair_counts, 3)], first) / totals
    return Smoothed(level, pair_counts, totals, handed_down, taken)
