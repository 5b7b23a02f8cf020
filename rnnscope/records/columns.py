"""Trace -> Columns: one site unit by unit, each unit's whole text in one piece. Knows no question.

A trace lies step by step, all units side by side; to read one unit of it is to read all of it. Columns hold
the same numbers turned, in 127ths of each unit's largest size, and how often each unit has each value that it
has. They are made of a trace and thrown away with it:

    replays/PART/columns/SITE/   manifest.json
                                 values.npy    (H, R, T) int8
                                 scale.npy     (H,) float32: what 127 stands for
                                 levels.npy    (N,) uint16: every value that any unit has, as half_levels.py
                                 below.npy     (H, N + 1) uint32: how many of a unit's values are below each

What they answer is exact all the same: shares are counts over half precision, and where a value in 127ths
does not tell which side of a level it is on, the trace is asked.
"""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np

from rnnscope.progress import OnShare, unheard, within
from rnnscope.records.folder import (
    MANIFEST,
    Manifest,
    explained,
    held,
    is_whole,
    load_array,
    new_record,
    save_array,
)
from rnnscope.records.half_levels import LEVELS, turned, values_of
from rnnscope.records.trace import Trace

SLAB_NUMBERS = 48_000_000
"""Values held in memory at a time, two bytes each."""
FULL = 127


class ColumnsManifest(Manifest):
    kind: Literal["columns"] = "columns"
    site: str
    trace: str
    """`fingerprint` of the trace that they were made of."""
    units: int
    rows: int
    row_chars: int


@dataclass(frozen=True)
class Columns:
    """One site of a trace, unit by unit, memory-mapped."""

    folder: Path
    manifest: ColumnsManifest
    trace: Trace

    @property
    def shape(self) -> tuple[int, int, int]:
        """(R, T, H)."""
        return self.manifest.rows, self.manifest.row_chars, self.manifest.units

    @cached_property
    def values_HRT(self) -> np.ndarray:
        """int8, in 127ths of `scale_H`."""
        return load_array(self.folder / "values.npy")

    @cached_property
    def scale_H(self) -> np.ndarray:
        """float32: the largest size of each unit, 1 for one that is always 0."""
        return np.asarray(load_array(self.folder / "scale.npy"))

    @cached_property
    def _levels_N(self) -> np.ndarray:
        """The values that occur, float32, ascending."""
        return values_of(load_array(self.folder / "levels.npy")).astype(np.float32)

    @cached_property
    def _below_HN(self) -> np.ndarray:
        return load_array(self.folder / "below.npy")

    def check(self) -> None:
        """Raises RecordError where a file is missing or is shorter than it says; reads no values."""
        for name in ("values", "scale", "levels", "below"):
            load_array(self.folder / f"{name}.npy")

    def at(self, rows_N: np.ndarray, steps_N: np.ndarray) -> np.ndarray:
        """Values at N places, shape (N, H), as the trace has them."""
        return self.trace.at(self.manifest.site, rows_N, steps_N)

    def unit(self, unit: int, row: int, steps: slice) -> np.ndarray:
        """float32 values of one unit in a stretch of a row, within 1/254 of its scale."""
        return self.values_HRT[unit, row, steps] * (self.scale_H[unit] / np.float32(FULL))

    def share_beyond(self, levels_H: np.ndarray, side_H: np.ndarray) -> np.ndarray:
        """Share of all characters where each unit, in half precision, is above its level (side 1) or below it
        (side -1)."""
        units, chars = np.arange(self.manifest.units), self.manifest.rows * self.manifest.row_chars
        above_H = chars - self._below_HN[units, np.searchsorted(self._levels_N, levels_H, side="right")]
        below_H = self._below_HN[units, np.searchsorted(self._levels_N, levels_H, side="left")]
        return np.where(side_H > 0, above_H, below_H) / chars

    def beyond(self, unit: int, level: float, side: int) -> np.ndarray:
        """Where a unit, in half precision, is above a level (side 1) or below it (side -1), bool (R, T)."""
        near = int(quantised(np.full(1, level, np.float32), float(self.scale_H[unit]))[0])
        values_RT = self.values_HRT[unit]
        found_RT = values_RT > near if side > 0 else values_RT < near
        rows, steps = np.nonzero(values_RT == near)
        if len(rows):  # these are on either side: the trace itself says
            exact = self.trace.at(self.manifest.site, rows, steps, unit)
            exact = exact.astype(np.float16).astype(np.float32)
            found_RT[rows, steps] = exact > np.float32(level) if side > 0 else exact < np.float32(level)
        return found_RT


def quantised(values: np.ndarray, scale: float) -> np.ndarray:
    """Values of any shape as int8 in 127ths of `scale`; never falls where values rise."""
    per_127 = np.float32(FULL) / np.float32(scale)
    return np.rint(np.clip(values * per_127, -FULL, FULL)).astype(np.int8)


def fingerprint(trace: Trace) -> str:
    """sha256 over what a trace says of itself: columns of another one are stale."""
    return hashlib.sha256((trace.folder / MANIFEST).read_bytes()).hexdigest()


def columns_folder(trace: Trace, site: str, beside: Path | None = None) -> Path:
    """Where the columns of a site are kept: beside the trace, or in a folder that is given."""
    if beside is None:
        return trace.folder.parent / "columns" / site
    return beside / fingerprint(trace)[:16] / site


def find_columns(trace: Trace, site: str, folder: Path) -> Columns | None:
    """The columns of this very trace in `folder`; None where there are none, or another's."""
    if not is_whole(folder):
        return None
    manifest = ColumnsManifest.read(folder)
    is_this = (manifest.site, manifest.trace) == (site, fingerprint(trace))
    return Columns(folder, manifest, trace) if is_this else None


def build_columns(trace: Trace, site: str, folder: Path, progress: OnShare = unheard) -> Columns:
    """Columns of a site in `folder`, made where they are not there or stale; memory is that of one slab.

    `progress` is told the share that is done, and may raise to stop. Raises RecordError for a site that the
    trace does not have and where the disk refuses.
    """
    trace.at(site, np.zeros(1, np.int64), np.zeros(1, np.int64))  # a site that is not there is said first
    with held(folder, lambda: None):
        if (known := find_columns(trace, site, folder)) is not None:
            return known
        for left in folder.parent.glob(f".{folder.name}.partial-*"):  # of a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        with new_record(folder) as partial:
            _fill(partial, trace, site, progress)
    manifest = ColumnsManifest.read(folder)
    return Columns(folder, manifest, trace)


def _fill(partial: Path, trace: Trace, site: str, progress: OnShare) -> None:
    of = trace.manifest
    units, chars = of.sites[site], of.rows * of.row_chars
    counts_HL = np.zeros((units, LEVELS), np.uint32)
    scale_H = np.ones(units, np.float32)
    header = np.lib.format.header_data_from_array_1_0(np.empty((0, 0, 0), np.int8))
    with explained(f"'{partial}'"), (partial / "values.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header | {"shape": (units, of.rows, of.row_chars)})
        for some, levels_URT in _slabs(trace, site, progress):
            for unit, levels_RT in zip(range(some.start, some.stop), levels_URT, strict=True):
                counts_HL[unit] = np.bincount(levels_RT.ravel(), minlength=LEVELS)
                scale_H[unit] = _largest(np.flatnonzero(counts_HL[unit]))
                # a table of every value in half precision: quicker than to reckon with each
                table = quantised(_VALUES, float(scale_H[unit]))
                file.write(np.take(table, levels_RT).data)
    levels_N = np.flatnonzero(counts_HL.any(axis=0))
    below_HN = np.zeros((units, len(levels_N) + 1), np.uint32)
    np.cumsum(counts_HL[:, levels_N], axis=1, out=below_HN[:, 1:])
    assert int(below_HN[:, -1].min(initial=chars)) == chars
    for name, array in (("scale", scale_H), ("levels", levels_N.astype(np.uint16)), ("below", below_HN)):
        save_array(partial / f"{name}.npy", array)
    ColumnsManifest(
        site=site,
        trace=fingerprint(trace),
        units=units,
        rows=of.rows,
        row_chars=of.row_chars,
        parents=of.parents,
        command=of.command,
    ).write(partial)


_VALUES = np.nan_to_num(values_of(np.arange(LEVELS)).astype(np.float32), nan=0, posinf=0, neginf=0)
"""Every number of half precision, by level; no trace holds those that are none."""


def _largest(levels: np.ndarray) -> float:
    return float(np.abs(_VALUES[levels[[0, -1]]]).max()) or 1.0


def _slabs(trace: Trace, site: str, progress: OnShare) -> Iterator[tuple[slice, np.ndarray]]:
    """(units, their levels (U, R, T)), one slab after the other."""
    values = trace.site_values(site)
    rows, steps, units = values.shape
    width = max(1, min(units, SLAB_NUMBERS // max(1, rows * steps)))
    for first in range(0, units, width):
        some = slice(first, min(units, first + width))
        told = within(progress, first / units, some.stop / units)
        yield some, turned(values.blocks(slice(None), some), (some.stop - first, rows, steps), told)
