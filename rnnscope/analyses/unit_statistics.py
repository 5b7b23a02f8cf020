"""Counts -> Finding: what values every unit takes and how long it keeps them. Knows no network.

Two time constants a unit, in steps: how long its gate lets a state last, and how long its value goes on
resembling itself; counters/keeping.py and counters/autocorrelation.py define them.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from rnnscope.counters import (
    GATES,
    AutocorrelationCounter,
    DistributionCounter,
    KeepingCounter,
    SaturationCounter,
)
from rnnscope.records.finding import Finding, Row

SHARES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
"""Quantiles over units."""


class UnitCounters(NamedTuple):
    """What is counted of every unit of a network."""

    distribution: DistributionCounter
    saturation: SaturationCounter
    """Of the gates."""
    keeping: KeepingCounter
    """Of the gates that keep the state; none in a plain RNN."""
    autocorrelation: AutocorrelationCounter
    """Of the value that stands for a unit, one site a layer."""


def unit_statistics(run: str, cell: str, counters: UnitCounters, corpus: str, part: str) -> Finding:
    """A row per unit and site, a row per unit with its time constants, and summaries; layers count from 1 as
    in the paper.
    """
    units = list(_units(cell, counters))
    lasting = list(_time_constants(counters))
    summary, steps = _summary(units), _time_summary(lasting)
    found = counters.distribution.result()
    seen = max((each.count for each in found.values()), default=0)
    return Finding(
        analysis="unit_statistics",
        corpus=corpus,
        title="What values does each unit take, and how long does it keep them?",
        reading=_reading(run, steps),
        numbers={
            "run": run,
            "part": part,
            "steps": seen,
            "units": len(lasting),
            "longest_lag": counters.autocorrelation.lags[-1],
        },
        tables={
            "units": units,
            "time_constants": lasting,
            "summary": summary,
            "time_summary": steps,
            "histograms": list(_histograms(counters)),
        },
        caveats=[
            f"Every step of the {part} text is counted, from a zero state at the start of each row.",
            "A gate's time constant says how long a state would last that nothing is added to, not whether "
            "anything is kept; the autocorrelation says how long the value resembles itself, which a text "
            "that resembles itself can bring about without any memory.",
            "A time constant that is null is beyond what was seen: a gate at 1 throughout, or an "
            f"autocorrelation over 1/e at every lag up to {counters.autocorrelation.lags[-1]}.",
        ],
    )


def _units(cell: str, counters: UnitCounters) -> Iterable[Row]:
    shares = counters.saturation.result()
    for site, found in counters.distribution.result().items():
        quantiles = {name: found.quantile_H(share) for name, share in SHARES.items()}
        deviation_H = np.sqrt(found.variance_H)
        for unit in range(len(found.mean_H)):
            row: Row = {
                **_where(site),
                "name": GATES.get(cell, {}).get(site.rpartition(".")[2], ""),
                "unit": unit,
                "mean": float(found.mean_H[unit]),
                "deviation": float(deviation_H[unit]),
                "least": float(found.least_H[unit]),
                "largest": float(found.largest_H[unit]),
                **{name: float(values_H[unit]) for name, values_H in quantiles.items()},
            }
            if site in shares:
                row |= {
                    name: float(share[unit])
                    for name, share in zip(("shut", "open"), shares[site], strict=True)
                }
            yield row


def _time_constants(counters: UnitCounters) -> Iterable[Row]:
    gates = {site.split(".")[1]: (site, found) for site, found in counters.keeping.result().items()}
    for site, found in counters.autocorrelation.result().items():
        gate, kept = gates.get(site.split(".")[1], ("", None))
        steps_H = found.steps_H
        for unit, steps in enumerate(steps_H.tolist()):
            row: Row = {"layer": int(site.split(".")[1]) + 1, "unit": unit}
            if kept is not None:
                row |= {
                    "gate": gate.rpartition(".")[2],
                    "gate_kept_mean": float(kept.mean_H[unit]),
                    "gate_steps": float(kept.steps_H[unit]),
                    "gate_steps_by_mean": float(kept.steps_by_mean_H[unit]),
                }
            row |= {
                "state": site.rpartition(".")[2],
                "state_steps": steps,
                "outlasts_all_lags": steps == math.inf,
                "never_moves": math.isnan(steps),
            }
            correlations = zip(found.lags, found.values_KH[:, unit].tolist(), strict=True)
            yield row | {f"r_{lag}": value for lag, value in correlations}


def _summary(units: list[Row]) -> list[Row]:
    """Per layer and site: quantiles over units of their means, and the median unit's deviation and shares."""
    rows: list[Row] = []
    for key, group in _grouped(units, ("layer", "site", "name")):
        row = {**key, "units": len(group)} | _quantiles("mean", _column(group, "mean"))
        row |= {
            name: _middle(_column(group, name)) for name in ("deviation", "shut", "open") if name in group[0]
        }
        rows.append(row)
    return rows


def _time_summary(lasting: list[Row]) -> list[Row]:
    """Per layer: quantiles over units of either time constant."""
    rows: list[Row] = []
    for key, group in _grouped(lasting, ("layer",)):
        for by, name in (("gate", "gate_steps"), ("state", "state_steps")):
            if name not in group[0]:
                continue
            steps = _column(group, name)
            row: Row = {**key, "by": by, "site": group[0][by], "units": len(group)}
            row |= _quantiles("steps", steps[~np.isnan(steps)])
            row |= {"beyond": int(np.isinf(steps).sum()), "never_moves": int(np.isnan(steps).sum())}
            rows.append(row)
    return rows


def _histograms(counters: UnitCounters) -> Iterable[Row]:
    """Per layer and site: the share of all values of all units in each bin."""
    for site, found in counters.distribution.result().items():
        shares = found.histogram_HK.sum(axis=0) / found.places_HK.sum()
        edges = found.bins.edges.tolist()
        for low, high, share in zip(edges[:-1], edges[1:], shares.tolist(), strict=True):
            yield {**_where(site), "low": low, "high": high, "share": share}


def _where(site: str) -> Row:
    _, layer, name = site.split(".")
    return {"layer": int(layer) + 1, "site": name}


def _grouped(rows: list[Row], names: tuple[str, ...]) -> Iterable[tuple[Row, list[Row]]]:
    keys = dict.fromkeys(tuple(row[name] for name in names) for row in rows)
    for key in keys:
        yield (
            dict(zip(names, key, strict=True)),
            [row for row in rows if tuple(row[name] for name in names) == key],
        )


def _column(rows: list[Row], name: str) -> np.ndarray:
    return np.array([row[name] for row in rows], dtype=np.float64)


def _quantiles(name: str, values: np.ndarray) -> Row:
    """Each is some unit's value: between a number and infinity there is nothing."""
    if not len(values):
        return {f"{name}_{share}": math.nan for share in SHARES}
    found = np.quantile(values, list(SHARES.values()), method="inverted_cdf")
    return {f"{name}_{share}": float(value) for share, value in zip(SHARES, found, strict=True)}


def _middle(values: np.ndarray) -> float:
    return float(np.median(values))


def _reading(run: str, steps: list[Row]) -> str:
    clauses = []
    for row in steps:
        if row["by"] == "state":
            middle = float(row["steps_p50"] or 0)
            said = "never moves" if math.isnan(middle) else f"resembles itself for {_in_words(middle)}"
            clauses.append(f"the median unit of layer {row['layer']} {said}")
    return f"In {run} {', '.join(clauses)}." if clauses else f"In {run} nothing was counted."


def _in_words(steps: float) -> str:
    """'0.7 steps', '41 steps', 'longer than was seen'."""
    if math.isinf(steps):
        return "longer than was seen"
    return f"{steps:.{0 if steps >= 10 else 1}f} steps"
