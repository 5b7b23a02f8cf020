"""Counts of counts -> discounts. Knows no context."""

import numpy as np

from rnnscope.records.count_model import Discounts

FALLBACK = (0.5, 1.0, 1.5)
"""KenLM's --discount_fallback."""


def discounts(counts: np.ndarray, singles: int = 0) -> Discounts:
    """D1, D2, D3+ of Chen and Goodman (1998), equation 26, for pairs with these counts and `singles` more of
    count 1.

    With n_i pairs of count i and Y = n1 / (n1 + 2 n2): D_i = i - (i + 1) Y n_{i+1} / n_i. They are usable
    where n1, n2, n3 > 0 and 0 < D_i <= i; else all three fall back, as characters do at length 0, where there
    are too few of them for any to be rare.
    """
    n1, n2, n3, n4 = (int((counts == i).sum()) for i in (1, 2, 3, 4))
    n1 += singles
    found, is_fallback = FALLBACK, True
    if n1 and n2 and n3:
        y = n1 / (n1 + 2 * n2)
        estimates = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
        if all(0 < estimate <= i for i, estimate in enumerate(estimates, start=1)):
            found, is_fallback = estimates, False
    return Discounts(
        one=found[0],
        two=found[1],
        three_plus=found[2],
        counts_of_counts=(n1, n2, n3, n4),
        is_fallback=is_fallback,
    )


def discount_table(discounts: Discounts) -> np.ndarray:
    """Shape (4,), float64: what is taken off a count of 0, 1, 2, and 3 or more."""
    return np.array([0.0, discounts.one, discounts.two, discounts.three_plus])
