# pyright: reportOperatorIssue=false, reportArgumentType=false
"""Planted: units that follow something beside units that follow nothing."""

import numpy as np
import pytest
from scipy import stats

from rnnscope.analyses.cell_roles import Hypothesis, RankedStates, UnitStates, cell_roles

ROWS, CHARS = 3, 6000


def bursts(seed: int, chance: float = 0.02) -> np.ndarray:
    """A flag that switches now and then, as being inside a quote does."""
    return np.cumsum(np.random.default_rng(seed).uniform(size=(ROWS, CHARS)) < chance, axis=1) % 2 == 1


def smooth_noise(seed: int, units: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(ROWS, CHARS, units))
    return np.tanh(np.cumsum(noise, axis=1) % 20 / 10 - 1)


def network(states: np.ndarray) -> UnitStates:
    return UnitStates("net", "lstm", {"layers.0.tanh_c": states}, ["x<y>\n" * (CHARS // 5)] * ROWS)


def test_a_planted_unit_is_found_and_a_control_hypothesis_is_not():
    states = smooth_noise(0, 12)
    quote, column = bursts(1), np.tile(np.arange(CHARS) % 61, (ROWS, 1))
    states[..., 4] = np.where(quote, 0.9, -0.7) + 0.05 * states[..., 4]
    states[..., 7] = -column / 70 + 0.05 * states[..., 7]
    hypotheses = [
        Hypothesis("inside_quotes", "inside quotes", True, quote),
        Hypothesis("column", "column", False, column),
        Hypothesis("nothing", "a flag that no unit follows", True, bursts(99)),
    ]
    finding = cell_roles([network(states)], hypotheses, "c", "test")
    best = {row["track"]: row for row in finding.tables["best"]}
    assert (best["inside_quotes"]["unit"], best["inside_quotes"]["direction"]) == (4, "on")
    assert best["inside_quotes"]["score"] > 0.99 and best["inside_quotes"]["control_high"] < 0.7
    assert (best["column"]["unit"], best["column"]["direction"]) == (7, "off")
    assert best["column"]["score"] > 0.95
    assert best["inside_quotes"]["is_clear"] and best["column"]["is_clear"]
    assert best["nothing"]["score"] < 0.6
    clear = {row["unit"] for row in finding.tables["roles"] if row["is_clear"] and row["score"] > 0.9}
    assert clear == {4, 7}
    assert {excerpt.unit for excerpt in finding.excerpts} >= {4, 7}
    assert all(len(e.text) == len(e.values) and max(map(abs, e.values)) <= 1 for e in finding.excerpts)


def test_excerpts_come_from_text_that_did_not_choose_the_unit():
    states = smooth_noise(0, 3)
    flag = bursts(1)
    states[..., 1] = np.where(flag, 0.9, -0.9)
    text = "".join("a" if t < CHARS // 2 else "b" for t in range(CHARS))
    finding = cell_roles(
        [UnitStates("net", "gru", {"layers.0.h": states}, [text] * ROWS)],
        [Hypothesis("f", "f", True, flag)],
        "c",
        "test",
    )
    assert finding.excerpts and all(set(e.text) == {"b"} for e in finding.excerpts)


def test_a_unit_that_fits_only_the_choosing_half_gets_no_credit():
    flag = bursts(3)
    states = smooth_noise(5, 2)
    middle = CHARS // 2
    states[:, :middle, 0] = np.where(flag, 0.9, -0.9)[:, :middle]
    row = cell_roles([network(states)], [Hypothesis("f", "f", True, flag)], "c", "test").tables["best"][0]
    assert row["unit"] == 0 and row["score"] < 0.7


def test_scores_are_those_of_scipy():
    states = smooth_noise(8, 3)
    flag, graded = bursts(4), np.random.default_rng(0).integers(0, 9, (ROWS, CHARS))
    graded[..., 100:200] = 3
    ranked = RankedStates(network(states.round(1)))
    (flags,) = ranked.scores(True, flag[None])
    (rho,) = ranked.scores(False, graded[None])
    half, labels = states.round(1)[:, : CHARS // 2].reshape(-1, 3), flag[:, : CHARS // 2].ravel()
    for unit in range(3):
        area = stats.mannwhitneyu(half[labels, unit], half[~labels, unit]).statistic / (
            labels.sum() * (~labels).sum()
        )
        assert abs(flags.chosen_U[unit] - (2 * area - 1)) < 1e-4
        expected = stats.spearmanr(half[:, unit], graded[:, : CHARS // 2].ravel())[0]
        assert abs(rho.chosen_U[unit] - expected) < 1e-4


def test_hypotheses_that_never_vary_are_left_out():
    never = Hypothesis("never", "never", True, np.zeros((ROWS, CHARS), bool))
    finding = cell_roles([network(smooth_noise(0, 2))], [never], "c", "test")
    assert finding.tables["best"] == [] and finding.excerpts == []


def test_a_unit_that_only_knows_the_last_character_has_no_role():
    """'b' is read half of the time inside; the unit is on at 'b', which the last character tells as well."""
    flag = bursts(6)
    coins = np.random.default_rng(7).uniform(size=flag.shape)
    letters = np.where(flag & (coins < 0.8), "b", "a")
    states = smooth_noise(2, 3)
    states[..., 1] = np.where(letters == "b", 0.9, -0.9)
    network_of = UnitStates("net", "rnn", {"layers.0.h": states}, ["".join(row) for row in letters])
    hypothesis = Hypothesis("f", "f", True, flag)
    (row,) = cell_roles([network_of], [hypothesis], "c", "test").tables["best"]
    assert row["unit"] == 1 and row["score"] > 0.85 > row["control_high"]
    assert row["last_character"] == pytest.approx(row["score"], abs=1e-6) and not row["is_clear"]
    states[..., 2] = np.where(flag, 0.9, -0.9)
    (row,) = cell_roles([network_of], [hypothesis], "c", "test").tables["best"]
    assert row["unit"] == 2 and row["is_clear"]
