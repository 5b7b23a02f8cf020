"""Trace: every gate, cell state and output of every unit, at every step of some rows. Knows no network."""

import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from rnnscope.errors import RecordError, did_you_mean
from rnnscope.records.folder import (
    Manifest,
    explained,
    is_held,
    load_array,
    put_in_place,
    save_array,
    write_text,
)

TraceDtype = Literal["float16", "float32", "int8"]
FEW = 64
"""Places in a shard that are read one by one; more are read out of a map of it."""


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
    dtype: TraceDtype
    """How values lie on disk: float16 and float32 as they are; int8 in 127ths of a unit's largest size in the
    shard, which lies beside it as SHARD.scale.npy."""
    shards: list[int]
    """Steps in each shard, in order."""
    largest_error: dict[str, float] = {}
    """Site -> the most that a value on disk is from the value that the network had; measured."""


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

    def site_values(self, name: str, rows: int | None = None) -> "TracedSite":
        """One site over the first rows, by default all, of which nothing is read yet. Raises RecordError for
        a site that the trace does not have."""
        self._refuse_unknown(name)
        return TracedSite(self, name, self.manifest.rows if rows is None else min(rows, self.manifest.rows))

    def blocks(self, names: list[str] | None = None) -> Iterator[dict[str, np.ndarray]]:
        """Shard after shard in time: site -> (R, t, H), memory-mapped; float32 where int8 is on disk."""
        names = list(self.manifest.sites) if names is None else names
        for name in names:
            self._refuse_unknown(name)
        for shard in range(len(self.manifest.shards)):
            yield {name: self._shard(name, shard) for name in names}

    def at(
        self,
        name: str,
        rows_N: np.ndarray,
        steps_N: np.ndarray,
        unit: int | slice = slice(None),
    ) -> np.ndarray:
        """One site at N places, shape (N, H), or one unit of it, (N,): of the shards nothing else is read.

        Raises RecordError for a site that the trace does not have.
        """
        self._refuse_unknown(name)
        stops = np.cumsum(self.manifest.shards)
        shards_N = np.searchsorted(stops, steps_N, side="right")
        order = np.argsort(shards_N, kind="stable")
        dtype = np.float16 if self.manifest.dtype == "float16" else np.float32
        one = np.empty((1, self.manifest.sites[name]), dtype)[:, unit]
        found_NH = np.empty((len(order), *one.shape[1:]), dtype)
        for places in np.split(order, np.flatnonzero(np.diff(shards_N[order])) + 1):
            if not len(places):
                continue
            shard = int(shards_N[places[0]])
            within = steps_N[places] - (stops[shard] - self.manifest.shards[shard])
            stored = self._places(name, shard, rows_N[places], within, unit)
            found_NH[places] = self._as_it_was(stored, name, shard, unit)
        return found_NH

    def check(self) -> None:
        """Raises RecordError where a file is missing or is shorter than it says; reads no values."""
        for site, units in self.manifest.sites.items():
            for shard, steps in enumerate(self.manifest.shards):
                path = shard_path(self.folder, site, shard)
                if load_array(path).shape != (self.manifest.rows, steps, units):
                    raise RecordError(f"array '{path}' is of another trace")
                if self.manifest.dtype == "int8":
                    load_array(scale_path(self.folder, site, shard))

    def _places(
        self, name: str, shard: int, rows_N: np.ndarray, steps_N: np.ndarray, unit: int | slice
    ) -> np.ndarray:
        """Values in one shard, counted from its first step."""
        path = shard_path(self.folder, name, shard)
        if len(rows_N) > FEW:
            return load_array(path)[rows_N, steps_N, unit]
        of = self.manifest
        shape = (of.rows, of.shards[shard], of.sites[name])
        wanted = [(int(row), int(step), int(step) + 1) for row, step in zip(rows_N, steps_N, strict=True)]
        return np.concatenate(read_steps(path, shape, of.dtype, wanted))[:, unit]

    def _shard(
        self,
        name: str,
        shard: int,
        rows: slice = slice(None),
        steps: slice = slice(None),
        units: slice = slice(None),
    ) -> np.ndarray:
        stored = load_array(shard_path(self.folder, name, shard))[rows, steps, units]
        return self._as_it_was(stored, name, shard, units)

    def _as_it_was(self, stored: np.ndarray, name: str, shard: int, units: int | slice) -> np.ndarray:
        """Values as they lie in a shard -> as the network had them: int8 spread by each unit's scale."""
        if self.manifest.dtype != "int8":
            return stored
        return _spread(stored, np.asarray(load_array(scale_path(self.folder, name, shard))[units]))

    def _refuse_unknown(self, name: str) -> None:
        if name not in self.manifest.sites:
            raise RecordError(
                f"no site '{name}' in '{self.folder}'; {did_you_mean(name, self.manifest.sites)}"
            )


@dataclass(frozen=True)
class TracedSite:
    """One site of a trace over its first rows; on disk until something of it is asked for."""

    trace: Trace
    name: str
    rows: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """(R, T, H)."""
        return self.rows, self.trace.manifest.row_chars, self.trace.manifest.sites[self.name]

    def blocks(self, steps: slice = slice(None), units: slice = slice(None)) -> Iterator[np.ndarray]:
        """What each shard has of a stretch of steps and of units, (R, t, U), shard after shard in time."""
        start, stop, _ = steps.indices(self.shape[1])
        first = 0
        for shard, length in enumerate(self.trace.manifest.shards):
            within = slice(max(0, start - first), min(length, stop - first))
            if within.start < within.stop:
                yield self.trace._shard(self.name, shard, slice(self.rows), within, units)
            first += length

    def at(self, rows_N: np.ndarray, steps_N: np.ndarray, unit: int | slice = slice(None)) -> np.ndarray:
        """Values at N places, shape (N, H), or of one unit, (N,)."""
        return self.trace.at(self.name, rows_N, steps_N, unit)

    def share_beyond(self, levels_H: np.ndarray, side_H: np.ndarray) -> np.ndarray:
        """Share of all characters where each unit, in half precision, is above its level (side 1) or below it
        (side -1)."""
        return share_beyond(self.blocks(), levels_H, side_H)


def share_beyond(blocks: Iterable[np.ndarray], levels_H: np.ndarray, side_H: np.ndarray) -> np.ndarray:
    """Share (H,) of all values, blocks of any shape (..., H), that are above their unit's level (side 1) or
    below it (side -1) in half precision."""
    counts_H, steps = np.zeros(len(levels_H), dtype=np.int64), 0
    for block in blocks:
        halves_NH = block.reshape(-1, len(levels_H)).astype(np.float16).astype(np.float32)
        counts_H += (side_H * (halves_NH - levels_H) > 0).sum(axis=0)
        steps += len(halves_NH)
    return counts_H / steps


def shard_path(folder: Path, site: str, shard: int) -> Path:
    return folder / site / f"{shard:05d}.npy"


def scale_path(folder: Path, site: str, shard: int) -> Path:
    return folder / site / f"{shard:05d}.scale.npy"


Carried = dict[str, np.ndarray]
"""What a network carries from one shard to the next, by names of its own."""
Shards = Callable[[int, Carried], Iterator[tuple[dict[str, np.ndarray], Carried]]]
"""First step, what was carried to it (nothing at step 0) -> shard after shard, site -> (R, t, H) float32, and
what is carried on."""


def write_trace(folder: Path, facts: dict, shards_from: Shards) -> Trace:
    """Writes shards as they come; `facts` are the manifest's fields that do not follow from them.

    A trace that was begun with the same facts and stopped goes on after its last whole shard. Only a whole
    one is at `folder`. Raises RecordError where the disk refuses.
    """
    partial = _unfinished(folder)
    with explained(f"'{folder}'"):
        begun, carried = _begun(partial, facts)
        for block, carried_on in shards_from(sum(begun.shards), carried):
            begun = _with_shard(partial, begun, block)
            with _carried_path(partial, begun).open("wb") as file:
                np.savez(file, **carried_on)  # pyright: ignore[reportArgumentType]
            # from here on the shard counts: what goes on from it is on disk, under its number
            write_text(partial / BEGUN, begun.model_dump_json())
            for path in set(partial.glob("carried-*")) - {_carried_path(partial, begun)}:
                path.unlink()
        begun.write(partial)
        for path in (partial / BEGUN, _carried_path(partial, begun)):
            path.unlink(missing_ok=True)
        put_in_place(partial, folder)
    return Trace.read(folder)


def share_made(folder: Path) -> float | None:
    """How much of a trace is made, 0 to 1, by a process that is at it just now; None where none is."""
    if not is_held(folder):
        return None
    try:
        begun = TraceManifest.model_validate_json((_unfinished(folder) / BEGUN).read_bytes())
    except (OSError, ValueError):
        return 0.0
    return min(1.0, sum(begun.shards) / max(1, begun.row_chars))


BEGUN = "begun.json"


def _unfinished(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.unfinished"


def _carried_path(partial: Path, begun: TraceManifest) -> Path:
    """What is carried on from the last shard that counts."""
    return partial / f"carried-{len(begun.shards):05d}.npz"


def _begun(partial: Path, facts: dict) -> tuple[TraceManifest, Carried]:
    """How far an unfinished trace of these facts is; where there is none, a new one."""
    new = TraceManifest.model_validate_json(json.dumps(facts | {"sites": {}, "shards": []}))
    try:
        begun = TraceManifest.model_validate_json((partial / BEGUN).read_bytes())
        with np.load(_carried_path(partial, begun), allow_pickle=False) as file:
            carried = {name: file[name] for name in file.files}
        if all(getattr(begun, name) == getattr(new, name) for name in facts.keys() - {"command"}):
            for left in partial.glob(f".{BEGUN}.*"):  # of a process that was killed as it wrote
                left.unlink()
            return begun, carried
    except (OSError, ValueError, zipfile.BadZipFile):
        pass  # none, or one that was cut off while it was begun
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    return new, {}


def _with_shard(partial: Path, begun: TraceManifest, block: dict[str, np.ndarray]) -> TraceManifest:
    sites, errors, shard = dict(begun.sites), dict(begun.largest_error), len(begun.shards)
    for name, values_RtH in block.items():
        sites[name] = values_RtH.shape[2]
        if not np.isfinite(values_RtH).all():
            raise RecordError(f"site '{name}' holds numbers that are not finite; train the run again")
        stored, scale_H = _stored(values_RtH, begun.dtype)
        if not np.isfinite(stored).all():
            raise RecordError(f"site '{name}' holds numbers too large for {begun.dtype}; float32 keeps them")
        path = shard_path(partial, name, shard)
        path.parent.mkdir(exist_ok=True)
        save_array(path, stored)
        if scale_H is not None:
            save_array(scale_path(partial, name, shard), scale_H)
        back = stored.astype(np.float32) if scale_H is None else _spread(stored, scale_H)
        errors[name] = max(errors.get(name, 0.0), float(np.abs(back - values_RtH).max(initial=0.0)))
    steps = next(iter(block.values())).shape[1]
    return begun.model_copy(
        update={"sites": sites, "shards": [*begun.shards, steps], "largest_error": errors}
    )


def _stored(values_RtH: np.ndarray, dtype: TraceDtype) -> tuple[np.ndarray, np.ndarray | None]:
    """What goes to disk, and for int8 the size of every unit that 127 stands for."""
    if dtype != "int8":
        with np.errstate(over="ignore"):
            return values_RtH.astype(dtype, copy=False), None
    scale_H = np.abs(values_RtH).max(axis=(0, 1), initial=0.0).astype(np.float32)
    per_127_H = np.divide(127, scale_H, out=np.zeros_like(scale_H), where=scale_H > 0)
    return np.rint(values_RtH * per_127_H).astype(np.int8), scale_H


def _spread(stored_RtH: np.ndarray, scale_H: np.ndarray) -> np.ndarray:
    return stored_RtH.astype(np.float32) * (scale_H / np.float32(127))


def read_steps(
    path: Path | str, shape: tuple[int, int, int], dtype: str, stretches: Iterable[tuple[int, int, int]]
) -> list[np.ndarray]:
    """Of a shard of `shape` (R, t, H) as stored: for every (row, first step, step after the last) an array
    (steps, H). No map of the file is made, which costs ten times as much as to read a few steps, and a place
    among the files that a process may have open. Raises RecordError.
    """
    rows, steps, units = shape
    kind = np.dtype(dtype)
    step_bytes, found = units * kind.itemsize, []
    try:
        with open(path, "rb", buffering=0) as file:
            # a shard's numbers are the file's end, whatever its header's length
            header = os.fstat(file.fileno()).st_size - rows * steps * step_bytes
            if not 64 <= header <= 65_536:
                raise RecordError(f"array '{path}' has not the size that its manifest says; replay it again")
            for row, first, stop in stretches:
                file.seek(header + (row * steps + first) * step_bytes)
                content = file.read((stop - first) * step_bytes)
                found.append(np.frombuffer(content, kind).reshape(stop - first, units))
    except (OSError, ValueError) as error:
        raise RecordError(f"array '{path}' cannot be read ({error}); replay it again") from None
    return found
