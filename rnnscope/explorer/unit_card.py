"""Known, place -> the card of one unit: every claim beside its control. Knows no page."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from rnnscope.analyses.unit_cards import (
    MOST_CHARS,
    Place,
    by_place,
    caveats,
    fact_rows,
    nearest,
    symbol_rows,
    wording,
)
from rnnscope.analyses.unit_cards.finding import NEIGHBOURS
from rnnscope.counters import GATES
from rnnscope.explorer.library import NotThere
from rnnscope.explorer.opening import ROLES_PART, Known, Opening
from rnnscope.explorer.shown import Shown
from rnnscope.models.sizing import why_no_unit
from rnnscope.records.finding import Row
from rnnscope.records.roles import margin, number, strength


class Measuring(Shown):
    """How much of what the trace tells is worked out."""

    is_over: bool
    share: float = Field(description="0 to 1.")
    failed: str = Field("", description="Why it will never be there.")


class RoleNumbers(Shown):
    """What a unit follows best, beside its controls."""

    track: str | None = None
    """What it follows best, of all that the text says."""
    title: str | None = None
    kind: str | None = None
    """'flag': the score is an AUC; 'graded': a rank correlation."""
    direction: str | None = None
    """'on': it goes up with the track."""
    score: float | None = None
    low: float | None = None
    high: float | None = None
    control_high: float | None = None
    """The most that shifted labels reach."""
    untrained: float | None = None
    """The best unit of the untrained network."""
    last_character: float | None = None
    q: float | None = None
    is_clear: bool | None = None
    strength: float | None = None
    """The score on one scale for both kinds: 0 is chance, 1 is perfect."""
    margin: float | None = None
    """How far the score is above the best of its controls, on that scale."""


class RoleShown(RoleNumbers):
    """The same on a card."""

    bits: float | None = None


class GateShown(Shown):
    """One gate of a unit."""

    gate: str
    site: str
    open: float | None
    shut: float | None
    never_moves: bool
    median_open: float | None = Field(description="Of this gate over the units of the layer.")
    median_shut: float | None


class ValuesShown(Shown):
    """What values the unit takes, and for how long."""

    counts: list[int] = Field(description="Bins of equal width over [-1, 1].")
    mean: float
    deviation: float
    kept_chars: float | None
    value_chars: float | None
    most_chars: int = Field(description="A time as long as this says 'at least'.")
    median_kept_chars: float | None = Field(description="Over all units of the network.")
    median_value_chars: float | None
    median_saturated_share: float
    saturated_share: float


class SymbolShown(Shown):
    symbol: str
    logits: float
    weight: float


class NeighbourShown(Shown):
    layer: int
    unit: int
    correlation: float
    title: str | None
    is_clear: bool | None


class HeldShown(Shown):
    """What the network loses without the unit."""

    change_nats: float | None
    low: float | None
    high: float | None
    is_clear: bool | None
    held_at: float | None
    track: str | None
    inside_nats: float | None
    outside_nats: float | None
    is_specific: bool | None
    rank: int = Field(description="1: the largest change, either way.")
    median_size_nats: float | None = Field(description="Size of the change, the median over all units.")


class ExcerptShown(Shown):
    """A piece of the text and the unit's value at each of its characters."""

    kind: str
    note: str
    row: int
    step: int
    first_step: int = Field(description="Step of the text's first character.")
    text: str
    values: list[float]


class CardShown(Shown):
    """A unit."""

    layer: int
    unit: int
    heading: str
    sentence: str = Field(description="The role with its controls, in words.")
    state: str
    part: str
    text_chars: int
    roles_part: str
    are_roles_known: bool
    roles_command: str
    role: RoleShown | None
    gates_from: str
    gates_steps: int
    gates: list[GateShown]
    values: ValuesShown | None
    facts: dict[str, str] = Field(description="The same in words, as `rnnscope unit` tells it.")
    reaches_output: bool = Field(description="Whether the unit is of the top layer.")
    raised: list[SymbolShown]
    lowered: list[SymbolShown]
    neighbours: list[NeighbourShown]
    held: HeldShown | None
    is_ablation_known: bool
    ablation_command: str
    excerpts: list[ExcerptShown]
    caveats: list[str]
    measuring: Measuring


def measuring_of(known: Known) -> Measuring:
    jobs = known.jobs
    return Measuring(
        is_over=all(job.is_over for job in jobs),
        share=jobs[0].share,
        failed="; ".join(dict.fromkeys(job.failed for job in jobs if job.failed)),
    )


def card_of(opening: Opening, known: Known, place: Place) -> CardShown:
    """Raises NotThere for a unit that there is not."""
    opened, (layer, unit) = known.opened, place
    if why := why_no_unit(layer - 1, unit, opened.layers, opened.units):
        raise NotThere(f"no unit {layer}.{unit}: {why}", "")
    role = by_place(opened.roles).get(place)
    measured = known.measured
    symbols = symbol_rows(opened, measured, place) if measured else []
    command = f"rnnscope ablate {opened.reference}"
    return CardShown(
        layer=layer,
        unit=unit,
        heading=wording.heading(opened, place, role),
        sentence=wording.role_sentence(opened, role) if role else "",
        state=opened.state,
        part=known.part,
        text_chars=opened.chars,
        roles_part=ROLES_PART,
        are_roles_known=known.are_roles_known,
        roles_command=known.roles_command,
        role=RoleShown(**role_of(role)) if role else None,
        gates_from=known.gates_from,
        gates_steps=known.gates_steps,
        gates=_gates(known, place),
        values=_values(known, place),
        facts={str(row["fact"]): str(row["value"]) for row in fact_rows(opened, measured, place)}
        if measured
        else {},
        reaches_output=layer == opened.layers,
        raised=[_symbol(row) for row in symbols if (number(row, "logits") or 0) > 0],
        lowered=[_symbol(row) for row in symbols if (number(row, "logits") or 0) <= 0],
        neighbours=_neighbours(known, place),
        held=_held(known, place),
        is_ablation_known=known.is_ablation_known,
        ablation_command=command if known.part == "test" else f"{command} --part {known.part}",
        excerpts=[ExcerptShown(**each) for each in opening.excerpts(known, place)],
        caveats=caveats(known.part),
        measuring=measuring_of(known),
    )


def role_of(role: Row) -> dict[str, Any]:
    """What `cell_roles` says of a unit, and where it stands on one scale for all tracks."""
    words = {name: role.get(name) for name in ("track", "title", "kind", "direction", "is_clear")}
    names = ("score", "low", "high", "control_high", "untrained", "last_character", "q", "bits")
    told = {name: number(role, name) for name in names}
    return words | told | ({"strength": strength(role), "margin": margin(role)} if role else {})


def _gates(known: Known, place: Place) -> list[GateShown]:
    sites = {name: site for site, name in GATES.get(known.opened.cell, {}).items()}
    of_layer = [row for row in known.opened.gates if row["layer"] == place[0]]
    return [
        GateShown(
            gate=str(row["gate"]),
            site=sites.get(str(row["gate"]), ""),
            open=number(row, "right"),
            shut=number(row, "left"),
            never_moves=bool(row.get("never_moves")),
            median_open=median([number(each, "right") for each in of_layer if each["gate"] == row["gate"]]),
            median_shut=median([number(each, "left") for each in of_layer if each["gate"] == row["gate"]]),
        )
        for row in of_layer
        if row["unit"] == place[1]
    ]


def _values(known: Known, place: Place) -> ValuesShown | None:
    found = known.measured
    if found is None:
        return None
    index = known.opened.places.index(place)
    shares_U = found.shares_UK[:, 0] + found.shares_UK[:, -1]
    return ValuesShown(
        counts=found.counts_UK[index].tolist(),
        mean=float(found.mean_U[index]),
        deviation=float(found.deviation_U[index]),
        kept_chars=finite(found.kept_chars_U[index]),
        value_chars=finite(found.value_chars_U[index]),
        most_chars=MOST_CHARS,
        median_kept_chars=median([finite(each) for each in found.kept_chars_U]),
        median_value_chars=median([finite(each) for each in found.value_chars_U]),
        median_saturated_share=float(np.median(shares_U)),
        saturated_share=float(shares_U[index]),
    )


def _symbol(row: Row) -> SymbolShown:
    return SymbolShown(
        symbol=str(row["symbol"]), logits=number(row, "logits") or 0.0, weight=number(row, "weight") or 0.0
    )


def _neighbours(known: Known, place: Place) -> list[NeighbourShown]:
    if known.measured is None:
        return []
    roles = by_place(known.opened.roles)
    near = nearest(known.opened, known.measured, known.opened.places.index(place), NEIGHBOURS)
    return [
        NeighbourShown(
            layer=layer,
            unit=unit,
            correlation=at,
            title=_text(roles.get((layer, unit), {}).get("title")),
            is_clear=_flag(roles.get((layer, unit), {}).get("is_clear")),
        )
        for (layer, unit), at in near
    ]


def _held(known: Known, place: Place) -> HeldShown | None:
    rows = by_place(known.opened.ablation)
    row = rows.get(place)
    if row is None:
        return None
    sizes = {each: abs(number(of, "change_nats") or 0.0) for each, of in rows.items()}
    names = ("change_nats", "low", "high", "held_at", "inside_nats", "outside_nats")
    return HeldShown(
        **{name: number(row, name) for name in names},
        track=_text(row.get("track")),
        is_clear=_flag(row.get("is_clear")),
        is_specific=_flag(row.get("is_specific")),
        rank=1 + sum(size > sizes[place] for size in sizes.values()),
        median_size_nats=median(list(sizes.values())),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _flag(value: object) -> bool | None:
    return None if value is None else bool(value)


def finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def median(values: Sequence[float | None]) -> float | None:
    """Of those that there are."""
    there = [each for each in values if each is not None]
    return float(np.median(there)) if there else None
