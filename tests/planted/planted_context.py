"""A text, its corpus and predictors that see a known number of characters; and a finding of how far back
models see.
"""

import math
import string
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rnnscope.records import Finding
from rnnscope.records.corpus import Corpus, CorpusManifest, PartRows
from rnnscope.records.finding import Row

LETTERS = string.ascii_lowercase[:6]
ALPHABET = sorted(LETTERS + " \n.7")


def corpus_of(folder: Path, text: str, rows: int, fingerprint: str = "text") -> Corpus:
    """All of the text as the test part: `rows` equal rows."""
    symbols = sorted(set(text) | set(ALPHABET))
    ids = np.array([symbols.index(character) for character in text], dtype=np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "ids.npy", ids)
    np.save(folder / "alphabet.npy", np.array([ord(symbol) for symbol in symbols], dtype=np.uint32))
    row_chars = (len(ids) - 1) // rows
    part = PartRows(starts=tuple(range(0, rows * row_chars, row_chars)), row_chars=row_chars)
    manifest = CorpusManifest.model_construct(
        name="planted",
        symbols=len(symbols),
        alphabet_kind="chars",
        fingerprint=fingerprint,
        parts={"test": part},
    )
    return Corpus(folder, manifest)


def words(chars: int, seed: int = 0) -> str:
    """Words of five letters, a line after every eight, with a full stop before it."""
    draw = np.random.default_rng(seed)
    letters = "".join(draw.choice(list(LETTERS), size=chars))
    line = " ".join(["xxxxx"] * 8) + ".\n"
    where = np.resize(list(line), chars)
    return "".join(np.where(where == "x", list(letters), where))


class Seeing:
    """Predictions that follow from the last `context` characters, all of them, and from nothing else."""

    def __init__(self, symbols: int, context: int) -> None:
        self.symbols, self.context, self.rows_read = symbols, context, 0

    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
        self.rows_read += len(inputs_RT)
        for step in range(inputs_RT.shape[1]):
            last_Rt = inputs_RT[:, max(0, step + 1 - self.context) : step + 1].astype(np.int64)
            powers_t = np.arange(last_Rt.shape[1], 0, -1)
            hashed_R = (last_Rt * (powers_t * 7919 % 1009 + 1)).sum(axis=1) % 997
            logits_RV = np.sin(hashed_R[:, None] * (1 + np.arange(self.symbols)) * 0.7)
            yield (logits_RV - np.log(np.exp(logits_RV).sum(axis=1, keepdims=True)))[None].astype(np.float32)


def findings() -> list[Finding]:
    """Two networks and an n-gram that see 60, 200 and 7 characters."""
    models = [("lstm-1x128-s0", "lstm", 60, 1.21), ("gru-1x150-s0", "gru", 200, 1.23)]
    return [_finding([*models, ("7-gram", "n-gram", 7, 1.31)])]


def _finding(models: list[tuple[str, str, int, float]]) -> Finding:
    stretches = [(1, 1), (2, 4), (5, 9), (10, 19), (20, 49), (50, 99), (100, 199), (200, 500)]
    losses: list[Row] = []
    classes: list[Row] = []
    for name, family, sees, whole in models:
        for characters, up_to in stretches:
            excess = 2.0 * math.exp(-5 * characters / sees) if characters < sees else 0.0
            named: Row = {"model": name, "family": family, "characters": characters, "up_to": up_to}
            ends: Row = {"low": whole + excess - 0.02, "high": whole + excess + 0.02}
            ends |= {"excess_low": 0.9 * excess, "excess_high": 1.1 * excess}
            for rest, factor in (("cut", 1.0), ("shuffled", 1.3)):
                loss: Row = {"rest": rest, "loss_nats": whole + excess, "excess_nats": factor * excess}
                losses.append(named | loss | ends)
            for name_of_class in ("letters", "letters that begin a word", "spaces"):
                told: Row = {"class": name_of_class, "rest": "cut", "share": 0.3, "excess_nats": excess}
                classes.append(named | told | {"low": 0.5 * excess, "high": 1.5 * excess})
    rows: list[Row] = [
        {"model": name, "family": family, "whole_nats": whole, "cut_chars": sees, "shuffled_chars": sees}
        for name, family, sees, whole in models
    ]
    return Finding(
        analysis="effective_context",
        corpus="python-library",
        title="How far back does each model see?",
        reading="lstm-1x128-s0 needs its last 60 characters.",
        numbers={"model": models[0][0], "threshold_nats": 0.01},
        tables={"models": rows, "losses": losses, "classes": classes},
    )
