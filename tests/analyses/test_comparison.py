# pyright: reportOperatorIssue=false, reportArgumentType=false
from pathlib import Path

import numpy as np
import pytest

from rnnscope.analyses.comparison import LINUX_KERNEL, WAR_AND_PEACE, Competitor, Published, compare
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


def grid(tmp_path: Path, effect: dict[str, float], seeds: int = 2) -> list[Competitor]:
    """Networks of two cells, two depths and two sizes with planted effects, seeds of noise."""
    made = []
    for cell in ("rnn", "lstm"):
        for layers in (1, 2):
            for parameters in (44_800, 122_000):
                for seed in range(seeds):
                    nats = NOISE + 1.0 + jitter(len(made)) + 0.01 * seed
                    nats += effect["lstm"] * (cell == "lstm") + effect["depth"] * (layers == 2)
                    nats += effect["size"] * (parameters > 100_000)
                    name = f"{cell}-{layers}x{parameters // 1000}-s{seed}"
                    facts = {"cell": cell, "layers": layers, "hidden": parameters // 1000, "seed": seed}
                    each = competitor(tmp_path, name, nats)
                    facts |= {"parameters": parameters + 10 * layers, "recipe": "fast"}
                    made.append(Competitor(each.surprisal, "network", facts))
    return made


def test_planted_effects_of_depth_gating_and_size_are_found_and_no_others(tmp_path: Path):
    finding = compare(grid(tmp_path, {"lstm": -0.1, "depth": 0.0, "size": -0.2}), [])
    rows = {(row["axis"], row["step"]): row for row in finding.tables["effects"] if row["where"] == "all"}
    assert set(rows) == {("depth", "1 to 2 layers"), ("gating", "RNN to LSTM"), ("size", "budget 1 to 2")}
    for key, planted in (("depth", 0.0), ("gating", -0.1), ("size", -0.2)):
        row = next(row for (axis, _), row in rows.items() if axis == key)
        assert row["nats"] == pytest.approx(planted, abs=0.01) and row["pairs"] == 4
        assert row["low"] <= row["nats"] <= row["high"] and row["is_clear"] == (planted != 0)


def test_seeds_are_one_configuration_with_their_spread(tmp_path: Path):
    finding = compare(grid(tmp_path, {"lstm": 0, "depth": 0, "size": 0}, seeds=3), [])
    rows = finding.tables["configurations"]
    assert len(rows) == 8 and all(row["seeds"] == 3 for row in rows)
    for row in rows:
        assert row["standard_deviation"] == pytest.approx(0.01, rel=0.25)
        assert row["least"] < row["test_nats"] < row["most"]
    names = {row["model"] for row in rows}
    assert names == {
        str(name).rpartition("-s")[0] for name in (row["model"] for row in finding.tables["models"])
    }


def test_published_losses_stand_beside_those_of_the_same_size(tmp_path: Path):
    competitors = grid(tmp_path, {"lstm": 0, "depth": 0, "size": 0})
    published = Published(
        "a text",
        True,
        {64: 44_823, 128: 122_327},
        {("lstm", 1, 64): 99.0, ("lstm", 1, 128): 0.1, ("gru", 1, 64): 1},
    )
    finding = compare(competitors, [], published)
    rows = finding.tables["published"]
    assert [(row["cell"], row["budget"], row["is_reached"]) for row in rows] == [
        ("lstm", 64, True),
        ("lstm", 128, False),
    ]
    assert rows[0]["difference"] == pytest.approx(rows[0]["test_nats"] - 99.0)
    assert (
        finding.numbers["published_reached"] == 1 and "same text, split and protocol" in finding.caveats[-1]
    )


def test_what_gating_brought_in_print_stands_beside_what_it_brings_here(tmp_path: Path):
    competitors = grid(tmp_path, {"lstm": -0.04, "depth": 0.0, "size": 0.0})
    nats = {("rnn", 1, 64): 2.5, ("lstm", 1, 64): 2.3, ("lstm", 2, 64): 2.2, ("rnn", 2, 128): 1.0}
    published = Published("a text", True, {64: 44_823, 128: 122_327}, nats)
    finding = compare(competitors, [], published)
    rows = {row["step"]: row for row in finding.tables["published_effects"]}
    assert set(rows) == {"RNN to LSTM", "1 to 2 layers"}
    assert rows["RNN to LSTM"]["published_nats"] == pytest.approx(-0.2) and rows["RNN to LSTM"]["pairs"] == 1
    assert rows["RNN to LSTM"]["nats"] == pytest.approx(-0.04, abs=0.01)
    assert rows["1 to 2 layers"]["published_nats"] == pytest.approx(-0.1)
    assert "RNN to LSTM -0.04" in finding.reading and "; published -0.200, and -0.0" in finding.reading
    assert "3 of 4 published losses are reached" in finding.reading


def test_the_papers_33_networks_are_there_and_the_smallest_losses_are_its_bold_ones():
    assert len(WAR_AND_PEACE.nats) == len(LINUX_KERNEL.nats) == 33
    assert min(WAR_AND_PEACE.nats.items(), key=lambda each: each[1]) == (("gru", 3, 512), 1.077)
    assert min(LINUX_KERNEL.nats.items(), key=lambda each: each[1]) == (("gru", 3, 512), 0.829)
    assert WAR_AND_PEACE.budget_of(122_643) == 128 and WAR_AND_PEACE.budget_of(200_000) is None
