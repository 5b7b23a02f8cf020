"""Corpus: a text as ids, its alphabet, and which characters train, validate and test. Knows no source and no
model.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from rnnscope.errors import ConfigError, CorpusError, RecordError, did_you_mean
from rnnscope.records.folder import Manifest, is_whole, load_array

PartName = Literal["train", "validation", "test"]
PARTS: tuple[PartName, ...] = ("train", "validation", "test")
AlphabetKind = Literal["bytes", "chars"]
SplitKind = Literal["streams", "contiguous"]
Language = Literal["prose", "python", "c"]


class PartRows(BaseModel):
    """Equal rows of one part: row r has inputs ids[starts[r] : starts[r] + row_chars] and targets one further
    on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    starts: tuple[int, ...]
    """First input of every row, as an index into the ids."""
    row_chars: int
    """Inputs, and so predicted characters, of every row."""

    @property
    def rows(self) -> int:
        return len(self.starts)

    @property
    def chars(self) -> int:
        """Characters predicted in this part."""
        return self.rows * self.row_chars


class CorpusManifest(Manifest):
    kind: Literal["corpus"] = "corpus"
    name: str
    source: dict[str, str | int | list[str]]
    """Where the text came from: kind, file or folder names, versions, seed."""
    text_sha256: str
    """Of the text's bytes, as read (unpacked), after joining and cutting."""
    text_bytes: int
    ids_chars: int
    """Length of the ids array."""
    alphabet_kind: AlphabetKind
    symbols: int
    """V, the size of the alphabet."""
    language: Language
    """Which rules annotate the text: what a quote, a comment, an opening bracket is."""
    split_kind: SplitKind
    fractions: tuple[float, float, float]
    parts: dict[PartName, PartRows]
    fingerprint: str
    """sha256 over ids, alphabet and split: two corpora with the same one are the same."""


@dataclass(frozen=True)
class Corpus:
    """A corpus on disk. `ids` is memory-mapped; nothing is read before it is asked for."""

    folder: Path
    manifest: CorpusManifest

    @classmethod
    def read(cls, folder: Path) -> "Corpus":
        return cls(folder, CorpusManifest.read(folder))

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def symbols(self) -> int:
        """V, the size of the alphabet."""
        return self.manifest.symbols

    @cached_property
    def ids(self) -> np.ndarray:
        """Shape (ids_chars,), uint8, uint16 or uint32, memory-mapped; position in the text -> index in the
        alphabet.
        """
        return load_array(self.folder / "ids.npy")

    @cached_property
    def codes(self) -> np.ndarray:
        """Shape (V,), uint32, ascending: the byte value or Unicode code point of every symbol."""
        return np.asarray(load_array(self.folder / "alphabet.npy"))

    @property
    def alphabet(self) -> "Alphabet":
        return Alphabet(self.codes, self.manifest.alphabet_kind)

    def part(self, name: str) -> PartRows:
        """The rows of 'train', 'validation' or 'test'. Raises ConfigError for any other name."""
        if name not in PARTS:
            raise ConfigError(f"no part '{name}'; {did_you_mean(name, PARTS)}")
        return self.manifest.parts[name]

    def inputs(self, part: PartRows, rows: slice = slice(None), steps: slice = slice(None)) -> np.ndarray:
        """Shape (R, T): what a predictor reads, a copy; of `steps` alone nothing else is read."""
        return np.stack([self.ids[start : start + part.row_chars][steps] for start in part.starts[rows]])

    def targets(self, part: PartRows, rows: slice = slice(None)) -> np.ndarray:
        """Shape (R, T): what is to be predicted at each step, the character after the input."""
        return np.stack([self.ids[start + 1 : start + 1 + part.row_chars] for start in part.starts[rows]])

    def text(self, start: int, stop: int) -> str:
        """Characters start..stop of the text, one Python character per id (bytes as Latin-1)."""
        return self.alphabet.decode(self.ids[start:stop])


WHITE = {"\n": "↵", "\t": "→", "\r": "←"}
"""Signs for the white space that has a name and moves what follows."""
_IN_WORDS = {9: "tab", 10: "newline", 13: "carriage return", 32: "space"}


@dataclass(frozen=True)
class Alphabet:
    """Symbols in ascending order of byte value or code point."""

    codes: np.ndarray
    """Shape (V,), uint32."""
    kind: AlphabetKind

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def symbols(self) -> list[str]:
        """One Python character per symbol (bytes as Latin-1)."""
        return [chr(code) for code in self.codes]

    @property
    def names(self) -> list[str]:
        """Every symbol in words where it cannot be seen: 'space', 'newline', 'U+00AD', 'byte C3'."""
        return [self._name(int(code)) for code in self.codes]

    def _name(self, code: int) -> str:
        if self.kind == "bytes" and code > 126:
            return f"byte {code:02X}"  # a part of a character, or none that is known
        return _IN_WORDS.get(code) or (chr(code) if chr(code).isprintable() else f"U+{code:04X}")

    def decode(self, ids: np.ndarray) -> str:
        """One Python character per id, so that positions in text and ids agree (bytes as Latin-1)."""
        return (
            self.codes[np.asarray(ids, dtype=np.int64)]
            .astype("<u4")
            .tobytes()
            .decode("utf-32-le", "surrogatepass")
        )

    def readable(self, ids: np.ndarray) -> str:
        """Text for people: bytes are read as UTF-8 where they can be."""
        text = self.decode(ids)
        return text.encode("latin-1").decode("utf-8", "replace") if self.kind == "bytes" else text

    def codes_of(self, content: bytes, what: str = "text") -> np.ndarray:
        """Byte values or code points of a text given as bytes, shape (characters,), uint32, in the alphabet
        or not.

        Raises CorpusError where an alphabet of characters meets bytes that are not UTF-8.
        """
        if self.kind == "bytes":
            return np.frombuffer(content, dtype=np.uint8).astype(np.uint32)
        try:
            return np.frombuffer(content.decode("utf-8").encode("utf-32-le"), dtype="<u4")
        except UnicodeDecodeError as error:
            raise CorpusError(
                f"{what} is not UTF-8 (byte {error.start}), and this alphabet is of characters"
            ) from None

    def encode(self, content: bytes, what: str = "text", *, skip_unknown: bool = False) -> np.ndarray:
        """Ids of a text given as bytes, shape (characters,).

        Raises CorpusError as `codes_of` does, and where a symbol is unknown (with `skip_unknown` it is left
        out).
        """
        codes = self.codes_of(content, what)
        ids = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        unknown = self.codes[ids] != codes
        if unknown.any() and not skip_unknown:
            where = int(np.argmax(unknown))
            raise CorpusError(
                f"{int(unknown.sum())} characters of {what} are not in this alphabet of {len(self)} symbols "
                f"(first: {chr(int(codes[where]))!r} at {where}); rnnscope score can leave them out with "
                f"--skip-unknown"
            )
        return ids[~unknown].astype(ids_dtype(len(self.codes)))


def ids_dtype(symbols: int) -> np.dtype:
    """The smallest unsigned integer that holds ids of an alphabet of `symbols`."""
    return np.dtype(np.uint8 if symbols <= 256 else np.uint16 if symbols <= 65536 else np.uint32)


def find_corpus(work: Path, name: str) -> Corpus:
    """The corpus `name` in `work`. Raises RecordError that names the ones there are."""
    folder = work / "corpora" / name
    if not is_whole(folder):
        there = [p.parent.name for p in (work / "corpora").glob("[!.]*/manifest.json")]
        raise RecordError(
            f"no corpus '{name}' in '{work}'; build it with 'rnnscope corpus build' "
            f"({did_you_mean(name, there)})"
        )
    return Corpus.read(folder)
