# pyright: reportOperatorIssue=false, reportArgumentType=false
"""Planted: a unit that is on in the spans alone, one that is on at other places too, and noise."""

import numpy as np
import pytest

from rnnscope.analyses.span_search import Span, span_search
from rnnscope.errors import ConfigError

ROWS, STEPS, UNITS = 2, 3000, 64
SPANS = (Span(0, 500, 520), Span(1, 900, 912))


def values() -> np.ndarray:
    made = np.random.default_rng(0).uniform(-1, 1, size=(ROWS, STEPS, UNITS))
    made[:, :, 7] = -0.9
    made[:, :, 9] = 0.9
    for span in SPANS:
        made[span.row, span.start : span.stop, 7] = 0.9
        made[span.row, span.start : span.stop, 9] = -0.9
    made[0, 1000:2000, 9] = -0.9  # and far from any span
    return made.astype(np.float16)


def search(spans=SPANS, counter=()) -> dict[int, dict]:
    texts = ["abcdefghij" * (STEPS // 10)] * ROWS
    finding = span_search("net", "tales", {"layers.0.h": values()}, texts, spans, counter)
    assert finding.numbers["units"] == UNITS
    by_unit = {int(str(row["unit"])): dict(row) for row in finding.tables["units"]}
    return by_unit | {-1: dict(finding.numbers)}


def test_the_planted_units_fit_and_noise_does_not():
    found = search()
    assert (
        found[7]["fits"] and found[7]["direction"] == "on" and found[7]["gap"] == pytest.approx(1.8, abs=1e-2)
    )
    assert found[9]["fits"] and found[9]["direction"] == "off"
    assert found[7]["share_of_text"] == pytest.approx(32 / (ROWS * STEPS))
    assert found[9]["share_of_text"] == pytest.approx(1032 / (ROWS * STEPS))
    assert found[-1]["units_that_fit"] == 2 and found[-1]["units_that_fit_by_chance"] < 0.2
    assert found[7]["p"] < 0.01 < found[20]["p"]


def test_a_counter_span_sends_off_the_unit_that_is_on_there_too():
    found = search(counter=(Span(0, 1500, 1510),))
    assert found[7]["fits"] and not found[9]["fits"]


def test_one_character_is_fitted_by_some_units_and_chance_says_so():
    found = search(spans=(Span(0, 100, 101),))
    expected = found[-1]["units_that_fit_by_chance"]
    assert expected > 0.5 and abs(found[-1]["units_that_fit"] - expected) < 10


@pytest.mark.parametrize("span", [Span(2, 1, 5), Span(0, 2990, 3001), Span(0, 5, 5)])
def test_a_span_outside_the_text_is_refused(span: Span):
    with pytest.raises(ConfigError, match="no characters"):
        search(spans=(span,))
