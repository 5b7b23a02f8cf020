"""Does a single-layer gated network saturate its gates? docs/questions/single_layer_gating.md."""

from collections.abc import Sequence

import numpy as np

from rnnscope.analyses.comparison import WAR_AND_PEACE
from rnnscope.counters import SaturationCounter, gate_sites
from rnnscope.estimate import Interval, over_seeds
from rnnscope.questions.question import (
    Decision,
    MeasureJob,
    Measurement,
    OfDepths,
    Question,
    Scale,
    Verdict,
    points,
)
from rnnscope.questions.text import Text
from rnnscope.records.finding import Row

CLAIM = (
    "The gates of a well-trained single-layer LSTM or GRU are saturated as the upper layers of a deep one "
    "are, not diffuse as its first layer is."
)
RULE = (
    "Saturated share: activations below 0.1 or above 0.9, over all gate units and steps of the test text. "
    "Premise: in deep networks upper less first layers above zero (95 % interval over seeds), else 'premise "
    "not met'. Effect: the single layer less the middle of first and upper layers, averaged over settings "
    "for each seed; interval above zero: yes; below zero: no; else undecided."
)
UNTRAINED_CHARS = 20_000
Key = tuple[str, str, str]
"""(corpus, cell, budget)."""


def measure(job: MeasureJob) -> list[Row]:
    """The saturated share of every layer and gate over the whole test text, and before training."""
    import torch

    from rnnscope.records.corpus import find_corpus
    from rnnscope.records.run import Run
    from rnnscope.replay.counts import count_over
    from rnnscope.replay.trace import rows_for
    from rnnscope.studies.jobs import load, load_untrained

    torch.set_num_threads(1)
    run, corpus = Run.read(job.run), find_corpus(job.work, job.corpus)
    sites = gate_sites(run.manifest.cell, run.manifest.layers)
    few = rows_for(corpus, "test", UNTRAINED_CHARS)
    shares: dict[str, dict[str, float]] = {}
    for state, network, rows in (("trained", load(run), None), ("untrained", load_untrained(run), few)):
        (counter,) = count_over(network, corpus, "test", [SaturationCounter(sites)], slice(rows))
        shares[state] = {
            site: float((left_H + right_H).mean()) for site, (left_H, right_H) in counter.result().items()
        }
    return [
        {
            "layer": int(site.split(".")[1]) + 1,
            "gate": site.split(".")[2],
            "saturated": shares["trained"][site],
            "untrained": shares["untrained"][site],
        }
        for site in sites
    ]


def decide(measured: Sequence[Measurement]) -> Decision:
    """The rule, from the shares of every network."""
    settings = sorted({(each.corpus, each.cell, each.budget) for each in measured})
    seeds = sorted({each.seed for each in measured})
    shares = {(setting, seed): _shares(measured, setting, seed) for setting in settings for seed in seeds}

    def effect(setting: Key, seed: int) -> float:
        single, first, upper = shares[setting, seed]
        return single - (first + upper) / 2

    def premise(setting: Key, seed: int) -> float:
        return shares[setting, seed][2] - shares[setting, seed][1]

    def single_less_first(setting: Key, seed: int) -> float:
        return shares[setting, seed][0] - shares[setting, seed][1]

    def pooled(contrast) -> Interval:
        return over_seeds(
            [float(np.mean([contrast(setting, seed) for setting in settings])) for seed in seeds]
        )

    whole, holds, beyond = pooled(effect), pooled(premise), pooled(single_less_first)
    verdict: Verdict = "undecided"
    if not holds.low > 0:
        verdict = "premise not met"
    elif whole.is_clear:
        verdict = "yes" if whole.value > 0 else "no"
    rows: list[Row] = []
    for setting in settings:
        each = np.array([shares[setting, seed] for seed in seeds])
        own = over_seeds([effect(setting, seed) for seed in seeds])
        rows.append(
            dict(zip(("corpus", "cell", "budget"), setting, strict=True))
            | dict(zip(("single", "first", "upper"), map(float, each.mean(axis=0)), strict=True))
            | {"effect": own.value, "low": own.low, "high": own.high, "is_clear": own.is_clear}
        )
    single, first, upper = np.mean(list(shares.values()), axis=0).tolist()
    worse = _not_well_trained(measured)
    return Decision(
        verdict=verdict,
        effect=whole.value,
        low=whole.low,
        high=whole.high,
        reading=(
            f"{verdict.capitalize()}: of the gate activations in a single layer {single:.1%} are saturated, "
            f"in the first layer of deep networks {first:.1%}, in the layers above {upper:.1%}: "
            f"{points(holds, 1)} points from first to upper. The single layer lies {points(whole, 1)} points "
            f"from the middle of the two, and {points(beyond, 1)} from the first layer."
        ),
        tables={"settings": rows, "gates": _by_gate(measured), "networks": _networks(measured)},
        caveats=[
            f"{len(seeds)} seeds; intervals are Student's t over them.",
            f"Before training {max(_untrained(measured)):.1%} of the activations of a layer are saturated at "
            "most.",
            *(
                [f"Not trained to the paper's loss: {', '.join(worse)}."]
                if worse
                else (
                    ["Every network of a size on War and Peace reaches the paper's loss."]
                    if _has_paper(measured)
                    else []
                )
            ),
            "Layers of a network of equal size get narrower as it gets deeper: width goes with depth here.",
        ],
    )


def _shares(measured: Sequence[Measurement], setting: Key, seed: int) -> tuple[float, float, float]:
    """(single, first, upper) of one setting and seed."""
    layers = {
        each.layers: _of_layers(each)
        for each in measured
        if (each.corpus, each.cell, each.budget) == setting and each.seed == seed
    }
    deep = [shares for count, shares in layers.items() if count > 1]
    return (
        layers[1][0],
        float(np.mean([shares[0] for shares in deep])),
        float(np.mean([np.mean(shares[1:]) for shares in deep])),
    )


def _of_layers(each: Measurement, column: str = "saturated") -> list[float]:
    """Mean over a layer's gates, which all have as many units; layer after layer."""
    numbers = range(1, each.layers + 1)
    return [
        float(np.mean([float(row[column] or 0) for row in each.rows if row["layer"] == layer]))
        for layer in numbers
    ]


def _untrained(measured: Sequence[Measurement]) -> list[float]:
    return [share for each in measured for share in _of_layers(each, "untrained")]


def _networks(measured: Sequence[Measurement]) -> list[Row]:
    """A row for every layer of every network: what the figure draws."""
    return [
        {
            "corpus": each.corpus,
            "cell": each.cell,
            "budget": each.budget,
            "layers": each.layers,
            "layer": layer,
            "seed": each.seed,
            "run": each.run,
            "test_nats": each.test_nats,
            "saturated": share,
        }
        for each in measured
        for layer, share in enumerate(_of_layers(each), start=1)
    ]


def _by_gate(measured: Sequence[Measurement]) -> list[Row]:
    """Means over seeds, for every gate of every kind of layer."""
    found: dict[tuple, list[float]] = {}
    for each in measured:
        for row in each.rows:
            place = "single" if each.layers == 1 else "first" if row["layer"] == 1 else "upper"
            key = (each.corpus, each.cell, each.budget, row["gate"], place)
            found.setdefault(key, []).append(float(row["saturated"] or 0))
    names = ("corpus", "cell", "budget", "gate", "place")
    return [
        dict(zip(names, key, strict=True)) | {"saturated": float(np.mean(shares))}
        for key, shares in sorted(found.items())
    ]


def _has_paper(measured: Sequence[Measurement]) -> bool:
    return any(each.corpus == "war-and-peace" for each in measured)


def _not_well_trained(measured: Sequence[Measurement]) -> list[str]:
    """Kinds of network whose mean test loss on War and Peace is above the paper's."""
    losses: dict[tuple[str, int, int], list[float]] = {}
    for each in measured:
        if each.corpus == "war-and-peace" and each.budget.isdigit():
            losses.setdefault((each.cell, each.layers, int(each.budget)), []).append(each.test_nats)
    return [
        f"{cell} with {layers} layers at {budget} ({np.mean(nats):.3f} against {WAR_AND_PEACE.nats[key]:.3f})"
        for key, nats in sorted(losses.items())
        if np.mean(nats) > WAR_AND_PEACE.nats.get(key, np.inf)
        for cell, layers, budget in [key]
    ]


DEPTHS = OfDepths((1, 2, 3))
SINGLE_LAYER_GATING = Question(
    name="single_layer_gating",
    title="Does a single-layer gated network saturate its gates?",
    claim=CLAIM,
    rule=RULE,
    scales={
        "small": Scale((Text("python-library", 1.0, (48,), 1_000_000),), seeds=3, planned=DEPTHS),
        "full": Scale(
            (Text("war-and-peace", 3.0, (64, 128)), Text("python-library", 2.0, (64,), 3_000_000)),
            seeds=5,
            planned=DEPTHS,
        ),
    },
    version=1,
    measure=measure,
    decide=decide,
)
