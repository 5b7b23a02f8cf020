"""Small texts, and predictors of them whose every probability is planted."""

import tempfile
from pathlib import Path

import numpy as np

from rnnscope.analyses.error_overlap import error_overlap
from rnnscope.analyses.per_character import per_character
from rnnscope.corpora import build_corpus, text_file
from rnnscope.records import Finding
from rnnscope.records.corpus import Corpus
from rnnscope.records.surprisal import Surprisal, SurprisalManifest, write_surprisal

TEST_CHARS = 24_000
"""Of a text of TEXT_CHARS characters: two rows of 12,000."""
TEXT_CHARS = 30_001


def corpus_of(folder: Path, text: str, name: str = "tales") -> Corpus:
    """Four fifths of the text are its test part."""
    (folder / f"{name}.txt").write_bytes(text.encode())
    source = text_file(folder / f"{name}.txt")
    return build_corpus(source, name, folder, split="contiguous", fractions=(0.1, 0.1, 0.8))


def random_text(symbols: str, seed: int = 0, chars: int = TEXT_CHARS) -> str:
    """Every symbol is in it; otherwise drawn alike."""
    drawn = np.random.default_rng(seed).choice(list(symbols), chars - len(symbols))
    return symbols + "".join(drawn)


def scored(folder: Path, corpus: Corpus, name: str, probabilities: np.ndarray) -> Surprisal:
    """A predictor that gave the true characters of the test part these probabilities, in their order."""
    part = corpus.part("test")
    nats_RT = -np.log(probabilities).reshape(part.rows, part.row_chars).astype(np.float32)
    manifest = SurprisalManifest(
        predictor=name,
        corpus=corpus.name,
        corpus_fingerprint=corpus.manifest.fingerprint,
        part="test",
        rows=part.rows,
        row_chars=part.row_chars,
        mean_nats=float(nats_RT.mean()),
        error_rate=float((nats_RT > np.log(2)).mean()),
    )
    place = folder / f"{len(list(folder.glob('scored-*')))}"
    return write_surprisal(place.with_name(f"scored-{place.name}"), manifest, nats_RT, corpus.targets(part))


def findings() -> list[Finding]:
    """One of each analysis of errors, of a network, an n-NN and an n-gram, with the published values."""
    draw = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = corpus_of(folder, random_text('ab {}"\n\r7'))
        predictors = [
            scored(folder, corpus, model, draw.uniform(0.05, 0.95, TEST_CHARS))
            for model in ("lstm-1x128-s0", "7-nn-64-s0", "20-gram")
        ]
        return [
            error_overlap(predictors, corpus, paper="linux-kernel"),
            per_character(predictors[0], predictors[2], corpus, paper="linux-kernel"),
        ]
