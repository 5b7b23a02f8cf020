# pyright: reportArgumentType=false
"""Texts with errors planted in them, and a finding of error_oracles made of one."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from rnnscope.analyses.error_oracles import OracleSettings, error_oracles
from rnnscope.records.corpus import Corpus, CorpusManifest, PartRows
from rnnscope.records.finding import Finding
from rnnscope.records.surprisal import Surprisal, SurprisalManifest, write_surprisal

RIGHT, WRONG = 0.9, 0.05
"""Probabilities of a character that is no error, and of one that is, where nothing else is said."""
TRAIN = "house wonder river table garden into; " * 8
CAUSES = OracleSettings(boosts=())
"""What removes an error for a cause: no oracle that only boosts."""


def corpus_of(
    folder: Path, train: str, rows: list[str], language: str = "prose", kind: str = "chars"
) -> Corpus:
    """A corpus whose test rows predict exactly `rows`, all of one length, each after a newline that stands
    after `train`."""
    text = train + "".join(f"\n{row}" for row in rows)
    codes = np.unique([ord(symbol) for symbol in text]).astype(np.uint32)
    ids = np.searchsorted(codes, [ord(symbol) for symbol in text]).astype(np.uint16)
    (length,) = {len(row) for row in rows}
    starts = tuple(len(train) + number * (length + 1) for number in range(len(rows)))
    parts = {"train": PartRows(starts=(0,), row_chars=len(train))}
    parts |= {name: PartRows(starts=starts, row_chars=length) for name in ("validation", "test")}
    manifest = CorpusManifest(
        name="planted",
        source={"kind": "planted"},
        text_sha256="",
        text_bytes=len(text),
        ids_chars=len(text),
        alphabet_kind=kind,
        symbols=len(codes),
        language=language,
        split_kind="contiguous",
        fractions=(0.8, 0.1, 0.1),
        parts=parts,
        fingerprint="planted",
    )
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "ids.npy", ids)
    np.save(folder / "alphabet.npy", codes)
    manifest.write(folder)
    return Corpus.read(folder)


def scored(
    folder: Path,
    corpus: Corpus,
    name: str,
    probability_RT: np.ndarray,
    likeliest: int = 0,
    part: str = "test",
) -> Surprisal:
    """A predictor that gave the true characters these probabilities."""
    rows = corpus.part(part)
    nats_RT = -np.log(np.asarray(probability_RT, np.float64)).reshape(rows.rows, rows.row_chars)
    manifest = SurprisalManifest(
        predictor=name,
        corpus=corpus.name,
        corpus_fingerprint=corpus.manifest.fingerprint,
        part=part,
        rows=rows.rows,
        row_chars=rows.row_chars,
        mean_nats=float(nats_RT.mean()),
        error_rate=0.0,
    )
    return write_surprisal(
        folder / name, manifest, nats_RT.astype(np.float32), np.full(nats_RT.shape, likeliest, np.uint16)
    )


def planted_at(
    corpus: Corpus, places: Mapping[tuple[int, int], float], elsewhere: float = RIGHT
) -> np.ndarray:
    """Probabilities (R, T): those of `places` (row, step), and `elsewhere` for all others."""
    rows = corpus.part("test")
    probability_RT = np.full((rows.rows, rows.row_chars), elsewhere)
    for place, probability in places.items():
        probability_RT[place] = probability
    return probability_RT


def noise(folder: Path, corpus: Corpus, name: str, seed: int, skill: float) -> Surprisal:
    """A predictor right by chance: a share `skill` of characters is no error. One of more skill makes hardly
    any error that another one does not make."""
    rows = corpus.part("test")
    hard = np.random.default_rng(0).random((rows.rows, rows.row_chars))
    shaken = np.clip(
        skill - hard + 0.5 + 0.05 * np.random.default_rng(seed).normal(size=hard.shape), 0.01, 0.99
    )
    return scored(folder, corpus, name, shaken)


def words_text(words: int, seed: int) -> str:
    """Words of a few letters, lines and marks."""
    generator = np.random.default_rng(seed)
    known = [
        "".join(generator.choice(list("abcdefghij"), size=size)) for size in range(2, 9) for _ in range(30)
    ]
    ends = generator.choice([" ", " ", " ", ", ", ".\n", ' "'], size=words)
    return "".join(
        f"{word}{end}" for word, end in zip(generator.choice(known, size=words), ends, strict=True)
    )


@cache
def finding() -> Finding:
    """Two models, three n-grams, the paper's values beside them."""
    folder = Path(mkdtemp())
    text = words_text(4000, 0)
    corpus = corpus_of(
        folder / "corpus", text[:12_000], [text[at : at + 2000] for at in (12_000, 14_000, 16_000)]
    )
    models = [noise(folder, corpus, name, 1, skill) for name, skill in (("large", 0.6), ("small", 0.4))]
    ngrams = {n: noise(folder, corpus, f"{n}-gram", 1 + n, 0.2 + 0.05 * n) for n in (1, 2, 3)}
    return error_oracles(models, ngrams, corpus, paper="war-and-peace")


def errors_of(
    folder: Path, corpus: Corpus, places: dict[tuple[int, int], float], of_ngram: dict | None = None
) -> tuple[Surprisal, dict[int, Surprisal]]:
    """A model with errors at these places alone, and a 3-gram that is right at some."""
    model = scored(folder, corpus, "model", planted_at(corpus, places))
    ngram = scored(folder, corpus, "3-gram", planted_at(corpus, of_ngram or {}, WRONG))
    return model, {3: ngram}
