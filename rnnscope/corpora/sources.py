"""A word or path -> Source: a text that can be read more than once, and where it is from. Knows no record."""

import contextlib
import os
import platform
import random
import re
import stat
import sys
import sysconfig
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

from rnnscope.corpora.reading import (
    PACKED,
    Chunks,
    file_chunks,
    first_chars,
    is_pipe,
    joined_chunks,
    readable,
    spooled,
)
from rnnscope.corpora.split import Fractions
from rnnscope.errors import ConfigError, CorpusError, did_you_mean
from rnnscope.records.corpus import AlphabetKind, Language, SplitKind

WAR_AND_PEACE = "war-and-peace"
WAR_AND_PEACE_URL = "https://cs.stanford.edu/people/karpathy/char-rnn/warpeace_input.txt"
WAR_AND_PEACE_SHA256 = "fb66ba999dafe24017cdd59e04c56d385a9c8466993d374fd4c6f08b2142985e"
PYTHON_LIBRARY = "python-library"
PYTHON_LIBRARY_CHARS = 3_000_000
SHUFFLE_SEED = 2015
_PYTHON_ENDINGS = {".py", ".pyi"}
_C_ENDINGS = {".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".cu", ".java", ".cs"}

# Left out of python-library: tests and generated tables, which are no code that people wrote to be read, and
# what Linux distributions ship apart, since the text should depend on Python's version alone.
_LEFT_OUT_FOLDERS = {"test", "tests", "idle_test", "encodings", "pydoc_data", "__pycache__", "site-packages"}
_LEFT_OUT_MODULES = {"idlelib", "lib2to3", "distutils", "ensurepip", "tkinter", "turtledemo", "turtle"}
_LEFT_OUT_FILES = {"html/entities.py", "keyword.py", "re/_casefix.py", "stringprep.py", "token.py"}


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


def source_from(
    text: str,
    *,
    file: Path | None = None,
    include: Sequence[str] | None = None,
    chars: int | None = None,
    seed: int | None = None,
    stdin: BinaryIO | None = None,
) -> Source:
    """The source that a command line means: 'war-and-peace', 'python-library', '-', a file or a folder.

    Raises ConfigError for anything else and for an option that this source does not have.
    """
    path = Path(text)
    kind = _kind_of(text, path)
    options = {"--file": file, "--include": include, "--chars": chars, "--seed": seed}
    takes = {
        WAR_AND_PEACE: ["--file"],
        PYTHON_LIBRARY: ["--chars", "--seed"],
        "folder": ["--include", "--chars", "--seed"],
    }
    for option, value in options.items():
        if value is not None and option not in takes.get(kind, []):
            whose = ", ".join(source for source, options in takes.items() if option in options)
            raise ConfigError(f"{option} is for {whose} only, and '{text}' is {_ARTICLES[kind]}")
    seed = SHUFFLE_SEED if seed is None else seed
    if chars is not None and chars < 1:
        raise ConfigError(f"--chars {chars} is not a positive number")
    if kind == WAR_AND_PEACE:
        return war_and_peace(file)
    if kind == PYTHON_LIBRARY:
        return python_library(chars or PYTHON_LIBRARY_CHARS, seed)
    if kind == "stdin":
        return standard_input(stdin)
    return folder(path, include or ["*"], seed, chars) if kind == "folder" else text_file(path)


_ARTICLES = {
    WAR_AND_PEACE: "a known text",
    PYTHON_LIBRARY: "this Python's library",
    "stdin": "standard input",
    "folder": "a folder",
    "file": "a file",
}


def _kind_of(text: str, path: Path) -> str:
    if text in (WAR_AND_PEACE, PYTHON_LIBRARY):
        return text
    if text == "-":
        return "stdin"
    try:
        mode = path.stat().st_mode
    except PermissionError:
        raise CorpusError(f"'{text}' cannot be read: permission denied") from None
    except (OSError, ValueError):
        hint = did_you_mean(text, [WAR_AND_PEACE, PYTHON_LIBRARY])
        raise ConfigError(
            f"no file or folder '{text}' to make a corpus of; {hint} ('-' is standard input)"
        ) from None
    return "folder" if stat.S_ISDIR(mode) else "file"


def war_and_peace(file: Path | None = None, cache: Path | None = None) -> Source:
    """War and Peace as the 2015 paper had it, from `file` (plain, .gz, .xz) or else downloaded to `cache`.

    Either way its sha256 is checked. `bytes`, `streams` and 0.8, 0.1, 0.1, its defaults, give the paper's 87
    symbols and 2,600,000, 320,000 and 330,000 characters.
    """

    @contextlib.contextmanager
    def opened(work: Path) -> Iterator[Chunks]:
        path = _download(cache) if file is None else file
        yield lambda: file_chunks(path)

    facts: Facts = {"kind": WAR_AND_PEACE, "url": WAR_AND_PEACE_URL}
    return Source(
        default_name=WAR_AND_PEACE,
        title=WAR_AND_PEACE if file is None else f"'{file}'",
        facts=facts | ({"file": _said(file)} if file else {}),
        opened=opened,
        alphabet="bytes",
        split="streams",
        fractions=(0.8, 0.1, 0.1),
        sha256=WAR_AND_PEACE_SHA256,
        if_other=f"take {WAR_AND_PEACE_URL}, or make a corpus of the file itself, under another name",
    )


def _download(cache: Path | None) -> Path:
    import pooch

    try:
        known = f"sha256:{WAR_AND_PEACE_SHA256}"
        return Path(pooch.retrieve(WAR_AND_PEACE_URL, known, path=cache or pooch.os_cache("rnnscope")))
    except (OSError, ValueError) as error:  # requests' errors are OSErrors; ValueError: another hash
        reason = re.sub(r"\s+", " ", str(error))[:200]
        raise CorpusError(
            f"{WAR_AND_PEACE_URL} cannot be downloaded ({reason}); get it another way and say --file PATH, "
            f"or use '{PYTHON_LIBRARY}', which needs no download"
        ) from None


def python_library(chars: int = PYTHON_LIBRARY_CHARS, seed: int = SHUFFLE_SEED) -> Source:
    """The first `chars` characters of this Python's standard library, its files sorted, shuffled and joined.

    The same for every machine with one version of Python, but for what a distribution has patched.
    """

    @contextlib.contextmanager
    def opened(work: Path) -> Iterator[Chunks]:
        paths = _shuffled(_library_files(), seed)
        yield lambda: first_chars(joined_chunks(paths), chars)

    return Source(
        default_name=PYTHON_LIBRARY,
        title="this Python's standard library",
        facts={
            "kind": PYTHON_LIBRARY,
            "python": platform.python_version(),
            "implementation": platform.python_implementation(),
            "seed": seed,
            "chars": chars,
        },
        opened=opened,
        language="python",
        most_chars=chars,
    )


def _library_files() -> list[tuple[str, Path]]:
    root = Path(sysconfig.get_paths()["stdlib"])
    files = [(name, path) for name, path in _walk(root, ["*.py"], _LEFT_OUT_FOLDERS) if _is_library(name)]
    if not files:
        raise CorpusError(f"this Python keeps no library source in '{root}'; name a file or a folder instead")
    return files


def _is_library(name: str) -> bool:
    """Whether a path below the standard library's folder is code of its own that people wrote."""
    module = name.split("/")[0].removesuffix(".py")
    return (
        module in sys.stdlib_module_names and module not in _LEFT_OUT_MODULES and name not in _LEFT_OUT_FILES
    )


def text_file(path: Path) -> Source:
    """One file, plain, .gz or .xz; a pipe is copied first."""

    @contextlib.contextmanager
    def opened(work: Path) -> Iterator[Chunks]:
        if is_pipe(path):
            with readable(path), path.open("rb") as file, spooled(file, str(path), work) as chunks:
                yield chunks
        else:
            yield lambda: file_chunks(path)

    inner = Path(path.stem) if path.suffix.lower() in PACKED else path
    return Source(
        default_name=_cleaned(inner.stem, "text"),
        title=f"'{path}'",
        facts={"kind": "file", "file": _said(path)},
        opened=opened,
        language=language_of(inner),
    )


def folder(
    path: Path, include: Sequence[str] = ("*",), seed: int = SHUFFLE_SEED, chars: int | None = None
) -> Source:
    """The files below `path` that match a pattern, sorted by path, shuffled, joined with nothing between.

    So the paper made its Linux corpus. Hidden files and folders are left out; links to folders are not
    followed. Raises CorpusError where nothing matches.
    """
    with readable(path):
        os.listdir(path)
    files = _walk(path, include)
    if not files:
        raise CorpusError(
            f"no file below '{path}' matches {' '.join(include)}; say which do with --include '*.c' '*.h'"
        )

    @contextlib.contextmanager
    def opened(work: Path) -> Iterator[Chunks]:
        paths = _shuffled(files, seed)
        yield lambda: first_chars(joined_chunks(paths), chars)

    facts: dict[str, str | int | list[str]] = {
        "kind": "folder",
        "folder": _said(path),
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


def standard_input(stdin: BinaryIO | None = None) -> Source:
    """What comes in on `stdin`, copied into the work folder while it is needed."""
    return Source(
        default_name="stdin",
        title="standard input",
        facts={"kind": "stdin"},
        opened=lambda work: spooled(stdin or sys.stdin.buffer, "standard input", work),
    )


def _walk(root: Path, include: Sequence[str], leave_out: Container[str] = ()) -> list[tuple[str, Path]]:
    """(path below root with /, path) of every matching regular file, sorted by the first.

    Patterns with a / are matched with that path, others with the file's name.
    """
    found = []
    for here, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in leave_out]
        for name in names:
            path = Path(here, name)
            below = path.relative_to(root).as_posix()
            matches = any(fnmatchcase(below if "/" in pattern else name, pattern) for pattern in include)
            if matches and not name.startswith(".") and path.is_file():
                found.append((below, path))
    return sorted(found)


def _shuffled(files: list[tuple[str, Path]], seed: int) -> list[Path]:
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


def _said(path: Path) -> str:
    """A path as text that JSON can hold, whatever bytes are in it."""
    return os.fsencode(path).decode("utf-8", "replace")
