"""`rnnscope explore` as a process of its own: its address, what it says, its end."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def started(*arguments: str, python: str = sys.executable, cwd: Path = ROOT, **environment: str):
    """A process, the address that it says, and all that it said; gone at the end."""
    process = subprocess.Popen(
        [python, "-m", "rnnscope", "explore", "--no-open", *arguments],
        cwd=cwd,
        env=os.environ | environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    said: list[str] = []
    with process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                said.append(line)
                if found := re.search(r"http://\S+", line):
                    yield process, found[0], said
                    break
            else:
                raise AssertionError("".join(said))
        finally:
            process.kill()


def ended(process: subprocess.Popen) -> float:
    """Seconds from Ctrl-C, which a terminal sends to all that was started, to the end in good order."""
    begun = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(20) == 0
    return time.monotonic() - begun
