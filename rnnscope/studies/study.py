"""A text -> count models, networks, findings, report: the whole flow in one call. Knows the order, not the steps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnscope.corpora import build_corpus, source_from
from rnnscope.corpora.sources import PYTHON_LIBRARY
from rnnscope.errors import RnnscopeError
from rnnscope.models.sizing import matched_hidden, parameters
from rnnscope.records.corpus import Corpus
from rnnscope.records.count_model import CountModel
from rnnscope.records.finding import Finding
from rnnscope.records.folder import checked_name, is_whole
from rnnscope.records.run import Run
from rnnscope.studies.counting import count_and_score
from rnnscope.studies.executor import run_jobs
from rnnscope.studies.findings import Study, make_findings
from rnnscope.studies.jobs import TrainJob, train_and_replay
from rnnscope.studies.naming import run_name
from rnnscope.studies.scales import CELLS, Scale
from rnnscope.studies.work import Work, only_one_study
from rnnscope.training.config import TrainConfig
from rnnscope.training.progress import Progress
from rnnscope.training.recipes import recipe


@dataclass(frozen=True)
class Listener:
    """Who hears of a study under way."""

    notice: Callable[[str], None] = lambda line: None
    """One line for people."""
    on_plan: Callable[[Sequence[TrainJob]], None] = lambda jobs: None
    on_progress: Callable[[str, Progress], None] = lambda name, progress: None
    """Run name, and how far its training is."""


@dataclass(frozen=True)
class Outcome:
    report: Path
    findings: dict[str, Path]
    """Analysis -> file."""


def run_study(
    text: str,
    scale: Scale,
    work: Work,
    *,
    processes: int,
    seed: int = 0,
    command: str = "",
    listener: Listener = Listener(),
) -> Outcome:
    """Everything from a corpus (its name in the work folder, or a source) to the report; what is on disk is reused.

    Raises RnnscopeError for what the user can mend. Two studies in one work folder wait for each other.
    """
    with only_one_study(work, listener.notice):
        corpus = study_corpus(text, scale, work, command, listener.notice)
        listener.notice(f"corpus {corpus.name}: {corpus.symbols} symbols, {corpus.manifest.ids_chars:,} characters")
        contexts = range(1, scale.longest_context + 1)
        scores = count_and_score(work, corpus, contexts, command)
        counts = CountModel.read(work.counts(corpus.name))
        nats = {int(row["context"] or 0): float(row["validation_nats"] or 0) for row in scores}
        best = min(nats, key=nats.__getitem__)
        listener.notice(f"n-grams of 1 to {max(contexts)} characters: the best sees {best}, {nats[best]:.3f} validation nats")
        jobs = plan_runs(corpus, scale, work, nats, seed, command)
        runs = _train(jobs, work, processes, listener)
        listener.notice("looking inside")
        study = Study(
            work=work,
            corpus=corpus,
            runs=tuple(runs),
            ngram_scores=tuple(scores),
            counts_fingerprint=counts.manifest.fingerprint,
            sample_chars=scale.sample_chars,
            processes=processes,
            seed=seed,
            command=command,
        )
        findings = make_findings(study)
        return Outcome(write_study_report(work, corpus, findings, command), findings)


def study_corpus(text: str, scale: Scale, work: Work, command: str, notice: Callable[[str], None]) -> Corpus:
    """The corpus of that name in the work folder, else the one made of the source; the library at the scale's length."""
    if text != PYTHON_LIBRARY and is_whole(work.corpus(text)) and not Path(text).exists():
        return Corpus.read(work.corpus(checked_name(text, "corpus")))
    chars = scale.library_chars if text == PYTHON_LIBRARY else None
    name = f"{PYTHON_LIBRARY}-{scale.name}" if text == PYTHON_LIBRARY else None
    return build_corpus(source_from(text, chars=chars), name, work.folder, command=command, notice=notice)


def plan_runs(
    corpus: Corpus, scale: Scale, work: Work, ngram_validation_nats: dict[int, float], seed: int, command: str
) -> list[TrainJob]:
    """A run for every cell and depth at the scale's parameter count, longest training first."""
    budget = parameters("lstm", 1, scale.budget_hidden, corpus.symbols)
    jobs = []
    for cell in CELLS:
        for layers in scale.layers:
            config = _config(corpus, scale, cell, layers, matched_hidden(cell, layers, corpus.symbols, budget), seed)
            jobs.append(
                TrainJob(
                    work=work.folder,
                    corpus=corpus.name,
                    name=run_name(config),
                    config=config,
                    ngram_validation_nats=ngram_validation_nats,
                    trace_chars=scale.trace_chars,
                    command=command,
                )
            )
    return sorted(jobs, key=lambda job: -_cost(job.config))


def _config(corpus: Corpus, scale: Scale, cell: str, layers: int, hidden: int, seed: int) -> TrainConfig:
    config = recipe(scale.recipe, cell=cell, layers=layers, hidden=hidden, seed=seed)
    if scale.train_chars is None:
        return config
    epochs = max(0.5, round(2 * scale.train_chars / corpus.part("train").chars) / 2)
    return config.model_copy(update={"epochs": epochs})
