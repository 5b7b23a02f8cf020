"""What the view 'Gates' shows: how often each gate is shut or open, and the figure of it."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from rnnscope.analyses.saturation import saturation_of
from rnnscope.analyses.unit_cards import by_place
from rnnscope.counters import GATES
from rnnscope.explorer.drawn import FigureShown, figure_shown
from rnnscope.explorer.library import Library
from rnnscope.explorer.opening import Gates
from rnnscope.explorer.parameters import REFUSALS, CorpusName, LibraryHere, OpeningHere, PartAsked, RunName
from rnnscope.explorer.shown import Shown
from rnnscope.explorer.unit_card import Measuring
from rnnscope.figures import charts
from rnnscope.figures.saturation import with_region
from rnnscope.records.finding import Row
from rnnscope.records.roles import number
from rnnscope.records.run import Run
from rnnscope.studies.unit_records import rows_of

router = APIRouter(tags=["gates"], responses=REFUSALS)
MOST_DRAWN = 20_000
"""Gate units that are drawn; of more, some evenly."""


class GateUnitShown(Shown):
    """One gate of one unit."""

    run: str
    cell: str
    layer: int
    gate: str
    site: str = Field(description="Its name in a trace, 'f' say.")
    unit: int
    left: float = Field(description="Share of steps below 0.1: shut.")
    right: float = Field(description="Share of steps above 0.9: open.")
    never_moves: bool
    title: str | None = Field(description="What the unit follows, where that is clear of its controls.")


class GateSummary(Shown):
    """All units of one gate of one layer."""

    run: str
    layer: int
    gate: str
    units: int
    mostly_shut: int = Field(description="Units shut on over 90 % of steps.")
    mostly_open: int
    never_moves: int
    median_left: float
    median_right: float


class CountedShown(Shown):
    """Where the numbers of a run are from."""

    run: str
    source: str = Field(description="'finding', 'trace', 'none', or '' while they are counted.")
    steps: int
    measuring: Measuring


class GatesShown(Shown):
    """The gates of one run, or of two beside one another."""

    counted: list[CountedShown]
    is_over: bool
    reading: str
    gates: list[GateUnitShown]
    summary: list[GateSummary]
    figures: list[FigureShown]
    caveats: list[str]


@router.get("/gates/{corpus}/{run}")
def gates(
    library: LibraryHere,
    opening: OpeningHere,
    corpus: CorpusName,
    run: RunName,
    part: PartAsked = "test",
    beside: Annotated[str, Query(max_length=120, description="Another run, to be seen beside.")] = "",
) -> GatesShown:
    """Every gate unit's share of steps shut and open; what is still counted comes later: ask again."""
    names = [run] if beside in ("", run) else [run, beside]
    found = [opening.gates(library, corpus, name, part) for name in names]
    rows: list[Row] = [row for _, each in found for row in each.rows]
    finding = saturation_of(rows, corpus, part, max(each.steps for _, each in found))
    drawn = charts(finding, MOST_DRAWN).values()
    return GatesShown(
        counted=[_counted(of, each) for of, each in found],
        is_over=all(each.job is None or each.job.is_over for _, each in found),
        reading=finding.reading,
        gates=[shown for of, each in found for shown in _units(library, corpus, of, each.rows)],
        summary=[GateSummary.model_validate(row) for row in finding.tables["summary"]],
        figures=[figure_shown(with_region(figure)) for figure in drawn],
        caveats=finding.caveats,
    )


def _counted(run: Run, gates: Gates) -> CountedShown:
    job = gates.job
    share, failed = (job.share, job.failed) if job else (1.0, "")
    told = Measuring(is_over=job is None or job.is_over, share=share, failed=failed)
    return CountedShown(run=run.name, source=gates.source, steps=gates.steps, measuring=told)


def _units(library: Library, corpus: str, run: Run, rows: list[Row]) -> list[GateUnitShown]:
    roles = by_place(rows_of(library.findings(corpus).get("cell_roles"), "roles", run))
    sites = {name: site for site, name in GATES.get(run.manifest.cell, {}).items()}
    shown = []
    for row in rows:
        role = roles.get((int(row["layer"] or 0), int(row["unit"] or 0)), {})
        shown.append(
            GateUnitShown(
                run=run.name,
                cell=run.manifest.cell,
                layer=int(row["layer"] or 0),
                gate=str(row["gate"]),
                site=sites.get(str(row["gate"]), ""),
                unit=int(row["unit"] or 0),
                left=number(row, "left") or 0.0,
                right=number(row, "right") or 0.0,
                never_moves=bool(row.get("never_moves")),
                title=str(role.get("title")) if role.get("is_clear") else None,
            )
        )
    return shown
