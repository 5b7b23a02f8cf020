"""CountModel: how often every character followed every context, of every length up to N. Knows no smoothing.

counts/CORPUS/text.npy, order.npy      the rows that were counted; their positions, contexts in sorted order
              levels/07/*.npy          contexts of 7 characters that occurred twice or more, and what followed
              manifest.json            discounts, sizes, which corpus

A context that occurred once is not written down: it is one position of the sorted order, and the text has it.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from rnnscope.errors import RecordError
from rnnscope.records.folder import Manifest, is_whole, load_array, new_record, save_array

_LEVEL_ARRAYS = ("starts", "sizes", "pair_offsets", "pair_symbols", "pair_raw")


class Discounts(BaseModel):
    """What modified Kneser-Ney takes off counts of 1, 2, and 3 or more at one context length."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    one: float
    two: float
    three_plus: float
    counts_of_counts: tuple[int, int, int, int]
    """How many pairs (context, symbol) have count 1, 2, 3, 4."""
    is_fallback: bool
    """The counts of counts gave no usable discounts, and 0.5, 1, 1.5 stand in."""


class LevelFacts(BaseModel):
    """Sizes and discounts of one context length."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    nodes: int
    """Contexts that occurred twice or more."""
    pairs: int
    """Pairs of such a context and a symbol that followed it."""
    raw: Discounts
    """For counts of occurrences: this length is the model's longest."""
    continuation: Discounts | None
    """For counts of distinct symbols to the left: a longer context backed off to this one. None at length
    N.
    """


class CountManifest(Manifest):
    kind: Literal["count_model"] = "count_model"
    corpus: str
    corpus_fingerprint: str
    part: str
    symbols: int
    """V, the size of the alphabet."""
    context: int
    """N, the longest context counted."""
    chars: int
    """Pairs (context, next character) counted."""
    levels: list[LevelFacts]
    """One for every context length 0..N."""

    @property
    def fingerprint(self) -> str:
        """The same for the same counts, whatever the longest context: every shorter one is then the same."""
        return hashlib.sha256(f"counts of {self.part} of {self.corpus_fingerprint}".encode()).hexdigest()


@dataclass(frozen=True)
class Level:
    """Contexts of one length that occurred twice or more ("nodes"), in sorted order, and their successors."""

    starts: np.ndarray
    """Shape (nodes,), ascending: node i is the places starts[i] : starts[i] + sizes[i] of the sorted
    order.
    """
    sizes: np.ndarray
    """Shape (nodes,): how often the context occurred."""
    pair_offsets: np.ndarray
    """Shape (nodes + 1,): node i has the pairs pair_offsets[i] : pair_offsets[i + 1]."""
    pair_symbols: np.ndarray
    """Shape (pairs,): a symbol that followed, ascending within a node."""
    pair_raw: np.ndarray
    """Shape (pairs,): how often it followed."""
    pair_continuations: np.ndarray | None
    """Shape (pairs,): how many distinct symbols stood left of context and symbol, the start of a row being
    one. None at length N.
    """
    raw_discounts: Discounts
    continuation_discounts: Discounts | None

    @property
    def facts(self) -> LevelFacts:
        return LevelFacts(
            nodes=len(self.starts),
            pairs=len(self.pair_symbols),
            raw=self.raw_discounts,
            continuation=self.continuation_discounts,
        )


@dataclass(frozen=True)
class Counts:
    """Every context length 0..N in one structure: training positions, sorted by what stands before them."""

    symbols: int
    """V; the code V in `text` is the boundary before and after every row."""
    context: int
    """N, the longest context."""
    text: np.ndarray
    """The rows that were counted, with boundaries; at least N of them come first."""
    order: np.ndarray
    """Shape (chars,): positions in `text`, sorted by text[p], text[p - 1], ... down to N symbols."""
    levels: tuple[Level, ...]

    @property
    def chars(self) -> int:
        """Pairs (context, next character) counted."""
        return len(self.order)

    @property
    def fallbacks(self) -> list[str]:
        """Which discounts could not be estimated and are 0.5, 1, 1.5 instead, in words; empty if none."""
        return fallbacks([level.facts for level in self.levels])


def fallbacks(levels: list[LevelFacts]) -> list[str]:
    """Which discounts could not be estimated and are 0.5, 1, 1.5 instead, in words; empty if none."""
    raw = [f"counts after {k} characters" for k, level in enumerate(levels) if level.raw.is_fallback]
    continuation = [
        f"continuation counts after {k} characters"
        for k, level in enumerate(levels)
        if level.continuation is not None and level.continuation.is_fallback
    ]
    return raw + continuation


@dataclass(frozen=True)
class CountModel:
    """Counts on disk, memory-mapped: nothing is read before it is asked for."""

    folder: Path
    manifest: CountManifest

    @classmethod
    def read(cls, folder: Path) -> "CountModel":
        return cls(folder, CountManifest.read(folder))

    @property
    def symbols(self) -> int:
        """V, the size of the alphabet."""
        return self.manifest.symbols

    @property
    def context(self) -> int:
        """N, the longest context counted."""
        return self.manifest.context

    @property
    def fallbacks(self) -> list[str]:
        """Which discounts could not be estimated and are 0.5, 1, 1.5 instead, in words; empty if none."""
        return fallbacks(self.manifest.levels)

    @property
    def disk_bytes(self) -> int:
        """Of all its arrays."""
        paths = [*self.folder.glob("*.npy"), *self.folder.glob("levels/*/*.npy")]
        return sum(path.stat().st_size for path in paths)

    @cached_property
    def counts(self) -> Counts:
        """Raises RecordError where an array is missing or broken."""
        levels = tuple(_read_level(self.folder, k, facts) for k, facts in enumerate(self.manifest.levels))
        text, order = (np.asarray(load_array(self.folder / f"{name}.npy")) for name in ("text", "order"))
        return Counts(self.symbols, self.context, text, order, levels)


def _level_folder(folder: Path, level: int) -> Path:
    return folder / "levels" / f"{level:02d}"


def _read_level(folder: Path, level: int, facts: LevelFacts) -> Level:
    def read(name: str) -> np.ndarray:
        return np.asarray(load_array(_level_folder(folder, level) / f"{name}.npy"))

    continuations = read("pair_continuations") if facts.continuation is not None else None
    starts, sizes, offsets, symbols, raw = (read(name) for name in _LEVEL_ARRAYS)
    return Level(starts, sizes, offsets, symbols, raw, continuations, facts.raw, facts.continuation)


def write_count_model(folder: Path, manifest: CountManifest, counts: Counts) -> CountModel:
    """Writes a whole record or nothing. Raises RecordError where the disk refuses."""
    with new_record(folder) as partial:
        save_array(partial / "text.npy", counts.text)
        save_array(partial / "order.npy", counts.order)
        for k, level in enumerate(counts.levels):
            _level_folder(partial, k).mkdir(parents=True)
            for name in (*_LEVEL_ARRAYS, "pair_continuations"):
                array = getattr(level, name)
                if array is not None:
                    save_array(_level_folder(partial, k) / f"{name}.npy", array)
        manifest.write(partial)
    return CountModel.read(folder)


def find_count_model(work: Path, corpus: str) -> CountModel:
    """The count model of `corpus` in `work`. Raises RecordError that says how to build it."""
    folder = work / "counts" / corpus
    if not is_whole(folder):
        raise RecordError(
            f"no count model of '{corpus}' in '{work}'; build it with 'rnnscope ngram {corpus}'"
        )
    return CountModel.read(folder)
