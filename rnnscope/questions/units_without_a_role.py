"""What do the units do that follow no hypothesis? docs/questions/units_without_a_role.md."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from rnnscope.estimate import Interval, over_seeds
from rnnscope.questions.question import Decision, MeasureJob, Measurement, Question, Scale, Text, Verdict
from rnnscope.records.finding import Row

CLAIM = (
    "Units without a role keep less of the text before than units with a role do, and yet the network needs "
    "them."
)
RULE = (
    "Per network the mean over units without a role less that over units with one, averaged over settings "
    "for each seed, 95 % intervals over seeds. (1) memory, the variance that no linear function of the last "
    "10 characters gives: below zero; (2) log time constant: below zero; (3) nats lost without a unit that "
    "has no role: above zero, and at least half of that of units with one. All three: yes. One of them "
    "clearly the other way: no. Else undecided."
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

    from rnnscope.analyses.ablation import ablation
    from rnnscope.analyses.cell_roles import associate, role_rows
    from rnnscope.records.corpus import find_corpus
    from rnnscope.records.run import Run
    from rnnscope.studies.ablating import ablate_run, flags_of
    from rnnscope.studies.jobs import TraceJob, trace_run
    from rnnscope.studies.unit_states import hypotheses_of, unit_states

    torch.set_num_threads(1)
    run, corpus = Run.read(job.run), find_corpus(job.work, job.corpus)
    trace_run(TraceJob(job.work, job.corpus, job.run, TRACE_CHARS, job.command))
    states = unit_states(run, corpus)
    hypotheses = [h.cut(*states.shape) for h in hypotheses_of(corpus, "test", states.shape[0])]
    _, roles = role_rows(states, associate(states, [h for h in hypotheses if h.is_usable], seed=0))
    record = ablate_run(run, corpus, "test", ABLATION_CHARS, "mean", None, job.command)
    ablated = {
        (row["layer"], row["unit"]): row for row in ablation(record, flags_of(corpus, record)).tables["units"]
    }
    ids_RT = corpus.inputs(corpus.part("test"), slice(states.shape[0]))
    trained, before = (_kept(sites, ids_RT) for sites in (states.sites, states.untrained))
    rows: list[Row] = []
    for index, role in enumerate(roles):
        lost = ablated[role["layer"], role["unit"]]
        rows.append(
            {
                "layer": role["layer"],
                "unit": role["unit"],
                "track": role["track"],
                "has_role": role["is_clear"],
                **{name: values[index] for name, values in trained.items()},
                **{f"untrained_{name}": values[index] for name, values in before.items()},
                "lost_nats": lost["change_nats"],
                "specificity_nats": lost["specificity_nats"],
                "is_specific": lost.get("is_specific"),
            }
        )
    return rows


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
    shares = _over(counted, seeds, _need_ratio)
    parts = [
        (memory.high < 0, memory.low > 0),
        (constant.high < 0, constant.low > 0),
        (needed.low > 0 and shares.value >= 0.5, not needed.low > 0 or shares.high < 0.5),
    ]
    verdict: Verdict = "undecided"
    if all(holds for holds, _ in parts):
        verdict = "yes"
    elif any(contrary for _, contrary in parts):
        verdict = "no"
    names = ("memory", "log time constant", "nats lost without it", "nats lost, share of those with a role")
    intervals = (memory, constant, needed, shares)
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
            f"{verdict.capitalize()}: {without} of {units} units have no role. Of their variance "
            f"{memory.value:+.1%} ({memory.low:+.1%} to {memory.high:+.1%}) more is beyond a linear function "
            f"of the last {LAST} characters than of units with a role; their time constants are "
            f"{np.exp(constant.value):.2f} times as long ({np.exp(constant.low):.2f} to "
            f"{np.exp(constant.high):.2f}); without one of them the network loses {needed.value:.4f} nats "
            f"({needed.low:.4f} to {needed.high:.4f}), {shares.value:.2f} ({shares.low:.2f} to "
            f"{shares.high:.2f}) of what it loses without a unit that has one."
        ),
        tables={"parts": rows, "settings": _settings(counted), "units": _units(counted)},
        caveats=[
            f"{len(seeds)} seeds; intervals are Student's t over them.",
            "No role means: none of the hypotheses tried, beyond its controls. Another one may give a role.",
            "Units are taken away one by one: several that do the same each look dispensable.",
            *([f"Fewer than {FEWEST} units on a side, left out: {', '.join(left_out)}."] if left_out else []),
        ],
    )


def _undecided(measured: Sequence[Measurement]) -> Decision:
    nan = float("nan")
    return Decision(
        "undecided",
        nan,
        nan,
        nan,
        f"Undecided: fewer than two seeds have networks with {FEWEST} units on either side.",
        {"units": _units(measured)},
        [],
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


def _need_ratio(each: Measurement) -> float:
    return _mean(each, "lost_nats", has_role=False) / _mean(each, "lost_nats", has_role=True)


def _over(
    measured: Sequence[Measurement], seeds: Sequence[int], number: Callable[[Measurement], float]
) -> Interval:
    """Mean over settings for each seed, and of those over seeds."""
    return over_seeds(
        [float(np.mean([number(each) for each in measured if each.seed == seed])) for seed in seeds]
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
        rows.append(row)
    return rows


def _units(measured: Sequence[Measurement]) -> list[Row]:
    """A row for every unit: what the figure draws."""
    columns = ("unit", "track", "has_role", f"memory_{LAST}", "time_constant", "lost_nats", "is_specific")
    return [
        {"corpus": each.corpus, "cell": each.cell, "seed": each.seed} | {name: row[name] for name in columns}
        for each in measured
        for row in each.rows
    ]


UNITS_WITHOUT_A_ROLE = Question(
    name="units_without_a_role",
    title="What do the units do that follow no hypothesis?",
    claim=CLAIM,
    rule=RULE,
    scales={
        "small": Scale((Text("python-library", 2.0, (48,), 1_000_000),), layers=(1,), seeds=3),
        "full": Scale(
            (Text("war-and-peace", 3.0, (128,)), Text("python-library", 2.0, (128,), 3_000_000)),
            layers=(1,),
            seeds=5,
        ),
    },
    measure=measure,
    decide=decide,
)
