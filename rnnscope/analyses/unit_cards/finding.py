"""Opened runs -> Finding: numbers of every unit, cards of those worth showing. Knows how to tell them, not
how they are measured.
"""

from collections.abc import Sequence

import numpy as np

from rnnscope.analyses.unit_cards import wording
from rnnscope.analyses.unit_cards.choosing import by_place, chosen
from rnnscope.analyses.unit_cards.excerpts import excerpts_of
from rnnscope.analyses.unit_cards.measuring import MOST_CHARS, Measured, measure
from rnnscope.analyses.unit_cards.opened import OpenedRun, Place
from rnnscope.records.finding import Excerpt, Finding, Row
from rnnscope.records.roles import number

SYMBOLS, NEIGHBOURS = 5, 3
"""Of a card: symbols that it makes more and less likely, and units that are most like it."""


def unit_cards(
    runs: Sequence[OpenedRun], corpus: str, part: str, seed: int = 0, only: Sequence[Place] | None = None
) -> Finding:
    """A row of numbers for every unit, and cards for the units of `choosing.chosen`, or for `only` these.

    Table `units`: all units. `cards`, `facts`, `symbols` and the excerpts: those shown, joined by run, layer
    and unit.
    """
    tables: dict[str, list[Row]] = {name: [] for name in ("cards", "facts", "symbols", "units")}
    excerpts: list[Excerpt] = []
    for run in runs:
        measured = measure(run)
        tables["units"] += unit_rows(run, measured)
        shown = chosen(run, seed) if only is None else dict.fromkeys(only, "asked for")
        for place, why in shown.items():
            tables["cards"].append(_card(run, measured, place, why))
            tables["facts"] += fact_rows(run, measured, place)
            tables["symbols"] += symbol_rows(run, measured, place)
        excerpts += _excerpts(run, list(shown), seed)
    units = tables["units"]
    return Finding(
        analysis="unit_cards",
        corpus=corpus,
        title="What is known of single units?",
        reading=_reading(units),
        numbers={
            "units": len(units),
            "cards": len(tables["cards"]),
            "text_chars": max((run.chars for run in runs), default=0),
            "seed": seed,
        },
        tables=tables,
        excerpts=excerpts,
        caveats=caveats(part),
    )


def _where(run: OpenedRun, place: Place) -> Row:
    return {"run": run.run, "layer": place[0], "unit": place[1]}


def unit_rows(run: OpenedRun, measured: Measured) -> list[Row]:
    """The numbers of every unit, layer by layer."""
    roles, ablation = by_place(run.roles), by_place(run.ablation)
    rows: list[Row] = []
    for index, place in enumerate(run.places):
        shares_K, role = measured.shares_UK[index], roles.get(place, {})
        closest, likeness = next(iter(nearest(run, measured, index, 1)), ((0, 0), 0.0))
        held = ablation.get(place, {})
        row: Row = {
            **_where(run, place),
            "track": role.get("track"),
            "score": number(role, "score"),
            "control_high": number(role, "control_high"),
            "is_clear": role.get("is_clear"),
            "mean": float(measured.mean_U[index]),
            "deviation": float(measured.deviation_U[index]),
            "near_minus_1_share": float(shares_K[0]),
            "near_plus_1_share": float(shares_K[-1]),
            "kept_chars": float(measured.kept_chars_U[index]),
            "value_chars": float(measured.value_chars_U[index]),
            **_strongest(run, measured, place),
            "nearest": f"{closest[0]}.{closest[1]}" if closest[0] else None,
            "nearest_correlation": likeness,
            "change_nats": number(held, "change_nats"),
            "change_low": number(held, "low"),
            "change_high": number(held, "high"),
            "site": run.site(place[0]),
            "histogram": _histogram(shares_K),
        }
        rows.append(row)
    return rows


def _histogram(shares_K: np.ndarray) -> str:
    """Thousandths of the time in each of the bins, '0 12 980 ...'."""
    return " ".join(str(round(1000 * share)) for share in shares_K)


def nearest(run: OpenedRun, measured: Measured, index: int, most: int) -> list[tuple[Place, float]]:
    """The `most` units most correlated with the one at `index`, either sign, the closest first."""
    correlation_U = measured.correlation_UU[index]
    order = np.argsort(-np.abs(correlation_U), kind="stable")
    others = order[order != index][:most]
    return [(run.places[other], float(correlation_U[other])) for other in others]


def _strongest(run: OpenedRun, measured: Measured, place: Place) -> Row:
    if place[0] != run.layers:
        return dict.fromkeys(("promotes", "promotes_logits", "suppresses", "suppresses_logits"))
    logits_V = measured.logits_VH[:, place[1]]
    most, least = int(logits_V.argmax()), int(logits_V.argmin())
    return {
        "promotes": run.symbols[most],
        "promotes_logits": float(logits_V[most]),
        "suppresses": run.symbols[least],
        "suppresses_logits": float(logits_V[least]),
    }


def _card(run: OpenedRun, measured: Measured, place: Place, why: str) -> Row:
    role = by_place(run.roles).get(place)
    return {
        **_where(run, place),
        "why": why,
        "heading": wording.heading(run, place, role),
        "sentence": wording.role_sentence(run, role),
        "state": "tanh(c)" if run.state == "tanh_c" else "h",
        "histogram": _histogram(measured.shares_UK[run.places.index(place)]),
    }


def fact_rows(run: OpenedRun, measured: Measured, place: Place) -> list[Row]:
    """What its card tells in words."""
    index = run.places.index(place)
    shares_K = measured.shares_UK[index]
    gates = [row for row in run.gates if (row["layer"], row["unit"]) == place]
    facts = {
        "values": wording.values_fact(
            measured.mean_U[index], measured.deviation_U[index], shares_K[0], shares_K[-1]
        ),
        "memory by its gate": wording.kept_fact(measured.kept_chars_U[index]),
        "memory by its values": wording.value_fact(measured.value_chars_U[index], MOST_CHARS),
        "gates": wording.gates_fact(gates),
        "most alike": wording.neighbours_fact(nearest(run, measured, index, NEIGHBOURS)),
        "held at its mean": wording.ablation_fact(run, by_place(run.ablation).get(place)),
    }
    if place[0] != run.layers:
        facts["output"] = f"none of its own: only layer {run.layers} reaches the output"
    return [{**_where(run, place), "fact": name, "value": value} for name, value in facts.items() if value]


def symbol_rows(run: OpenedRun, measured: Measured, place: Place) -> list[Row]:
    """The symbols that the unit's output weight makes most and least likely, of the top layer's units."""
    if place[0] != run.layers:
        return []
    logits_V = measured.logits_VH[:, place[1]]
    order = np.argsort(-logits_V, kind="stable")
    most = min(SYMBOLS, len(order) // 2)
    picked = [int(symbol) for symbol in (*order[:most], *order[len(order) - most :][::-1])]
    weights_V = run.decoder_VH[:, place[1]] - run.decoder_VH[:, place[1]].mean()
    rows: list[Row] = []
    for symbol in picked:
        row: Row = {
            **_where(run, place),
            "symbol": run.symbols[symbol],
            "logits": float(logits_V[symbol]),
            "weight": float(weights_V[symbol]),
        }
        rows.append(row)
    return rows


def _excerpts(run: OpenedRun, shown: list[Place], seed: int) -> list[Excerpt]:
    found: dict[Place, list[Excerpt]] = {}
    for layer in sorted({layer for layer, _ in shown}):
        units = [unit for at, unit in shown if at == layer]
        values_RTU = run.columns(run.site(layer), units)
        for index, unit in enumerate(units):
            found[layer, unit] = list(excerpts_of(run, (layer, unit), values_RTU[..., index], seed))
    return [excerpt for place in shown for excerpt in found[place]]


def _reading(units: list[Row]) -> str:
    if not units:
        return "No network was opened."
    told = f"{len(units):,} unit{'s are' if len(units) > 1 else ' is'} described"
    clear = sum(bool(row["is_clear"]) for row in units)
    if any(row["is_clear"] is not None for row in units):
        told += f", {clear:,} with a clear role"
    times = [(number(row, "value_chars") or 0.0, row) for row in units if number(row, "value_chars")]
    if times:
        longest, row = max(times, key=lambda pair: pair[0])
        median = float(np.median([time for time, _ in times]))
        told += (
            f". By the autocorrelation of its values the median unit remembers {wording.chars(median)}, the "
            f"longest {wording.chars(longest)} (unit {row['unit']} of layer {row['layer']} in {row['run']})"
        )
    return f"{told}."


def caveats(part: str) -> list[str]:
    """What a card does not say, and how it may mislead."""
    return [
        f"Roles are correlations on {part} text, with controls: to follow is not to be there for.",
        "What a unit's output weight makes likelier is what it adds to the output by itself, one standard "
        "deviation up; through later steps and the other units it may do the opposite.",
        "The time that a forget gate keeps is that of a state to which nothing is written; the time of the "
        "values is that of the text too: a unit that follows slow text is slow.",
        "Excerpts are drawn from the most extreme thousandth of the text: what a unit does elsewhere, its "
        "histogram shows.",
        "Two units that are alike on this text may differ in what they cause.",
    ]
