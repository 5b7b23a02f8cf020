"""Runs and n-grams -> what each loses without what lies further back. Knows where the records lie."""

from dataclasses import dataclass
from pathlib import Path

from rnnscope.analyses.effective_context import EffectiveContextSettings
from rnnscope.ngrams import KneserNey
from rnnscope.records.context_losses import ContextLosses
from rnnscope.records.corpus import find_corpus
from rnnscope.records.run import Run
from rnnscope.replay.context import Readings, replay_context
from rnnscope.studies.counting import ngram_name
from rnnscope.studies.jobs import load_predictor, replay_run
from rnnscope.studies.reading import Study

PART = "test"


class ContextSettings(EffectiveContextSettings, Readings):
    """What is read, and what is made of it."""


@dataclass(frozen=True)
class ContextJob:
    """One finished run that is to read from the midst of the text."""

    work: Path
    run: Path
    settings: Readings
    command: str
    threads: int = 1


def run_context(job: ContextJob) -> ContextLosses:
    """The run's record, made unless it is there."""
    import torch

    torch.set_num_threads(job.threads)
    run = Run.read(job.run)
    corpus = find_corpus(job.work, run.manifest.corpus)
    return replay_context(
        lambda: load_predictor(run),
        replay_run(run, corpus, PART, job.command),
        corpus,
        run.replay_folder(PART, "context"),
        job.settings,
        command=job.command,
    )


def ngram_context(study: Study, context: int, settings: Readings) -> ContextLosses:
    """The same of the n-gram of one context length."""
    return replay_context(
        lambda: KneserNey(study.counts).predictor(context),
        study.ngram(context),
        study.corpus,
        study.work.ngram_context(study.corpus.name, ngram_name(context), PART),
        settings,
        command=study.command,
    )
