"""What a question is, and how it is answered: networks of several seeds, one measurement of each, a verdict
by a rule. Knows no question.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from rnnscope.errors import RecordError
from rnnscope.estimate import Interval
from rnnscope.questions.text import Text, corpus_of
from rnnscope.records.corpus import Corpus, find_corpus
from rnnscope.records.finding import Finding, Row
from rnnscope.records.folder import Manifest, write_text
from rnnscope.records.run import Run
from rnnscope.studies.executor import Executor, on_processes, run_jobs
from rnnscope.studies.grid import Budget, Grid, PlannedRun, planned_runs
from rnnscope.studies.jobs import TrainJob, replay_run, train_and_replay
from rnnscope.studies.training import NOBODY, Listener, is_done
from rnnscope.studies.work import Work

Verdict = Literal["yes", "no", "undecided", "premise not met"]


@dataclass(frozen=True)
class OfDepths:
    """Plans every cell at every depth, size and seed."""

    layers: tuple[int, ...]
    cells: tuple[str, ...] = ("lstm", "gru")

    def __call__(self, scale: "Scale", text: Text, symbols: int) -> list[PlannedRun]:
        grid = Grid(
            cells=self.cells,
            layers=self.layers,
            budgets=tuple(Budget(units) for units in text.budgets),
            seeds=(scale.seeds,),
            settings={"epochs": text.epochs},
        )
        return planned_runs(grid, symbols)


@dataclass(frozen=True)
class Scale:
    """How much is run for an answer."""

    texts: tuple[Text, ...]
    seeds: int
    planned: Callable[["Scale", Text, int], list[PlannedRun]]
    """The networks that it wants on a text of so many symbols."""


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


def on_nothing_else(job: MeasureJob) -> dict[str, str]:
    """What most measurements hang on beside their run."""
    return {}


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
    prepare: Callable[[Work, Corpus, str], None] = lambda work, corpus, command: None
    """What must be there of a text before any of its networks is measured, beside the networks."""
    hangs_on: Callable[[MeasureJob], dict[str, str]] = on_nothing_else
    """What a measurement depends on beside the run itself: name -> fingerprint."""


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


def points(share: Interval, digits: int) -> str:
    """A share in percentage points, with its interval."""
    value, low, high = (f"{100 * each:+.{digits}f}" for each in share)
    return f"{value} ({low} to {high})"


def undecided(reading: str, tables: dict[str, list[Row]]) -> Decision:
    """Where there is too little for the rule to be applied at all: an effect that is not known."""
    nan = float("nan")
    return Decision("undecided", nan, nan, nan, reading, tables, [])


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
    corpora = {text.corpus: corpus_of(text, work, command, listener) for text in asked.texts}
    plans = [
        (text, plan)
        for text in asked.texts
        for plan in asked.planned(asked, text, corpora[text.corpus].symbols)
    ]
    plans.sort(key=lambda each: -each[1].cost)
    jobs = [
        TrainJob(
            work.folder,
            text.corpus,
            plan.name,
            plan.config,
            {},
            0,
            command,
            is_one_of_many_texts=len(corpora) > 1,
        )
        for text, plan in plans
    ]
    listener.on_plan({job.called: plan.cost for job, (_, plan) in zip(jobs, plans, strict=True)})
    to_do = [job for job in jobs if not is_done(job, work)]
    for job in jobs:
        if job not in to_do:
            listener.on_done(job.called)
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
    for corpus in corpora.values():
        question.prepare(work, corpus, command)
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


def _measured(
    question: Question, wanted: Sequence[MeasureJob], processes: int, listener: Listener
) -> list[Measurement]:
    """What is on disk, and what is measured now."""
    missing = [job for job in wanted if _kept(question, job) is None]
    if missing:
        listener.notice(f"measuring {len(missing)} of {len(wanted)} networks")
        run_jobs(Measuring(question.measure, question.hangs_on), missing, processes)
    measured = []
    for job in wanted:
        found = _kept(question, job)
        if found is None:
            raise RecordError(f"what was measured of '{job.run}' cannot be read back; train the run again")
        measured.append(found)
    return measured


def measurement_path(job: MeasureJob) -> Path:
    return job.run / "questions" / f"{job.question}.json"


def _kept(question: Question, job: MeasureJob) -> Measurement | None:
    """The measurement on disk, where it is of these weights and of all else that it hangs on."""
    try:
        found = Measurement.model_validate_json(measurement_path(job).read_bytes())
    except (OSError, ValidationError):
        return None
    is_current = found.parents == _parents(question.hangs_on, job)
    return found if is_current and found.version == job.version else None


def _parents(hangs_on: Callable[[MeasureJob], dict[str, str]], job: MeasureJob) -> dict[str, str]:
    return {"run": Run.read(job.run).manifest.fingerprint} | hangs_on(job)


class Measuring:
    """Measures one run for a question, in a worker process, and leaves what it found beside the run."""

    def __init__(
        self,
        measure: Callable[[MeasureJob], list[Row]],
        hangs_on: Callable[[MeasureJob], dict[str, str]],
    ) -> None:
        self.measure, self.hangs_on = measure, hangs_on

    def __call__(self, job: MeasureJob) -> None:
        run = Run.read(job.run)
        rows = self.measure(job)
        found = Measurement(
            command=job.command,
            parents=_parents(self.hangs_on, job),
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
