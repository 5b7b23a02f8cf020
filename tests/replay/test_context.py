"""Readings begin where they should, see what they should, and their record is the same however it is made."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rnnscope.errors import CorpusError, RecordError
from rnnscope.models.network import Network
from rnnscope.models.sizing import NetworkConfig
from rnnscope.ngrams import KneserNey, MaximumLikelihood, count
from rnnscope.records.context_losses import ContextLosses
from rnnscope.records.corpus import Corpus, PartRows
from rnnscope.records.surprisal import Surprisal
from rnnscope.replay import context
from rnnscope.replay.context import Readings, places_of, replay_context
from rnnscope.replay.surprisal import replay_surprisal

planted = importlib.import_module("planted_context")

SETTINGS = Readings(readings=60, most_chars=50, shuffled_chars=30)


class Declared:
    """A predictor that says how far it sees."""

    def __init__(self, predictor: Any, sees: int) -> None:
        self.predictor, self.sees, self.symbols = predictor, sees, predictor.symbols

    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
        return self.predictor.log_prob_blocks(inputs_RT)


class OrderBlind:
    """Predictions that follow from how often each symbol was read so far, and how much was."""

    def __init__(self, symbols: int) -> None:
        self.symbols = symbols

    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
        for step in range(inputs_RT.shape[1]):
            seen_Rt = inputs_RT[:, : step + 1]
            counts_RV = 1 + np.stack([np.bincount(row, minlength=self.symbols) for row in seen_Rt])
            yield np.log(counts_RV / counts_RV.sum(axis=1, keepdims=True))[None].astype(np.float32)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return planted.corpus_of(tmp_path / "corpus", planted.words(4000), rows=4)


def whole_of(predictor: Any, corpus: Corpus, folder: Path, name: str = "a") -> Surprisal:
    return replay_surprisal(lambda: predictor, name, name, corpus, "test", folder / f"{name}-whole")


def replayed(predictor: Any, corpus: Corpus, folder: Path, settings: Readings = SETTINGS) -> ContextLosses:
    whole = whole_of(predictor, corpus, folder)
    return replay_context(lambda: predictor, whole, corpus, folder / "context", settings)


def test_a_loss_that_is_not_finite_is_refused_in_one_line_and_not_kept(corpus: Corpus, tmp_path: Path):
    class Sure:
        symbols = corpus.symbols

        def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
            never_TRV = np.full((*inputs_RT.T.shape, self.symbols), -np.inf, dtype=np.float32)
            never_TRV[..., 0] = 0
            yield never_TRV

    with pytest.raises(RecordError, match="the mean loss of 'a' on the test part is inf") as caught:
        whole_of(Sure(), corpus, tmp_path)
    assert "\n" not in str(caught.value) and not (tmp_path / "a-whole").exists()


def arrays(losses: ContextLosses) -> list[np.ndarray]:
    return [np.asarray(losses.cut_PK), np.asarray(losses.shuffled_PK), np.asarray(losses.whole_PK)]


def small_network(symbols: int) -> Network:
    network = Network(NetworkConfig(cell="lstm", layers=1, hidden=12, symbols=symbols)).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.uniform_(-0.6, 0.6, generator=generator)
    return network


def test_a_predictor_of_k_characters_loses_nothing_from_k_on_and_something_before(
    corpus: Corpus, tmp_path: Path
):
    near, far = (
        replayed(planted.Seeing(corpus.symbols, sees), corpus, tmp_path / str(sees)) for sees in (7, 45)
    )
    for losses, sees in ((near, 7), (far, 45)):
        cut_PK, shuffled_PK, whole_PK = arrays(losses)
        for rest_PK in (cut_PK, shuffled_PK):
            np.testing.assert_array_equal(rest_PK[:, sees - 1 :], whole_PK[:, sees - 1 :])
            assert (rest_PK[:, : sees - 1] != whole_PK[:, : sees - 1]).mean(axis=0).min() > 0.5
    assert not np.array_equal(near.cut_PK[:, :6], near.shuffled_PK[:, :6])


def test_a_reading_at_k_is_what_the_protocol_gives_for_the_last_k_characters(corpus: Corpus, tmp_path: Path):
    predictor = small_network(corpus.symbols)
    losses = replayed(predictor, corpus, tmp_path)
    inputs_RT, targets_RT = corpus.inputs(corpus.part("test")), corpus.targets(corpus.part("test"))
    for reading, visible in ((0, 1), (17, 20), (59, 50)):
        row = losses.rows_P[reading]
        target = losses.starts_P[reading] + visible - 1
        seen = inputs_RT[row, target - visible + 1 : target + 1]
        *_, last = predictor.log_prob_blocks(seen[None])
        true = targets_RT[row, target]
        assert losses.cut_PK[reading, visible - 1] == pytest.approx(-last[-1, 0, true], abs=1e-5)


def test_shuffling_keeps_which_characters_stand_there_and_not_their_order(corpus: Corpus, tmp_path: Path):
    predictor = OrderBlind(corpus.symbols)
    losses = replayed(predictor, corpus, tmp_path)
    first = int(losses.rows_P[3]), int(losses.starts_P[3]) - SETTINGS.shuffled_chars
    row_T = corpus.inputs(corpus.part("test"))[first[0], first[1] : first[1] + 30 + 50]
    true_T = corpus.targets(corpus.part("test"))[first[0], first[1] : first[1] + 30 + 50]
    blocks = np.concatenate(list(predictor.log_prob_blocks(row_T[None])))[:, 0]
    expected = -blocks[np.arange(80), true_T][30:]
    np.testing.assert_allclose(losses.shuffled_PK[3], expected, rtol=1e-6)
    assert not np.allclose(losses.cut_PK[3], expected)


@pytest.mark.parametrize("sees", [0, 1, 7, 40, 60])
def test_what_a_predictor_says_of_how_far_it_sees_saves_time_and_changes_nothing(
    sees: int, corpus: Corpus, tmp_path: Path
):
    predictor = planted.Seeing(corpus.symbols, sees)
    told = replayed(Declared(predictor, sees), corpus, tmp_path / "told")
    untold = replayed(predictor, corpus, tmp_path / "untold")
    for a, b in zip(arrays(told), arrays(untold), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (told.manifest.sees, untold.manifest.sees) == (sees, None)


def test_an_n_gram_says_how_far_it_sees_and_that_is_so(corpus: Corpus, tmp_path: Path):
    counts = count(np.asarray(corpus.ids), corpus.part("test"), corpus.symbols, 6)
    ngram = KneserNey(counts).predictor(4)
    assert ngram.sees == 4 == MaximumLikelihood(counts, 4).sees
    told = replayed(ngram, corpus, tmp_path / "told")
    hidden = type("Hidden", (), {"symbols": ngram.symbols, "log_prob_blocks": ngram.log_prob_blocks})()
    for a, b in zip(arrays(told), arrays(replayed(hidden, corpus, tmp_path / "untold")), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert (told.cut_PK[:, :3] != told.whole_PK[:, :3]).any()


def test_the_record_is_the_same_in_other_batches(corpus: Corpus, tmp_path: Path, monkeypatch):
    network = small_network(corpus.symbols)
    one = replayed(network, corpus, tmp_path / "one")
    monkeypatch.setattr(context, "STREAMS", 7)
    heard: list[tuple[int, int]] = []
    whole = whole_of(network, corpus, tmp_path)
    other = replay_context(
        lambda: network,
        whole,
        corpus,
        tmp_path / "other",
        SETTINGS,
        on_steps=lambda done, of: heard.append((done, of)),
    )
    for a, b in zip(arrays(one), arrays(other), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    assert heard == sorted(heard) and heard[-1][0] == heard[-1][1] == 60 * (50 + 50 + 30)


def test_a_record_that_is_there_is_taken_and_one_of_other_settings_is_made_again(
    corpus: Corpus, tmp_path: Path
):
    predictor = planted.Seeing(corpus.symbols, 7)
    first = replayed(predictor, corpus, tmp_path)
    read = predictor.rows_read
    again = replayed(predictor, corpus, tmp_path)
    assert predictor.rows_read == read and again.manifest == first.manifest
    for settings in (Readings(readings=60, most_chars=40, shuffled_chars=30), Readings(seed=1)):
        other = replayed(predictor, corpus, tmp_path, settings)
        assert predictor.rows_read > read and other.manifest != first.manifest
        read = predictor.rows_read


@pytest.mark.parametrize("fails", ["reading", "writing"])
def test_what_is_stopped_leaves_nothing_half_made_and_is_made_whole_later(
    fails: str, corpus: Corpus, tmp_path: Path, monkeypatch
):
    predictor = planted.Seeing(corpus.symbols, 7)
    whole = whole_of(predictor, corpus, tmp_path)

    def stop(*_: object, **__: object) -> Iterator[np.ndarray]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        if fails == "reading":
            patched.setattr(predictor, "log_prob_blocks", stop)
        else:
            patched.setattr("rnnscope.records.context_losses.ContextLossesManifest.write", stop)
        replay_context(lambda: predictor, whole, corpus, tmp_path / "there" / "context", SETTINGS)
    assert list((tmp_path / "there").glob("*") if fails == "writing" else tmp_path.glob("there")) == []
    made = replay_context(lambda: predictor, whole, corpus, tmp_path / "there" / "context", SETTINGS)
    fresh = replayed(predictor, corpus, tmp_path / "fresh")
    for a, b in zip(arrays(made), arrays(fresh), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("rows", "row_chars"), [(1, 5000), (4, 1000), (100, 3300), (5000, 400), (7, 200)])
def test_places_are_even_reproducible_and_never_near_a_rows_start(rows: int, row_chars: int):
    part = PartRows(starts=tuple(range(0, rows * row_chars, row_chars)), row_chars=row_chars)
    settings = Readings(readings=300, most_chars=100, shuffled_chars=50, seed=3)
    places = places_of(part, settings)
    again, other = places_of(part, settings), places_of(part, settings.model_copy(update={"seed": 4}))
    np.testing.assert_array_equal(places.starts_P, again.starts_P)
    assert not np.array_equal(places.starts_P, other.starts_P)
    assert places.starts_P.min() >= max(places.most_chars, places.shuffled_chars)
    assert (places.starts_P + places.most_chars).max() <= row_chars
    in_rows = np.bincount(places.rows_P, minlength=rows)
    assert len(set(in_rows[in_rows > 0])) == 1 and len(places.rows_P) >= min(300, rows * (row_chars // 3))
    assert len(set(zip(places.rows_P, places.starts_P, strict=True))) == len(places.rows_P)
    spread = np.flatnonzero(in_rows) / max(1, rows - 1)
    assert rows == 1 or (spread.min(), spread.max()) == (0, 1)


def test_short_rows_are_read_less_far_and_hopeless_ones_are_one_line():
    assert places_of(PartRows(starts=(0, 60), row_chars=60), Readings()).most_chars == 20
    assert places_of(PartRows(starts=(0,), row_chars=3), Readings()).most_chars == 1
    with pytest.raises(CorpusError, match=r"rows of 2 characters are too short .*; 3 would do"):
        places_of(PartRows(starts=(0,), row_chars=2), Readings())


def test_a_predictor_that_holds_characters_impossible_is_one_line_and_leaves_nothing(
    corpus: Corpus, tmp_path: Path
):
    little = PartRows(starts=(0,), row_chars=200)
    counts = count(np.asarray(corpus.ids), little, corpus.symbols, 3)
    predictor = MaximumLikelihood(counts, 3)
    whole = whole_of(planted.Seeing(corpus.symbols, 3), corpus, tmp_path)
    with pytest.raises(RecordError, match="'a' gives some of these characters no probability"):
        replay_context(lambda: predictor, whole, corpus, tmp_path / "there" / "context", SETTINGS)
    assert not (tmp_path / "there").exists()


def test_losses_of_another_text_are_refused(corpus: Corpus, tmp_path: Path):
    predictor = planted.Seeing(corpus.symbols, 7)
    whole = whole_of(predictor, corpus, tmp_path)
    other = planted.corpus_of(tmp_path / "other", planted.words(4000, seed=1), rows=4, fingerprint="other")
    with pytest.raises(RecordError, match="'a' was scored on another text"):
        replay_context(lambda: predictor, whole, other, tmp_path / "context", SETTINGS)
