"""Surprisal: what one predictor made of every character of one part. Knows no predictor."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

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
