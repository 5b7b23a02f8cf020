"""What do the units do that follow no hypothesis? docs/questions/units_without_a_role.md."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from rnnscope.estimate import Interval, over_seeds
from rnnscope.questions.question import (
    Decision,
    MeasureJob,
    Measurement,
    OfDepths,
    Question,
    Scale,
    Verdict,
    undecided,
)
from rnnscope.questions.text import Text
from rnnscope.records.finding import Row, Scalar

CLAIM = (
    "Units without a role keep less of the text before than units with a role do, and yet the network needs "
    "them."
)
RULE = (
    "Per network the mean over units without a role less that over units with one, averaged over settings "
    "for each seed, 95 % intervals over seeds. (1) memory, the variance that no linear function of the last "
    "10 characters gives: below zero; (2) log time constant: below zero; (3) nats lost without a unit that "
    "has no role: above zero, and at least half of that of units with one. All three: yes. One of them "
    "clearly the other way: no (for 3: not above zero, or clearly below half). Else undecided."
)
TRACE_CHARS = 150_000
ABLATION_CHARS = 20_000
LAST = 10
LONGEST = 512.0
"""Characters: a time constant beyond what is measured counts as this."""
FEWEST = 5
"""Units on either side, for a network to count."""


def measure(job: MeasureJob) -> list[Row]:
    """A row for every unit: its role, time constant, memory (both before training too), and what the network
    loses without it.
    """
    import torch

    from rnnscope.analyses.cell_roles import UnitStates, role_rows
    from rnnscope.records.corpus import find_corpus
    from rnnscope.records.run import Run
    from rnnscope.replay.trace import rows_for
    from rnnscope.studies.ablating import ablate_run
    from rnnscope.studies.jobs import load, load_untrained
    from rnnscope.studies.unit_records import held_rows
    from rnnscope.studies.unit_states import hypotheses_of, in_half_precision, state_sites, texts_of

    torch.set_num_threads(1)
    run, corpus = Run.read(job.run), find_corpus(job.work, job.corpus)
    rows = rows_for(corpus, "test", TRACE_CHARS)
    inputs_RT = corpus.inputs(corpus.part("test"), slice(rows))
    # recorded here and not taken from a trace on disk, which may be of more text or coarser
    sites, before = (
        in_half_precision(network.record_blocks(inputs_RT, state_sites(run.manifest.cell, 1)))
        for network in (load(run), load_untrained(run))
    )
    states = UnitStates(run.name, run.manifest.cell, sites, texts_of(corpus, "test", rows), before)
    _, roles = role_rows(states, hypotheses_of(corpus, "test", rows))
    # under a name of its own: of another length than what `rnnscope ablate` may have left
    record = ablate_run(run, corpus, "test", ABLATION_CHARS, "mean", None, job.command, "question")
    ablated = {(row["layer"], row["unit"]): row for row in held_rows(record, corpus)}
    trained, untrained = (_kept(values, inputs_RT) for values in (sites, before))
    found: list[Row] = []
    for index, role in enumerate(roles):
        lost = ablated[role["layer"], role["unit"]]
        found.append(
            {
                "layer": role["layer"],
                "unit": role["unit"],
                "track": role["track"],
                "has_role": role["is_clear"],
                **{name: values[index] for name, values in trained.items()},
                **{f"untrained_{name}": values[index] for name, values in untrained.items()},
                "lost_nats": lost["change_nats"],
                "specificity_nats": lost["specificity_nats"],
                "is_specific": lost.get("is_specific"),
            }
        )
    return found


def _kept(sites: Mapping[str, np.ndarray], ids_RT: np.ndarray) -> dict[str, list[float | None]]:
    """Of every unit: time constant in characters, and what the last k characters do not give, k to LAST."""
    from rnnscope.analyses.recall import explained_by_last
    from rnnscope.counters import AutocorrelationCounter

    counter = AutocorrelationCounter(tuple(sites))
    counter.update(sites)
    steps = np.concatenate([counter.result()[site].steps_H for site in sites])
    explained = np.concatenate([explained_by_last(values, ids_RT, LAST) for values in sites.values()], axis=1)
    return {"time_constant": _numbers(np.where(np.isinf(steps), LONGEST, steps))} | {
        f"memory_{k}": _numbers(1 - explained[k - 1]) for k in range(1, LAST + 1)
    }


def _numbers(values: np.ndarray) -> list[float | None]:
    return [float(value) if np.isfinite(value) else None for value in values]


def decide(measured: Sequence[Measurement]) -> Decision:
    """The rule, from every unit of every network."""
    counted = [each for each in measured if min(_sides(each)) >= FEWEST]
    seeds = sorted({each.seed for each in counted})
    if len(seeds) < 2:
        return _undecided(measured)
    memory = _over(counted, seeds, _difference(f"memory_{LAST}"))
    constant = _over(counted, seeds, _difference("time_constant", np.log))
    needed = _over(counted, seeds, lambda each: _mean(each, "lost_nats", has_role=False))
    needed_with = _over(counted, seeds, lambda each: _mean(each, "lost_nats", has_role=True))
    beyond_half = _over(counted, seeds, _beyond_half)
    parts = [
        (memory.high < 0, memory.low > 0),
        (constant.high < 0, constant.low > 0),
        (needed.low > 0 and beyond_half.value >= 0, not needed.low > 0 or beyond_half.high < 0),
    ]
    verdict: Verdict = "undecided"
    if all(holds for holds, _ in parts):
        verdict = "yes"
    elif any(contrary for _, contrary in parts):
        verdict = "no"
    names = (
        "memory",
        "log time constant",
        "nats lost",
        "nats lost with a role",
        "nats lost beyond half of that",
    )
    intervals = (memory, constant, needed, needed_with, beyond_half)
    rows: list[Row] = [
        {"part": name, "value": each.value, "low": each.low, "high": each.high}
        for name, each in zip(names, intervals, strict=True)
    ]
    for k in range(1, LAST + 1):
        for prefix in ("", "untrained_"):
            each = _over(counted, seeds, _difference(f"{prefix}memory_{k}"))
            rows.append(
                {"part": f"{prefix}memory_{k}", "value": each.value, "low": each.low, "high": each.high}
            )
    before = _over(counted, seeds, _difference("untrained_time_constant", np.log))
    rows.append(
        {"part": "untrained log time constant", "value": before.value, "low": before.low, "high": before.high}
    )
    left_out = [f"{each.corpus}/{each.run}" for each in measured if min(_sides(each)) < FEWEST]
    without = sum(_sides(each)[0] for each in counted)
    units = without + sum(_sides(each)[1] for each in counted)
    return Decision(
        verdict=verdict,
        effect=memory.value,
        low=memory.low,
        high=memory.high,
        reading=(
            f"{verdict.capitalize()}: {without} of {units} units have no role. Beyond a linear function of "
            f"the last {LAST} characters they have {100 * memory.value:+.1f} points of their variance "
            f"({100 * memory.low:+.1f} to {100 * memory.high:+.1f}) against units with a role; their time "
            f"constants are {np.exp(constant.value):.2f} times as long ({np.exp(constant.low):.2f} to "
            f"{np.exp(constant.high):.2f}); without one of them the network loses {needed.value:.4f} nats "
            f"({needed.low:.4f} to {needed.high:.4f}), without one that has a role {needed_with.value:.4f} "
            f"({needed_with.low:.4f} to {needed_with.high:.4f}). {_told_parts(parts)}"
        ),
        tables={"parts": rows, "settings": _settings(counted), "units": _units(counted)},
        caveats=[
            f"{len(seeds)} seeds; intervals are Student's t over them.",
            "No role means: none of the hypotheses tried, beyond its controls. Another one may give a role.",
            "A role must beat what the last character alone tells, so that a unit which only tells the last "
            "characters can have none: parts 1 and 2 lean to yes by that choice.",
            "Units are taken away one by one: several that do the same each look dispensable.",
            *([f"Fewer than {FEWEST} units on a side, left out: {', '.join(left_out)}."] if left_out else []),
        ],
    )


def _undecided(measured: Sequence[Measurement]) -> Decision:
    return undecided(
        f"Undecided: fewer than two seeds have networks with {FEWEST} units on either side.",
        {"units": _units(measured)},
    )


def _sides(each: Measurement) -> tuple[int, int]:
    """Units without and with a role."""
    having = sum(bool(row["has_role"]) for row in each.rows)
    return len(each.rows) - having, having


def _mean(each: Measurement, column: str, *, has_role: bool, scale: Callable = float) -> float:
    values = [row[column] for row in each.rows if bool(row["has_role"]) is has_role]
    return float(np.mean([scale(value) for value in values if value is not None]))


def _difference(column: str, scale: Callable = float) -> Callable[[Measurement], float]:
    """Without a role less with one."""
    return lambda each: (
        _mean(each, column, has_role=False, scale=scale) - _mean(each, column, has_role=True, scale=scale)
    )


def _beyond_half(each: Measurement) -> float:
    """Nats lost without a unit that has no role, less half of those lost without one that has."""
    return _mean(each, "lost_nats", has_role=False) - _mean(each, "lost_nats", has_role=True) / 2


def _told_parts(parts: Sequence[tuple[bool, bool]]) -> str:
    """Which part of the rule says what."""
    words = ["holds" if holds else "is against it" if contrary else "is open" for holds, contrary in parts]
    told = [f"part {number} {word}" for number, word in enumerate(words, start=1)]
    return f"Of the rule {', '.join(told[:-1])} and {told[-1]}."


def _over(
    measured: Sequence[Measurement], seeds: Sequence[int], number: Callable[[Measurement], float]
) -> Interval:
    """Mean over settings for each seed, and of those over seeds.

    Where a setting lacks a seed, what settings differ in must not pass for what seeds differ in: each number
    is taken from its setting's mean, and the mean over settings is put back.
    """
    by_setting: dict[tuple[str, str, str], dict[int, float]] = {}
    for each in measured:
        by_setting.setdefault((each.corpus, each.cell, each.budget), {})[each.seed] = number(each)
    means = {setting: float(np.mean(list(of.values()))) for setting, of in by_setting.items()}
    whole = float(np.mean(list(means.values())))
    return over_seeds(
        [
            whole
            + float(np.mean([of[seed] - means[setting] for setting, of in by_setting.items() if seed in of]))
            for seed in seeds
        ]
    )


def _settings(measured: Sequence[Measurement]) -> list[Row]:
    """A row for every network."""
    rows: list[Row] = []
    for each in measured:
        without, having = _sides(each)
        row: Row = {"corpus": each.corpus, "cell": each.cell, "budget": each.budget, "seed": each.seed}
        row |= {"run": each.run, "test_nats": each.test_nats, "without_role": without, "with_role": having}
        for column in (f"memory_{LAST}", "time_constant", "lost_nats"):
            for name, has_role in (("without", False), ("with", True)):
                row[f"{column}_{name}"] = _mean(each, column, has_role=has_role)
        for name, has_role in (("without", False), ("with", True)):
            specific, lost = (
                _mean(each, column, has_role=has_role, scale=lambda value: abs(float(value)))
                for column in ("specificity_nats", "lost_nats")
            )
            row[f"specificity_over_lost_{name}"] = specific / lost
        rows.append(row)
    return rows


def _units(measured: Sequence[Measurement]) -> list[Row]:
    """A row for every unit: what the figure draws."""
    columns = ("unit", "track", "has_role", f"memory_{LAST}", "time_constant", "lost_nats", "is_specific")
    return [
        {"corpus": each.corpus, "cell": each.cell, "seed": each.seed}
        | {name: _short(row[name]) for name in columns}
        for each in measured
        for row in each.rows
    ]


def _short(value: Scalar) -> Scalar:
    """As much of a number as a figure shows."""
    return round(value, 4) if isinstance(value, float) else value


UNITS_WITHOUT_A_ROLE = Question(
    name="units_without_a_role",
    title="What do the units do that follow no hypothesis?",
    claim=CLAIM,
    rule=RULE,
    scales={
        "small": Scale((Text("python-library", 2.0, (48,), 1_000_000),), seeds=3, planned=OfDepths((1,))),
        "full": Scale(
            (Text("war-and-peace", 3.0, (128,)), Text("python-library", 2.0, (128,), 3_000_000)),
            seeds=5,
            planned=OfDepths((1,)),
        ),
    },
    version=1,
    measure=measure,
    decide=decide,
)
