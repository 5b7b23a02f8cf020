# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false
"""Errors planted for one oracle each are caught by that one alone; shares of any order add up."""

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_oracles import (
    CAUSES,
    RIGHT,
    TRAIN,
    WRONG,
    corpus_of,
    errors_of,
    finding,
    noise,
    planted_at,
    scored,
    words_text,
)

from rnnscope.analyses.error_oracles import (
    ErrorText,
    Oracle,
    OracleSettings,
    built_in_oracles,
    error_oracles,
    list_errors,
)
from rnnscope.analyses.error_oracles.breakdown import Breakdown
from rnnscope.analyses.error_oracles.shares import model_tables
from rnnscope.errors import ConfigError, RecordError
from rnnscope.settings import changed

ROW = 'into zebras wonder, garden river "table\nhouse wonder into\n\tgarden table'
ALONE = OracleSettings(contexts=(1, 3), memory_chars=(100,), rare_counts=(5,), boosts=(0.5,))


def at(text: str, word: str, letter: int = 0, time: int = 0) -> tuple[int, int]:
    """Row 0 and the step of a letter of the word's first, second, ... occurrence."""
    place = -1
    for _ in range(time + 1):
        place = text.index(word, place + 1)
    return 0, place + letter


@pytest.mark.parametrize(
    ("place", "oracle", "label"),
    [
        (at(ROW, "garden", 2), "n-gram", "3-gram"),
        (at(ROW, "wonder", 1, time=1), "memory", "last 100"),
        (at(ROW, "zebras", 3), "rare-words", "never trained on"),
        (at(ROW, "river", 0), "word-model", "after space or quote"),
        (at(ROW, '"table', 1), "word-model", "after space or quote"),
        (at(ROW, "house", 0), "word-model", "after newline"),
        (at(ROW, "\tgarden", 0), "word-model", "after newline"),
        (at(ROW, "\tgarden", 1), "word-model", "after newline"),
        (at(ROW, ","), "punctuation", "punctuation"),
        (at(ROW, "river", 3), "none", "left"),
        (at(ROW, "wonder", 3), "none", "left"),  # seen for the first time
        (at(ROW, "into", 2, time=1), "none", "left"),  # too short to be remembered
    ],
)
def test_an_error_planted_for_one_oracle_is_caught_by_it_and_by_no_other(
    tmp_path: Path, place, oracle: str, label: str
):
    corpus = corpus_of(tmp_path / "corpus", TRAIN, [ROW])
    right = {place: RIGHT} if oracle == "n-gram" else {}
    model, ngrams = errors_of(tmp_path, corpus, {place: WRONG}, right)
    (row,) = list_errors(model, ngrams, corpus, CAUSES)
    assert (row["oracle"], row["slice"]) == (oracle, label)
    assert row["would_remove"] == ("" if oracle == "none" else oracle)
    assert (row["row"], row["step"]) == place and row["probability"] == pytest.approx(WRONG)
    assert list_errors(model, ngrams, corpus, CAUSES, oracle=oracle) == [row]


def test_boosts_take_what_is_left_by_its_probability_and_half_leaves_nothing(tmp_path: Path):
    corpus = corpus_of(tmp_path / "corpus", TRAIN, [ROW])
    step = ROW.index("river") + 1
    places = {(0, step): 0.45, (0, step + 1): 0.31, (0, step + 2): 0.001}
    model, ngrams = errors_of(tmp_path, corpus, places)
    rows = list_errors(model, ngrams, corpus)
    assert [row["slice"] for row in rows] == ["+0.1", "+0.2", "+0.5"]
    without = list_errors(model, ngrams, corpus, OracleSettings(boosts=(0.1, 0.2)))
    assert [row["oracle"] for row in without] == ["boost", "boost", "none"]
    found = error_oracles([model], ngrams, corpus, OracleSettings(boosts=(0.1,)))
    assert [row["errors"] for row in found.tables["oracles"]] == [0, 0, 0, 0, 0, 1, 2]
    assert "66.7% are left" in found.reading


def test_the_leading_run_of_a_lines_first_word_is_taken_up_to_what_was_right(tmp_path: Path):
    row = "\nhouse house"
    corpus = corpus_of(tmp_path / "corpus", TRAIN, [row])
    model, ngrams = errors_of(tmp_path, corpus, {(0, step): WRONG for step in (1, 2, 4, 8)})
    told = {
        kind: [
            each["step"]
            for each in list_errors(
                model,
                ngrams,
                corpus,
                changed(CAUSES, {"after_newline": kind, "memory_chars": ()}),
                "word-model",
            )
        ]
        for kind in ("run", "character", "word")
    }
    assert told == {"run": [1, 2], "character": [1], "word": [1, 2, 4]}


def made_up(would: np.ndarray, given_order: list[int] | None = None) -> Breakdown:
    """A breakdown by oracles that would remove these errors, shape (oracles, errors); all are errors."""
    order = given_order or list(range(len(would)))
    oracles = tuple(Oracle(f"o{place}", {"all": lambda errors: errors.errors_RT}) for place in order)
    first = np.where(would.any(axis=0), would[order].argmax(axis=0), len(order))
    errors_RT = np.ones((1, would.shape[1]), bool)
    return Breakdown("m", oracles, errors_RT, first[None].astype(np.int16), tuple(would[order][:, None]))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 4).flatmap(lambda g: st.lists(st.lists(st.booleans(), min_size=g, max_size=g), min_size=1))
)
def test_a_shapley_value_is_the_mean_over_all_orders_of_what_is_removed(by_error: list[list[bool]]):
    would = np.array(by_error).T
    made = made_up(would)
    removed = np.zeros(len(would))
    orders = list(permutations(range(len(would))))
    for order in orders:
        left = np.ones(would.shape[1], bool)
        for place in order:
            removed[place] += (left & would[place]).sum()
            left &= ~would[place]
    shapley = [made.shapley_RT(place).sum() for place in range(len(would))]
    assert shapley == pytest.approx(removed / len(orders), abs=1e-4)
    assert sum(shapley) == pytest.approx(would.any(axis=0).sum(), abs=1e-4)
    for place in range(len(would)):
        others = np.delete(would, place, axis=0).any(axis=0)
        assert made.alone_RT(place).sum() == (would[place] & ~others).sum()


def test_shares_in_order_sum_to_all_errors_and_shapley_values_to_what_is_no_boost():
    found = finding()
    for model in ("large", "small"):
        slices = [row for row in found.tables["slices"] if row["model"] == model]
        rows = [row for row in found.tables["oracles"] if row["model"] == model]
        (total,) = (row["errors"] for row in found.tables["models"] if row["model"] == model)
        assert sum(row["errors"] for row in slices) == sum(row["errors"] for row in rows) == total
        assert sum(row["share"] for row in slices) == pytest.approx(1)
        causes = [row for row in rows if row["oracle"] != "boost"]
        removed = sum(row["share"] for row in causes)
        assert sum(row["shapley"] for row in causes) == pytest.approx(removed, abs=1e-5)
        for row in causes:
            assert (
                row["last"] <= row["share"] <= row["first"] and row["last"] <= row["shapley"] <= row["first"]
            )
            assert row["shapley_low"] <= row["shapley"] <= row["shapley_high"]
        assert rows[-1]["oracle"] == "boost" and rows[-1]["first"] is None


def test_an_overlap_is_what_both_would_remove(tmp_path: Path):
    would = np.array([[1, 1, 1, 0, 0], [0, 1, 1, 1, 0]], bool)
    (row,) = model_tables(made_up(would), None, 0)["overlaps"]
    assert (row["errors"], row["share"], row["of_either"]) == (2, pytest.approx(0.4), pytest.approx(0.5))


def test_what_two_models_differ_by_adds_up_over_slices_and_over_turnover():
    rows = [row for row in finding().tables["scaling"] if row["whose"] == "here"]
    total, *of_oracles = [row for row in rows if row["slice"] == "all"]
    assert total["oracle"] == "all" and total["errors_gone"] > 0
    for column in ("errors_small", "errors_large", "errors_gone", "mended", "new"):
        assert sum(row[column] for row in of_oracles) == total[column]
    assert sum(row["moved"] for row in of_oracles) == total["moved"] == 0
    assert sum(row["share_of_gone"] for row in of_oracles) == pytest.approx(1)
    for row in rows:
        assert row["errors_gone"] == row["errors_small"] - row["errors_large"]
        assert row["errors_gone"] == row["mended"] - row["new"] + row["moved"]
    ngrams = [row for row in rows if row["oracle"] == "n-gram"]
    assert sum(row["errors_gone"] for row in ngrams[1:]) == ngrams[0]["errors_gone"]


def test_a_model_against_itself_is_not_said_to_make_fewer_errors(tmp_path: Path):
    text = words_text(2000, 0)
    corpus = corpus_of(tmp_path / "corpus", text[:5000], [text[5000:8000]])
    model = noise(tmp_path, corpus, "model", 1, 0.5)
    found = error_oracles([model, model], {}, corpus)
    assert "does not clearly make fewer errors" in found.reading
    assert {row["share_of_gone"] for row in found.tables["scaling"]} == {None}


def test_published_values_stand_beside_ours_and_agree_with_the_papers_text():
    tables = finding().tables
    published = [row for row in tables["models"] if row["whose"] == "published"]
    assert [row["errors"] for row in published] == [140_000, 184_000]
    for model in published:
        of_model = [row for row in tables["slices"] if row["model"] == model["model"]]
        assert len(of_model) == 27
        assert sum(row["share"] for row in of_model) == pytest.approx(1, abs=0.005)
    rows = {row["oracle"]: row for row in tables["oracles"] if row["model"] == "LSTM-3 (512)"}
    assert [round(rows[name]["share"], 2) for name in ("n-gram", "memory", "rare-words", "word-model")] == [
        0.18,
        0.06,
        0.09,
        0.37,
    ]
    gone = {r["oracle"]: r for r in tables["scaling"] if r["whose"] == "published" and r["slice"] == "all"}
    assert [round(gone[name]["errors_gone"], -3) for name in ("all", "n-gram", "boost")] == [
        44_000,
        36_000,
        5000,
    ]
    ours = [row for row in tables["slices"] if row["whose"] == "here" and row["oracle"] != "n-gram"]
    assert all(row["paper"] is not None for row in ours)


def test_no_errors_at_all_are_told_in_a_sentence_and_have_no_tables(tmp_path: Path):
    corpus = corpus_of(tmp_path / "corpus", TRAIN, [ROW])
    model, ngrams = errors_of(tmp_path, corpus, {})
    found = error_oracles([model], ngrams, corpus, paper="war-and-peace")
    assert "no error to take apart: model never gave a true character less than 0.5" in found.reading
    assert found.tables == {} and list_errors(model, ngrams, corpus) == []
    two = error_oracles([model, model], ngrams, corpus)
    assert "none of the 2 models" in two.reading


def test_one_model_without_errors_leaves_the_other_its_tables(tmp_path: Path):
    corpus = corpus_of(tmp_path / "corpus", TRAIN, [ROW])
    model, ngrams = errors_of(tmp_path, corpus, {(0, 3): WRONG})
    perfect = scored(tmp_path, corpus, "perfect", planted_at(corpus, {}))
    found = error_oracles([perfect, model], ngrams, corpus)
    assert {row["model"] for row in found.tables["oracles"]} == {"model"}
    assert "perfect makes 1 fewer errors than model" in found.reading and "nan" not in found.reading


def test_one_short_row_has_no_intervals_and_no_nan_in_its_sentences(tmp_path: Path):
    corpus = corpus_of(tmp_path / "corpus", TRAIN, [ROW])
    model, ngrams = errors_of(tmp_path, corpus, {(0, step): WRONG for step in range(20)}, {(0, 2): RIGHT})
    found = error_oracles([model], ngrams, corpus)
    assert all(row["low"] is None for row in found.tables["slices"]) and "nan" not in found.reading
    assert found.plain()["tables"]["slices"][0]["share"] is not None


def capitals(errors: ErrorText) -> np.ndarray:
    return errors.text.is_any_RT(str.isupper)


def test_an_oracle_of_ones_own_is_one_function_and_stands_where_it_is_put(tmp_path: Path):
    corpus = corpus_of(tmp_path / "corpus", TRAIN + "Into " * 8, ["into Into inTo"])
    model, ngrams = errors_of(tmp_path, corpus, {(0, 5): WRONG, (0, 12): WRONG, (0, 13): WRONG})
    own = Oracle("capitals", {"capital letters": capitals})
    chosen = [*built_in_oracles(CAUSES, ngrams), own]
    found = error_oracles([model], ngrams, corpus, CAUSES, oracles=chosen)
    row = next(row for row in found.tables["oracles"] if row["oracle"] == "capitals")
    assert (row["first"], row["errors"]) == (pytest.approx(2 / 3), 0)
    first = error_oracles([model], ngrams, corpus, CAUSES, oracles=[own, *chosen[:-1]])
    assert first.tables["oracles"][0]["errors"] == 2
    listed = list_errors(model, ngrams, corpus, CAUSES, "capitals", oracles=[own])
    assert [row["character"] for row in listed] == ["I", "T"]


@pytest.mark.parametrize(
    ("oracles", "said"),
    [
        ([Oracle("a", {"x": lambda errors: errors.nats_RT})], "oracle 'a' gave float32 of shape"),
        ([Oracle("a", {"x": lambda errors: np.ones(3, bool)})], "wants bool of shape"),
        ([Oracle("a", {"x": capitals}), Oracle("a", {"y": capitals})], "two oracles are called 'a'"),
    ],
)
def test_an_oracle_that_cannot_be_used_is_one_line(tmp_path: Path, oracles: list[Oracle], said: str):
    corpus = corpus_of(tmp_path / "corpus", TRAIN, [ROW])
    model, ngrams = errors_of(tmp_path, corpus, {(0, 3): WRONG})
    with pytest.raises(ConfigError, match=said):
        error_oracles([model], ngrams, corpus, oracles=oracles)


def test_bad_input_is_one_line(tmp_path: Path):
    corpus = corpus_of(tmp_path / "corpus", TRAIN, [ROW])
    model, ngrams = errors_of(tmp_path, corpus, {(0, 3): WRONG})
    with pytest.raises(ConfigError, match="no oracle 'rare-word'; did you mean 'rare-words'"):
        list_errors(model, ngrams, corpus, oracle="rare-word")
    with pytest.raises(ConfigError, match="no published values for 'war-and-piece'; did you mean"):
        error_oracles([model], ngrams, corpus, paper="war-and-piece")
    with pytest.raises(RecordError, match="no predictor's losses to read"):
        error_oracles([], {}, corpus)
    with pytest.raises(RecordError, match="no model whose errors"):
        error_oracles([], ngrams, corpus)
    for bad in ({"threshold": "1.5"}, {"word": "syllable"}, {"boosts": "a,b"}, {"rare_counts": "-1"}):
        with pytest.raises(ConfigError, match="setting"):
            changed(OracleSettings(), bad)


def test_settings_come_as_text_too():
    told = {"contexts": "1-3", "boosts": "0.1, 0.5", "memory_chars": "100,500", "punctuation": ".,!"}
    made = changed(OracleSettings(), told)
    assert (made.contexts, made.boosts, made.memory_chars) == ((1, 2, 3), (0.1, 0.5), (100, 500))
    assert made.punctuation == ".,!" and changed(made, {"punctuation": "none"}).punctuation is None


def test_ngrams_that_are_not_there_are_told_and_their_slices_left_out(tmp_path: Path):
    corpus = corpus_of(tmp_path / "corpus", TRAIN, [ROW])
    model, ngrams = errors_of(tmp_path, corpus, {(0, 3): WRONG})
    found = error_oracles([model], ngrams, corpus, OracleSettings(contexts=(2, 3, 4)))
    assert [row["slice"] for row in found.tables["slices"] if row["oracle"] == "n-gram"] == ["3-gram"]
    assert any("No n-gram of context 2, 4 was there" in caveat for caveat in found.caveats)
    assert error_oracles([model], {}, corpus).tables["oracles"][0]["oracle"] == "memory"


def test_a_limit_spreads_over_the_text_and_none_lists_every_error(tmp_path: Path):
    corpus = corpus_of(tmp_path / "corpus", TRAIN, [ROW])
    model, ngrams = errors_of(tmp_path, corpus, {(0, step): WRONG for step in range(0, 60, 2)})
    assert [row["step"] for row in list_errors(model, ngrams, corpus)] == list(range(0, 60, 2))
    assert [row["step"] for row in list_errors(model, ngrams, corpus, limit=3)] == [0, 28, 58]
    assert list_errors(model, ngrams, corpus, limit=0) == []


@pytest.mark.parametrize("kind", ["chars", "bytes"])
def test_hostile_text_is_listed_as_it_stands_and_breaks_no_word(tmp_path: Path, kind: str):
    row = "\x00\x1b[31m <script>\x7f\x85 \r\n\xe9t\xe9 \xff\xff" + (
        "" if kind == "bytes" else "\u202e\U0001f600"
    )
    corpus = corpus_of(tmp_path / "corpus", TRAIN, [row], kind=kind)
    model, ngrams = errors_of(tmp_path, corpus, {(0, step): WRONG for step in range(len(row))})
    rows = list_errors(model, ngrams, corpus, around_chars=5)
    assert len(rows) == len(row)
    assert [each["character"] for each in rows[:2]] == ["U+0000", "U+001B"]
    assert rows[1]["after"] == "[31m " and str(rows[1]["before"]).endswith("\n\x00")
    assert all(len(each["before"]) <= 5 for each in rows)
    assert sum(each["errors"] for each in error_oracles([model], ngrams, corpus).tables["slices"]) == len(row)


def test_a_text_without_words_spaces_or_marks_has_only_boosts(tmp_path: Path):
    corpus = corpus_of(tmp_path / "corpus", "0123" * 10, ["01230123"])
    model, ngrams = errors_of(tmp_path, corpus, {(0, step): WRONG for step in range(1, 8)})
    found = error_oracles([model], ngrams, corpus)
    assert {row["oracle"]: row["errors"] for row in found.tables["oracles"] if row["errors"]} == {"boost": 7}


def test_code_has_words_after_indentation_whatever_ends_its_lines(tmp_path: Path):
    for ending in ("\n", "\r\n"):
        row = f"house{ending}  \twonder house{ending}garden"
        corpus = corpus_of(tmp_path / repr(ending), TRAIN, [row], "c")
        word = row.index("wonder")
        model, ngrams = errors_of(
            tmp_path / repr(ending), corpus, {(0, step): WRONG for step in range(word - 2, word + 2)}
        )
        rows = list_errors(model, ngrams, corpus, CAUSES)
        assert {each["slice"] for each in rows} == {"after newline"} and len(rows) == 4
