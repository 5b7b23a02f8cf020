"""Ablation: what a network loses at every character without each of its units. Knows no network."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from rnnscope.records.folder import Manifest, load_array, new_record, save_array

ClampName = Literal["mean", "zero"]


class AblationManifest(Manifest):
    kind: Literal["ablation"] = "ablation"
    predictor: str
    corpus: str
    corpus_fingerprint: str
    part: str
    rows: int
    """R: the first rows of the part were read."""
    steps: int
    """T: of each its first characters."""
    to: ClampName
    """What a unit is held at: its mean over these characters, or zero."""
    at_step: int | None
    """The one step at which it is held; None: at every step."""
    sites: dict[str, int]
    """The site that is held in each layer ('layers.0.c', say) -> its units, in the order of the arrays."""


@dataclass(frozen=True)
class Ablation:
    """On disk: nats.npy (R, T) float32, change.npy (U, R, T) float16, held_at.npy (U,) float32."""

    folder: Path
    manifest: AblationManifest

    @classmethod
    def read(cls, folder: Path) -> "Ablation":
        return cls(folder, AblationManifest.read(folder))

    @property
    def units(self) -> list[tuple[str, int]]:
        """(site, unit), in the order of the arrays."""
        return [(site, unit) for site, count in self.manifest.sites.items() for unit in range(count)]

    @cached_property
    def nats_RT(self) -> np.ndarray:
        """Surprisal of the true next character of the whole network, nats."""
        return load_array(self.folder / "nats.npy")

    @cached_property
    def change_URT(self) -> np.ndarray:
        """Surprisal without a unit less that of the whole network, nats."""
        return load_array(self.folder / "change.npy")

    @cached_property
    def held_at_U(self) -> np.ndarray:
        """The value that a unit was held at."""
        return load_array(self.folder / "held_at.npy")


def write_ablation(
    folder: Path,
    manifest: AblationManifest,
    nats_RT: np.ndarray,
    change_URT: np.ndarray,
    held_at_U: np.ndarray,
) -> Ablation:
    """Writes a whole record or nothing. Raises RecordError where the disk refuses."""
    with new_record(folder) as partial:
        save_array(partial / "nats.npy", nats_RT.astype(np.float32))
        save_array(partial / "change.npy", change_URT.astype(np.float16))
        save_array(partial / "held_at.npy", held_at_U.astype(np.float32))
        manifest.write(partial)
    return Ablation.read(folder)
