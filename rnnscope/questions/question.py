"""What a question is, and how it is answered: networks of several seeds, one measurement of each, a verdict
by a rule. Knows no question.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from rnnscope.corpora import build_corpus
from rnnscope.corpora.choosing import source_from
from rnnscope.corpora.known_texts import WAR_AND_PEACE_SHA256
from rnnscope.corpora.sources import PYTHON_LIBRARY, WAR_AND_PEACE
from rnnscope.corpora.synthetic import SYNTHETIC
from rnnscope.errors import RecordError
from rnnscope.records.corpus import Corpus, find_corpus
from rnnscope.records.finding import Finding, Row
from rnnscope.records.folder import Manifest, is_whole, write_text
from rnnscope.records.run import Run
from rnnscope.studies.configs import train_config
from rnnscope.studies.executor import Executor, on_processes, run_jobs
from rnnscope.studies.grid import Budget, Grid, PlannedRun, planned_run, planned_runs
from rnnscope.studies.jobs import TrainJob, replay_run, train_and_replay
from rnnscope.studies.training import NOBODY, Listener, is_done
from rnnscope.studies.work import Work

Verdict = Literal["yes", "no", "undecided", "premise not met"]


@dataclass(frozen=True)
class Text:
    """A text that a question's networks are trained on."""

    source: str
    """As `rnnscope corpus build` takes it, and its corpus's name."""
    epochs: float
    budgets: tuple[int, ...] = ()
    """Sizes, each named by the one-layer LSTM of so many units."""
    chars: int | None = None
    """Of the embedded library or a synthetic text; another text is taken whole."""
    settings: Mapping[str, str | int] = field(default_factory=dict)
    """Of the source, as `--set` takes them."""
    name: str | None = None
    """Its corpus's, where that is not the source's."""
    shapes: tuple[tuple[int, int], ...] = ()
    """(layers, hidden units) of its networks, in place of the scale's layers at the budgets."""
    seed: int | None = None
    """Of its networks, where every seed has a text of its own; None: all of the scale's seeds."""

    @property
    def corpus(self) -> str:
        usual = self.source if self.chars in (None, 3_000_000) else f"{self.source}-{self.chars // 1000}k"
        return self.name or usual


@dataclass(frozen=True)
class Scale:
    """How much is run for an answer."""

    texts: tuple[Text, ...]
    layers: tuple[int, ...]
    seeds: int
    cells: tuple[str, ...] = ("lstm", "gru")


class Measurement(Manifest):
    """What a question reads off one network, kept beside the run."""

    kind: Literal["measurement"] = "measurement"
    question: str
    version: int
    """Of the question's way to measure."""
    corpus: str
    run: str
    budget: str
    cell: str
    layers: int
    seed: int
    test_nats: float
    rows: list[Row]


@dataclass(frozen=True)
class MeasureJob:
    """One finished run to measure."""

    question: str
    version: int
    work: Path
    corpus: str
    run: Path
    budget: str
    command: str

    @property
    def name(self) -> str:
        return self.run.name


@dataclass(frozen=True)
class Question:
    """A claim with its rule; `docs/questions/NAME.md` holds both as they were before the runs."""

    name: str
    title: str
    claim: str
    rule: str
    scales: Mapping[str, Scale]
    version: int
    """Counted up where `measure` changes, so that what was measured before is measured again."""
    measure: Callable[[MeasureJob], list[Row]]
    """What is read off one network; it runs in a process of its own."""
    decide: Callable[[Sequence[Measurement]], "Decision"]


@dataclass(frozen=True)
class Decision:
    """What the rule makes of the measurements."""

    verdict: Verdict
    effect: float
    low: float
    high: float
    reading: str
    tables: dict[str, list[Row]]
    caveats: list[str]


def answer(
    question: Question,
    scale: str,
    work: Work,
    *,
    processes: int,
    executor: Executor | None = None,
    command: str = "",
    listener: Listener = NOBODY,
) -> Finding:
    """Trains what is not there, measures what is not measured, and applies the rule. Raises RnnscopeError."""
    asked = question.scales[scale]
    corpora = {text.corpus: _corpus(text, work, command, listener) for text in asked.texts}
    plans = [
        (text, plan) for text in asked.texts for plan in planned(asked, text, corpora[text.corpus].symbols)
    ]
    plans.sort(key=lambda each: -each[1].cost)
    jobs = [
        TrainJob(work.folder, text.corpus, plan.name, plan.config, {}, 0, command) for text, plan in plans
    ]
    listener.on_plan({job.name: 1.0 for job in jobs})
    to_do = [job for job in jobs if not is_done(job, work)]
    if to_do:
        listener.notice(f"training {len(to_do)} of {len(jobs)} networks")
    ended = (executor or on_processes(processes))(train_and_replay, to_do, listener.hear)
    for failure in (each for each in ended if isinstance(each, Exception)):
        raise failure
    wanted = [
        MeasureJob(
            question.name,
            question.version,
            work.folder,
            text.corpus,
            work.run(text.corpus, plan.name),
            plan.budget.label if plan.budget else "",
            command,
        )
        for text, plan in plans
    ]
    measured = _measured(question, wanted, processes, listener)
    decision = question.decide(measured)
    parents = {f"{each.corpus}/{each.run}": each.parents["run"] for each in measured}
    return Finding(
        analysis=question.name,
        corpus=", ".join(corpora),
        title=question.title,
        reading=decision.reading,
        numbers={
            "claim": question.claim,
            "rule": question.rule,
            "verdict": decision.verdict,
            "effect": decision.effect,
            "low": decision.low,
            "high": decision.high,
            "seeds": asked.seeds,
            "networks": len(measured),
            "scale": scale,
        },
        tables=decision.tables,
        caveats=decision.caveats,
        parents=parents,
        command=command,
    )


def planned(scale: Scale, text: Text, symbols: int) -> list[PlannedRun]:
    """The networks that a scale wants on a text."""
    if text.shapes:
        seeds = range(scale.seeds) if text.seed is None else (text.seed,)
        return [
            planned_run(train_config("fast", cell, *shape, seed, {"epochs": text.epochs}), symbols)
            for cell, shape, seed in product(scale.cells, text.shapes, seeds)
        ]
    grid = Grid(
        cells=scale.cells,
        layers=scale.layers,
        budgets=tuple(Budget(units) for units in text.budgets),
        seeds=(scale.seeds,),
        settings={"epochs": text.epochs},
    )
    return planned_runs(grid, symbols)


def _corpus(text: Text, work: Work, command: str, listener: Listener) -> Corpus:
    if is_whole(work.corpus(text.corpus)):
        return _checked(Corpus.read(work.corpus(text.corpus)), text)
    chars = text.chars if text.source in (PYTHON_LIBRARY, SYNTHETIC) else None
    return build_corpus(
        source_from(text.source, chars=chars, settings=text.settings),
        text.corpus,
        work.folder,
        command=command,
        notice=listener.notice,
    )


def _checked(corpus: Corpus, text: Text) -> Corpus:
    """Raises RecordError where a corpus of that name is of another text than is asked about."""
    manifest = corpus.manifest
    if text.source == PYTHON_LIBRARY:
        is_meant = manifest.source["kind"] == PYTHON_LIBRARY and manifest.ids_chars == text.chars
    elif text.source == SYNTHETIC:
        is_meant = ({**text.settings, "chars": text.chars}).items() <= manifest.source.items()
    else:
        is_meant = text.source != WAR_AND_PEACE or manifest.text_sha256 == WAR_AND_PEACE_SHA256
    if not is_meant:
        raise RecordError(
            f"corpus '{corpus.name}' is not the text that the question asks about; another --work would do"
        )
    return corpus


def _measured(
    question: Question, wanted: Sequence[MeasureJob], processes: int, listener: Listener
) -> list[Measurement]:
    """What is on disk, and what is measured now."""
    missing = [job for job in wanted if _kept(job) is None]
    if missing:
        listener.notice(f"measuring {len(missing)} of {len(wanted)} networks")
        run_jobs(Measuring(question.measure), missing, processes)
    measured = []
    for job in wanted:
        found = _kept(job)
        if found is None:
            raise RecordError(f"what was measured of '{job.run}' cannot be read back; train the run again")
        measured.append(found)
    return measured


def measurement_path(job: MeasureJob) -> Path:
    return job.run / "questions" / f"{job.question}.json"


def _kept(job: MeasureJob) -> Measurement | None:
    """The measurement on disk, where it is of these weights."""
    try:
        found = Measurement.model_validate_json(measurement_path(job).read_bytes())
    except (OSError, ValidationError):
        return None
    is_current = found.parents.get("run") == Run.read(job.run).manifest.fingerprint
    return found if is_current and found.version == job.version else None


class Measuring:
    """Measures one run for a question, in a worker process, and leaves what it found beside the run."""

    def __init__(self, measure: Callable[[MeasureJob], list[Row]]) -> None:
        self.measure = measure

    def __call__(self, job: MeasureJob) -> None:
        run = Run.read(job.run)
        rows = self.measure(job)
        found = Measurement(
            command=job.command,
            parents={"run": run.manifest.fingerprint},
            question=job.question,
            version=job.version,
            corpus=job.corpus,
            run=run.name,
            budget=job.budget,
            cell=run.manifest.cell,
            layers=run.manifest.layers,
            seed=run.manifest.seed,
            test_nats=replay_run(run, find_corpus(job.work, job.corpus), "test").manifest.mean_nats,
            rows=rows,
        )
        path = measurement_path(job)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, found.model_dump_json(indent=1) + "\n")
