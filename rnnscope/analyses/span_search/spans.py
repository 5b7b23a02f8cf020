"""Spans of a text, what is around them, and how a unit's values there lie to each other. Knows no finding."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnnscope.analyses.span_search.values import SiteValues
from rnnscope.errors import ConfigError
from rnnscope.records.half_levels import levels_of, values_of

CONTEXT_CHARS = 30
"""On each side of a span, where the unit is to be off."""
NUMBERS_AT_ONCE = 8_000_000
"""Values read at a time where the spans are moved about."""


@dataclass(frozen=True)
class Span:
    """Steps `start` to `stop`, which is not in it, of one row."""

    row: int
    start: int
    stop: int


@dataclass(frozen=True)
class Pointed:
    """Places inside the spans, and places around them and inside the counter-spans."""

    inside: Sequence[tuple[int, int]]
    """(row, step)."""
    outside: Sequence[tuple[int, int]]

    @cached_property
    def _places_2N(self) -> np.ndarray:
        return np.array([*self.inside, *self.outside], dtype=np.int64).T

    def extremes(self, site: SiteValues, shifts: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
        """Lowest and highest value inside, lowest and highest outside, each (s, H) float32, some shifts at a
        time: all places moved along their rows by each."""
        steps, units = site.shape[1:]
        rows_N, steps_N = self._places_2N
        at_once = max(1, NUMBERS_AT_ONCE // (units * len(rows_N)))
        for first in range(0, len(shifts), at_once):
            some_S = shifts[first : first + at_once]
            moved_SN = (steps_N + some_S[:, None]) % steps
            found_NH = site.at(np.tile(rows_N, len(some_S)), moved_SN.ravel())
            is_half = found_NH.dtype == np.float16
            # the lowest level is that of the lowest value, and whole numbers are quick
            ordered_SNH = (levels_of(found_NH) if is_half else found_NH).reshape(*moved_SN.shape, units)
            parts = ordered_SNH[:, : len(self.inside)], ordered_SNH[:, len(self.inside) :]
            ends = [end(part, axis=1) for part in parts for end in (np.min, np.max)]
            yield tuple((values_of(end) if is_half else end).astype(np.float32) for end in ends)


def pointed(shape: tuple[int, int], spans: Sequence[Span], counter_spans: Sequence[Span]) -> Pointed:
    """What spans in a text of (R, T) point at.

    Raises ConfigError for a span that the text does not have, and where nothing is left to compare with.
    """
    rows, steps = shape
    for span in (*spans, *counter_spans):
        if not (0 <= span.row < rows and 0 <= span.start < span.stop <= steps):
            raise ConfigError(
                f"no characters {span.start}:{span.stop} in row {span.row} of what was traced, {rows} rows "
                f"of {steps}; more --chars trace more"
            )
    inside = _places(spans)
    around = set(_places([_widened(span, steps) for span in spans])) | set(_places(counter_spans))
    outside = sorted(around - set(inside))
    if not outside:
        raise ConfigError("the spans leave nothing around them to compare with; take shorter ones")
    return Pointed(inside, outside)


@dataclass(frozen=True)
class Fit:
    """How the units of a site tell the inside from the outside."""

    gap_SH: np.ndarray
    """Distance between the two, below zero where they overlap, for each shift."""
    side_SH: np.ndarray
    """+1 where the unit is higher inside."""
    halfway_SH: np.ndarray
    """The value half-way between the two."""


def fit(site: SiteValues, places: Pointed, shifts: np.ndarray) -> Fit:
    """For all places moved by each shift, (S, H)."""
    parts = [_fit(*ends) for ends in places.extremes(site, shifts)]
    return Fit(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _fit(in_low: np.ndarray, in_high: np.ndarray, out_low: np.ndarray, out_high: np.ndarray):
    higher, lower = in_low - out_high, out_low - in_high
    is_higher = higher >= lower
    halfway = np.where(is_higher, in_low + out_high, in_high + out_low) / np.float32(2)
    return np.maximum(higher, lower), np.where(is_higher, 1, -1), halfway


def _places(spans: Sequence[Span]) -> list[tuple[int, int]]:
    return sorted({(span.row, step) for span in spans for step in range(span.start, span.stop)})


def _widened(span: Span, steps: int) -> Span:
    return Span(span.row, max(0, span.start - CONTEXT_CHARS), min(steps, span.stop + CONTEXT_CHARS))
