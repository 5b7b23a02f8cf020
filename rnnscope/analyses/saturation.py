"""Counts -> Finding: how often each gate is shut or open (Karpathy, Johnson, Li 2015, section 4.2). Knows no
network.

A gate unit is left-saturated at a step where its activation is below 0.1, right-saturated where it is above
0.9. Each gate unit becomes one point: x = fraction of steps right-saturated, y = fraction left-saturated, x +
y <= 1.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np

from rnnscope.counters import GATES, MOSTLY, SaturationCounter
from rnnscope.records.finding import Finding, Row

MOVES = 0.05
"""A gate unit whose activation never leaves a band of this width never moves."""


@dataclass(frozen=True)
class GateCounts:
    """One network's counter, with what names its points."""

    run: str
    cell: str
    counter: SaturationCounter


def saturation(networks: Iterable[GateCounts], corpus: str, part: str) -> Finding:
    """One row per gate unit, and a summary per gate; layers count from 1 as in the paper."""
    networks = list(networks)
    gates = [row for network in networks for row in _gates(network)]
    steps = max((network.counter.steps for network in networks), default=0)
    thresholds = networks[0].counter if networks else SaturationCounter(())
    return saturation_of(gates, corpus, part, steps, (thresholds.below, thresholds.above))


def _gates(network: GateCounts) -> Iterator[Row]:
    for site, (left_H, right_H) in network.counter.result().items():
        _, layer, gate = site.split(".")
        still_H = network.counter.highest[site] - network.counter.lowest[site] < MOVES
        for unit, (left, right, still) in enumerate(zip(left_H, right_H, still_H, strict=True)):
            yield {
                "run": network.run,
                "cell": network.cell,
                "layer": int(layer) + 1,
                "gate": GATES[network.cell][gate],
                "unit": unit,
                "left": float(left),
                "right": float(right),
                "never_moves": bool(still),
            }


def saturation_of(
    gates: list[Row], corpus: str, part: str, steps: int, thresholds: tuple[float, float] = (0.1, 0.9)
) -> Finding:
    """The finding of rows that are counted already, those of a gate of a layer one after the other."""
    summary = [_summary(list(units)) for _, units in groupby(gates, itemgetter("run", "layer", "gate"))]
    return Finding(
        analysis="saturation",
        corpus=corpus,
        title="How often is each gate shut or open?",
        reading=_reading(summary),
        numbers={
            "steps": steps,
            "gate_units": len(gates),
            "left_below": thresholds[0],
            "right_above": thresholds[1],
            "mostly_open": sum(int(row["mostly_open"] or 0) for row in summary),
            "mostly_shut": sum(int(row["mostly_shut"] or 0) for row in summary),
            "never_moves": sum(int(row["never_moves"] or 0) for row in summary),
        },
        tables={"gates": gates, "summary": summary},
        caveats=[
            f"Every step of the {part} text is counted, from a zero state at the start of each row.",
            "A GRU's z here is named with what it does: PyTorch's keeps the old state where it is 1, the "
            "paper's overwrites it.",
            "A gate unit that is always saturated may belong to a unit that does nothing: what a unit is "
            "for is another question.",
        ],
    )


def _summary(units: list[Row]) -> Row:
    left_H, right_H = (np.array([row[name] for row in units], dtype=float) for name in ("left", "right"))
    return {
        **{name: units[0][name] for name in ("run", "cell", "layer", "gate")},
        "units": len(units),
        "mostly_shut": int((left_H > MOSTLY).sum()),
        "mostly_open": int((right_H > MOSTLY).sum()),
        "never_moves": sum(bool(row["never_moves"]) for row in units),
        "median_left": float(np.median(left_H)),
        "median_right": float(np.median(right_H)),
    }


def _reading(summary: list[Row]) -> str:
    if not summary:
        return "No network here has gates."
    clauses = []
    for run in dict.fromkeys(str(row["run"]) for row in summary):
        rows = [row for row in summary if row["run"] == run]
        busiest = max(rows, key=lambda row: int(row["mostly_open"] or 0) + int(row["mostly_shut"] or 0))
        held = int(busiest["mostly_open"] or 0) + int(busiest["mostly_shut"] or 0)
        if not held:
            clauses.append(f"in {run} no gate is held open or shut")
        else:
            clauses.append(
                f"in {run} {busiest['mostly_open']} of {busiest['units']} {busiest['gate']} gates of layer "
                f"{busiest['layer']} "
                f"are open and {busiest['mostly_shut']} shut on over {MOSTLY:.0%} of steps"
            )
    sentence = "; ".join(clauses) + "."
    return sentence[0].upper() + sentence[1:]
