# pyright: reportOperatorIssue=false
"""The rule of the question of memory, on measurements made up so that the verdict is known."""

import pytest
from planted_memory import remembered

from rnnscope.questions.memory import decide
from rnnscope.questions.memory.deciding import deciding, settings_of
from rnnscope.questions.memory.kinds import NGRAM, errors_of


@pytest.mark.parametrize(
    ("shares", "verdict", "effect"),
    [
        ({"cache": (0.1, 0.01), "mlstm": (0.7, 0.05)}, "yes", 0.7),
        ({"cache": (0.1, 0.01), "mlstm": (0.3, 0.05)}, "no", 0.3),
        ({"cache": (0.1, 0.01), "mlstm": (0.5, 0.05)}, "undecided", 0.5),
        ({"cache": (0.7, -0.03), "mlstm": (0.7, -0.02)}, "premise not met", 0.7),
    ],
)
def test_the_best_memory_is_judged_by_the_share_that_it_removes(shares, verdict: str, effect: float):
    decision = decide(remembered(shares))
    assert decision.verdict == verdict
    assert decision.effect == pytest.approx(effect, abs=0.02)
    assert decision.low < decision.effect < decision.high


def test_the_best_memory_is_chosen_by_validation_loss_and_not_by_what_it_removes():
    decision = decide(remembered({"cache": (0.9, 0.01), "mlstm": (0.2, 0.05)}))
    assert decision.verdict == "no" and "mlstm on war-and-peace at 128" in decision.reading


def test_a_memory_without_a_say_is_told_and_never_chosen():
    measured = remembered({"cache": (0.2, 0.01), "cache, carried on": (0.8, 0.09)})
    for each in measured:
        for row in each.rows:
            row["has_say"] = row["memory"] == "cache"
    decision = decide(measured)
    assert decision.effect == pytest.approx(0.2, abs=0.02)
    assert {row["memory"] for row in decision.tables["memories"]} == {"none", "cache", "cache, carried on"}


def test_a_memory_that_lacks_a_seed_is_told_where_it_has_no_say_and_left_out_where_it_has():
    measured = remembered({"cache": (0.2, 0.01), "all three": (0.8, 0.09), "mlstm": (0.3, 0.05)})
    for each in measured:
        if each.seed:
            each.rows[:] = [row for row in each.rows if row["memory"] in ("none", "cache")]
        for row in each.rows:
            row["has_say"] = row["memory"] != "all three"
    decision = decide(measured)
    assert decision.effect == pytest.approx(0.2, abs=0.02)
    seeds = {row["memory"]: row["seeds"] for row in decision.tables["memories"]}
    assert seeds.keys() == {"none", "cache", "all three"} and seeds["all three"] == 1


def test_the_best_memory_that_holds_no_ngrams_is_told_beside_the_verdict():
    decision = decide(remembered({"ngram_mix": (0.8, 0.09), "cache": (0.2, 0.02)}))
    assert decision.verdict == "yes"
    assert "The best that holds no n-grams (cache) removes 20" in decision.reading


def test_the_control_between_seeds_is_near_zero_and_a_memory_that_adds_errors_is_said_to_add():
    decision = decide(remembered({"cache": (-0.1, 0.02)}))
    assert all(-0.01 < row["removed"] < 0.01 for row in decision.tables["control"])
    assert "the best memory adds 9.9%" in decision.reading and decision.effect < -0.08


def test_the_larger_size_is_told_and_has_no_say():
    measured = remembered({"cache": (0.2, 0.02)}, budgets=("128", "256"))
    for each in measured:
        for row in each.rows:
            if each.budget == "256" and row["memory"] == "cache":
                row[errors_of(NGRAM)] = 1
    decision = decide(measured)
    assert decision.effect == pytest.approx(0.2, abs=0.02)
    large = [
        row for row in decision.tables["memories"] if row["budget"] == "256" and row["memory"] == "cache"
    ]
    assert len(large) == 2 and all(row["removed"] > 0.9 and not row["has_say"] for row in large)
    assert {row["budget"] for row in decision.tables["memories"] if row["has_say"]} == {"128"}
    assert {each.budget for each in deciding(settings_of(measured))} == {"128"}


def test_a_lone_seed_decides_nothing():
    assert decide(remembered({"cache": (0.9, 0.05)}, seeds=1)).verdict == "undecided"


def test_a_memory_that_some_seed_lacks_is_left_out():
    measured = remembered({"cache": (0.2, 0.02), "mlstm": (0.9, 0.05)})
    lacking = [each for each in measured if not (each.cell == "mlstm" and each.seed == 3)]
    assert decide(lacking).effect == pytest.approx(0.2, abs=0.02)
