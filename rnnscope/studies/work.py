"""Where each record lies in a work folder. Knows paths, opens nothing."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from rnnscope.records.folder import held


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

    def ngram_context(self, corpus: str, name: str, part: str) -> Path:
        """What an n-gram loses without what lies further back."""
        return self.counts(corpus) / "contexts" / part / name

    def findings(self, corpus: str) -> Path:
        return self.folder / "findings" / corpus

    @property
    def questions(self) -> Path:
        """Verdicts and their figures."""
        return self.folder / "questions"

    @property
    def report(self) -> Path:
        return self.folder / "report.html"


def only_one_study(work: Work, notice: Callable[[str], None]) -> AbstractContextManager[None]:
    """Holds the work folder for one study; another one waits here and says so."""
    return held(
        work.folder / "study",
        lambda: notice(
            f"another study is at work in '{work.folder}'; waiting for it to end (Ctrl-C gives up, --work "
            "DIR takes another folder)"
        ),
    )


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
