"""What stands on a command line -> Source."""

import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from rnnscope.corpora.known_texts import PYTHON_LIBRARY_CHARS, python_library, war_and_peace
from rnnscope.corpora.reading import ByteStream
from rnnscope.corpora.sources import (
    PYTHON_LIBRARY,
    SHUFFLE_SEED,
    WAR_AND_PEACE,
    Source,
    folder,
    standard_input,
    text_file,
)
from rnnscope.corpora.synthetic import SYNTHETIC, SYNTHETIC_CHARS, synthetic
from rnnscope.errors import ConfigError, CorpusError, did_you_mean


def source_from(
    text: str,
    *,
    file: Path | None = None,
    include: Sequence[str] | None = None,
    chars: int | None = None,
    seed: int | None = None,
    settings: Mapping[str, object] | None = None,
    work: Path | None = None,
    stdin: ByteStream | None = None,
) -> Source:
    """The source that a command line means: 'war-and-peace', 'python-library', 'synthetic', '-', a file or a
    folder.

    The `work` folder is left out of a folder that it lies in. Raises ConfigError for anything else and for an
    option that this source does not have.
    """
    path = Path(text)
    kind = _kind_of(text, path)
    options = {
        "--file": file,
        "--include": include,
        "--chars": chars,
        "--seed": seed,
        "--set": settings or None,
    }
    takes = {
        WAR_AND_PEACE: ["--file"],
        PYTHON_LIBRARY: ["--chars", "--seed"],
        "folder": ["--include", "--chars", "--seed"],
        SYNTHETIC: ["--chars", "--set"],
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
    if kind == SYNTHETIC:
        return synthetic(settings, chars or SYNTHETIC_CHARS)
    if kind == "stdin":
        return standard_input(stdin)
    return folder(path, include or ["*"], seed, chars, work) if kind == "folder" else text_file(path)


_ARTICLES = {
    WAR_AND_PEACE: "a known text",
    PYTHON_LIBRARY: "this Python's library",
    SYNTHETIC: "drawn by its settings",
    "stdin": "standard input",
    "folder": "a folder",
    "file": "a file",
}


def _kind_of(text: str, path: Path) -> str:
    if text in (WAR_AND_PEACE, PYTHON_LIBRARY, SYNTHETIC):
        return text
    if text == "-":
        return "stdin"
    if not text:
        raise ConfigError(
            f"a corpus has no name or path; say '{PYTHON_LIBRARY}', '{WAR_AND_PEACE}', a file or a folder"
        )
    try:
        mode = path.stat().st_mode
    except PermissionError:
        raise CorpusError(f"'{text}' cannot be read: permission denied") from None
    except (OSError, ValueError):
        hint = did_you_mean(text, [WAR_AND_PEACE, PYTHON_LIBRARY, SYNTHETIC])
        raise ConfigError(
            f"no file or folder '{text}' to make a corpus of; {hint} ('-' is standard input)"
        ) from None
    return "folder" if stat.S_ISDIR(mode) else "file"
