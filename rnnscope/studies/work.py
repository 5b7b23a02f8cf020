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

    def replay(self, corpus: str, predictor: str, part: str, kind: str) -> Path:
        """A replay of a run lies in the run; of an n-gram ('20-gram') in the counts."""
        owner = self.counts(corpus) if predictor.endswith("-gram") else self.run(corpus, predictor)
        return (
            owner
            / "replays"
            / (part if owner == self.run(corpus, predictor) else f"{part}-{predictor}")
            / kind
        )

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
