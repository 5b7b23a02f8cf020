"""Small corpora made by hand: a text whose next character is certain, and rows that do not touch."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rnnscope.records.corpus import Corpus, CorpusManifest, PartRows
from rnnscope.records.folder import save_array
from rnnscope.training import TrainConfig, recipe_named, with_settings

SYMBOLS = 6
MakeCorpus = Callable[..., Corpus]


def write_corpus(folder: Path, ids: np.ndarray, rows: int = 1) -> Corpus:
    """A corpus whose text is cut into `rows` equal rows, each 80 % train, then validation, then test."""
    folder.mkdir(parents=True)
    row_chars = (len(ids) - 1) // rows
    lengths = {"train": row_chars * 8 // 10, "validation": row_chars // 10, "test": row_chars // 10}
    offset, parts = 0, {}
    for name, length in lengths.items():
        starts = tuple(row * row_chars + offset for row in range(rows))
        parts[name] = PartRows(starts=starts, row_chars=length)
        offset += length
    save_array(folder / "ids.npy", ids.astype(np.uint8))
    save_array(folder / "alphabet.npy", np.arange(97, 97 + SYMBOLS, dtype=np.uint32))
    CorpusManifest(
        name=folder.name,
        source={"kind": "test"},
        text_sha256="0" * 64,
        text_bytes=len(ids),
        ids_chars=len(ids),
        alphabet_kind="chars",
        symbols=SYMBOLS,
        language="prose",
        split_kind="streams" if rows > 1 else "contiguous",
        fractions=(0.8, 0.1, 0.1),
        parts=parts,
        fingerprint=f"{folder.name}-{rows}-{int(ids.sum())}-{hash(ids.tobytes())}",
    ).write(folder)
    return Corpus.read(folder)


def periodic_ids(chars: int) -> np.ndarray:
    """A period of eleven in which the character before does not tell the next one."""
    return np.tile([0, 1, 2, 0, 3, 1, 4, 0, 5, 2, 1], chars // 11 + 1)[:chars]


@pytest.fixture
def make_corpus(tmp_path: Path) -> MakeCorpus:
    """ids, rows -> Corpus."""
    return lambda ids, rows=1, name="made": write_corpus(tmp_path / "corpora" / name, ids, rows)


@pytest.fixture
def periodic(make_corpus: MakeCorpus) -> Corpus:
    return make_corpus(periodic_ids(4001), 4, "periodic")


@pytest.fixture
def shuffled(make_corpus: MakeCorpus) -> Corpus:
    return make_corpus(np.random.default_rng(0).permutation(periodic_ids(4001)), 4, "shuffled")


@pytest.fixture
def small_config() -> Callable[..., TrainConfig]:
    """Recipe, settings -> a config of a small network; a step reads 4 streams x 20 characters."""

    def config(
        recipe: str = "fast", cell: str = "lstm", layers: int = 1, context: int = 0, **settings: object
    ) -> TrainConfig:
        small = {"streams": 4, "window_chars": 20, "log_steps": 1, "precision": "float32", "epochs": 1}
        return with_settings(recipe_named(recipe)(cell, layers, 12, context=context), small | settings)

    return config
