"""Planned runs -> finished ones, over an executor; whole ones are read. Knows no analysis."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rnnscope.errors import RnnscopeError
from rnnscope.records.corpus import Corpus
from rnnscope.records.folder import is_whole
from rnnscope.records.run import Run
from rnnscope.studies.executor import Executor
from rnnscope.studies.jobs import TrainJob, train_and_replay
from rnnscope.studies.unit_states import UNTRAINED
from rnnscope.studies.work import Work
from rnnscope.training.config import TrainConfig
from rnnscope.training.progress import Progress


@dataclass(frozen=True)
class Listener:
    """Who hears of a study under way."""

    notice: Callable[[str], None] = lambda line: None
    """One line for people."""
    on_progress: Callable[[str, Progress], None] = lambda name, progress: None
    """Run name, and how far its training is."""
    on_plan: Callable[[Mapping[str, float]], None] = lambda costs: None
    """Run name -> how much work it is beside the others."""
    on_done: Callable[[str], None] = lambda name: None
    """A run that was whole on disk."""

    def hear(self, name: str, news: Progress | str) -> None:
        """What a training process tells of a run: how far it is, or a line for people."""
        if isinstance(news, str):
            self.notice(news)
        else:
            self.on_progress(name, news)


NOBODY = Listener()
"""Hears nothing."""


def train_runs(
    jobs: list[TrainJob], work: Work, executor: Executor, listener: Listener
) -> tuple[dict[str, Run], dict[str, RnnscopeError]]:
    """Name -> run, and name -> error of those that failed; whole ones are read, and nothing is started for
    them."""
    to_do = [job for job in jobs if not is_done(job, work)]
    failures: dict[str, RnnscopeError] = {}
    if to_do:
        names = ", ".join(job.name for job in to_do[:MOST_NAMES])
        names += " ..." if len(to_do) > MOST_NAMES else ""
        listener.notice(f"training {len(to_do)} of {len(jobs)} networks: {names}")
        for job in jobs:
            if job not in to_do:
                listener.on_done(job.name)
        ended = executor(train_and_replay, to_do, listener.hear)
        failures = {
            job.name: end for job, end in zip(to_do, ended, strict=True) if isinstance(end, RnnscopeError)
        }
        for error in failures.values():
            listener.notice(str(error))
    done = [job for job in jobs if job.name not in failures]
    return {job.name: Run.read(work.run(job.corpus, job.name)) for job in done}, failures


MOST_NAMES = 12


def is_done(job: TrainJob, work: Work) -> bool:
    """Whether the run and its replays are whole and of this corpus and config: else training is asked, and it
    decides.
    """
    folder = work.run(job.corpus, job.name)
    if not is_whole(folder):
        return False
    run = Run.read(folder)
    kinds = ["surprisal", "trace", UNTRAINED] if job.trace_chars else ["surprisal"]
    return (
        all(is_whole(run.replay_folder("test", kind)) for kind in kinds)
        and run.manifest.corpus_fingerprint == Corpus.read(work.corpus(job.corpus)).manifest.fingerprint
        and TrainConfig.load(run.config_path) == job.config
    )
