"""Options that many commands share, and how commands speak: results on stdout, all else on stderr. Knows no
command.
"""

import json
import re
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any

import typer

from rnnscope.errors import ConfigError

WorkOption = Annotated[Path, typer.Option("--work", help="Folder that holds all records.", metavar="DIR")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Seed of all that is random.")]
DEFAULT_WORK = Path("work")
_arguments: ContextVar[list[str] | None] = ContextVar("arguments", default=None)


def notice(line: str) -> None:
    """One line for the person at the terminal."""
    print(line, file=sys.stderr, flush=True)


def emit(as_json: bool, result: dict[str, Any], lines: Iterable[str]) -> None:
    """The result on stdout: as one JSON object, or as lines for people."""
    if as_json:
        print(json.dumps(result, ensure_ascii=False, allow_nan=False), flush=True)
    else:
        for line in lines:
            print(line, flush=True)


def visible(text: str) -> str:
    """Text in one line that leaves the terminal alone."""
    from rnnscope.records.corpus import WHITE

    return "".join(WHITE.get(c) or (c if c.isprintable() else "·") for c in text)


def command_line() -> str:
    """What the user typed, as it can be typed again."""
    arguments = _arguments.get()
    return shlex.join(["rnnscope", *(sys.argv[1:] if arguments is None else arguments)])


@contextmanager
def typed(arguments: list[str]) -> Iterator[None]:
    """A command line that did not come from the shell: a notebook's, say, whose own is another."""
    before = _arguments.set(arguments)
    try:
        yield
    finally:
        _arguments.reset(before)


def parse_contexts(text: str) -> list[int]:
    """'1-9,20' -> [1, ..., 9, 20]. Raises ConfigError for anything that is not such a list."""
    contexts: set[int] = set()
    for piece in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,3})(?:-(\d{1,3}))?\s*", piece, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last <= MOST_CONTEXT:
            raise ConfigError(
                f"--context '{text}' is not a list of lengths from 0 to {MOST_CONTEXT}; write it as 1-9,20"
            )
        contexts.update(range(first, last + 1))
    return sorted(contexts)


MOST_CONTEXT = 100


def parse_settings(settings: list[str]) -> dict[str, str]:
    """['epochs=1'] -> {'epochs': '1'}. Raises ConfigError for one without a name or '='."""
    pairs = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"--set '{setting}' is not FIELD=VALUE; write it as --set epochs=1")
        pairs[name.strip()] = value.strip()
    return pairs


def parse_names(text: str | None) -> list[str]:
    """'a, b' -> ['a', 'b']; none where nothing is given."""
    return [name for each in (text or "").split(",") if (name := each.strip())]


def processes_or_cores(processes: int | None) -> int:
    """Those asked for, else one per core. Raises ConfigError for fewer than one."""
    from rnnscope.studies.work import cores

    if processes is not None and processes < 1:
        raise ConfigError(f"--processes {processes} is not a positive number")
    return processes or cores()


def parse_unit(text: str, example: str) -> tuple[int, int]:
    """'1.37' -> layer (from 1), unit (from 0). Raises ConfigError for anything else, with what to write."""
    match = re.fullmatch(r"\s*(\d{1,4})\.(\d{1,9})\s*", text, re.ASCII)
    if not match:
        raise ConfigError(f"'{text}' is not LAYER.UNIT; write it as {example}, layers from 1, units from 0")
    return int(match[1]), int(match[2])
