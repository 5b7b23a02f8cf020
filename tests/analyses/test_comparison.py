# pyright: reportOperatorIssue=false, reportArgumentType=false
from pathlib import Path

import numpy as np
import pytest

from rnnscope.analyses.comparison import LINUX_KERNEL, WAR_AND_PEACE, Competitor, Published, compare
from rnnscope.figures import charts
from rnnscope.records.surprisal import SurprisalManifest, write_surprisal
from rnnscope.report.answer import answer

NOISE = np.random.default_rng(0).exponential(size=(10, 4000))


def competitor(
    folder: Path,
    name: str,
    nats: np.ndarray,
    family: str = "network",
    corpus: str = "c",
    validation_nats: float | None = None,
    **known: dict | frozenset,
) -> Competitor:
    """Its validation loss is its test loss where none is given; `known` are its facts and settings."""
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
    record = write_surprisal(folder / name, manifest, nats, np.zeros(nats.shape, np.uint8))
    return Competitor(record, family, nats.mean() if validation_nats is None else validation_nats, **known)


USUAL = {"recipe": "fast", "epochs": 2.0, "streams": 32, "dropout": 0.0, "clip_norm": 1.0}


def network(
    folder: Path,
    name: str,
    loss: float,
    shape: tuple[str, int, int],
    validation_nats: float | None = None,
    seed: int = 0,
    **asked: float | str | None,
) -> Competitor:
    """One of a cell, depth and number of parameters, trained as usual but for what was asked; a rate of its
    recipe is a function of its shape.
    """
    cell, layers, parameters = shape
    facts = {"cell": cell, "layers": layers, "hidden": parameters // 1000, "parameters": parameters}
    settings = {"cell": cell, "layers": layers, "hidden": parameters // 1000, "hidden_rate": 0.06 / layers}
    return competitor(
        folder,
        name,
        NOISE + loss + jitter(sum(map(ord, name))),
        validation_nats=loss if validation_nats is None else validation_nats,
        facts=facts | {"seed": seed},
        settings=settings | USUAL | asked,
        asked=frozenset(asked),
    )


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
                    loss = 1.0 + 0.01 * seed + effect["lstm"] * (cell == "lstm")
                    loss += effect["depth"] * (layers == 2) + effect["size"] * (parameters > 100_000)
                    name = f"{cell}-{layers}x{parameters // 1000}-s{seed}"
                    shape = (cell, layers, parameters + 10 * layers)
                    made.append(network(tmp_path, name, loss, shape, seed=seed))
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


SMALL, DEEP = ("lstm", 1, 122_000), ("lstm", 2, 122_100)
BESIDE = Published("a text", True, {128: 122_327}, {("lstm", 1, 128): 1.5, ("lstm", 2, 128): 1.4})


def test_runs_of_other_streams_or_clipping_are_other_networks_whatever_their_seeds(tmp_path: Path):
    made = [
        network(tmp_path, "lstm-s0", 1.3, SMALL),
        network(tmp_path, "lstm-s1", 1.3, SMALL, seed=1),
        network(tmp_path, "lstm-streams=16-s0", 1.2, SMALL, streams=16),
        network(tmp_path, "lstm-streams=16-s1", 1.2, SMALL, seed=1, streams=16),
        network(tmp_path, "lstm-clip_norm=9-s2", 1.1, SMALL, seed=2, clip_norm=9.0),
    ]
    finding = compare(made, [])
    seeds = {row["model"]: row["seeds"] for row in finding.tables["configurations"]}
    assert seeds == {"lstm": 2, "lstm-streams=16": 2, "lstm-clip_norm=9-s2": 1}
    pairs = {frozenset((row["model"], row["against"])) for row in finding.tables["differences"]}
    assert frozenset(("lstm", "lstm-streams=16")) in pairs


def test_of_runs_of_one_seed_the_best_by_validation_stands_and_the_other_is_still_compared(tmp_path: Path):
    made = [
        network(tmp_path, "lstm-s0", 1.2, SMALL, validation_nats=1.21),
        network(tmp_path, "lstm-milestones=40-s0", 1.1, SMALL, validation_nats=1.22),
        competitor(tmp_path, "5-gram", NOISE + 1.5, "n-gram"),
    ]
    finding = compare(made, [])
    assert {row["model"] for row in finding.tables["configurations"]} == {"lstm-s0", "5-gram"}
    against = {row["model"] for row in finding.tables["differences"] if row["against"] == "5-gram"}
    assert against == {"lstm-s0", "lstm-milestones=40-s0"}


def test_two_networks_whose_runs_are_named_alike_keep_names_of_their_own(tmp_path: Path):
    made = [network(tmp_path, f"lstm-s{seed}", 1.2, SMALL, seed=seed, streams=seed // 2) for seed in range(4)]
    names = [row["model"] for row in compare(made, []).tables["configurations"]]
    assert len(set(names)) == 2


def test_a_deeper_network_of_more_epochs_is_no_effect_of_depth(tmp_path: Path):
    made = [
        network(tmp_path, "lstm-1x122-e4-s0", 1.3, SMALL, epochs=4.0),
        network(tmp_path, "lstm-2x122-e4-s0", 1.2, DEEP, epochs=4.0),
        network(tmp_path, "lstm-2x122-e10-s0", 0.9, DEEP, epochs=10.0),
    ]
    (row,) = compare(made, []).tables["effects"]
    assert (row["where"], row["pairs"], row["besides"]) == ("all", 1, "")
    assert row["nats"] == pytest.approx(-0.1, abs=0.01)


def test_a_step_without_a_clean_pair_has_no_mean_and_says_what_else_differs(tmp_path: Path):
    other = {"dropout": 0.05, "clip_norm": None}
    made = [
        network(tmp_path, "lstm-1x122-s0", 1.3, SMALL),
        network(tmp_path, "lstm-1x370-s0", 1.1, ("lstm", 1, 370_000), **other),
        network(tmp_path, "lstm-2x370-s0", 1.0, ("lstm", 2, 370_000), **other),
        network(tmp_path, "lstm-2x122-s0", 1.2, DEEP),
    ]
    finding = compare(made, [])
    told = {(row["step"], row["where"]): row["besides"] for row in finding.tables["effects"]}
    besides = "dropout 0 to 0.05, clip_norm 1 to none"
    assert told == {
        ("1 to 2 layers", "all"): "",
        ("1 to 2 layers", "LSTM, budget 1"): "",
        ("1 to 2 layers", "LSTM, budget 2"): "",
        ("budget 1 to 2", "LSTM, 1 layer"): besides,
        ("budget 1 to 2", "LSTM, 2 layers"): besides,
    }
    assert f"differ in budget 1 to 2 alone; those that do differ in more: {besides}." in finding.reading
    drawn = {row["name"]: row["besides"] for row in charts(finding)["effects"].rows}
    assert drawn == {
        "depth: 1 to 2 layers": "",
        "size: budget 1 to 2, LSTM, 1 layer": besides,
        "size: budget 1 to 2, LSTM, 2 layers": besides,
    }
    reading = charts(finding)["effects"].reading
    assert reading.startswith("The largest gain: depth: 1 to 2 layers, -0.1") and besides in reading


def test_a_rate_that_was_asked_for_must_be_equal_and_one_of_the_recipe_may_follow_the_shape(tmp_path: Path):
    lower = network(tmp_path, "lstm-1x122-s0", 1.3, SMALL)
    as_usual = network(tmp_path, "lstm-2x122-s0", 1.2, DEEP)
    asked = network(tmp_path, "lstm-2x122-hidden_rate=1-s0", 1.2, DEEP, hidden_rate=1.0)
    equal = network(tmp_path, "lstm-2x122-hidden_rate=0.06-s0", 1.2, DEEP, hidden_rate=0.06)
    other = network(tmp_path, "lstm-2x122-paper-s0", 1.2, DEEP, recipe="paper-2015")

    def besides(upper: Competitor) -> list:
        return [row["besides"] for row in compare([lower, upper], []).tables["effects"]]

    assert besides(as_usual) == besides(equal) == [""]
    assert besides(asked) == ["hidden_rate 0.06 to 1"] and besides(other) == ["recipe fast to paper-2015"]


def test_no_two_rows_of_effects_have_one_name(tmp_path: Path):
    made = [
        network(tmp_path, f"{cell}-{layers}x{size}-e{epochs}-s0", 1.0, (cell, layers, size), epochs=epochs)
        for cell in ("rnn", "lstm", "gru", "gru-2015")
        for layers in (1, 2)
        for size in (122_000, 123_000, 370_000)
        for epochs in (4.0, 10.0)
    ]
    rows = compare(made, []).tables["effects"]
    assert len({(row["axis"], row["step"], row["where"]) for row in rows}) == len(rows) > 40
    assert not any(row["besides"] for row in rows)


def test_what_stands_for_a_size_is_chosen_by_validation_and_never_by_test(tmp_path: Path):
    made = [
        network(tmp_path, "lstm-1x122-s0", 1.3, SMALL, validation_nats=1.2),
        network(tmp_path, "lstm-1x122-e10-s0", 1.1, SMALL, validation_nats=1.4, epochs=10.0),
        network(tmp_path, "lstm-2x122-s0", 1.35, DEEP, validation_nats=1.3),
        network(tmp_path, "lstm-2x122-e10-s0", 1.34, DEEP, validation_nats=1.5, epochs=10.0),
        competitor(tmp_path, "5-gram", NOISE + 1.6, "n-gram", validation_nats=1.5),
        competitor(tmp_path, "9-gram", NOISE + 1.5, "n-gram", validation_nats=1.6),
    ]
    for context, nats, validation in ((1, 1.55, 1.7), (2, 1.7, 1.55)):
        facts = {"cell": "window", "context": context, "hidden": 9}
        each = competitor(tmp_path, f"{context}-nn", NOISE + nats, "n-NN", "c", validation, facts=facts)
        made.append(each)
    finding = compare(made, [], BESIDE)
    chosen = {key: finding.numbers[f"best_{key}"] for key in ("model", "network", "ngram", "window")}
    assert chosen == {
        "model": "lstm-1x122-s0",
        "network": "lstm-1x122-s0",
        "ngram": "5-gram",
        "window": "2-nn",
    }
    assert [row["model"] for row in finding.tables["published"]] == ["lstm-1x122-s0", "lstm-2x122-s0"]
    stands = {row["model"] for row in finding.tables["models"] if row["stands_for_size"]}
    assert stands == {"lstm-1x122-s0", "lstm-2x122-s0"}
    assert finding.reading.startswith("lstm-1x122-s0 beats the best n-gram, 5-gram, by 0.3")
    assert finding.tables["models"][0]["model"] == "lstm-1x122-e10-s0"
    said = answer([finding], "")
    assert said.headline.startswith("lstm-1x122-s0 beats the best n-gram") and said.reference == "5-gram"


def test_a_published_step_is_set_beside_ours_only_where_ours_is_that_step_alone(tmp_path: Path):
    made = [
        network(tmp_path, "lstm-1x122-s0", 1.3, SMALL),
        network(tmp_path, "lstm-2x122-e4-s0", 1.1, DEEP, epochs=4.0),
    ]
    finding = compare(made, [], BESIDE)
    (row,) = finding.tables["published_effects"]
    assert (row["besides"], row["pairs"]) == ("epochs 2 to 4", 1)
    assert "; published" not in finding.reading


def test_an_n_gram_that_only_the_best_network_loses_to_is_not_said_to_beat_all(tmp_path: Path):
    made = [
        network(tmp_path, "lstm-1x122-s0", 1.3, SMALL, validation_nats=1.0),
        network(tmp_path, "lstm-2x122-s0", 1.0, DEEP, validation_nats=1.1),
        competitor(tmp_path, "9-gram", NOISE + 1.15, "n-gram"),
    ]
    finding = compare(made, [])
    assert finding.reading.startswith("The best n-gram, 9-gram, beats the best network: lstm-1x122-s0 is 0.1")
    said = answer([finding], "")
    assert said.headline.startswith("The best n-gram beats the best network, lstm-1x122-s0, on c by 0.1")
    assert "lstm-2x122-s0 leads lstm-1x122-s0 by 0.299" in " ".join(said.sentences)


def test_one_rule_says_what_is_one_size(tmp_path: Path):
    assert WAR_AND_PEACE.budget_of(round(122_327 * 1.04)) == WAR_AND_PEACE.budget_of(122_327 - 4_900) == 128
    assert WAR_AND_PEACE.budget_of(round(122_327 * 1.06)) is None
    made = [
        network(tmp_path, f"lstm-{layers}x{size}-s0", 1.3, ("lstm", layers, size))
        for layers, size in ((1, round(122_327 * 1.04)), (2, 122_327))
    ]
    finding = compare(made, [], BESIDE)
    assert [row["budget"] for row in finding.tables["published"]] == [128, 128]
    assert [row["step"] for row in finding.tables["effects"]] == ["1 to 2 layers"]


def test_the_papers_33_networks_are_there_and_the_smallest_losses_are_its_bold_ones():
    assert len(WAR_AND_PEACE.nats) == len(LINUX_KERNEL.nats) == 33
    assert min(WAR_AND_PEACE.nats.items(), key=lambda each: each[1]) == (("gru", 3, 512), 1.077)
    assert min(LINUX_KERNEL.nats.items(), key=lambda each: each[1]) == (("gru", 3, 512), 0.829)
    assert WAR_AND_PEACE.budget_of(122_643) == 128 and WAR_AND_PEACE.budget_of(200_000) is None
