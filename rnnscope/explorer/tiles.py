"""Windows of a trace, of losses and of tracks, as numbers and as tiles: bytes to colour text with.

A tile holds one site of one layer, all its units, over some steps of a row: int8 in 127ths of a scale, step
after step. A unit is flipped without asking again. Knows no web.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from rnnscope.corpora.annotate import annotate_part
from rnnscope.corpora.tracks import Track
from rnnscope.counters import is_bounded
from rnnscope.errors import ConfigError, RecordError, did_you_mean
from rnnscope.explorer.kept import Kept
from rnnscope.explorer.lines import check_place
from rnnscope.records.columns import Columns
from rnnscope.records.corpus import Corpus
from rnnscope.records.folder import load_array
from rnnscope.records.surprisal import Surprisal
from rnnscope.records.trace import Trace, read_steps, scale_path, shard_path

NONE = -128
"""In a tile: no value here."""
FULL_NATS = 6.0
"""Surprise that has the full colour: one scale for all predictors, so that they can be told apart by eye."""
SHORT_STEPS = 256
"""A shard with fewer is read beside many others: with 1,000,000 characters of 512 units, one has 6 to 60."""
SAMPLE_NUMBERS = 4_000_000
"""Numbers that the scale of another site is taken from: all of a small trace."""


@dataclass(frozen=True)
class Tile:
    """Steps of one row, coloured."""

    values_TH: np.ndarray
    """int8, 127ths of `scale`, NONE where there is no value; larger values are cut."""
    scale: float


def check_traced(trace: Trace, site: str, row: int, step: int) -> None:
    """Raises RecordError for a site that was not traced, ConfigError for a place."""
    manifest = trace.manifest
    if site not in manifest.sites:
        raise RecordError(f"no site '{site}' was traced; {did_you_mean(site, manifest.sites)}")
    check_place(manifest.rows, manifest.row_chars, row, step)


def values_at(trace: Trace, site: str, row: int, first: int, stop: int) -> np.ndarray:
    """Shape (T, H), float32: a site over steps first..stop of a row, to the trace's end at most.

    Raises RecordError for a site that was not traced, ConfigError for a place that was not.
    """
    check_traced(trace, site, row, first)
    stored_TH, scale_TH = _stored(trace, site, row, first, stop)
    return stored_TH.astype(np.float32) if scale_TH is None else stored_TH * (scale_TH / np.float32(127))


def site_tile(trace: Trace, site: str, row: int, first: int, stop: int, units: slice = slice(None)) -> Tile:
    """Units of a site, by default all, over steps first..stop of a row. Raises as `values_at` does."""
    check_traced(trace, site, row, first)
    scale = scale_of(trace, site)
    stored_TH, scale_TH = _stored(trace, site, row, first, stop)
    stored_TH = np.ascontiguousarray(stored_TH[:, units])
    scale_TH = None if scale_TH is None else scale_TH[:, units]
    if stored_TH.dtype == np.float16:
        # all 65,536 halves are worked out once: 5 times quicker than their arithmetic
        return Tile(_halves(scale)[stored_TH.view(np.uint16)], scale)
    values_TH = stored_TH if scale_TH is None else stored_TH * (scale_TH / np.float32(127))
    return Tile(_in_127ths(values_TH, scale), scale)


def turned_tile(columns: Columns, row: int, first: int, stop: int, units: slice = slice(None)) -> Tile:
    """The same from a site's columns, within a 127th: one place of the disk for each unit, however many
    shards the steps lie in. Raises as `values_at` does.
    """
    check_traced(columns.trace, columns.manifest.site, row, first)
    scale = scale_of(columns.trace, columns.manifest.site)
    factor_H = columns.scale_H[units] / np.float32(scale)
    values_HT = columns.values_HRT[units, row, first:stop] * factor_H[:, None]
    return Tile(np.ascontiguousarray(np.rint(np.clip(values_HT, -127, 127)).astype(np.int8).T), scale)


def is_scattered(trace: Trace) -> bool:
    """Whether a screen of text lies in so many shards that it is slow to read."""
    return max(trace.manifest.shards, default=SHORT_STEPS) < SHORT_STEPS


_scales: Kept[float] = Kept(256)
_tables: Kept[np.ndarray] = Kept(32)


def scale_of(trace: Trace, site: str) -> float:
    """What has the full colour: 1 for gates and outputs; for a site without bounds, as c, its largest size
    over SAMPLE_NUMBERS spread over the trace.
    """
    if is_bounded(site):
        return 1.0
    key = (str(trace.folder), trace.manifest.parents.get("run"), trace.manifest.shards[0], site)
    return _scales.get(key, lambda: _largest(trace, site))


def _largest(trace: Trace, site: str) -> float:
    manifest = trace.manifest
    shards, sizes = len(manifest.shards), [0.0]
    taken = max(1, SAMPLE_NUMBERS // max(1, manifest.rows * max(manifest.shards) * manifest.sites[site]))
    for shard in np.unique(np.linspace(0, shards - 1, min(shards, taken)).round().astype(int)):
        if manifest.dtype == "int8":
            sizes.append(float(load_array(scale_path(trace.folder, site, int(shard))).max(initial=0)))
        else:
            stored = load_array(shard_path(trace.folder, site, int(shard))).reshape(-1)
            step = max(1, stored.size // SAMPLE_NUMBERS)
            sizes.append(float(np.abs(stored[::step]).max(initial=0)))
    return max(sizes) or 1.0


def _halves(scale: float) -> np.ndarray:
    def made() -> np.ndarray:
        every = np.arange(65536, dtype=np.uint16).view(np.float16)
        return _in_127ths(np.nan_to_num(every).astype(np.float32), scale)

    return _tables.get(scale, made)


def _in_127ths(values: np.ndarray, scale: float) -> np.ndarray:
    return np.clip(np.rint(values * np.float32(127 / scale)), -127, 127).astype(np.int8)


def _stored(trace: Trace, site: str, row: int, first: int, stop: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Shape (T, H) as stored, and for int8 what 127 stands for, of that shape too."""
    manifest = trace.manifest
    ends_N = np.cumsum(manifest.shards)
    pieces = []
    # a trace may have thousands of shards
    for shard in range(ends_N.searchsorted(first, "right"), min(ends_N.searchsorted(stop) + 1, len(ends_N))):
        steps = manifest.shards[shard]
        begin = int(ends_N[shard]) - steps
        pieces.append((shard, steps, max(first - begin, 0), min(stop - begin, steps)))

    units = manifest.sites[site]
    # the names of hundreds of files: pathlib would take as long as the reading
    folder = f"{shard_path(trace.folder, site, 0).parent}{os.sep}"

    def read(some: list[tuple[int, int, int, int]]) -> list[np.ndarray]:
        return [
            read_steps(
                f"{folder}{shard:05d}.npy",
                (manifest.rows, steps, units),
                manifest.dtype,
                [(row, low, high)],
            )[0]
            for shard, steps, low, high in some
        ]

    # a window may lie in hundreds of shards: what is not in memory is waited for together
    share = max(32, -(-len(pieces) // READERS))
    shares = [pieces[at : at + share] for at in range(0, len(pieces), share)]
    several = _readers.map(read, shares) if len(shares) > 1 else map(read, shares)
    stored = [each for some in several for each in some]
    if manifest.dtype != "int8":
        return np.concatenate(stored), None
    scales = [
        np.broadcast_to(load_array(scale_path(trace.folder, site, shard)), (high - low, units))
        for shard, _, low, high in pieces
    ]
    return np.concatenate(stored), np.concatenate(scales)


READERS = 8
_readers = ThreadPoolExecutor(READERS, thread_name_prefix="shards")


def surprise_tile(surprisal: Surprisal, row: int, first: int, stop: int) -> Tile:
    """How surprising each character was, shape (T, 1): that of step t is what was lost at step t - 1. A row's
    first character was not predicted. Raises ConfigError for a place that was not scored.
    """
    check_place(surprisal.manifest.rows, surprisal.manifest.row_chars, row, first)
    stop = min(stop, surprisal.manifest.row_chars)
    nats = np.asarray(surprisal.nats_RT[row, max(first - 1, 0) : stop - 1])
    values = _in_127ths(nats, FULL_NATS)
    if first == 0:
        values = np.concatenate(([np.int8(NONE)], values))
    return Tile(values[:, None], FULL_NATS)


_tracks: Kept[Tile] = Kept(16)


def track_tile(corpus: Corpus, part: str, track: Track, row: int, first: int, stop: int) -> Tile:
    """What the text says of each character, shape (T, 1): a flag as 0 and 1, a graded track in parts of its
    largest size in the part. Raises ConfigError for a place beyond the part.
    """
    rows = corpus.part(part)
    check_place(rows.rows, rows.row_chars, row, first)
    whole = track_of_part(corpus, part, track)
    return Tile(whole.values_TH[row, first:stop, None], whole.scale)


def track_of_part(corpus: Corpus, part: str, track: Track) -> Tile:
    """A track over a whole part, (R, T), worked out once."""

    def made() -> Tile:
        values_RT = annotate_part(corpus, corpus.part(part), tracks=[track])[track.name]
        scale = float(np.abs(values_RT).max(initial=0)) or 1.0
        return Tile(_in_127ths(values_RT.astype(np.float32), scale), scale)

    return _tracks.get((corpus.manifest.fingerprint, part, track.name), made)


def track_named(tracks: list[Track], name: str) -> Track:
    """Raises ConfigError."""
    for track in tracks:
        if track.name == name:
            return track
    raise ConfigError(f"no track '{name}'; {did_you_mean(name, [track.name for track in tracks])}")
