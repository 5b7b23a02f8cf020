"""Values in half precision as whole numbers of the same order. Knows no unit and no label.

A value in half precision has one of 65,536 levels, so that ranks, extremes and shares are counts. Values in
single precision are rounded to half first (within 2.5e-4 for values in [-1, 1]).
"""

import numpy as np

LEVELS = 1 << 16
SIGN = np.uint16(0x8000)


def levels_of(values: np.ndarray) -> np.ndarray:
    """Rounded to half precision -> uint16 in the same order; both zeros are one."""
    bits = np.array(values, dtype=np.float16).view(np.uint16)
    bits[bits == SIGN] = 0
    # all bits of a negative number are turned, of another the sign alone
    return bits ^ (-(bits >> 15) | SIGN)


def values_of(levels: np.ndarray) -> np.ndarray:
    """The values of levels, float16: what `levels_of` takes back."""
    levels = np.asarray(levels, dtype=np.uint16)
    return np.where(levels & SIGN, levels ^ SIGN, ~levels).astype(np.uint16).view(np.float16)
