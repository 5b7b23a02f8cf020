"""Units that are on in a span -> where else all of them are on together. Knows no text.

Each unit is on where it is beyond the value half-way between its values inside the spans and outside them. A
place is a run of characters where enough of the units are on; the nearer its length is to the spans', the
better it fits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from rnnscope.analyses.span_search.spans import Span, fit, pointed
from rnnscope.analyses.span_search.values import SiteValues
from rnnscope.errors import ConfigError


@runtime_checkable
class TurnedValues(SiteValues, Protocol):
    """Values that are asked for one unit at a time, too."""

    def beyond(self, unit: int, level: float, side: int) -> np.ndarray:
        """Where a unit, in half precision, is above a level (side 1) or below it (side -1), bool (R, T)."""
        ...


@dataclass(frozen=True)
class Threshold:
    """When a unit counts as on."""

    site: str
    unit: int
    level: float
    side: int
    """1: above the level, -1: below it."""


@dataclass(frozen=True)
class Places:
    """Runs of characters where enough units are on."""

    thresholds: list[Threshold]
    needed: int
    """How many of the units are on at every character of a place."""
    runs_N3: np.ndarray
    """Row, start, stop of each, those that fit best first."""

    @property
    def chars(self) -> int:
        """Characters in all the places."""
        return int((self.runs_N3[:, 2] - self.runs_N3[:, 1]).sum())

    def spans(self, some: slice) -> list[Span]:
        return [Span(*run) for run in self.runs_N3[some].tolist()]


def places_of(
    sites: Mapping[str, TurnedValues],
    units: Sequence[tuple[str, int]],
    spans: Sequence[Span],
    counter_spans: Sequence[Span] = (),
) -> Places:
    """Where `units`, (site, unit), are on together but for the spans themselves: all of them, or as many as
    are on together anywhere else. Two places that fit alike stand in the order of the text.

    Raises ConfigError for units and spans that there are not.
    """
    thresholds = _thresholds(sites, units, spans, counter_spans)
    shape = next(iter(sites.values())).shape[:2]
    on_RT = np.zeros(shape, np.uint8)
    for each in thresholds:
        on_RT += sites[each.site].beyond(each.unit, each.level, each.side)
    needed, runs = _runs_elsewhere(on_RT, len(thresholds), spans)
    length = float(np.median([span.stop - span.start for span in spans]))
    chars_N = runs[:, 2] - runs[:, 1]
    # twice as long is as far away as half as long
    order = np.argsort(np.abs(np.log(chars_N / length)), kind="stable")
    return Places(thresholds, needed, runs[order])


def _thresholds(
    sites: Mapping[str, TurnedValues],
    units: Sequence[tuple[str, int]],
    spans: Sequence[Span],
    counter_spans: Sequence[Span],
) -> list[Threshold]:
    if not units:
        raise ConfigError("no unit to look for; choose one or more")
    shape = next(iter(sites.values())).shape[:2]
    places, found = pointed(shape, spans, counter_spans), []
    fits = {
        site: fit(sites[site], places, np.zeros(1, np.int64)) for site in dict.fromkeys(s for s, _ in units)
    }
    for site, unit in dict.fromkeys(units):
        if not 0 <= unit < sites[site].shape[2]:
            raise ConfigError(f"no unit {unit} in '{site}'; it has 0 to {sites[site].shape[2] - 1}")
        level, side = fits[site].halfway_SH[0, unit], fits[site].side_SH[0, unit]
        found.append(Threshold(site, unit, float(level), int(side)))
    return found


def _runs_elsewhere(on_RT: np.ndarray, units: int, spans: Sequence[Span]) -> tuple[int, np.ndarray]:
    """(units on, runs of at least so many (N, 3): row, start, stop) that touch no span."""
    needed, runs = units, runs_of(on_RT >= units)
    while needed > 1 and not len(runs := _apart(runs, spans)):
        needed -= 1
        runs = runs_of(on_RT >= needed)
    return needed, _apart(runs, spans)


def runs_of(flags_RT: np.ndarray) -> np.ndarray:
    """Runs of True along each row, (N, 3): row, start, stop, in the order of the text."""
    rows, steps = flags_RT.shape
    padded = np.zeros((rows, steps + 2), np.int8)
    padded[:, 1:-1] = flags_RT
    edges = np.diff(padded, axis=1)
    first, last = np.argwhere(edges == 1), np.argwhere(edges == -1)
    return np.column_stack([first, last[:, 1]])


def _apart(runs: np.ndarray, spans: Sequence[Span]) -> np.ndarray:
    touches = np.zeros(len(runs), bool)
    for span in spans:
        touches |= (runs[:, 0] == span.row) & (runs[:, 1] < span.stop) & (runs[:, 2] > span.start)
    return runs[~touches]
