"""What the view 'Units' shows: every unit of a run with its numbers, and the card of one."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from rnnscope.analyses.unit_cards import Place, by_place, unit_rows
from rnnscope.explorer.opening import ROLES_PART, Known
from rnnscope.explorer.parameters import (
    REFUSALS,
    CorpusName,
    LayerNumber,
    LibraryHere,
    OpeningHere,
    PartAsked,
    RunName,
    UnitNumber,
)
from rnnscope.explorer.shown import Shown
from rnnscope.explorer.unit_card import CardShown, Measuring, RoleNumbers, card_of, measuring_of, role_of
from rnnscope.records.finding import Row
from rnnscope.records.roles import number

router = APIRouter(tags=["units"], responses=REFUSALS)


class UnitShown(RoleNumbers):
    """One unit; what is not known, or not yet, is null."""

    layer: int
    unit: int
    gate_saturated_share: float | None = None
    """Of that of its gates which is most often shut, or open: the share of steps."""
    mean: float | None = None
    deviation: float | None = None
    saturated_share: float | None = None
    """Share of steps with a value below -0.9 or above 0.9."""
    counts: list[int] | None = None
    """Histogram of the values, bins of equal width over [-1, 1]."""
    kept_chars: float | None = None
    value_chars: float | None = None
    promotes: str | None = None
    promotes_logits: float | None = None
    suppresses: str | None = None
    suppresses_logits: float | None = None
    nearest: str | None = None
    nearest_correlation: float | None = None
    change_nats: float | None = None
    change_low: float | None = None
    change_high: float | None = None


class RolesShown(Shown):
    """Whether roles were looked for."""

    are_known: bool
    part: str = Field(description="The part that roles are scored on.")
    command: str = Field(description="What looks for them.")
    clear: int


class UnitsShown(Shown):
    """All units of a run on a part."""

    corpus: str
    run: str
    part: str
    cell: str
    layers: int
    hidden: int
    state: str = Field(description="The site that stands for a unit, 'tanh_c' or 'h'.")
    text_chars: int
    measuring: Measuring
    roles: RolesShown
    is_ablation_known: bool
    ablation_command: str
    gates_from: str = Field(description="'finding', 'trace', 'none', or '' while they are counted.")
    gates_steps: int
    units: list[UnitShown]


@router.get("/units/{corpus}/{run}")
def units(
    library: LibraryHere, opening: OpeningHere, corpus: CorpusName, run: RunName, part: PartAsked = "test"
) -> UnitsShown:
    """Every unit of a run. What the trace alone tells comes while it is measured: ask again."""
    known = opening.known(library, corpus, run, part)
    opened = known.opened
    rows = _rows(known)
    command = f"rnnscope ablate {opened.reference}"
    return UnitsShown(
        corpus=corpus,
        run=run,
        part=part,
        cell=opened.cell,
        layers=opened.layers,
        hidden=opened.units,
        state=opened.state,
        text_chars=opened.chars,
        measuring=measuring_of(known),
        roles=RolesShown(
            are_known=known.are_roles_known,
            part=ROLES_PART,
            command=known.roles_command,
            clear=sum(bool(row.is_clear) for row in rows),
        ),
        is_ablation_known=known.is_ablation_known,
        ablation_command=command if part == "test" else f"{command} --part {part}",
        gates_from=known.gates_from,
        gates_steps=known.gates_steps,
        units=rows,
    )


@router.get("/units/{corpus}/{run}/progress")
def progress(
    library: LibraryHere, opening: OpeningHere, corpus: CorpusName, run: RunName, part: PartAsked = "test"
) -> Measuring:
    """How much of what the trace tells is measured."""
    return measuring_of(opening.known(library, corpus, run, part))


@router.get("/units/{corpus}/{run}/{layer}/{unit}")
def card(
    library: LibraryHere,
    opening: OpeningHere,
    corpus: CorpusName,
    run: RunName,
    layer: LayerNumber,
    unit: UnitNumber,
    part: PartAsked = "test",
) -> CardShown:
    """All that is known of one unit, each claim with its control."""
    return card_of(opening, opening.known(library, corpus, run, part), (layer, unit))


def _rows(known: Known) -> list[UnitShown]:
    opened = known.opened
    roles, held = by_place(opened.roles), by_place(opened.ablation)
    gates = _most_saturated(opened.gates)
    found = {} if known.measured is None else by_place(unit_rows(opened, known.measured))
    shown = []
    for index, place in enumerate(opened.places):
        role, row = roles.get(place, {}), found.get(place, {})
        counts = None if known.measured is None else known.measured.counts_UK[index].tolist()
        numbers: dict[str, Any] = {
            name: number(row, name)
            for name in (
                "mean",
                "deviation",
                "kept_chars",
                "value_chars",
                "promotes_logits",
                "suppresses_logits",
                "nearest_correlation",
            )
        }
        words: dict[str, Any] = {name: row.get(name) for name in ("promotes", "suppresses", "nearest")}
        shown.append(
            UnitShown(
                layer=place[0],
                unit=place[1],
                **role_of(role),
                **numbers,
                gate_saturated_share=gates.get(place),
                saturated_share=None if counts is None else (counts[0] + counts[-1]) / max(1, sum(counts)),
                counts=counts,
                **words,
                change_nats=number(held.get(place, {}), "change_nats"),
                change_low=number(held.get(place, {}), "low"),
                change_high=number(held.get(place, {}), "high"),
            )
        )
    return shown


def _most_saturated(gates: Sequence[Row]) -> dict[Place, float]:
    found: dict[Place, float] = {}
    for row in gates:
        place = (int(row["layer"] or 0), int(row["unit"] or 0))
        most = max(number(row, "left") or 0.0, number(row, "right") or 0.0)
        found[place] = max(found.get(place, 0.0), most)
    return found
