"""The texts that rnnscope knows by name: War and Peace as the 2015 paper had it, and Python's own library."""

import contextlib
import platform
import re
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from rnnscope.corpora.reading import Chunks, first_chars, joined_chunks
from rnnscope.corpora.sources import (
    PYTHON_LIBRARY,
    SHUFFLE_SEED,
    WAR_AND_PEACE,
    Facts,
    Source,
    matching_files,
    path_text,
    shuffled,
    text_file,
)
from rnnscope.errors import CorpusError

WAR_AND_PEACE_URL = "https://cs.stanford.edu/people/karpathy/char-rnn/warpeace_input.txt"
WAR_AND_PEACE_SHA256 = "fb66ba999dafe24017cdd59e04c56d385a9c8466993d374fd4c6f08b2142985e"
PYTHON_LIBRARY_CHARS = 3_000_000

# Left out of python-library: tests and generated tables, which are no code that people wrote to be read, and
# what Linux distributions ship apart, since the text should depend on Python's version alone.
_LEFT_OUT_FOLDERS = {"test", "tests", "idle_test", "encodings", "pydoc_data", "__pycache__", "site-packages"}
_LEFT_OUT_MODULES = {"idlelib", "lib2to3", "distutils", "ensurepip", "tkinter", "turtledemo", "turtle"}
_LEFT_OUT_FILES = {"html/entities.py", "keyword.py", "re/_casefix.py", "stringprep.py", "token.py"}


def war_and_peace(file: Path | None = None, cache: Path | None = None) -> Source:
    """War and Peace as the 2015 paper had it, from `file` (plain, .gz, .xz) or else downloaded to `cache`.

    Either way its sha256 is checked. `bytes`, `streams` and 0.8, 0.1, 0.1, its defaults, give the paper's 87
    symbols and 2,600,000, 320,000 and 330,000 characters.
    """

    @contextlib.contextmanager
    def opened(work: Path) -> Iterator[Chunks]:
        with text_file(_download(cache) if file is None else file).opened(work) as chunks:
            yield chunks

    facts: Facts = {"kind": WAR_AND_PEACE, "url": WAR_AND_PEACE_URL}
    return Source(
        default_name=WAR_AND_PEACE,
        title=WAR_AND_PEACE if file is None else f"'{file}'",
        facts=facts | ({"file": path_text(file)} if file else {}),
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
        paths = shuffled(_library_files(), seed)
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
    python_files = matching_files(root, ["*.py"], lambda folder: folder.name in _LEFT_OUT_FOLDERS)
    files = [(name, path) for name, path in python_files if _is_library(name)]
    if not files:
        raise CorpusError(f"this Python keeps no library source in '{root}'; name a file or a folder instead")
    return files


def _is_library(name: str) -> bool:
    """Whether a path below the standard library's folder is code of its own that people wrote."""
    module = name.split("/")[0].removesuffix(".py")
    return (
        module in sys.stdlib_module_names and module not in _LEFT_OUT_MODULES and name not in _LEFT_OUT_FILES
    )
