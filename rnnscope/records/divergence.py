"""Divergence: how far a network was from other predictors at every milestone. Knows no predictor."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from rnnscope.records.folder import Manifest, load_array, new_record, save_array


class DivergenceManifest(Manifest):
    kind: Literal["divergence"] = "divergence"
    predictor: str
    """The run's name."""
    corpus: str
    corpus_fingerprint: str
    part: str
    rows: int
    """R: the first rows of the part were read."""
    steps: int
    """T: of each its first characters."""
    milestones: list[int]
    """Updates made, in order; M of them."""
    epochs: list[float]
    """The same as times that the train part was read."""
    references: list[str]
    """Names of the predictors that the network is set beside: '3-gram', '3-nn'; N of them."""


@dataclass(frozen=True)
class Divergence:
    """On disk, float32, means over a row: kl.npy (M, N, R), nats.npy (M, R), reference_nats.npy (N, R)."""

    folder: Path
    manifest: DivergenceManifest

    @classmethod
    def read(cls, folder: Path) -> "Divergence":
        return cls(folder, DivergenceManifest.read(folder))

    @cached_property
    def kl_MNR(self) -> np.ndarray:
        """Symmetric Kullback-Leibler divergence of the predicted distributions, nats: the mean of both
        directions.
        """
        return load_array(self.folder / "kl.npy")

    @cached_property
    def nats_MR(self) -> np.ndarray:
        """Loss of the network at each milestone."""
        return load_array(self.folder / "nats.npy")

    @cached_property
    def reference_nats_NR(self) -> np.ndarray:
        """Loss of each other predictor on the same characters."""
        return load_array(self.folder / "reference_nats.npy")


def write_divergence(
    folder: Path,
    manifest: DivergenceManifest,
    kl_MNR: np.ndarray,
    nats_MR: np.ndarray,
    reference_nats_NR: np.ndarray,
) -> Divergence:
    """Writes a whole record or nothing. Raises RecordError where the disk refuses."""
    with new_record(folder) as partial:
        save_array(partial / "kl.npy", kl_MNR.astype(np.float32))
        save_array(partial / "nats.npy", nats_MR.astype(np.float32))
        save_array(partial / "reference_nats.npy", reference_nats_NR.astype(np.float32))
        manifest.write(partial)
    return Divergence.read(folder)
