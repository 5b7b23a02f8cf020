"""What every counter can do. Knows no statistic."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np

Block = Mapping[str, np.ndarray]
"""Site -> activations of some rows over some steps, shape (R, t, H)."""
PIECE_NUMBERS = 2**16
"""Numbers worked on at a time: in float64 they stay in a core's cache."""


@runtime_checkable
class Counter(Protocol):
    """Sums over a stream of blocks. What two counters saw of different rows can be merged."""

    @property
    def sites(self) -> tuple[str, ...]:
        """What it wants of a block, 'layers.{l}.{site}'; the rest is left alone."""
        ...

    def fresh(self) -> "Counter":
        """One of the same things that has seen nothing."""
        ...

    def update(self, block: Block) -> None:
        """Adds a block that follows in time on the one before, of the same rows.

        For other rows take another counter, and merge.
        """
        ...

    def merge(self, other: Any) -> "Counter":
        """A counter that saw what both saw; what it is given next are other rows.

        Raises ValueError for a counter of something else.
        """
        ...

    def result(self) -> Any:
        """Site -> what was found."""
        ...


@runtime_checkable
class Joinable(Protocol):
    """Sums that can be added to those of other values."""

    def joined(self, other: Any) -> Any:
        """Of the values of both."""
        ...


Sums = TypeVar("Sums", bound=Joinable)


def add(found: dict[str, Sums], site: str, more: Sums) -> None:
    """Joins what more values of a site gave to what is there of it."""
    found[site] = found[site].joined(more) if site in found else more


def check_alike(mine: tuple, theirs: tuple) -> None:
    """Raises ValueError where two counters do not count the same."""
    if mine != theirs:
        raise ValueError(f"counters of different things cannot be merged: {mine} and {theirs}")


def pieces(values_RtH: np.ndarray) -> Iterator[np.ndarray]:
    """The values of a block as float64, (n, H) at a time."""
    values_NH = np.asarray(values_RtH).reshape(-1, values_RtH.shape[-1])
    rows = max(1, PIECE_NUMBERS // max(1, values_NH.shape[1]))
    for start in range(0, len(values_NH), rows):
        yield values_NH[start : start + rows].astype(np.float64)
