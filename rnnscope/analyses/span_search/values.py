"""What a search wants of a site's values, and what gives it of values in memory. Knows no span."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from rnnscope.records.trace import share_beyond


@runtime_checkable
class SiteValues(Protocol):
    """One site's values over R rows of T steps, H units; records/columns.py has them on disk."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(R, T, H)."""
        ...

    def at(self, rows_N: np.ndarray, steps_N: np.ndarray) -> np.ndarray:
        """Values at N places, shape (N, H), float16 or float32."""
        ...

    def share_beyond(self, levels_H: np.ndarray, side_H: np.ndarray) -> np.ndarray:
        """Share of all characters where each unit, in half precision, is above its level (side 1) or below it
        (side -1)."""
        ...


@dataclass(frozen=True)
class InMemory:
    """Values that are there as one array."""

    values_RTH: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        rows, steps, units = self.values_RTH.shape
        return rows, steps, units

    def at(self, rows_N: np.ndarray, steps_N: np.ndarray) -> np.ndarray:
        return self.values_RTH[rows_N, steps_N]

    def share_beyond(self, levels_H: np.ndarray, side_H: np.ndarray) -> np.ndarray:
        # row by row: a whole text in single precision fills much memory
        return share_beyond(self.values_RTH, levels_H, side_H)
