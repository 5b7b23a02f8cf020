"""The record: whole or not there, taken again where it fits."""

import numpy as np
import pytest

from rnnscope.errors import ConfigError, RecordError
from rnnscope.ngrams import KneserNey, build_count_model
from rnnscope.records.corpus import Corpus, CorpusManifest, PartRows
from rnnscope.records.count_model import CountModel, find_count_model
from rnnscope.records.folder import save_array


def a_corpus(folder, fingerprint: str = "f", seed: int = 0) -> Corpus:
    folder.mkdir()
    save_array(folder / "ids.npy", np.random.default_rng(seed).integers(0, 5, 500).astype(np.uint8))
    save_array(folder / "alphabet.npy", np.arange(97, 102, dtype=np.uint32))
    parts = {
        "train": PartRows(starts=(0, 250), row_chars=200),
        "validation": PartRows(starts=(200,), row_chars=20),
    }
    CorpusManifest(
        name=folder.name,
        source={"kind": "test"},
        text_sha256="",
        text_bytes=500,
        ids_chars=500,
        alphabet_kind="bytes",
        symbols=5,
        language="prose",
        split_kind="streams",
        fractions=(0.8, 0.1, 0.1),
        parts=parts | {"test": PartRows(starts=(220,), row_chars=25)},  # type: ignore
        fingerprint=fingerprint,
    ).write(folder)
    return Corpus.read(folder)


@pytest.fixture
def corpus(tmp_path) -> Corpus:
    return a_corpus(tmp_path / "letters")


def test_a_model_read_from_disk_predicts_what_the_built_one_did(corpus, tmp_path):
    built = build_count_model(corpus, 6, tmp_path / "counts" / "letters", "the command")
    read = find_count_model(tmp_path, "letters")
    assert read.manifest == built.manifest
    assert (read.context, read.symbols, read.manifest.chars, read.manifest.command) == (
        6,
        5,
        400,
        "the command",
    )
    inputs, targets = (of(corpus.part("test")) for of in (corpus.inputs, corpus.targets))
    a, b = (KneserNey(model).true_nats(inputs, targets, [1, 6]) for model in (built, read))
    np.testing.assert_array_equal(a[6], b[6])
    assert [level.pairs for level in read.manifest.levels] == [len(x.pair_raw) for x in read.counts.levels]
    assert read.fallbacks == read.counts.fallbacks
    assert 0 < read.disk_bytes < 100_000


def test_a_record_that_reaches_far_enough_is_taken_and_another_is_built_anew(corpus, tmp_path):
    folder = tmp_path / "counts"
    first = build_count_model(corpus, 6, folder)
    kept = (folder / "order.npy").stat().st_ino
    assert build_count_model(corpus, 4, folder).context == 6
    assert (folder / "order.npy").stat().st_ino == kept
    longer = build_count_model(corpus, 8, folder)
    assert longer.context == 8
    assert longer.manifest.fingerprint == first.manifest.fingerprint
    other = build_count_model(a_corpus(tmp_path / "other", "g", seed=1), 4, folder)
    assert (other.context, other.manifest.corpus) == (4, "other")
    assert other.manifest.fingerprint != first.manifest.fingerprint


def test_a_broken_record_is_built_again(corpus, tmp_path):
    folder = tmp_path / "counts"
    build_count_model(corpus, 3, folder)
    (folder / "manifest.json").write_text("{")
    assert build_count_model(corpus, 3, folder).context == 3


def test_a_missing_array_is_one_clear_line(corpus, tmp_path):
    folder = tmp_path / "counts"
    build_count_model(corpus, 3, folder)
    (folder / "levels" / "02" / "starts.npy").unlink()
    with pytest.raises(RecordError, match="remove its record and build it again"):
        _ = CountModel.read(folder).counts


def test_a_context_that_no_text_needs_is_refused_and_leaves_nothing(corpus, tmp_path):
    for context in (-1, 100):
        with pytest.raises(ConfigError, match="give 0 to 99"):
            build_count_model(corpus, context, tmp_path / "counts")
    assert not (tmp_path / "counts").exists()
    with pytest.raises(RecordError, match="build it with 'rnnscope ngram letters'"):
        find_count_model(tmp_path, "letters")
