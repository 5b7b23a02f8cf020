# pyright: reportOperatorIssue=false, reportArgumentType=false
"""Planted contexts are found, beside controls; what cannot be told is not told."""

import importlib
import re
from itertools import count as numbers_from
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnscope.analyses.effective_context import EffectiveContextSettings, effective_context
from rnnscope.analyses.effective_context.classes import classes_of
from rnnscope.errors import ConfigError, RecordError
from rnnscope.figures import charts
from rnnscope.records.context_losses import ContextLosses, ContextLossesManifest, write_context_losses
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Finding, Row
from rnnscope.replay.context import Readings, places_of, replay_context
from rnnscope.replay.surprisal import replay_surprisal
from rnnscope.settings import changed

planted = importlib.import_module("planted_context")

ROWS, MOST = 20, 120
NEW_NAMES = numbers_from()
CHARACTERS = np.arange(1, MOST + 1)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return planted.corpus_of(tmp_path / "corpus", planted.words(40_000), rows=ROWS)


def made(
    corpus: Corpus,
    name: str,
    cut_K: Any,
    shuffled_K: Any = None,
    *,
    noise_nats: float = 0.02,
    readings: int = 600,
    seed: int = 0,
    sees: int | None = None,
) -> ContextLosses:
    """A record in which what is lost at k is planted, with noise of mean nearly 0 upon it."""
    part = corpus.part("test")
    settings = Readings(readings=readings, most_chars=MOST, shuffled_chars=20, seed=seed)
    places = places_of(part, settings)
    draw = np.random.default_rng(7)
    shape = (len(places.rows_P), MOST)
    whole_PK = draw.gamma(1, 1.2, shape)

    def rest(excess_K: Any) -> np.ndarray:
        excess_PK = np.broadcast_to(np.asarray(excess_K, np.float64), shape)
        return whole_PK + np.where(excess_PK == 0, 0, excess_PK + draw.normal(0, noise_nats, shape))

    manifest = ContextLossesManifest(
        predictor=name,
        corpus=corpus.name,
        corpus_fingerprint=corpus.manifest.fingerprint,
        part="test",
        rows=len(np.unique(places.rows_P)),
        readings=len(places.rows_P),
        most_chars=MOST,
        shuffled_chars=20,
        seed=seed,
        sees=sees,
    )
    return write_context_losses(
        corpus.folder / f"{name}-{next(NEW_NAMES)}",
        manifest,
        rows_P=places.rows_P,
        starts_P=places.starts_P,
        whole_PK=whole_PK,
        cut_PK=rest(cut_K),
        shuffled_PK=rest(cut_K if shuffled_K is None else shuffled_K),
    )


def model(finding: Finding, name: str) -> Row:
    return next(row for row in finding.tables["models"] if row["model"] == name)


def test_the_planted_context_is_found_within_its_interval_and_the_controls_too(corpus: Corpus):
    near, far = (np.where(CHARACTERS < sees, 0.05, 0.0) for sees in (12, 60))
    flat = made(corpus, "3-gram", np.where(CHARACTERS < 3, 1.0, 0.0), sees=3)
    finding = effective_context(
        [made(corpus, "lstm-1", near, far), made(corpus, "gru-1", far, near), flat], corpus
    )
    for name, cut, shuffled in (("lstm-1", 12, 60), ("gru-1", 60, 12), ("3-gram", 3, 3)):
        row = model(finding, name)
        assert (row["cut_chars"], row["shuffled_chars"]) == (cut, shuffled)
        assert row["cut_chars_low"] <= cut <= row["cut_chars_high"]
    assert [row["flat_from"] for row in finding.tables["models"]] == [60, 60, 3]
    assert "lstm-1 12 (12 to 12) / 60 (60 to 60)" in finding.reading
    assert "3-gram from 3" in finding.reading


def test_where_the_excess_hovers_at_the_threshold_the_interval_is_wide(corpus: Corpus):
    slow = 0.02 * np.exp(-CHARACTERS / 60)
    wide = model(effective_context([made(corpus, "a", slow, noise_nats=0.15)], corpus), "a")
    sharp = model(effective_context([made(corpus, "a", slow, noise_nats=0.001)], corpus), "a")
    # 0.01 nats at k = 42, and from 40 to 49 less in the mean
    assert sharp["cut_chars"] == sharp["cut_chars_low"] == sharp["cut_chars_high"] == 40
    assert wide["cut_chars_low"] <= 50 and (wide["cut_chars_high"] or MOST) > 60


def test_a_model_that_never_comes_near_its_whole_loss_needs_more_than_was_read(corpus: Corpus):
    finding = effective_context([made(corpus, "a", 0.1)], corpus)
    assert model(finding, "a")["cut_chars"] is None
    assert "a more than 120 / more than 120" in finding.reading


def test_a_gain_from_far_back_is_told_and_one_that_is_noise_is_not(corpus: Corpus):
    far = np.where(CHARACTERS < 50, 0.02, np.where(CHARACTERS < 100, 0.012, 0.004))
    settings = EffectiveContextSettings(landmarks=(10, 50, 100))
    gaining = effective_context([made(corpus, "a", far, noise_nats=0.005)], corpus, settings)
    level = effective_context([made(corpus, "b", 0.02, noise_nats=0.005)], corpus, settings)
    assert re.search(r"a still gains from characters 50 to 100 back: 0\.008\d? nats \(0\.00", gaining.reading)
    assert "still gains" not in level.reading
    for row in gaining.tables["gains"]:
        assert row["nats"] == pytest.approx(0.008, abs=5e-4) and row["low"] <= row["nats"] <= row["high"]


def test_loss_is_the_whole_loss_and_the_excess_over_it(corpus: Corpus):
    losses = made(corpus, "a", np.where(CHARACTERS < 12, 0.3, 0.01), 0.5)
    finding = effective_context([losses], corpus)
    whole = float(np.asarray(losses.whole_PK).mean(dtype=np.float64))
    for row in finding.tables["losses"]:
        assert row["loss_nats"] == pytest.approx(whole + row["excess_nats"], abs=1e-6)
        expected = 0.5 if row["rest"] == "shuffled" else 0.3 if row["characters"] < 12 else 0.01
        assert row["excess_nats"] == pytest.approx(expected, abs=0.005)
        assert row["excess_low"] < row["excess_nats"] < row["excess_high"]
    order = {row["characters"]: row for row in finding.tables["order"]}
    assert order[1]["nats"] == pytest.approx(0.2, abs=0.01) and order[1]["is_clear"]


def test_every_character_has_the_class_that_counting_gives(corpus: Corpus):
    losses = made(corpus, "a", 0.1)
    found = classes_of(losses, corpus, corpus.part("test"))
    text = corpus.text(0, len(corpus.ids))
    for reading in (0, 333, 599):
        start = corpus.part("test").starts[losses.rows_P[reading]] + losses.starts_P[reading]
        for step in range(MOST):
            before, character = text[start + step], text[start + step + 1]
            kinds = {name for name, is_it_PK in found.items() if is_it_PK[reading, step]}
            if character.isalpha():
                begins = not (before.isalnum() or before == "_")
                expected = {"letters", "letters that begin a word" if begins else "letters within words"}
            else:
                expected = {{" ": "spaces", "\n": "line ends", ".": "punctuation"}[character]}
            assert kinds == expected
    assert "digits" not in found and "other" not in found


def test_only_the_class_that_was_planted_loses(corpus: Corpus):
    blank = made(corpus, "a", 0)
    begins_PK = classes_of(blank, corpus, corpus.part("test"))["letters that begin a word"]
    losses = made(corpus, "a", np.where(begins_PK & (CHARACTERS < 40), 0.4, 0.0))
    finding = effective_context([losses], corpus)
    for row in finding.tables["classes"]:
        is_planted = row["class"] == "letters that begin a word" and row["up_to"] < 40
        if is_planted:
            assert row["excess_nats"] == pytest.approx(0.4, abs=0.02) and row["low"] > 0.3
        elif row["class"] != "letters" and row["characters"] >= 50:
            assert row["excess_nats"] == row["low"] == row["high"] == 0
    assert "at letters that begin a word 0.4" in finding.reading
    assert "at letters within words 0.0000 nats" in finding.reading


def test_what_a_predictor_was_made_to_see_comes_out_of_the_whole_way(corpus: Corpus, tmp_path: Path):
    settings = Readings(readings=200, most_chars=60, shuffled_chars=30)
    records = []
    for sees in (5, 20):
        predictor = planted.Seeing(corpus.symbols, sees)
        name = f"seeing-{sees}"
        whole = replay_surprisal(lambda p=predictor: p, name, name, corpus, "test", tmp_path / f"{name}-w")
        folder = tmp_path / name
        records.append(replay_context(lambda p=predictor: p, whole, corpus, folder, settings))
    finding = effective_context(records, corpus)
    assert [row["flat_from"] for row in finding.tables["models"]] == [5, 20]
    losses = [row for row in finding.tables["losses"] if row["model"] == "seeing-5"]
    assert all((row["excess_nats"] == 0) == (row["characters"] >= 5) for row in losses)


def test_predictors_measured_at_other_characters_are_one_line(corpus: Corpus):
    one, other = made(corpus, "a", 0.1), made(corpus, "b", 0.1, seed=1)
    with pytest.raises(RecordError, match="'a' and 'b' were measured at different characters; measure both"):
        effective_context([one, other], corpus)
    with pytest.raises(RecordError, match="no losses by context"):
        effective_context([], corpus)


def test_losses_of_another_text_are_one_line(corpus: Corpus, tmp_path: Path):
    losses = made(corpus, "a", 0.1)
    other = planted.corpus_of(tmp_path / "other", planted.words(40_000), rows=ROWS, fingerprint="other")
    with pytest.raises(RecordError, match="'a' was measured on another text"):
        effective_context([losses], other)


def test_settings_are_read_from_text_and_bad_ones_are_one_line(corpus: Corpus):
    losses = [made(corpus, "a", np.where(CHARACTERS < 9, 0.1, 0))]
    settings = changed(EffectiveContextSettings(), {"characters": "1-9,20", "threshold_nats": "0.05"})
    finding = effective_context(losses, corpus, settings)
    spans = [(row["characters"], row["up_to"]) for row in finding.tables["losses"] if row["rest"] == "cut"]
    assert spans[-2:] == [(9, 19), (20, MOST)] and model(finding, "a")["cut_chars"] == 9
    for characters in ("5,3", "0-4"):
        with pytest.raises(ConfigError, match="setting characters must ascend from 1 up"):
            effective_context(losses, corpus, changed(settings, {"characters": characters}))
    with pytest.raises(ConfigError, match="begins at 500, and these readings go 120 characters far"):
        effective_context(losses, corpus, changed(settings, {"characters": "500"}))


def test_one_reading_has_no_interval_and_no_sentence_says_nan(corpus: Corpus, tmp_path: Path):
    text = planted.corpus_of(tmp_path / "short", planted.words(500), rows=1)
    finding = effective_context([made(text, "a", 0.1, readings=1)], text, paper="war-and-peace")
    told = " ".join([finding.title, finding.reading, *finding.caveats])
    assert "nan" not in told.lower() and "too short for intervals" in told
    assert charts(finding)["context"].rows


def test_figures_have_what_the_tables_have_and_are_left_out_without(corpus: Corpus):
    many = [made(corpus, f"lstm-{n}", np.where(CHARACTERS < 30, 0.3, 0)) for n in range(10)]
    finding = effective_context([*many, made(corpus, "7-gram", np.where(CHARACTERS < 7, 1, 0))], corpus)
    figures = charts(finding)
    assert list(figures) == ["context", "classes", "rest"]
    assert "The first 8 of 11 models are drawn." in figures["context"].note
    assert "The first 4 of 10 models are drawn." in figures["rest"].note
    assert {row["class"] for row in figures["classes"].rows} >= {"spaces", "letters within words"}
    for tables in ({}, {"losses": [{"model": "a"}]}, {"models": finding.tables["models"]}):
        assert charts(finding.model_copy(update={"tables": tables})) == {}
