# pyright: reportOperatorIssue=false, reportArgumentType=false
"""Planted groups of models that predict alike are near on the map; noise has no stable one."""

from pathlib import Path

import numpy as np
import pytest

from rnnscope.analyses.model_map import Mapped, agreement, model_map
from rnnscope.records.surprisal import SurprisalManifest, write_surprisal

TRUTH = np.random.default_rng(0).integers(20, size=(10, 500)).astype(np.uint8)


def mapped(
    folder: Path, name: str, likeliest: np.ndarray, family: str = "network", corpus: str = "c"
) -> Mapped:
    manifest = SurprisalManifest(
        predictor=name,
        corpus=corpus,
        corpus_fingerprint=corpus,
        part="test",
        rows=likeliest.shape[0],
        row_chars=likeliest.shape[1],
        mean_nats=1.0,
        error_rate=0.5,
    )
    record = write_surprisal(folder / name, manifest, np.ones(likeliest.shape, np.float32), likeliest)
    return Mapped(record, family, {"cell": name.split("-")[0], "parameters": 1000})


def family_of(model: object) -> str:
    """Of a model named 'family-number'."""
    return str(model).split("-")[0]


def changed(base: np.ndarray, share: float, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    other = draw.integers(20, size=base.shape).astype(np.uint8)
    return np.where(draw.random(base.shape) < share, other, base)


def test_agreement_is_the_share_of_characters_with_the_same_likeliest_symbol():
    a = np.array([[1, 2, 3, 4]])
    shares = agreement([a, np.array([[1, 2, 0, 0]]), np.array([[0, 0, 0, 0]])])
    assert shares.tolist() == [[1, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 1]]
    with pytest.raises(ValueError, match="the same characters"):
        agreement([a, a[:, :2]])


def test_planted_groups_come_out_together_and_stay_so_over_seeds(tmp_path: Path):
    groups = {"lstm": changed(TRUTH, 0.5, 1), "rnn": changed(TRUTH, 0.5, 2), "gru": changed(TRUTH, 0.5, 3)}
    models = [
        mapped(tmp_path, f"{cell}-{n}", changed(base, 0.1, 10 * len(cell) + n))
        for cell, base in groups.items()
        for n in range(4)
    ]
    finding = model_map(models)
    noise = [mapped(tmp_path, f"noise-{n}", changed(TRUTH, 1.0, n)) for n in range(12)]
    chance = model_map(noise).numbers["rank_correlation"]
    places = {row["model"]: np.array([row["x"], row["y"]]) for row in finding.tables["places"]}
    for name, place in places.items():
        nearest = min(
            (other for other in places if other != name), key=lambda o: np.linalg.norm(places[o] - place)
        )
        assert family_of(nearest) == family_of(name)
    assert all(family_of(row["nearest"]) == family_of(row["model"]) for row in finding.tables["nearest"])
    assert finding.numbers["neighbours_shared"] > 0.45 and finding.numbers["trustworthiness"] > 0.9
    assert finding.numbers["rank_correlation"] > chance + 0.1


def test_a_map_of_models_that_agree_by_chance_alone_is_said_to_be_unfaithful(tmp_path: Path):
    models = [mapped(tmp_path, f"lstm-{n}", changed(TRUTH, 1.0, n)) for n in range(16)]
    finding = model_map(models)
    assert finding.numbers["rank_correlation"] < 0.5 and "read no more into it" in finding.reading


def test_few_models_have_no_map_but_an_answer(tmp_path: Path):
    models = [mapped(tmp_path, f"lstm-{n}", changed(TRUTH, 0.2, n)) for n in range(3)]
    finding = model_map([*models, mapped(tmp_path, "8-gram", changed(TRUTH, 0.6, 9), "n-gram")])
    assert "places" not in finding.tables and "A map needs 5 models; here are 4" in finding.reading
    assert "two networks on" in finding.reading
    assert model_map(models[:1]).reading.startswith("There is one model")


def test_models_of_two_corpora_have_no_map_together(tmp_path: Path):
    models = [mapped(tmp_path, "a", TRUTH), mapped(tmp_path, "b", TRUTH, corpus="d")]
    with pytest.raises(ValueError, match="one corpus"):
        model_map(models)
