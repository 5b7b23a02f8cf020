"""Surprisal: what one predictor made of every character of one part. Knows no predictor."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from rnnscope.errors import RecordError
from rnnscope.records.corpus import Corpus, PartRows
from rnnscope.records.folder import Manifest, load_array, new_record, save_array


class SurprisalManifest(Manifest):
    kind: Literal["surprisal"] = "surprisal"
    predictor: str
    """Name for people and tables, e.g. 'lstm-1x128-s0' or '20-gram'."""
    corpus: str
    corpus_fingerprint: str
    part: str
    rows: int
    row_chars: int
    mean_nats: float
    error_rate: float


@dataclass(frozen=True)
class Surprisal:
    """Per-character losses on disk, both arrays shape (R, T), in the order of the corpus part's rows."""

    folder: Path
    manifest: SurprisalManifest

    @classmethod
    def read(cls, folder: Path) -> "Surprisal":
        return cls(folder, SurprisalManifest.read(folder))

    @property
    def name(self) -> str:
        """The predictor's, for people."""
        return self.manifest.predictor

    @cached_property
    def nats_RT(self) -> np.ndarray:
        """float32: surprisal of the true next character, nats."""
        return load_array(self.folder / "nats.npy")

    @cached_property
    def likeliest_RT(self) -> np.ndarray:
        """Ids: the symbol that the predictor held most likely."""
        return load_array(self.folder / "likeliest.npy")


def write_surprisal(
    folder: Path, manifest: SurprisalManifest, nats_RT: np.ndarray, likeliest_RT: np.ndarray
) -> Surprisal:
    """Writes a whole record or nothing. Raises RecordError where the disk refuses."""
    with new_record(folder) as partial:
        save_array(partial / "nats.npy", nats_RT.astype(np.float32, copy=False))
        save_array(partial / "likeliest.npy", likeliest_RT)
        manifest.write(partial)
    return Surprisal.read(folder)


def kind_of(name: str) -> Literal["n-gram", "n-NN", "network"]:
    """What a name says: '20-gram' is an n-gram, '7-nn-256-s0' an n-NN, any other a network."""
    match = re.match(r"\d+-(gram|nn)(?![a-z])", name)
    return "network" if match is None else "n-gram" if match[1] == "gram" else "n-NN"


def rows_scored(surprisals: Sequence[Surprisal], corpus: Corpus) -> PartRows:
    """The part of the corpus that all of them were scored on.

    Raises RecordError where there is none, where two were scored on different texts, or on another text than
    this one.
    """
    if not surprisals:
        raise RecordError("no predictor's losses to read; say 'rnnscope replay RUN' first")
    first = surprisals[0].manifest
    for manifest in (each.manifest for each in surprisals):
        if manifest.corpus_fingerprint != corpus.manifest.fingerprint:
            raise RecordError(
                f"'{manifest.predictor}' was scored on another text than corpus '{corpus.name}' has now; "
                "replay it again"
            )
        if (manifest.part, manifest.rows, manifest.row_chars) != (first.part, first.rows, first.row_chars):
            raise RecordError(
                f"'{first.predictor}' was scored on the {first.part} part and '{manifest.predictor}' on the "
                f"{manifest.part} part; replay both on one"
            )
    return corpus.part(first.part)
