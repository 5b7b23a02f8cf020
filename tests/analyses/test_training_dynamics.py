# pyright: reportOperatorIssue=false, reportArgumentType=false
"""A network planted to pass predictors at some times is found to do so; what never passes is not."""

from pathlib import Path

import numpy as np
import pytest
from planted_dynamics import EPOCHS, REFERENCES, histories, planted

from rnnscope.analyses.training_dynamics import no_milestones, training_dynamics
from rnnscope.analyses.training_dynamics.crossing import crossing
from rnnscope.analyses.training_dynamics.roles import first_for_good
from rnnscope.figures import charts


def test_crossings_and_nearest_points_are_where_they_were_planted(tmp_path: Path):
    finding = training_dynamics(planted(tmp_path))
    rows = {str(row["reference"]): row for row in finding.tables["references"]}
    for name, nats in REFERENCES.items():
        true = 0.01 * 300 ** ((3.0 - nats) / 1.8)
        row = rows[name]
        if nats < 1.2:
            assert row["crossed_at"] is None and row["last_delta"] < 0
        else:
            assert row["crossed_at"] == pytest.approx(true, rel=0.1)
            assert row["crossed_low"] <= true <= row["crossed_high"]
            assert row["nearest_at"] == pytest.approx(true, rel=0.3)
    assert "clearly later in 3 of 3 pairs, in none clearly sooner" in finding.reading
    assert "not yet 2" in finding.reading
    assert {row["family"] for row in finding.tables["curves"]} == {"n-gram", "n-NN"}
    assert len(finding.tables["curves"]) == len(EPOCHS) * len(REFERENCES)


def test_the_paper_s_times_stand_beside_n_nns_of_a_kernel_text_alone(tmp_path: Path):
    divergence = planted(tmp_path)
    rows = training_dynamics(divergence, paper="linux-kernel").tables["references"]
    assert {row["reference"]: row["paper_crossed_at"] for row in rows}["1-nn-128-s0"] == 0.41
    assert all(row["paper_crossed_at"] is None for row in rows if row["family"] == "n-gram")
    assert (
        "paper_crossed_at" not in training_dynamics(divergence, paper="war-and-peace").tables["references"][0]
    )


def test_a_curve_crosses_where_it_stays_above_and_not_where_it_only_touches():
    epochs = [1.0, 10.0, 100.0, 1000.0]
    assert crossing(epochs, np.array([-1.0, 1.0, -1.0, 1.0])) == pytest.approx(10**2.5)
    assert crossing(epochs, np.array([-1.0, 3.0, 2.0, 1.0])) == pytest.approx(10**0.25)
    assert crossing(epochs, np.array([-1.0, 1.0, 1.0, -1.0])) is None
    assert crossing(epochs, np.array([1.0, 1.0, 1.0, 1.0])) is None


def test_a_role_is_there_from_where_its_score_stays_above_every_control(tmp_path: Path):
    assert first_for_good(np.array([False, True, False, True, True])) == 3
    assert first_for_good(np.array([True, True])) == 0
    assert first_for_good(np.array([True, False])) is None
    finding = training_dynamics(planted(tmp_path), histories())
    found = {row["unit"]: row["epoch"] for row in finding.tables["roles"]}
    assert found[3] == pytest.approx(EPOCHS[10]) and found[4] is None
    assert "inside quotes" in finding.reading


def test_an_order_that_is_not_that_of_contexts_is_told_and_no_order_is_claimed_of_nothing(tmp_path: Path):
    turned = training_dynamics(planted(tmp_path / "a", {"1-gram": 1.5, "2-gram": 1.9, "3-gram": 2.4})).reading
    assert "clearly passed before a shorter one in 3 of 3 pairs" in turned
    none = training_dynamics(planted(tmp_path / "b", {"1-gram": 1.0, "2-gram": 0.9})).reading
    assert "no n-gram on the way" in none and "pairs" not in none
    first = training_dynamics(planted(tmp_path / "c", {"1-gram": 3.5, "2-gram": 2.0})).reading
    assert "from its first milestone 1" in first


def test_figures_are_drawn_of_what_there_is(tmp_path: Path):
    assert list(charts(training_dynamics(planted(tmp_path)))) == ["losses", "apart"]
    assert charts(no_milestones("made")) == {}
    assert "milestones=40" in no_milestones("made").reading
