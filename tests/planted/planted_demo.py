"""The demo opened as a user opens it, whole or by a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

from rnnscope.cli.main import run as command
from rnnscope.explorer.demo import opening
from rnnscope.explorer.demo.opening import Demo, opened, records
from rnnscope.records.trace import Trace

CORPUS = "war-and-peace-excerpt"
TRACE = f"runs/{CORPUS}/lstm-1x128-e3-s1/replays/test/trace"
SITE = "layers.0.tanh_c"


def traced_here(folder: Path) -> None:
    """Makes the trace within this process, which has torch already."""
    assert command(opening._command(opening._run(folder), folder)) == 0


def seen(cache: Path, *said: str) -> Demo:
    """Opens the demo until it is traced; it must be whole and say nothing but `said`."""
    heard: list[str] = []
    with opened(heard.append, cache) as demo:
        if demo.tracing is not None:
            assert demo.tracing.wait(300) == 0
        assert_whole(demo.work)
    assert heard == list(said)
    return demo


def assert_whole(work: Path) -> None:
    for name in json.loads((records() / "files.json").read_text()):
        assert (work / name).read_bytes() == (records() / name).read_bytes(), name
    Trace.read(work / TRACE).check()
    left = [path for path in work.rglob(".*") if path.suffix != ".lock" and path.name != ".opened"]
    assert left == []


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.npy"))}


def demo_process(cache: Path, *, script: str = "") -> subprocess.Popen:
    """Opens the demo, runs `script` with `demo` there, and waits."""
    lines = f"""
import sys, time
from pathlib import Path
from rnnscope.explorer.demo import opening
from rnnscope.records import folder as record_folder
{script}
with opening.opened(lambda line: print(line, file=sys.stderr), Path({str(cache)!r})) as demo:
    print(demo.tracing.pid if demo.tracing else 0, flush=True)
    time.sleep(600)
"""
    return subprocess.Popen([sys.executable, "-c", lines], stdout=subprocess.PIPE, text=True)
