"""The demo's records as they ship -> a work folder that the explorer can look into. Knows no view, no torch.

The folder lies in the user's cache and is used again: what is missing in it or broken is made anew at every
start. Where it cannot be written, a temporary one does for as long as the explorer runs; where none can, the
records as they ship, without what the units did. That is too much to ship: another process makes it while the
page is open already, and goes on with what one that was stopped has left.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

import platformdirs

from rnnscope.errors import RecordError
from rnnscope.explorer.demo.making import LIST
from rnnscope.records.columns import Columns, ColumnsManifest
from rnnscope.records.folder import MANIFEST, explained, held, is_held, is_whole, write_bytes
from rnnscope.records.run import Run
from rnnscope.records.trace import Trace
from rnnscope.recurrence.native.variants import SWITCH

PART = "test"
FIRST = "text?unit=1.82"
"""What is shown first: the unit that follows quotations."""
KEPT_DAYS = 30
"""Another version's folder is removed once it was not opened for so long."""
_OPENED = ".opened"
"""Its time says when the demo was opened last."""
_TEMPORARY = "rnnscope-demo-"
INTERRUPTED = 130
"""Ctrl-C reaches the process that traces as well."""
_OWNER = "owner"
"""Held in a temporary folder by the process that it belongs to."""


@dataclass(frozen=True)
class Demo:
    """A work folder, and what is still made in it."""

    work: Path
    tracing: subprocess.Popen | None = None
    """The process that makes the trace; None where it is there."""

    def promised(self, folder: Path) -> bool:
        """Whether the process that runs makes this record."""
        is_at_it = self.tracing is not None and self.tracing.poll() is None
        return is_at_it and folder == _run(self.work).replay_folder(PART, "trace")


@contextlib.contextmanager
def opened(say: Callable[[str], None], cache: Path | None = None) -> Iterator[Demo]:
    """The demo; its trace is made meanwhile, unless it is there. `say` hears what goes wrong."""
    with contextlib.ExitStack() as until_closed:
        folder = _filled_somewhere(cache or Path(platformdirs.user_cache_dir("rnnscope")), say, until_closed)
        tracing = None if folder is None else _tracing(folder)
        if tracing is not None:
            threading.Thread(target=_heard, args=(tracing, say), daemon=True).start()
            until_closed.callback(_stopped, tracing)
        yield Demo(folder or until_closed.enter_context(as_file(records())), tracing)


def records() -> Traversable:
    """The records as they ship."""
    return files("rnnscope.explorer.demo") / "records"


def _filled_somewhere(
    cache: Path, say: Callable[[str], None], until_closed: contextlib.ExitStack
) -> Path | None:
    """A folder that holds all records and can be written to; None where there is none."""
    folder = cache / f"demo-{_tag()}"
    try:
        _filled(folder)
        _without_old(cache, folder)
        return folder
    except (RecordError, OSError) as error:  # OSError: a disk that fails, no temporary folder anywhere
        say(f"{_reason(error)}; a temporary folder does")
    try:
        folder = until_closed.enter_context(_temporary())
        _filled(folder)
        return folder
    except (RecordError, OSError) as error:  # OSError: a disk that fails, no temporary folder anywhere
        say(f"{_reason(error)}; the demo opens without what its units did")
        return None


def _reason(error: RecordError | OSError) -> str:
    """Without what would do: for the demo that is done."""
    return str(error).partition(";")[0]


def _names() -> list[str]:
    """Files of the records, those that say that others are whole last."""
    names = json.loads((records() / LIST).read_text(encoding="utf-8"))
    return sorted(names, key=lambda name: (name.endswith(MANIFEST), name))


def _tag() -> str:
    """Another folder for other records."""
    digest = hashlib.sha256()
    for name in sorted(_names()):
        if name.endswith(".json"):
            digest.update((records() / name).read_bytes())
    return digest.hexdigest()[:12]


def _filled(folder: Path) -> None:
    """Leaves all records whole, one process at a time. Raises RecordError where they cannot be written.

    A file that is as it ships is left alone: another explorer may be reading it.
    """
    with held(folder, on_busy=lambda: None), explained(f"'{folder}'"):
        for name in _names():
            path, content = folder / name, (records() / name).read_bytes()
            if not path.is_file() or path.read_bytes() != content:
                if path.is_dir():
                    shutil.rmtree(path)
                write_bytes(path, content)
        (folder / _OPENED).touch()
        _without_broken(_run(folder))


def _without_broken(run: Run) -> None:
    """Removes what was made of the records and cannot be read, or is of another run: it is made again."""
    folder = run.replay_folder(PART, "trace")
    trace = _checked(folder, lambda: _trace(run))
    columns = run.replay_folder(PART, "columns")
    if trace is None:
        shutil.rmtree(columns, ignore_errors=True)
        return
    for each in columns.glob(f"[!.]*/{MANIFEST}"):
        site = each.parent
        _checked(site, lambda site=site: Columns(site, ColumnsManifest.read(site), trace))


def _trace(run: Run) -> Trace:
    trace = Trace.read(run.replay_folder(PART, "trace"))
    if trace.manifest.parents.get("run") != run.manifest.fingerprint:
        raise RecordError("of another run")
    return trace


AnyMade = TypeVar("AnyMade", Trace, Columns)


def _checked(folder: Path, read: Callable[[], AnyMade]) -> AnyMade | None:
    """A record; None where it is not there, or no more because it was broken."""
    if not is_whole(folder):
        return None
    try:
        found = read()
        found.check()
        return found
    except RecordError:
        (folder / MANIFEST).unlink()
        shutil.rmtree(folder)
        return None


def _without_old(cache: Path, folder: Path) -> None:
    """Removes what other versions left, unless it was opened lately."""
    for each in cache.glob("demo-*"):
        if each == folder or each.is_symlink() or not each.is_dir():
            continue
        with contextlib.suppress(OSError):
            mark = each / _OPENED if (each / _OPENED).exists() else each
            if time.time() - mark.stat().st_mtime > KEPT_DAYS * 86400:
                shutil.rmtree(each)
                (cache / f".{each.name}.lock").unlink(missing_ok=True)


@contextlib.contextmanager
def _temporary() -> Iterator[Path]:
    """A folder that goes with the process, or with the next that wants one if this one is killed."""
    with contextlib.ExitStack() as until_closed:
        with explained("the demo's temporary folder"):
            for left in Path(tempfile.gettempdir()).glob(f"{_TEMPORARY}*/.{_OWNER}.lock"):
                if not is_held(left.parent / _OWNER):
                    shutil.rmtree(left.parent, ignore_errors=True)
            made = tempfile.TemporaryDirectory(prefix=_TEMPORARY, ignore_cleanup_errors=True)
            folder = Path(until_closed.enter_context(made))
            until_closed.enter_context(held(folder / _OWNER, on_busy=lambda: None))
        yield folder / "work"


def _run(folder: Path) -> Run:
    """The one run of the demo."""
    (name,) = (name for name in _names() if name.startswith("runs/") and name.endswith("/config.json"))
    return Run.read((folder / name).parent)


def _tracing(folder: Path) -> subprocess.Popen | None:
    """The process that makes the trace; None where it is there."""
    run = _run(folder)
    if is_whole(run.replay_folder(PART, "trace")):
        return None
    return subprocess.Popen(
        [sys.executable, "-m", "rnnscope", *_command(run, folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={SWITCH: "off"} | os.environ,  # to compile takes longer than to read so short a text
    )


def _command(run: Run, folder: Path) -> list[str]:
    told = ["--trace", "--part", PART, "--precision", "int8", "--work", str(folder)]
    return ["replay", run.reference, *told]


def _heard(tracing: subprocess.Popen, say: Callable[[str], None]) -> None:
    _, error = tracing.communicate()
    if tracing.returncode and tracing.returncode > 0 and tracing.returncode != INTERRUPTED:
        lines = [line for line in error.splitlines() if line.strip()] or ["it was stopped"]
        reason = lines[-1].removeprefix("rnnscope: ").partition(";")[0]
        say(f"what the demo's units did could not be traced: {reason}")


def _stopped(tracing: subprocess.Popen) -> None:
    tracing.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        tracing.wait(2)
