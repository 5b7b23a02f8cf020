"""Trace: every gate, cell state and output of every unit, at every step of some rows. Knows no network."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from rnnscope.errors import RecordError, did_you_mean
from rnnscope.records.folder import Manifest, load_array, new_record, save_array


class TraceManifest(Manifest):
    kind: Literal["trace"] = "trace"
    predictor: str
    cell: str
    """'rnn', 'lstm', 'gru' or 'gru-2015': which sites there are and what z means."""
    corpus: str
    corpus_fingerprint: str
    part: str
    rows: int
    """R: the first rows of the part were traced, each to its end or to row_chars."""
    row_chars: int
    """T, steps traced of every row."""
    sites: dict[str, int]
    """'layers.{l}.{site}' -> units H."""
    dtype: Literal["float16", "float32"]
    """float16 keeps values in [-1, 1] to within 2.5e-4."""
    shards: list[int]
    """Steps in each shard, in order."""


@dataclass(frozen=True)
class Trace:
    """Shards of shape (R, t, H) per site, memory-mapped."""

    folder: Path
    manifest: TraceManifest

    @classmethod
    def read(cls, folder: Path) -> "Trace":
        return cls(folder, TraceManifest.read(folder))

    def site(self, name: str) -> np.ndarray:
        """One site whole, shape (R, T, H). Raises RecordError for a site that the trace does not have."""
        return np.concatenate([block[name] for block in self.blocks([name])], axis=1)

    def blocks(self, names: list[str] | None = None) -> Iterator[dict[str, np.ndarray]]:
        """Shard after shard in time: site -> (R, t, H), memory-mapped."""
        names = list(self.manifest.sites) if names is None else names
        for name in names:
            if name not in self.manifest.sites:
                raise RecordError(
                    f"no site '{name}' in '{self.folder}'; {did_you_mean(name, self.manifest.sites)}"
                )
        for shard in range(len(self.manifest.shards)):
            yield {name: load_array(shard_path(self.folder, name, shard)) for name in names}


def shard_path(folder: Path, site: str, shard: int) -> Path:
    return folder / site / f"{shard:05d}.npy"


def write_trace(folder: Path, facts: dict, blocks: Iterator[dict[str, np.ndarray]]) -> Trace:
    """Writes shards as they come, whole or nothing; `facts` are the manifest's fields but `sites` and
    `shards`.

    Raises RecordError where the disk refuses.
    """
    shards: list[int] = []
    sites: dict[str, int] = {}
    with new_record(folder) as partial:
        for shard, block in enumerate(blocks):
            for name, values_RtH in block.items():
                sites[name] = values_RtH.shape[2]
                shard_path(partial, name, shard).parent.mkdir(exist_ok=True)
                save_array(shard_path(partial, name, shard), values_RtH.astype(facts["dtype"], copy=False))
            shards.append(next(iter(block.values())).shape[1])
        TraceManifest.model_validate_json(json.dumps(facts | {"sites": sites, "shards": shards})).write(
            partial
        )
    return Trace.read(folder)
