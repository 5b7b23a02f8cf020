"""Planted: two units that are on together in two spans and at two places besides; a third that goes alone."""

from dataclasses import dataclass

import numpy as np
import pytest

from rnnscope.analyses.span_search import InMemory, Span, places_of
from rnnscope.errors import ConfigError

SITE = "layers.0.h"
SPAN = Span(0, 200, 210)
TOGETHER = [Span(1, 500, 509), Span(0, 700, 740)]
ALONE = Span(1, 900, 910)


@dataclass(frozen=True)
class Turned(InMemory):
    """Values in memory that are asked for unit by unit."""

    def beyond(self, unit: int, level: float, side: int) -> np.ndarray:
        return side * (self.values_RTH[:, :, unit].astype(np.float32) - level) > 0


@pytest.fixture
def site() -> Turned:
    values = np.full((2, 1000, 3), -0.8, np.float16)
    for span in (SPAN, *TOGETHER):
        values[span.row, span.start : span.stop, 0] = 0.8
        values[span.row, span.start : span.stop, 1] = 0.6
    values[ALONE.row, ALONE.start : ALONE.stop, 0] = 0.8
    values[SPAN.row, SPAN.start : SPAN.stop, 2] = 0.9
    return Turned(values)


def test_places_are_where_all_are_on_but_for_the_span_and_the_nearest_in_length_comes_first(site: Turned):
    found = places_of({SITE: site}, [(SITE, 0), (SITE, 1)], [SPAN])
    assert found.needed == 2 and found.spans(slice(None)) == TOGETHER and found.chars == 49
    assert [(each.side, each.unit) for each in found.thresholds] == [(1, 0), (1, 1)]
    assert found.thresholds[0].level == pytest.approx(0, abs=1e-3)


def test_one_unit_alone_is_found_at_its_own_places_too(site: Turned):
    found = places_of({SITE: site}, [(SITE, 0)], [SPAN])
    assert found.spans(slice(None)) == [ALONE, *TOGETHER]


def test_where_never_all_are_on_elsewhere_as_many_as_most_are(site: Turned):
    found = places_of({SITE: site}, [(SITE, 0), (SITE, 1), (SITE, 2)], [SPAN])
    assert found.needed == 2 and found.spans(slice(None)) == TOGETHER


def test_a_unit_that_is_on_nowhere_else_has_no_place(site: Turned):
    assert places_of({SITE: site}, [(SITE, 2)], [SPAN]).spans(slice(None)) == []


@pytest.mark.parametrize("units", [[], [(SITE, 3)]])
def test_units_that_there_are_not_are_said(site: Turned, units):
    with pytest.raises(ConfigError, match="no unit"):
        places_of({SITE: site}, units, [SPAN])
