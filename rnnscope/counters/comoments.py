"""Means, and sums of products about them, that can be merged. Knows no site and no lag.

Sums of squares less a squared mean lose all digits where a mean is large beside the spread. Sums about the
mean do not, and two of them are merged by the formula of Chan, Golub, LeVeque 1983 ("Algorithms for computing
the sample variance"), for products that of Pebay 2008 (SAND2008-6212, section 3.1):

    C = C1 + C2 + (x2 - x1) (y2 - y1) n1 n2 / (n1 + n2)
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Comoments:
    """Of pairs (x, y), elementwise over any shape; for a variance y is x."""

    count: np.ndarray
    """Pairs, int64; its shape spreads over that of the others."""
    mean_x: np.ndarray
    mean_y: np.ndarray
    products: np.ndarray
    """Sum of (x - mean x)(y - mean y)."""

    def joined(self, other: "Comoments") -> "Comoments":
        """Of the pairs of both."""
        count = self.count + other.count
        share = other.count / np.maximum(count, 1)
        apart_x, apart_y = other.mean_x - self.mean_x, other.mean_y - self.mean_y
        return Comoments(
            count,
            self.mean_x + apart_x * share,
            self.mean_y + apart_y * share,
            self.products + other.products + apart_x * apart_y * (self.count * share),
        )


def comoments(
    count: np.ndarray, about: np.ndarray, sum_x: np.ndarray, sum_y: np.ndarray, products: np.ndarray
) -> Comoments:
    """From sums of x - about, y - about and their products, all of one shape, over which those of `count` and
    `about` spread: exact enough where `about` is near the means.
    """
    at_least_1 = np.maximum(count, 1)
    return Comoments(
        count, about + sum_x / at_least_1, about + sum_y / at_least_1, products - sum_x * sum_y / at_least_1
    )
