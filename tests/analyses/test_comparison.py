# pyright: reportOperatorIssue=false, reportArgumentType=false
from pathlib import Path

import numpy as np
import pytest

from rnnscope.analyses.comparison import Competitor, compare
from rnnscope.records.surprisal import SurprisalManifest, write_surprisal

NOISE = np.random.default_rng(0).exponential(size=(10, 4000))


def competitor(
    folder: Path, name: str, nats: np.ndarray, family: str = "network", corpus: str = "c"
) -> Competitor:
    manifest = SurprisalManifest(
        predictor=name,
        corpus=corpus,
        corpus_fingerprint=corpus,
        part="test",
        rows=nats.shape[0],
        row_chars=nats.shape[1],
        mean_nats=float(nats.mean()),
        error_rate=float((nats > np.log(2)).mean()),
    )
    return Competitor(write_surprisal(folder / name, manifest, nats, np.zeros(nats.shape, np.uint8)), family)


def jitter(seed: int) -> np.ndarray:
    return 0.2 * np.random.default_rng(seed).normal(size=NOISE.shape)


def test_the_better_model_wins_and_equal_ones_are_not_told_apart(tmp_path: Path):
    finding = compare(
        [
            competitor(tmp_path, "5-gram", NOISE + 0.1, "n-gram"),
            competitor(tmp_path, "good", NOISE + jitter(1)),
            competitor(tmp_path, "twin", NOISE + 0.1 + jitter(2)),
        ],
        [],
    )
    assert finding.tables["models"][0]["model"] == "good"
    assert finding.numbers["networks_not_beating_best_ngram"] == "twin"
    assert (
        "good beats the best n-gram, 5-gram, by 0.1" in finding.reading
        and "Not clearly better than it: twin" in finding.reading
    )
    pairs = {frozenset((row["model"], row["against"])): row for row in finding.tables["differences"]}
    assert (
        pairs[frozenset(("good", "5-gram"))]["is_clear"]
        and not pairs[frozenset(("twin", "5-gram"))]["is_clear"]
    )
    assert len(pairs) == 3


def test_an_ngram_that_wins_is_said_to_win(tmp_path: Path):
    finding = compare(
        [
            competitor(tmp_path, "9-gram", NOISE, "n-gram"),
            competitor(tmp_path, "net", NOISE + 0.2 + jitter(1)),
        ],
        [],
    )
    assert finding.reading.startswith("The best n-gram, 9-gram, beats every network: net is 0.19")


def test_bits_and_error_rate_are_those_of_the_losses(tmp_path: Path):
    (row,) = compare([competitor(tmp_path, "net", NOISE)], []).tables["models"]
    assert row["test_bits"] == pytest.approx(NOISE.mean() / np.log(2), rel=1e-5)
    assert row["error_rate"] == pytest.approx((NOISE > np.log(2)).mean(), abs=1e-4)
    assert row["low"] < row["test_nats"] < row["high"]


def test_a_row_that_fell_into_a_bad_state_is_reported(tmp_path: Path):
    trapped = NOISE.copy()
    trapped[3] += 2.5
    finding = compare([competitor(tmp_path, "net", trapped), competitor(tmp_path, "fine", NOISE)], [])
    rows = {row["model"]: row for row in finding.tables["models"]}
    assert (rows["net"]["trapped_rows"], rows["fine"]["trapped_rows"]) == (1, 0)
    assert any("1 of 10 rows" in caveat for caveat in finding.caveats)


def test_losses_on_another_corpus_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="another corpus"):
        compare([competitor(tmp_path, "a", NOISE), competitor(tmp_path, "b", NOISE, corpus="other")], [])


def test_a_text_too_short_for_an_interval_is_said_to_be(tmp_path: Path):
    short = NOISE[:1, :600]
    finding = compare(
        [competitor(tmp_path, "5-gram", short + 1, "n-gram"), competitor(tmp_path, "net", short)], []
    )
    assert finding.reading.startswith("The test text is too short for an interval")
