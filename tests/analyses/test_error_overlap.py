# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false
"""Errors planted in known subsets are counted as such; independent ones are as independence has them."""

import numpy as np
import pytest
from planted_errors import TEST_CHARS, corpus_of, random_text, scored

from rnnscope.analyses.error_overlap import OverlapSettings, error_overlap
from rnnscope.analyses.error_overlap.published import LINUX_KERNEL, ROLES
from rnnscope.errors import ConfigError, RecordError
from rnnscope.figures import charts
from rnnscope.figures.circles import Circles, fitted
from rnnscope.figures.save import render
from rnnscope.records import Finding
from rnnscope.records.corpus import Corpus
from rnnscope.settings import changed

RIGHT, WRONG = 0.9, 0.1
NAMES = ("lstm-1x64-s0", "7-nn-64-s0", "20-gram")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Corpus:
    return corpus_of(tmp_path_factory.mktemp("work"), random_text("abc\n"))


def predictors(folder, corpus, patterns: list[str], names=NAMES):
    """One for each name; patterns[t % len(patterns)] says who is wrong on character t: '101', say."""
    return [
        scored(
            folder, corpus, name, np.resize([WRONG if p[m] == "1" else RIGHT for p in patterns], TEST_CHARS)
        )
        for m, name in enumerate(names)
    ]


TWENTY = ["000"] * 10 + ["100"] * 4 + ["110"] * 2 + ["111"] * 3 + ["011"]


def rows_by(finding, table: str, *columns: str) -> dict:
    return {tuple(row[c] for c in columns): row for row in finding.tables[table]}


def test_every_subset_has_the_share_of_characters_that_was_planted_in_it(tmp_path, corpus):
    finding = error_overlap(predictors(tmp_path, corpus, TWENTY), corpus)
    shares = {row["pattern"]: row["text_share"] for row in finding.tables["subsets"]}
    planted = {"000": 0.5, "100": 0.2, "110": 0.1, "111": 0.15, "011": 0.05, "010": 0, "001": 0, "101": 0}
    assert shares == pytest.approx(planted)
    assert [row["chars"] for row in finding.tables["subsets"]] == [12_000, 4800, 3600, 2400, 1200, 0, 0, 0]
    assert rows_by(finding, "subsets", "pattern")[("110",)]["wrong"] == "lstm-1x64-s0 + 7-nn-64-s0"
    rates = {row["model"]: (row["error_rate"], row["errors"]) for row in finding.tables["models"]}
    assert rates == {
        "lstm-1x64-s0": (pytest.approx(0.45), 10_800),
        "7-nn-64-s0": (pytest.approx(0.3), 7200),
        "20-gram": (pytest.approx(0.2), 4800),
    }
    assert finding.numbers["at_least_one_wrong_share"] == pytest.approx(0.5)
    assert finding.numbers["all_wrong_share"] == pytest.approx(0.15)
    pairs = {
        key: row["shared_share"] for key, row in rows_by(finding, "pairs", "model", "also_wrong").items()
    }
    assert pairs == pytest.approx(
        {
            (NAMES[0], NAMES[1]): 5 / 9,
            (NAMES[0], NAMES[2]): 3 / 9,
            (NAMES[1], NAMES[0]): 5 / 6,
            (NAMES[1], NAMES[2]): 4 / 6,
            (NAMES[2], NAMES[0]): 3 / 4,
            (NAMES[2], NAMES[1]): 4 / 4,
        }
    )
    assert "wrong on 50.0% of characters" in finding.reading and "all 3 on 15.0%" in finding.reading
    assert "Of the errors that 20-gram makes, lstm-1x64-s0 makes 75.0% too" in finding.reading


def test_error_rates_are_those_of_the_records(tmp_path, corpus):
    draw = np.random.default_rng(3)
    made = [scored(tmp_path, corpus, name, draw.uniform(0.01, 1, TEST_CHARS)) for name in ("a", "b")]
    finding = error_overlap(made, corpus)
    assert [row["error_rate"] for row in finding.tables["models"]] == pytest.approx(
        [each.manifest.error_rate for each in made]
    )


def test_independent_errors_share_what_independence_says_and_planted_ones_more(tmp_path, corpus):
    draw = np.random.default_rng(1)
    one, two = (np.where(draw.random(TEST_CHARS) < rate, WRONG, RIGHT) for rate in (0.3, 0.4))
    follower = np.where(draw.random(TEST_CHARS) < 0.5, one, two)
    made = [scored(tmp_path, corpus, n, p) for n, p in (("one", one), ("two", two), ("follower", follower))]
    pairs = rows_by(error_overlap(made, corpus, seed=2), "pairs", "model", "also_wrong")
    control, planted = pairs[("one", "two")], pairs[("one", "follower")]
    assert control["low_share"] < control["independent_share"] < control["high_share"]
    assert planted["low_share"] > planted["independent_high_share"] + 0.2
    subsets = rows_by(error_overlap(made[:2], corpus), "subsets", "pattern")
    for row in subsets.values():
        assert row["low_share"] - 0.003 < row["independent_share"] < row["high_share"] + 0.003
    assert sum(row["independent_share"] for row in subsets.values()) == pytest.approx(1)


def test_a_predictor_shares_all_its_errors_with_its_double(tmp_path, corpus):
    probabilities = np.random.default_rng(2).random(TEST_CHARS) * 0.98 + 0.01
    made = [scored(tmp_path, corpus, name, probabilities) for name in ("net", "double")]
    finding = error_overlap(made, corpus)
    assert [row["shared_share"] for row in finding.tables["pairs"]] == [1, 1]
    assert [row["text_share"] for row in finding.tables["subsets"] if row["wrong_models"] == 1] == [0, 0]
    assert "makes 100.0% too" in finding.reading


def test_the_threshold_is_a_setting(tmp_path, corpus):
    made = predictors(tmp_path, corpus, TWENTY)
    strict = error_overlap(made, corpus, changed(OverlapSettings(), {"error_probability": "0.95"}))
    assert strict.numbers["all_wrong_share"] == 1
    lax = error_overlap(made, corpus, OverlapSettings(error_probability=0.05))
    assert lax.tables == {} and "None of the models gives any of the 24,000 characters less" in lax.reading
    assert charts(lax) == {}
    with pytest.raises(ConfigError, match="error_probability=1"):
        changed(OverlapSettings(), {"error_probability": "1"})


def test_published_values_stand_beside_one_network_one_window_network_and_one_ngram_alone(tmp_path, corpus):
    made = predictors(tmp_path, corpus, TWENTY)
    finding = error_overlap(made, corpus, paper="linux-kernel")
    beside = {row["pattern"]: row["paper_share"] for row in finding.tables["subsets"]}
    assert beside["111"] == 0.23 and beside["101"] == 0.01 and beside["000"] == pytest.approx(0.529)
    assert [row["paper_rate"] for row in finding.tables["models"]] == pytest.approx([0.302, 0.421, 0.326])
    assert finding.tables["together"][0]["paper_share"] == pytest.approx(0.471)
    turned = error_overlap(made[::-1], corpus, paper="linux-kernel")
    assert rows_by(turned, "subsets", "pattern")[("001",)]["paper_share"] == 0.014
    for few, paper in ((made[:2], "linux-kernel"), (made, "war-and-peace"), (made, None)):
        assert "paper_share" not in error_overlap(few, corpus, paper=paper).tables["subsets"][0]
    assert LINUX_KERNEL.share(ROLES, lambda subset: True) == pytest.approx(1)


def test_a_model_without_an_error_is_no_circle_and_shares_nothing(tmp_path, corpus):
    finding = error_overlap(predictors(tmp_path, corpus, ["010", "000", "011"]), corpus)
    pairs = rows_by(finding, "pairs", "model", "also_wrong")
    assert pairs[(NAMES[0], NAMES[1])]["shared_share"] is None and "nan" not in finding.reading.lower()
    assert set(charts(finding)) == {"subsets"}


def test_a_text_too_short_for_an_interval_has_none_in_its_reading(tmp_path):
    short = corpus_of(tmp_path, random_text("ab", chars=801))
    right, wrong = np.full(640, RIGHT), np.resize([WRONG, RIGHT], 640)
    finding = error_overlap([scored(tmp_path, short, "a", right), scored(tmp_path, short, "b", wrong)], short)
    assert "interval" not in finding.reading and "nan" not in finding.reading.lower()
    assert finding.tables["subsets"][0]["low_share"] is None and set(charts(finding)) == {"subsets"}


def test_predictors_of_different_texts_give_one_clear_line(tmp_path, corpus):
    other = corpus_of(tmp_path, random_text("abd\n", seed=5), "other")
    here = scored(tmp_path, corpus, "here", np.full(TEST_CHARS, RIGHT))
    there = scored(tmp_path, other, "there", np.full(TEST_CHARS, RIGHT))
    with pytest.raises(RecordError, match="'there' was scored on another text than corpus 'tales'") as caught:
        error_overlap([here, there], corpus)
    assert "\n" not in str(caught.value)


def test_one_predictor_nine_and_the_same_twice_are_refused(tmp_path, corpus):
    one = scored(tmp_path, corpus, "one", np.full(TEST_CHARS, RIGHT))
    for refused, line in (
        ([one], "errors of 1 predictors"),
        ([one] * 9, "of 9 predictors"),
        ([one] * 2, "twice"),
    ):
        with pytest.raises(ConfigError, match=line):
            error_overlap(refused, corpus)


def test_eight_predictors_have_255_subsets_and_the_chart_says_which_it_leaves_out(tmp_path, corpus):
    draw = np.random.default_rng(4)
    made = [scored(tmp_path, corpus, f"net-{m}", draw.random(TEST_CHARS) * 0.98 + 0.01) for m in range(8)]
    finding = error_overlap(made, corpus)
    assert len(finding.tables["subsets"]) == 256 and len(finding.tables["pairs"]) == 56
    assert sum(row["text_share"] for row in finding.tables["subsets"]) == pytest.approx(1)
    figure = charts(finding)["subsets"]
    assert len(figure.rows) == 24 and "24 largest of 255" in figure.note
    assert render(figure, "svg").startswith(b"<svg")


def test_a_venn_diagram_of_names_that_mean_harm_is_text(tmp_path, corpus):
    harm = ("</script><script>x", "a'b\"c\\", "7-nn'] || 1")
    figures = charts(error_overlap(predictors(tmp_path, corpus, TWENTY, harm), corpus))
    assert list(figures) == ["venn", "subsets"]
    for figure in figures.values():
        picture = render(figure, "svg").decode()
        assert "<script" not in picture and "NaN" not in picture


def test_circles_have_the_areas_of_the_totals_and_regions_of_real_circles_are_found_again():
    planted = Circles(np.array([[0.0, 0.0], [1.0, 0.0], [0.4, -0.9]]), np.array([1.0, 0.8, 0.9]))
    areas = planted.areas()
    found = fitted(areas.tolist())
    assert np.pi * found.radii**2 == pytest.approx(np.pi * planted.radii**2, rel=2e-3)
    assert found.areas()[1:] == pytest.approx(areas[1:], abs=0.01)
    room = found.room()
    assert set(room) == set(range(1, 8))
    for region, (x, y, clear) in room.items():
        inside = np.linalg.norm([x, y] - found.centres, axis=1) < found.radii
        assert region == inside @ [1, 2, 4] and clear > 0


def test_regions_that_no_circles_have_are_missed_and_the_figure_says_by_how_much(tmp_path, corpus):
    apart = error_overlap(predictors(tmp_path, corpus, ["100", "010", "001", "000"]), corpus)
    assert not charts(apart)["venn"].note  # three circles that do not touch
    odd = ["100", "010", "001"] * 2 + ["110", "101", "011"] * 5 + ["000"]
    assert "off by up to" in charts(error_overlap(predictors(tmp_path, corpus, odd), corpus))["venn"].note


def test_no_errors_in_common_twins_and_one_within_another_are_drawn(tmp_path, corpus):
    for patterns in (["100", "010", "001"], ["111", "000"], ["100", "111", "000", "110"], ["111", "100"]):
        figure = charts(error_overlap(predictors(tmp_path, corpus, patterns), corpus))["venn"]
        assert "NaN" not in render(figure, "svg").decode()
        assert {row["wrong"] for row in figure.rows} >= set(NAMES)


@pytest.mark.parametrize("analysis", ["error_overlap", "per_character"])
def test_empty_tables_and_missing_columns_give_no_figure_and_no_error(analysis):
    for row in (
        {},
        {"model": "a", "family": None, "pattern": "1", "character": "b", "error_rate": float("nan")},
    ):
        names = ("models", "subsets", "characters", "best")
        tables = {name: [dict(row)] for name in names}
        assert charts(Finding(analysis=analysis, corpus="c", title="t", reading="r", tables=tables)) == {}
