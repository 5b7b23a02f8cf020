"""A text -> count models, networks, findings, report: the whole flow in one call. Knows the order, not the
steps.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rnnscope import __version__
from rnnscope.analyses.training_dynamics import DynamicsSettings
from rnnscope.corpora import build_corpus, source_from
from rnnscope.corpora.sources import PYTHON_LIBRARY
from rnnscope.errors import RecordError
from rnnscope.models.sizing import WINDOW, has_units, matched_hidden, parameters
from rnnscope.records.corpus import Corpus, find_corpus
from rnnscope.records.count_model import CountModel
from rnnscope.records.finding import Finding
from rnnscope.records.folder import checked_name, is_whole
from rnnscope.records.run import Run
from rnnscope.report import write_report
from rnnscope.studies.analysing import study_of
from rnnscope.studies.configs import train_config
from rnnscope.studies.context import ContextSettings
from rnnscope.studies.counting import count_and_score
from rnnscope.studies.executor import Executor, on_processes, run_jobs
from rnnscope.studies.findings import ANALYSES, make_findings
from rnnscope.studies.grid import Grid, PlannedRun, planned_run, planned_runs
from rnnscope.studies.health import health_of
from rnnscope.studies.jobs import TraceJob, TrainJob, trace_run
from rnnscope.studies.readers import Readers, best_of_each_cell
from rnnscope.studies.reading import Study
from rnnscope.studies.results import known_results, write_results
from rnnscope.studies.scales import CELLS, Scale
from rnnscope.studies.training import NOBODY, Listener, train_runs
from rnnscope.studies.work import Work, only_one_study
from rnnscope.training.config import TrainConfig

MOST_EPOCHS = 20
"""A short text is not read more often than this: it would only be learned by heart."""


@dataclass(frozen=True)
class Outcome:
    report: Path
    findings: dict[str, Path]
    """Analysis -> file."""
    readings: list[str]
    """The answers, a sentence each."""
    failures: dict[str, str]
    """Run of a grid -> why it failed."""


def run_study(
    text: str,
    scale: Scale,
    work: Work,
    *,
    processes: int,
    grid: Grid | None = None,
    executor: Executor | None = None,
    results: Path | None = None,
    seed: int = 0,
    command: str = "",
    listener: Listener = NOBODY,
) -> Outcome:
    """Everything from a corpus (its name in the work folder, or a source) to the report; what is on disk is
    reused.

    The networks are those of `grid`, else of `scale`; `executor` trains them, by default `processes` of this
    machine. A run of a grid that fails is told and left out. `results`: a file for `write_results`.

    Raises RnnscopeError for what the user can mend. Two studies in one work folder wait for each other.
    """
    with only_one_study(work, listener.notice):
        corpus = study_corpus(text, scale, work, command, listener.notice)
        if results is not None:
            known_results(results, corpus.name)  # a file that cannot take them is told before the training
        listener.notice(
            f"corpus {corpus.name}: {corpus.symbols} symbols, {corpus.manifest.ids_chars:,} characters"
        )
        contexts = range(1, scale.longest_context + 1)
        scores = count_and_score(work, corpus, contexts, command)
        counts = CountModel.read(work.counts(corpus.name))
        nats = {int(row["context"] or 0): float(row["validation_nats"] or 0) for row in scores}
        best = min(nats, key=nats.__getitem__)
        listener.notice(
            f"n-grams of 1 to {max(contexts)} characters: the best sees {best}, {nats[best]:.3f} validation "
            f"nats"
        )
        planned = planned_runs(grid, corpus.symbols) if grid else runs_of_scale(corpus, scale, seed)
        listener.on_plan({plan.name: plan.cost for plan in planned})
        jobs = [_job(plan, corpus, scale, work, nats, command, traces=grid is None) for plan in planned]
        runs, failures = train_runs(jobs, work, executor or on_processes(processes), listener)
        if results is not None:
            count = write_results(results, corpus.name, planned, runs, failures, command)
            listener.notice(f"{count} runs are in {results}")
        trained = sorted(runs.values(), key=_order)
        for health in map(health_of, trained):
            if not health.is_sound:
                listener.notice(str(health))
        if failures and (grid is None or not trained):
            raise next(iter(failures.values()))
        readers = Readers(trained)
        opened = best_of_each_cell(trained, CELLS) if grid else readers.networks
        listener.notice("looking inside " + ", ".join(run.name for run in opened))
        if grid:
            _trace(opened, corpus, work, scale, processes, command)
        study = Study(
            work=work,
            corpus=corpus,
            runs=tuple(trained),
            opened=tuple(opened),
            ngram_scores=tuple(scores),
            counts_fingerprint=counts.manifest.fingerprint,
            sample_chars=scale.sample_chars,
            processes=processes,
            seed=seed,
            command=command,
            settings={
                "effective_context": ContextSettings(readings=scale.context_readings),
                "training_dynamics": DynamicsSettings(
                    chars=scale.dynamics_chars, role_chars=min(scale.trace_chars, 3 * scale.dynamics_chars)
                ),
            },
        )
        return _outcome(study, {name: str(error) for name, error in failures.items()})


def study_runs(
    text: str,
    work: Work,
    models: Sequence[str],
    *,
    processes: int,
    seed: int = 0,
    command: str = "",
    listener: Listener = NOBODY,
) -> Outcome:
    """Every finding of runs that are there, and their report: a study that trains nothing. `text`: a corpus
    in the work folder. Raises RnnscopeError for what the user can mend.
    """
    with only_one_study(work, listener.notice):
        corpus = find_corpus(work.folder, text)
        study = study_of(
            work,
            corpus,
            models,
            opens=True,
            processes=processes,
            seed=seed,
            command=command,
            settings={},
            notice=listener.notice,
        )
        return _outcome(study, {})


def _outcome(study: Study, failures: dict[str, str]) -> Outcome:
    """All findings and the report."""
    paths = make_findings(study)
    findings = [Finding.load(path) for path in paths.values()]
    page = write_study_report(study.work, study.corpus, findings, study.command)
    return Outcome(page, paths, [finding.reading for finding in findings], failures)


def study_corpus(text: str, scale: Scale, work: Work, command: str, notice: Callable[[str], None]) -> Corpus:
    """The corpus of that name in the work folder, else the one made of the source; the library at the scale's
    length.
    """
    if text != PYTHON_LIBRARY and "/" not in text and is_whole(work.corpus(text)):
        return Corpus.read(work.corpus(checked_name(text, "corpus")))
    chars = scale.library_chars if text == PYTHON_LIBRARY else None
    name = f"{PYTHON_LIBRARY}-{scale.name}" if text == PYTHON_LIBRARY else None
    return build_corpus(source_from(text, chars=chars), name, work.folder, command=command, notice=notice)


def runs_of_scale(corpus: Corpus, scale: Scale, seed: int) -> list[PlannedRun]:
    """A run for every cell and depth at the scale's parameter count, and n-NNs; longest training first."""
    budget = parameters("lstm", 1, scale.budget_hidden, corpus.symbols)
    planned = []
    for cell in CELLS:
        for layers in scale.layers:
            hidden = matched_hidden(cell, layers, corpus.symbols, budget)
            settings = {"dropout": scale.dropout, "milestones": scale.milestones}
            config = _config(corpus, scale, cell, layers, hidden, seed, settings)
            name = f"{cell}-{layers}x{hidden}-{scale.name}-s{seed}"
            planned.append(planned_run(config, corpus.symbols, name))
    for context in scale.window_contexts:
        for hidden in scale.window_hidden:
            config = _config(corpus, scale, WINDOW, 1, hidden, seed, {}, context)
            name = f"{context}-nn-{hidden}-{scale.name}-s{seed}"
            planned.append(planned_run(config, corpus.symbols, name))
    return sorted(planned, key=lambda plan: -plan.cost)


def _config(
    corpus: Corpus,
    scale: Scale,
    cell: str,
    layers: int,
    hidden: int,
    seed: int,
    settings: dict[str, object],
    context: int = 0,
) -> TrainConfig:
    if scale.train_chars is not None:
        epochs = round(2 * scale.train_chars / corpus.part("train").chars) / 2
        settings = settings | {"epochs": min(max(0.5, epochs), MOST_EPOCHS)}
    return train_config(scale.recipe, cell, layers, hidden, seed, settings, context)


def _job(
    plan: PlannedRun,
    corpus: Corpus,
    scale: Scale,
    work: Work,
    nats: dict[int, float],
    command: str,
    *,
    traces: bool,
) -> TrainJob:
    return TrainJob(
        work=work.folder,
        corpus=corpus.name,
        name=plan.name,
        config=plan.config,
        ngram_validation_nats=nats,
        trace_chars=scale.trace_chars if traces and has_units(plan.config.cell) else 0,
        command=command,
    )


def _order(run: Run) -> tuple:
    """By cell, depth, size, seed."""
    manifest = run.manifest
    place = CELLS.index(manifest.cell) if manifest.cell in CELLS else len(CELLS)
    return place, manifest.context or 0, manifest.layers, manifest.hidden, manifest.seed


def _trace(
    opened: Sequence[Run], corpus: Corpus, work: Work, scale: Scale, processes: int, command: str
) -> None:
    jobs = [TraceJob(work.folder, corpus.name, run.folder, scale.trace_chars, command) for run in opened]
    run_jobs(trace_run, jobs, processes)


def write_study_report(work: Work, corpus: Corpus, findings: list[Finding], command: str) -> Path:
    """The page of these findings and of the questions answered, at work/report.html."""
    manifest = corpus.manifest
    parts = {name: part.chars for name, part in manifest.parts.items()}
    facts = {
        "corpus": corpus.name,
        "source": _source_of(manifest.source),
        "alphabet": f"{corpus.symbols} symbols ({manifest.alphabet_kind})",
        "split": f"{manifest.split_kind}: "
        + ", ".join(f"{chars:,} characters {name}" for name, chars in parts.items()),
        "rnnscope": __version__,
    }
    shown = [*findings, *answered_questions(work)]
    return write_report(shown, work.report, title=f"rnnscope: {corpus.name}", command=command, facts=facts)


def answered_questions(work: Work) -> list[Finding]:
    """The verdicts in the work folder, at full scale where both are there; files that are no finding are left
    out.
    """
    found: dict[str, Finding] = {}
    for path in sorted(work.questions.glob("*.json"), key=lambda path: -len(path.stem)):
        with contextlib.suppress(RecordError):
            verdict = Finding.load(path)
            found[verdict.analysis] = verdict
    return [found[name] for name in sorted(found)]


def _source_of(source: Mapping[str, str | int | list[str]]) -> str:
    """Where a text comes from, for people."""
    if source["kind"] == PYTHON_LIBRARY:
        return f"the standard library of {source['implementation']} {source['python']}, files shuffled"
    place = source.get("file") or source.get("folder") or source.get("url") or ""
    return f"{source['kind']} {place}".strip()


def report_of(work: Work, corpus: Corpus, command: str) -> Path:
    """The report once more from a corpus's findings. Raises RecordError where there are none."""
    folder = work.findings(corpus.name)
    paths = [folder / f"{name}.json" for name in ANALYSES]
    paths += sorted(path for path in folder.glob("*.json") if path.stem not in ANALYSES)
    findings = [Finding.load(path) for path in paths if path.is_file()]
    if not findings:
        raise RecordError(
            f"no findings of '{corpus.name}' in '{work.folder}'; make them with 'rnnscope study "
            f"{corpus.name}'"
        )
    return write_study_report(work, corpus, findings, command)
