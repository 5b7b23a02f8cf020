"""One scale for the roles of units, whatever kind of track they follow."""

import pytest

from rnnscope.records.roles import margin, strength


@pytest.mark.parametrize(("kind", "stretch"), [("flag", 2), ("graded", 1)])
def test_a_margin_is_above_the_best_control_though_that_be_zero_or_less(kind: str, stretch: int):
    row = {"kind": kind, "score": 0.3, "control_high": 0.0, "last_character": -0.2, "untrained": -0.1}
    assert margin(row) == pytest.approx(stretch * 0.3)
    assert margin(row | {"control_high": -0.3}) == pytest.approx(stretch * 0.4)
    assert margin(row | {"control_high": None, "untrained": 0.1}) == pytest.approx(stretch * 0.2)
    assert margin({"kind": kind, "score": 0.3}) == pytest.approx(stretch * 0.3)


def test_chance_is_no_strength_and_a_perfect_score_is_all_of_it():
    assert strength({"kind": "flag", "score": 0.5}) == 0 and strength({"kind": "graded", "score": 0.0}) == 0
    assert strength({"kind": "flag", "score": 1.0}) == strength({"kind": "graded", "score": 1.0}) == 1
    assert strength({"kind": "flag", "score": None}) is None
