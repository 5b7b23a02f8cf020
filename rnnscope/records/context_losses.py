"""ContextLosses: what a predictor loses where it sees the last few characters alone. Knows no predictor.

A reading begins a row in its midst, with nothing known of what came before, and goes on for K characters:
at its k-th step k characters are visible. So P readings give P losses at every k, beside the ordinary loss of
the same character.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from rnnscope.errors import RecordError
from rnnscope.records.corpus import Corpus, PartRows
from rnnscope.records.folder import Manifest, load_array, new_record, save_array


class ContextLossesManifest(Manifest):
    kind: Literal["context_losses"] = "context_losses"
    predictor: str
    """Name for people and tables, as in its Surprisal."""
    corpus: str
    corpus_fingerprint: str
    part: str
    rows: int
    """Rows that readings begin in, equally many in each."""
    readings: int
    """P, in the order of rows and, within one, of time."""
    most_chars: int
    """K: how many characters each reads."""
    shuffled_chars: int
    """How many characters before a reading are read in shuffled order, in the losses called shuffled."""
    seed: int
    """Of the readings' places and of the shuffling."""
    sees: int | None
    """Characters back that the predictor sees as it says itself; None: it may see all."""


@dataclass(frozen=True)
class ContextLosses:
    """On disk: rows.npy and starts.npy (P,) int32; whole.npy, cut.npy and shuffled.npy (P, K) float32.

    Column k - 1 is the surprisal, in nats, of one and the same true character: the one after step
    `starts_P + k - 1` of its row.
    """

    folder: Path
    manifest: ContextLossesManifest

    @classmethod
    def read(cls, folder: Path) -> "ContextLosses":
        return cls(folder, ContextLossesManifest.read(folder))

    @property
    def name(self) -> str:
        """The predictor's, for people."""
        return self.manifest.predictor

    @cached_property
    def rows_P(self) -> np.ndarray:
        """The row that a reading lies in."""
        return load_array(self.folder / "rows.npy")

    @cached_property
    def starts_P(self) -> np.ndarray:
        """The step of its row that a reading begins with."""
        return load_array(self.folder / "starts.npy")

    @cached_property
    def whole_PK(self) -> np.ndarray:
        """With all of the row so far visible: the ordinary loss."""
        return load_array(self.folder / "whole.npy")

    @cached_property
    def cut_PK(self) -> np.ndarray:
        """With the last k characters visible, and before them nothing."""
        return load_array(self.folder / "cut.npy")

    @cached_property
    def shuffled_PK(self) -> np.ndarray:
        """With the last k characters visible, and before them the `shuffled_chars` that stand there, in an
        order drawn at random."""
        return load_array(self.folder / "shuffled.npy")


def write_context_losses(
    folder: Path,
    manifest: ContextLossesManifest,
    *,
    rows_P: np.ndarray,
    starts_P: np.ndarray,
    whole_PK: np.ndarray,
    cut_PK: np.ndarray,
    shuffled_PK: np.ndarray,
) -> ContextLosses:
    """Writes a whole record or nothing. Raises RecordError where the disk refuses."""
    places = {"rows": rows_P, "starts": starts_P}
    losses = {"whole": whole_PK, "cut": cut_PK, "shuffled": shuffled_PK}
    with new_record(folder) as partial:
        for name, array in places.items():
            save_array(partial / f"{name}.npy", array.astype(np.int32))
        for name, array in losses.items():
            save_array(partial / f"{name}.npy", array.astype(np.float32, copy=False))
        manifest.write(partial)
    return ContextLosses.read(folder)


def part_read(losses: Sequence[ContextLosses], corpus: Corpus) -> PartRows:
    """The part of the corpus that all of them were measured on, at the same characters.

    Raises RecordError where there is none, where it was another text than this one, or where two were
    measured at different characters.
    """
    if not losses:
        raise RecordError("no losses by context to read; measure a predictor's first")
    first = losses[0]
    for each in losses:
        if each.manifest.corpus_fingerprint != corpus.manifest.fingerprint:
            raise RecordError(
                f"'{each.name}' was measured on another text than corpus '{corpus.name}' has now; measure it "
                "again"
            )
        if not _same_readings(each, first):
            raise RecordError(
                f"'{first.name}' and '{each.name}' were measured at different characters; measure both with "
                "the same part, readings and seed"
            )
    return corpus.part(first.manifest.part)


def _same_readings(one: ContextLosses, other: ContextLosses) -> bool:
    def settings(manifest: ContextLossesManifest) -> tuple[str | int, ...]:
        return manifest.part, manifest.most_chars, manifest.shuffled_chars, manifest.seed

    return (
        settings(one.manifest) == settings(other.manifest)
        and np.array_equal(one.rows_P, other.rows_P)
        and np.array_equal(one.starts_P, other.starts_P)
    )
