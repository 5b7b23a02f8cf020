"""A path -> Source: a text that can be read more than once, and where it is from. Knows no corpus."""

import contextlib
import os
import random
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from rnnscope.corpora.reading import (
    PACKED,
    ByteStream,
    Chunks,
    file_chunks,
    first_chars,
    is_pipe,
    joined_chunks,
    readable,
    spooled,
)
from rnnscope.corpora.split import Fractions
from rnnscope.errors import CorpusError
from rnnscope.records.corpus import AlphabetKind, Language, SplitKind

WAR_AND_PEACE = "war-and-peace"
PYTHON_LIBRARY = "python-library"
SHUFFLE_SEED = 2015
_PYTHON_ENDINGS = {".py", ".pyi"}
_C_ENDINGS = {".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".cu", ".java", ".cs"}

Facts = dict[str, str | int | list[str]]


@dataclass(frozen=True)
class Source:
    """A text, before it is a corpus."""

    default_name: str
    title: str
    """What it is called in messages."""
    facts: Facts
    """Where the text comes from, for the manifest; 'kind' is always there."""
    opened: Callable[[Path], AbstractContextManager[Chunks]]
    """Work folder -> the text, readable any number of times within the context. May raise CorpusError."""
    language: Language = "prose"
    alphabet: AlphabetKind | None = None
    """Default; None is `chars` where the text is UTF-8, else `bytes`."""
    split: SplitKind = "contiguous"
    """Default."""
    fractions: Fractions = (0.9, 0.05, 0.05)
    """Default."""
    sha256: str | None = None
    """What the text must be, if that is known."""
    if_other: str = ""
    """What to do where it is not."""
    most_chars: int | None = None
    """Where the text was to be cut; it may be shorter."""


def text_file(path: Path) -> Source:
    """One file, plain, .gz or .xz; a pipe is copied first."""

    @contextlib.contextmanager
    def opened(work: Path) -> Iterator[Chunks]:
        if is_pipe(path):
            with readable(path):
                file = path.open("rb")
            with file, spooled(file, str(path), work) as chunks:
                yield chunks
        else:
            yield lambda: file_chunks(path)

    inner = Path(path.stem) if path.suffix.lower() in PACKED else path
    return Source(
        default_name=_cleaned(inner.stem, "text"),
        title=f"'{path}'",
        facts={"kind": "file", "file": path_text(path)},
        opened=opened,
        language=language_of(inner),
    )


def folder(
    path: Path,
    include: Sequence[str] = ("*",),
    seed: int = SHUFFLE_SEED,
    chars: int | None = None,
    leave_out: Path | None = None,
) -> Source:
    """The files below `path` that match a pattern, sorted by path, shuffled, joined with nothing between.

    So the paper made its Linux corpus. Hidden files and folders and the folder `leave_out` are left out, and
    links to folders not followed. Raises CorpusError where nothing matches or something cannot be read.
    """
    not_here = leave_out.resolve() if leave_out else None
    files = matching_files(path, include, lambda folder: folder.resolve() == not_here)
    if not files:
        raise CorpusError(
            f"no file below '{path}' matches {' '.join(include)}; say which do with --include '*.c' '*.h'"
        )

    @contextlib.contextmanager
    def opened(work: Path) -> Iterator[Chunks]:
        paths = shuffled(files, seed)
        yield lambda: first_chars(joined_chunks(paths), chars)

    facts: dict[str, str | int | list[str]] = {
        "kind": "folder",
        "folder": path_text(path),
        "include": list(include),
    }
    return Source(
        default_name=_cleaned(path.resolve().name, "folder"),
        title=f"'{path}'",
        facts=facts | {"files": len(files), "seed": seed} | ({"chars": chars} if chars else {}),
        opened=opened,
        language=_main_language([file for _, file in files]),
        most_chars=chars,
    )


def standard_input(stdin: ByteStream | None = None) -> Source:
    """What comes in on `stdin`, copied into the work folder while it is needed."""
    return Source(
        default_name="stdin",
        title="standard input",
        facts={"kind": "stdin"},
        opened=lambda work: spooled(stdin or sys.stdin.buffer, "standard input", work),
    )


def matching_files(
    root: Path, include: Sequence[str], is_left_out: Callable[[Path], bool]
) -> list[tuple[str, Path]]:
    """(path below root with /, path) of every matching regular file, sorted by the first.

    Patterns with a / are matched with that path, others with the file's name.
    """

    def refuse(error: OSError) -> None:
        raise error

    found = []
    with readable(root):
        for here, folders, names in os.walk(root, onerror=refuse):
            visible = [name for name in folders if not name.startswith(".")]
            folders[:] = [name for name in visible if not is_left_out(Path(here, name))]
            for name in names:
                path = Path(here, name)
                below = path.relative_to(root).as_posix()
                matches = any(fnmatchcase(below if "/" in pattern else name, pattern) for pattern in include)
                if matches and not name.startswith(".") and path.is_file():
                    found.append((below, path))
    return sorted(found)


def shuffled(files: list[tuple[str, Path]], seed: int) -> list[Path]:
    paths = [path for _, path in files]
    random.Random(seed).shuffle(paths)
    return paths


def language_of(path: Path) -> Language:
    """What the ending of a file's name says."""
    ending = path.suffix.lower()
    return "python" if ending in _PYTHON_ENDINGS else "c" if ending in _C_ENDINGS else "prose"


def _main_language(paths: list[Path]) -> Language:
    """Of more than half of the files' bytes."""
    sizes: dict[Language, int] = {"prose": 0, "python": 0, "c": 0}
    for path in paths:
        with readable(path):
            sizes[language_of(path)] += path.stat().st_size
    language = max(sizes, key=lambda language: sizes[language])
    return language if 2 * sizes[language] > sum(sizes.values()) else "prose"


def _cleaned(name: str, otherwise: str) -> str:
    """`name` as a record's name."""
    name = re.sub(r"[^A-Za-z0-9._=,+-]+", "-", name).strip("-._=,+")
    return name[:100] or otherwise


def path_text(path: Path) -> str:
    """A path as text that JSON can hold, whatever bytes are in it."""
    return os.fsencode(path).decode("utf-8", "replace")
