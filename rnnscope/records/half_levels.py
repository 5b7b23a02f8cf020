"""Values in half precision as whole numbers of the same order, and brought from time-major to unit-major
order. Knows no label.

A value in half precision has one of 65,536 levels, so that ranks, extremes and shares are counts. Values in
single precision are rounded to half first (within 2.5e-4 for values in [-1, 1]).
"""

from collections.abc import Iterable, Iterator
from itertools import product

import numpy as np

from rnnscope.progress import OnShare, unheard

LEVELS = 1 << 16
SIGN = np.uint16(0x8000)
TURNED_STEPS = 1024
TURNED_NUMBERS = 1 << 20
"""Steps, and values, that are turned at once: a block that the processor's cache holds."""
GATHERED_STEPS = 64
"""Blocks of fewer steps are turned together: a unit's place in memory is then gone to less often."""


def levels_of(values: np.ndarray) -> np.ndarray:
    """Rounded to half precision -> uint16 of the same shape, in the same order; both zeros are one."""
    bits = np.array(values, dtype=np.float16).view(np.uint16)
    bits[bits == SIGN] = 0
    # all bits of a negative number are turned, of another the sign alone
    return bits ^ (-(bits >> 15) | SIGN)


def values_of(levels: np.ndarray) -> np.ndarray:
    """The values of levels of any shape, float16 of the same: what `levels_of` takes back."""
    levels = np.asarray(levels, dtype=np.uint16)
    return np.where(levels & SIGN, levels ^ SIGN, ~levels).astype(np.uint16).view(np.float16)


def turned(
    blocks: Iterable[np.ndarray], shape_URT: tuple[int, int, int], told: OnShare = unheard
) -> np.ndarray:
    """Levels, uint16 (U, R, T), of values that come as (R, t, U), one block after the other in time."""
    levels_URT = np.empty(shape_URT, dtype=np.uint16)
    units, rows, steps = shape_URT
    high = max(1, TURNED_NUMBERS // (max(1, units) * max(1, min(steps, TURNED_STEPS))))
    first = 0
    for block_RtU in _gathered(blocks):
        length = block_RtU.shape[1]
        for row, step in product(range(0, rows, high), range(0, length, TURNED_STEPS)):
            some_rtU = block_RtU[row : row + high, step : step + TURNED_STEPS]
            at = slice(first + step, first + step + some_rtU.shape[1])
            levels_URT[:, row : row + high, at] = levels_of(some_rtU).transpose(2, 0, 1)
            told((first + (row * length + len(some_rtU) * (at.stop - first)) / rows) / steps)
        first += length
    return levels_URT


def _gathered(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    waiting: list[np.ndarray] = []
    for block_RtU in blocks:
        waiting.append(block_RtU)
        if sum(each.shape[1] for each in waiting) >= GATHERED_STEPS:
            yield waiting[0] if len(waiting) == 1 else np.concatenate(waiting, axis=1)
            waiting = []
    if waiting:
        yield np.concatenate(waiting, axis=1)
