"""Curves over training -> when a network passes another predictor. Knows no record."""

from collections.abc import Sequence

import numpy as np

from rnnscope.estimate import Interval, Resampled


def crossing(epochs: Sequence[float], delta_M: np.ndarray) -> float | None:
    """Epochs after which `delta_M` is above 0 for good, between two milestones on a straight line in the
    logarithm of the epoch; None where it ends below, or has no milestone before.
    """
    broken = np.flatnonzero(delta_M <= 0)
    if not len(broken) or broken[-1] == len(delta_M) - 1:
        return None
    last = int(broken[-1])
    share = -delta_M[last] / (delta_M[last + 1] - delta_M[last])
    low, high = np.log(epochs[last]), np.log(epochs[last + 1])
    return float(np.exp(low + share * (high - low)))


def crossing_interval(epochs: Sequence[float], delta_MN: np.ndarray, sampled: Resampled) -> Interval | None:
    """The crossing of the first column (the curve itself) with the middle of those of the others, its
    bootstrap samples as in `sampled`; None where the curve does not cross. A sample that does not cross is
    taken to cross beyond the end, or before the beginning.
    """
    value = crossing(epochs, delta_MN[:, 0])
    if value is None:
        return None
    found = []
    for delta_M in delta_MN[:, 1:].T:
        at = crossing(epochs, delta_M)
        found.append((epochs[-1] if delta_M[-1] <= 0 else epochs[0]) if at is None else at)
    return Interval(value, *sampled.middle(np.array(found)))
