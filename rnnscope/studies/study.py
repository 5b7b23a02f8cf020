"""A text -> count models, networks, findings, report: the whole flow in one call. Knows the order, not the
steps.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rnnscope import __version__
from rnnscope.corpora import build_corpus, source_from
from rnnscope.corpora.sources import PYTHON_LIBRARY
from rnnscope.errors import RecordError
from rnnscope.models.sizing import matched_hidden, parameters
from rnnscope.records.corpus import Corpus
from rnnscope.records.count_model import CountModel
from rnnscope.records.finding import Finding
from rnnscope.records.folder import checked_name, is_whole
from rnnscope.records.run import Run
from rnnscope.report import write_report
from rnnscope.studies.configs import train_config
from rnnscope.studies.counting import count_and_score
from rnnscope.studies.executor import run_jobs
from rnnscope.studies.findings import ANALYSES, Study, make_findings
from rnnscope.studies.jobs import TrainJob, train_and_replay
from rnnscope.studies.scales import CELLS, Scale
from rnnscope.studies.work import Work, only_one_study
from rnnscope.training.config import TrainConfig
from rnnscope.training.progress import Progress

MOST_EPOCHS = 20
"""A short text is not read more often than this: it would only be learned by heart."""


@dataclass(frozen=True)
class Listener:
    """Who hears of a study under way."""

    notice: Callable[[str], None] = lambda line: None
    """One line for people."""
    on_progress: Callable[[str, Progress], None] = lambda name, progress: None
    """Run name, and how far its training is."""


@dataclass(frozen=True)
class Outcome:
    report: Path
    findings: dict[str, Path]
    """Analysis -> file."""
    readings: list[str]
    """The answers, a sentence each."""


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
    """Everything from a corpus (its name in the work folder, or a source) to the report; what is on disk is
    reused.

    Raises RnnscopeError for what the user can mend. Two studies in one work folder wait for each other.
    """
    with only_one_study(work, listener.notice):
        corpus = study_corpus(text, scale, work, command, listener.notice)
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
        paths = make_findings(study)
        findings = [Finding.load(path) for path in paths.values()]
        page = write_study_report(work, corpus, findings, command)
        return Outcome(page, paths, [finding.reading for finding in findings])


def study_corpus(text: str, scale: Scale, work: Work, command: str, notice: Callable[[str], None]) -> Corpus:
    """The corpus of that name in the work folder, else the one made of the source; the library at the scale's
    length.
    """
    if text != PYTHON_LIBRARY and "/" not in text and is_whole(work.corpus(text)):
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
            config = _config(
                corpus, scale, cell, layers, matched_hidden(cell, layers, corpus.symbols, budget), seed
            )
            jobs.append(
                TrainJob(
                    work=work.folder,
                    corpus=corpus.name,
                    name=f"{cell}-{layers}x{config.hidden}-{scale.name}-s{seed}",
                    config=config,
                    ngram_validation_nats=ngram_validation_nats,
                    trace_chars=scale.trace_chars,
                    command=command,
                )
            )
    return sorted(jobs, key=lambda job: -_cost(job.config))


def _config(corpus: Corpus, scale: Scale, cell: str, layers: int, hidden: int, seed: int) -> TrainConfig:
    settings: dict[str, object] = {"dropout": scale.dropout}
    if scale.train_chars is not None:
        epochs = round(2 * scale.train_chars / corpus.part("train").chars) / 2
        settings["epochs"] = min(max(0.5, epochs), MOST_EPOCHS)
    return train_config(scale.recipe, cell, layers, hidden, seed, settings)


def _cost(config: TrainConfig) -> float:
    """Roughly how long a run takes beside others: multiplications per character, times characters."""
    return parameters(config.cell, config.layers, config.hidden, 1) * config.epochs


def _train(jobs: list[TrainJob], work: Work, processes: int, listener: Listener) -> list[Run]:
    """Every job's run, in the order of CELLS and depth; whole ones are read, and no process is started for
    them.
    """
    to_do = [job for job in jobs if not _is_done(job, work)]
    if to_do:
        names = ", ".join(job.name for job in to_do)
        listener.notice(f"training {names}: {min(processes, len(to_do))} at a time")
        run_jobs(train_and_replay, to_do, processes, listener.on_progress)
    runs = [Run.read(work.run(job.corpus, job.name)) for job in jobs]
    return sorted(runs, key=lambda run: (CELLS.index(run.manifest.cell), run.manifest.layers))


def _is_done(job: TrainJob, work: Work) -> bool:
    """Whether the run and its replays are whole and of this corpus and config: else training is asked, and it
    decides.
    """
    folder = work.run(job.corpus, job.name)
    if not is_whole(folder):
        return False
    run = Run.read(folder)
    replays = [run.replay_folder("test", kind) for kind in ("surprisal", "trace")]
    return (
        all(is_whole(replay) for replay in replays)
        and run.manifest.corpus_fingerprint == Corpus.read(work.corpus(job.corpus)).manifest.fingerprint
        and TrainConfig.model_validate_json(run.config_path.read_bytes()) == job.config
    )


def write_study_report(work: Work, corpus: Corpus, findings: list[Finding], command: str) -> Path:
    """The page of these findings, at work/report.html."""
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
    return write_report(findings, work.report, title=f"rnnscope: {corpus.name}", command=command, facts=facts)


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
