# pyright: reportOperatorIssue=false, reportArgumentType=false
"""Planted: units that follow something beside units that follow nothing."""

import numpy as np
import pytest
from scipy import signal, stats
from sklearn.metrics import mutual_info_score

from rnnscope.analyses.cell_roles import (
    Hypothesis,
    UnitStates,
    associate,
    cell_roles,
    followed,
    role_rows,
)
from rnnscope.analyses.cell_roles.labels import SHIFTS, Labelings
from rnnscope.analyses.cell_roles.scores import scores
from rnnscope.records.half_levels import levels_of

ROWS, CHARS = 3, 6000


def bursts(seed: int, chance: float = 0.02) -> np.ndarray:
    """A flag that switches now and then, as being inside a quote does."""
    return np.cumsum(np.random.default_rng(seed).uniform(size=(ROWS, CHARS)) < chance, axis=1) % 2 == 1


def columns(seed: int) -> np.ndarray:
    """Characters since the last of line ends that come at random."""
    ends = np.random.default_rng(seed).uniform(size=(ROWS, CHARS)) < 1 / 60
    here = np.arange(CHARS)
    return here - np.maximum.accumulate(np.where(ends, here, 0), axis=1)


def smooth_noise(seed: int, units: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(ROWS, CHARS, units))
    return np.tanh(np.cumsum(noise, axis=1) % 20 / 10 - 1)


def network(states: np.ndarray) -> UnitStates:
    return UnitStates("net", "lstm", {"layers.0.tanh_c": states}, ["x<y>\n" * (CHARS // 5)] * ROWS)


def test_a_planted_unit_is_found_and_a_control_hypothesis_is_not():
    states = smooth_noise(0, 12)
    quote, column = bursts(1), columns(2)
    states[..., 4] = np.where(quote, 0.9, -0.7) + 0.05 * states[..., 4]
    states[..., 7] = -np.tanh(column / 70) + 0.05 * states[..., 7]
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


def test_a_role_is_followed_in_other_states_of_the_same_unit_with_the_sign_that_it_has():
    quote, column = bursts(1), columns(2)
    after = smooth_noise(0, 12)
    after[..., 4] = np.where(quote, 0.9, -0.7) + 0.05 * after[..., 4]
    after[..., 7] = -np.tanh(column / 70) + 0.05 * after[..., 7]
    hypotheses = [
        Hypothesis("inside_quotes", "inside quotes", True, quote),
        Hypothesis("column", "column", False, column),
    ]
    best, _ = role_rows(network(after), hypotheses)
    ended = [row["score"] for row in best]
    assert followed(network(after), hypotheses, best).tolist() == pytest.approx(ended, rel=1e-5)
    upside_down = followed(network(-after), hypotheses, best)
    np.testing.assert_allclose(
        upside_down, [1 - float(best[0]["score"]), -float(best[1]["score"])], atol=1e-3
    )
    before = followed(network(smooth_noise(5, 12)), hypotheses, best)
    assert abs(before[0] - 0.5) < 0.1 and abs(before[1]) < 0.2
    unknown = [best[0] | {"track": "no such track"}, best[0] | {"unit": 99}]
    assert np.isnan(followed(network(after), hypotheses, unknown[:1])).all()


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
    states = smooth_noise(8, 3).round(1).astype(np.float16)
    flag, graded = bursts(4), np.random.default_rng(0).integers(0, 9, (ROWS, CHARS))
    graded[..., 100:200] = 3
    labelings = Labelings(
        [Hypothesis("f", "f", True, flag), Hypothesis("g", "g", False, graded)], np.random.default_rng(0)
    )
    found = scores([states[:, :, :1], states[:, :, 1:]], labelings)
    for half, span in enumerate(labelings.halves):
        values, labels = states[:, span].reshape(-1, 3).astype(float), flag[:, span].ravel()
        for unit in range(3):
            area = stats.mannwhitneyu(values[labels, unit], values[~labels, unit]).statistic / (
                labels.sum() * (~labels).sum()
            )
            assert abs(found.true_2KU[half, 0, unit] - (2 * area - 1)) < 1e-4
            expected = stats.spearmanr(values[:, unit], graded[:, span].ravel())[0]
            assert abs(found.true_2KU[half, 1, unit] - expected) < 1e-4


def test_shifted_scores_are_those_of_labels_rolled_along_each_row():
    states = smooth_noise(8, 2).astype(np.float16)
    flag, graded = bursts(4), np.random.default_rng(0).integers(0, 90, (ROWS, CHARS))
    hypotheses = [Hypothesis("f", "f", True, flag), Hypothesis("g", "g", False, graded)]
    labelings = Labelings(hypotheses, np.random.default_rng(0))
    shifted = scores([states], labelings).shifted_2SKU
    for place in (0, SHIFTS - 1):
        rolled = [
            Hypothesis(h.name, h.title, h.is_flag, np.roll(h.values_RT, labelings.shifts[place], axis=1))
            for h in hypotheses
        ]
        expected = scores([states], Labelings(rolled, np.random.default_rng(0)), with_shifts=False).true_2KU
        # of a graded label the ranks over the whole text stand for those over a half
        assert np.abs(shifted[:, place, 0] - expected[:, 0]).max() < 1e-5
        assert np.abs(shifted[:, place, 1] - expected[:, 1]).max() < 1e-3


def test_levels_have_the_order_of_the_values_and_one_zero():
    values = np.array([-np.inf, -3.5, -6e-8, -0.0, 0.0, 6e-8, 1.0, 1.001, np.inf], dtype=np.float16)
    assert stats.rankdata(levels_of(values)).tolist() == stats.rankdata(values).tolist()


def test_bits_are_those_of_scikit_learn_but_for_the_bias():
    states, flag = smooth_noise(8, 2).astype(np.float16), bursts(4)
    states[..., 1] = np.where(flag, 0.5, -0.5)
    labelings = Labelings([Hypothesis("f", "f", True, flag)], np.random.default_rng(0))
    bits = scores([states], labelings).bits_KU[0]
    later = flag[:, CHARS // 2 :].ravel()
    ranks = stats.rankdata(states[:, CHARS // 2 :, 0].ravel())
    binned = np.floor((ranks - 0.5) / len(ranks) * 8)
    expected = mutual_info_score(later, binned) / np.log(2)
    assert bits[0] == pytest.approx(max(0, expected - 7 / (2 * len(later) * np.log(2))), abs=1e-6)
    entropy = mutual_info_score(later, later) / np.log(2)
    assert bits[1] == pytest.approx(entropy, abs=1e-3) and bits[0] < 0.01


@pytest.mark.slow
def test_an_interval_is_as_wide_as_scores_are_spread_over_texts():
    """A hundred texts of one source: their scores spread as the interval of one says."""
    spread, widths, inside = {True: [], False: []}, {True: [], False: []}, []
    for seed in range(100):
        generator = np.random.default_rng(seed)
        flag = np.cumsum(generator.uniform(size=(1, 40_000)) < 0.05, axis=1) % 2 == 1
        graded = np.cumsum(generator.integers(-1, 2, size=(1, 40_000)), axis=1) % 50
        states = np.stack(
            [flag + generator.normal(size=flag.shape), graded + 30 * generator.normal(size=flag.shape)], 2
        ).astype(np.float16)
        labels = [Hypothesis("f", "f", True, flag), Hypothesis("g", "g", False, graded)]
        network_of = UnitStates("net", "gru", {"layers.0.h": states}, ["ab" * 20_000])
        best, _ = role_rows(network_of, labels)
        for row in best:
            spread[row["kind"] == "flag"].append(row["score"])
            widths[row["kind"] == "flag"].append(row["high"] - row["low"])
            inside.append(row["low"] <= row["score"] <= row["high"])
    for kind in (True, False):
        assert 0.7 < np.mean(widths[kind]) / (3.92 * np.std(spread[kind])) < 1.3
    assert all(inside)


def test_of_units_that_follow_nothing_hardly_any_passes_for_one_that_does():
    hypotheses = [Hypothesis(f"f{n}", "f", True, bursts(100 + n)) for n in range(10)]
    states = smooth_noise(0, 60).astype(np.float16)
    q_KU = associate(network(states), hypotheses).q_KU
    assert (q_KU < 0.05).sum() <= 3
    states[..., 5] = np.where(bursts(104), 0.5, -0.5)
    with_one = associate(network(states), hypotheses).q_KU
    assert with_one[4, 5] < 1e-6


def test_a_unit_no_better_than_the_untrained_network_s_best_has_no_role():
    flag = bursts(6)
    states, before = smooth_noise(2, 3), smooth_noise(3, 3)
    states[..., 1] = np.where(flag, 0.9, -0.9) + 0.8 * smooth_noise(9, 1)[..., 0]
    hypothesis = Hypothesis("f", "f", True, flag)
    alone = network(states)
    (row,) = cell_roles([alone], [hypothesis], "c", "test").tables["best"]
    assert row["unit"] == 1 and row["is_clear"] and row["untrained"] is None
    for helped, is_clear in ((0.0, True), (0.8, False)):
        before[..., 2] = helped * np.where(flag, 0.9, -0.9) + 0.6 * smooth_noise(11, 1)[..., 0]
        with_control = UnitStates(
            alone.run, alone.cell, alone.sites, alone.texts, {"layers.0.tanh_c": before}
        )
        (row,) = cell_roles([with_control], [hypothesis], "c", "test").tables["best"]
        assert row["is_clear"] is is_clear and (row["untrained"] > 0.8) is not is_clear


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


def slow_units(seed: int, units: int, chars: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(1, chars, units)).astype(np.float32)
    return signal.lfilter([1], [1, -0.999], noise, axis=1) / 30


def test_a_flag_that_holds_in_two_short_stretches_gives_slow_units_no_role():
    """Most shifts of it leave a half without a single one; such a shift says nothing of chance."""
    flag = np.zeros((1, 8000), dtype=bool)
    flag[0, 3700:3900] = flag[0, 4100:4300] = True
    hypothesis, clear, units = Hypothesis("f", "f", True, flag), 0, 0
    for seed in range(5):
        states = slow_units(seed, 60, 8000).astype(np.float16)
        found = associate(UnitStates("net", "gru", {"layers.0.h": states}, ["ab" * 4000]), [hypothesis])
        clear, units = clear + int((found.q_KU < 0.05).sum()), units + 60
    assert clear <= 0.05 * units


def test_the_last_character_as_a_control_is_judged_by_ranks_as_units_are():
    """'a' means 0 but for a few 1000s, 'b' always 5: a unit that tells them apart needs no memory."""
    generator = np.random.default_rng(0)
    is_b = generator.uniform(size=(ROWS, CHARS)) < 0.5
    labels = np.where(is_b, 5, np.where(generator.uniform(size=is_b.shape) < 0.01, 1000, 0))
    states = np.where(is_b, 0.5, -0.5)[:, :, None]
    texts = ["".join("b" if b else "a" for b in row) for row in is_b]
    network_of = UnitStates("net", "gru", {"layers.0.h": states}, texts)
    (row,) = cell_roles([network_of], [Hypothesis("g", "g", False, labels)], "c", "test").tables["best"]
    assert row["score"] > 0.8 and row["last_character"] == pytest.approx(row["score"], abs=1e-3)
    assert not row["is_clear"]
