"""Run, Corpus -> counters of every unit over a whole part, its rows spread over the workers of an executor.

Every row begins from a zero state, so groups of rows are independent: each is one job, and the counters are
merged in the order of the rows. The groups do not depend on who counts them, nor does any bit of a number.
A part of a single row, as the training part of a 'contiguous' corpus, is one job: cut in time it would not
give the same numbers.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

from rnnscope.analyses.unit_statistics import UnitCounters
from rnnscope.counters import (
    KEEPING,
    AutocorrelationCounter,
    Counter,
    DistributionCounter,
    KeepingCounter,
    SaturationCounter,
    gate_sites,
)
from rnnscope.errors import ConfigError, RnnscopeError
from rnnscope.models.sizing import has_units, why_no_gates
from rnnscope.records.corpus import Corpus, find_corpus
from rnnscope.records.run import Run
from rnnscope.recurrence.kinds import kind_named
from rnnscope.studies.executor import Executor, OnMessage, tell
from rnnscope.studies.unit_states import state_sites

GROUP_ROWS = 10
"""Rows of a job. An LSTM of 128 units is recorded as quickly in 10 rows side by side as in 100, at a third of
the speed in one (63, 50 and 20 thousand characters a second, a core of an AMD EPYC, Zen 3)."""
SECONDS_BETWEEN_NEWS = 2.0


@dataclass(frozen=True)
class CountJob:
    """Some rows of a part to be counted."""

    work: Path
    corpus: str
    name: str
    run: str
    """The run's folder, in the work folder where it is there."""
    part: str
    rows: tuple[int, int]
    """First, and one after the last."""
    counters: tuple[Counter, ...]
    """They have seen nothing."""
    threads: int = 1

    @property
    def reads(self) -> tuple[str, ...]:
        """What a worker needs of the work folder besides the corpus."""
        return tuple(str(Path(self.run) / name) for name in ("manifest.json", "weights.safetensors"))


def unit_counters(cell: str, layers: int) -> UnitCounters:
    """Empty ones: distributions at every site that is not `pre_`, saturation of the gates, time constants by
    the gate that keeps the state and by the state itself.
    """
    sites = [site for site in kind_named(cell).sites if not site.startswith("pre_")]
    gate, side = KEEPING.get(cell, (None, 1))

    def of_layers(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(f"layers.{layer}.{name}" for layer in range(layers) for name in names)

    return UnitCounters(
        DistributionCounter(of_layers(sites)),
        SaturationCounter(gate_sites(cell, layers)),
        KeepingCounter(of_layers([gate] if gate else []), overwrites=side < 0),
        AutocorrelationCounter(tuple(state_sites(cell, layers))),
    )


def count_units(
    run: Run, corpus: Corpus, part: str, executor: Executor, on_message: OnMessage = lambda name, news: None
) -> UnitCounters:
    """All that `unit_counters` tell of a run over a part. Raises as `counted` does, and ConfigError for a
    model that has no units.
    """
    if not has_units(run.manifest.cell):
        raise ConfigError(why_no_gates(run.name, run.manifest.cell))
    empty = unit_counters(run.manifest.cell, run.manifest.layers)
    return UnitCounters(*counted(run, corpus, part, list(empty), executor, on_message=on_message))


def counted(
    run: Run,
    corpus: Corpus,
    part: str,
    counters: Sequence[Any],
    executor: Executor,
    *,
    group_rows: int = GROUP_ROWS,
    on_message: OnMessage = lambda name, news: None,
) -> list[Any]:
    """The counters (`rnnscope.counters.Counter`) with every row of a part added, `group_rows` rows a job;
    those given stay as they are.

    For one `group_rows` the numbers are the same to the last bit whichever the executor. For another one
    counts and bounds may differ where a value lies within rounding of a threshold, and sums in their last
    digits: a network reads another number of rows side by side by other products. `on_message` hears a job's
    name and how many characters it has done.

    Raises ConfigError for a part or site that is not there, RecordError for a network whose activations are
    not finite, and what the executor raises.
    """
    if group_rows < 1:
        raise ConfigError(f"{group_rows} rows a job is not a positive number")
    work, rows = corpus.folder.parents[1], corpus.part(part).rows
    folder = run.folder.resolve()
    inside = folder.is_relative_to(work.resolve())
    place = str(folder.relative_to(work.resolve()) if inside else folder)
    empty = tuple(counter.fresh() for counter in counters)
    jobs = []
    for first in range(0, rows, group_rows):
        last = min(rows, first + group_rows)
        name = f"{run.name} {part} rows {first}-{last - 1}"
        jobs.append(CountJob(work, corpus.name, name, place, part, (first, last), empty))
    found = executor(count_rows, jobs, on_message)
    for each in found:
        if isinstance(each, RnnscopeError):
            raise each
    return reduce(_merged, found, list(counters))


def count_rows(job: CountJob) -> list[Counter]:
    """What one worker does."""
    import torch

    from rnnscope.replay.counts import count_over
    from rnnscope.studies.jobs import load

    torch.set_num_threads(job.threads)
    run, corpus = Run.read(job.work / job.run), find_corpus(job.work, job.corpus)
    rows, told = slice(*job.rows), time.monotonic()

    def on_steps(steps: int) -> None:
        nonlocal told
        if time.monotonic() - told > SECONDS_BETWEEN_NEWS or steps == corpus.part(job.part).row_chars:
            told = time.monotonic()
            tell(job.name, steps * (job.rows[1] - job.rows[0]))

    return count_over(load(run), corpus, job.part, job.counters, rows, on_steps)


def _merged(mine: list[Any], theirs: list[Any]) -> list[Any]:
    return [a.merge(b) for a, b in zip(mine, theirs, strict=True)]
