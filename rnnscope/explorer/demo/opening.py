"""The demo's records as they ship -> a work folder that the explorer can look into. Knows no view, no torch.

The folder lies in the user's cache, whole or not at all, and is used again; where it cannot be written, in a
temporary one for as long as the explorer runs. What the units did is too much to ship: another process makes
it while the page is open already, and goes on with what one that was stopped has left.
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
from collections.abc import Callable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import platformdirs

from rnnscope.errors import RecordError
from rnnscope.explorer.demo.making import LIST, NAME
from rnnscope.records.corpus import find_corpus
from rnnscope.records.folder import explained, held, is_whole
from rnnscope.records.run import Run
from rnnscope.recurrence.native.variants import SWITCH

PART = "test"
FIRST = "text?unit=1.82"
"""What is shown first: the unit that follows quotations."""
_WHOLE = ".whole"
"""Written last: the folder holds all records."""


@contextlib.contextmanager
def opened(say: Callable[[str], None], cache: Path | None = None) -> Iterator[Path]:
    """The demo's work folder; its trace is made meanwhile, unless it is there. `say` hears what goes wrong.

    Raises RecordError where nothing can be written anywhere.
    """
    folder = (cache or Path(platformdirs.user_cache_dir("rnnscope"))) / f"demo-{_tag()}"
    with contextlib.ExitStack() as until_closed:
        try:
            _filled(folder)
        except RecordError as reason:
            say(f"{reason.args[0].partition(';')[0]}; a temporary folder does")
            with explained("the demo's temporary folder"):
                folder = Path(
                    until_closed.enter_context(tempfile.TemporaryDirectory(prefix="rnnscope-demo-"))
                )
            _filled(folder)
        tracing = _tracing(folder)
        if tracing is not None:
            threading.Thread(target=_heard, args=(tracing, say), daemon=True).start()
            until_closed.callback(_stopped, tracing)
        yield folder


def records() -> Traversable:
    """The records as they ship."""
    return files("rnnscope.explorer.demo") / "records"


def _names() -> list[str]:
    return json.loads((records() / LIST).read_text(encoding="utf-8"))


def _tag() -> str:
    """Another folder for other records."""
    digest = hashlib.sha256()
    for name in _names():
        if name.endswith(".json"):
            digest.update((records() / name).read_bytes())
    return digest.hexdigest()[:12]


def _filled(folder: Path) -> None:
    """Copies the records, one process at a time. Raises RecordError where they cannot be written."""
    if (folder / _WHOLE).is_file():
        return
    with held(folder, on_busy=lambda: None):
        if (folder / _WHOLE).is_file():
            return
        with explained(f"'{folder}'"):
            if folder.exists() and any(folder.iterdir()):
                shutil.rmtree(folder)  # one that was cut off
            for name in _names():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes((records() / name).read_bytes())
            (folder / _WHOLE).touch()


def _tracing(folder: Path) -> subprocess.Popen | None:
    """The process that makes the trace; None where it is there."""
    run = Run.read(next(iter((folder / "runs" / NAME).glob("[!.]*/manifest.json"))).parent)
    if is_whole(run.replay_folder(PART, "trace")):
        return None
    find_corpus(folder, NAME)
    command = [
        "replay",
        run.reference,
        "--trace",
        "--part",
        PART,
        "--precision",
        "int8",
        "--work",
        str(folder),
    ]
    return subprocess.Popen(
        [sys.executable, "-m", "rnnscope", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={SWITCH: "off"} | os.environ,  # to compile takes longer than to read so short a text
    )


def _heard(tracing: subprocess.Popen, say: Callable[[str], None]) -> None:
    _, error = tracing.communicate()
    if tracing.returncode and tracing.returncode > 0:
        lines = [line for line in error.splitlines() if line.strip()] or ["it was stopped"]
        say(f"the demo's trace could not be made: {lines[-1].removeprefix('rnnscope: ')}")


def _stopped(tracing: subprocess.Popen) -> None:
    tracing.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        tracing.wait(2)
