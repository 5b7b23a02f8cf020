"""Where each record lies in a work folder. Knows paths, opens nothing."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from rnnscope.records.folder import explained


@dataclass(frozen=True)
class Work:
    """One work folder: lineage is the path."""

    folder: Path

    def corpus(self, name: str) -> Path:
        return self.folder / "corpora" / name

    def counts(self, corpus: str) -> Path:
        return self.folder / "counts" / corpus

    def run(self, corpus: str, name: str) -> Path:
        return self.folder / "runs" / corpus / name

    def ngram_replay(self, corpus: str, name: str, part: str) -> Path:
        """Losses of an n-gram; a run keeps its own, see Run.replay_folder."""
        return self.counts(corpus) / "replays" / part / name

    def findings(self, corpus: str) -> Path:
        return self.folder / "findings" / corpus

    @property
    def report(self) -> Path:
        return self.folder / "report.html"


@contextlib.contextmanager
def only_one_study(work: Work, notice: Callable[[str], None]) -> Iterator[None]:
    """Holds the work folder for one study; another one waits here and says so. A killed study holds
    nothing.
    """
    with explained(f"'{work.folder}'"):
        work.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(work.folder / ".study.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            notice(
                f"another study is at work in '{work.folder}'; waiting for it to end (Ctrl-C gives up, "
                f"--work DIR takes another folder)"
            )
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
