"""Gate saturation as in Figure 3 of Karpathy, Johnson, Li 2015: one circle per gate unit."""

from dataclasses import replace
from typing import Any

import altair as alt

from rnnscope.counters import MOSTLY
from rnnscope.figures.figure import ROWS, Figure, draws
from rnnscope.figures.loss_axis import numbers
from rnnscope.figures.theme import family_of
from rnnscope.figures.thin import evenly_by, left_out, needed
from rnnscope.records import Finding
from rnnscope.records.finding import Row

MOST_RUNS = 6
"""Runs of one cell drawn side by side; small multiples stop helping after a screenful."""
PANEL_PX = 210


@draws("saturation")
def saturation(finding: Finding, most_rows: int) -> list[Figure]:
    """One figure per cell, 'saturation-lstm' and the like; a panel per run and gate."""
    gates = needed(finding.tables.get("gates", []), "run", "gate", "layer", "left", "right")
    cells = list(dict.fromkeys(str(row.get("cell") or "gates") for row in gates))
    low, high = (
        finding.numbers.get(name) or default for name, default in (("left_below", 0.1), ("right_above", 0.9))
    )
    how_to_read = (
        f"A circle is one gate unit: to the right, the share of steps in which it is open (above {high}); "
        f"upwards, in which it is shut (below {low}). On the dashed diagonal it is always one or the other; "
        "at the origin never."
    )
    return [_of_cell(cell, gates, max(1, most_rows // len(cells)), how_to_read) for cell in cells]


def _of_cell(cell: str, gates: list[Row], most_rows: int, how_to_read: str) -> Figure:
    all_units = [row for row in gates if str(row.get("cell") or "gates") == cell]
    runs = list(dict.fromkeys(str(row["run"]) for row in all_units))
    units = [row for row in all_units if row["run"] in runs[:MOST_RUNS]]
    drawn = evenly_by(units, lambda row: (row["run"], row["gate"]), most_rows)
    # '|' breaks the panel's heading into two lines.
    rows: list[Row] = [
        {**row, "layer": f"layer {row['layer']}", "panel": f"{row['gate']}|{row['run']}"} for row in drawn
    ]
    panels = list(dict.fromkeys(str(row["panel"]) for row in rows))
    gate_names = list(dict.fromkeys(str(row["gate"]) for row in units))
    layers = sorted({str(row["layer"]) for row in rows})
    family = family_of({"cell": cell}) if cell != "gates" else "gates"
    notes = [left_out(len(drawn), len(units), "gate units")]
    if len(runs) > MOST_RUNS:
        notes.append(f"The first {MOST_RUNS} of {len(runs)} runs are drawn.")
    return Figure(
        name=f"saturation-{''.join(c if c.isalnum() else '-' for c in cell)[:40]}",
        title=f"How far the gates of the {family} are open",
        reading=_reading(all_units),
        chart=_chart(panels, len(gate_names), layers),
        rows=rows,
        note=" ".join(note for note in notes if note),
        how_to_read=how_to_read,
    )


def _chart(panels: list[str], gates: int, layers: list[str]) -> alt.FacetChart:
    share: dict[str, Any] = {"scale": alt.Scale(domain=[0, 1], nice=False)}
    axis = {"values": [0, 0.5, 1], "format": "~p"}
    axis |= {"labelFlush": True, "labelOverlap": True, "labelSeparation": 8}
    circles = (
        alt.Chart()
        .mark_point(filled=False, size=34, strokeWidth=1.3, opacity=0.85, aria=False)
        .encode(
            x=alt.X("right:Q", title="steps open", axis=alt.Axis(**axis), **share),
            y=alt.Y("left:Q", title="steps shut", axis=alt.Axis(**axis), **share),
            color=alt.Color(
                "layer:O", sort=layers, legend=alt.Legend(title=None) if len(layers) > 1 else None
            ),
            tooltip=[
                alt.Tooltip("run:N"),
                alt.Tooltip("layer:N"),
                alt.Tooltip("gate:N"),
                alt.Tooltip("unit:Q"),
                alt.Tooltip("right:Q", title="open", format=".1%"),
                alt.Tooltip("left:Q", title="shut", format=".1%"),
            ],
        )
    )
    corner = alt.value(0)
    diagonal = (
        alt.Chart(alt.Data(values=[{}]))
        .mark_rule(style="reference", aria=False)
        .encode(x=corner, y=corner, x2=alt.value("width"), y2=alt.value("height"))
    )
    heading = alt.Facet(
        "panel:N",
        title=None,
        sort=panels,
        header=alt.Header(labelExpr="split(datum.value, '|')", labelAnchor="start", labelLimit=PANEL_PX),
    )
    chart = alt.layer(diagonal, circles, data=ROWS).properties(width=PANEL_PX, height=PANEL_PX)
    columns = min(len(panels), gates if gates > 2 else gates * 2)
    page = {"panels": len(panels), "group": gates, "least_px": 120, "most_px": 260}
    return chart.facet(heading, columns=columns, spacing=22).properties(usermeta={"rnnscope": page})


REGION = {"is_on": False, "gate": "", "layer": "", "is_still": False, "open": [0, 1], "shut": [0, 1]}
"""What the signal 'region' holds: a gate's name and a layer's ('' for all), whether only gates that never
move are meant, and the shares of steps that it reaches over."""


def with_region(figure: Figure) -> Figure:
    """The figure with a signal 'region', which whoever draws it may set: circles outside of it are pale."""
    chart = figure.chart.copy()
    diagonal, circles = chart.spec.layer
    is_gate = "(region.gate === '' || region.gate === datum.gate)"
    within = " && ".join(
        f"datum.{share} >= region.{name}[0] && datum.{share} <= region.{name}[1]"
        for share, name in (("right", "open"), ("left", "shut"))
    )
    is_layer = "(region.layer === '' || region.layer === datum.layer)"
    is_still = "(!region.is_still || datum.never_moves)"
    is_taken = f"!region.is_on || ({is_gate} && {is_layer} && {is_still} && {within})"
    circles = circles.encode(opacity=alt.condition(is_taken, alt.value(0.9), alt.value(0.16)))
    share = alt.Scale(domain=[0, 1], nice=False)
    area = (
        alt.Chart()
        .mark_rect(aria=False, fillOpacity=0.07, strokeOpacity=0.8, strokeWidth=1, stroke="gray", fill="gray")
        .transform_aggregate(n="count()", groupby=["panel", "gate"])
        .transform_filter(f"region.is_on && {is_gate}")
        .transform_calculate(
            x0="region.open[0]", x1="region.open[1]", y0="region.shut[0]", y1="region.shut[1]"
        )
        .encode(
            x=alt.X("x0:Q", scale=share, title="steps open"),
            x2="x1:Q",
            y=alt.Y("y0:Q", scale=share, title="steps shut"),
            y2="y1:Q",
        )
    )
    chart.spec.layer = [area, diagonal, circles]
    return replace(figure, chart=chart.add_params(alt.param(name="region", value=REGION)))


def _reading(units: list[Row]) -> str:
    """Counts over all units of the cell, whether drawn or not."""
    clauses = []
    for gate in list(dict.fromkeys(str(row["gate"]) for row in units))[:4]:
        of_gate = [row for row in units if row["gate"] == gate]
        opened = sum(share >= MOSTLY for share in numbers(of_gate, "right"))
        shut = sum(share >= MOSTLY for share in numbers(of_gate, "left"))
        if opened or shut:
            verb = "is" if opened == 1 else "are"
            clauses.append(
                f"{opened or 'none'} of {len(of_gate):,} {gate} gates {verb} open and {shut or 'none'} shut"
            )
    if not clauses:
        return f"None of {len(units):,} gate units is open, and none shut, in at least {MOSTLY:.0%} of steps."
    return f"In at least {MOSTLY:.0%} of steps {'; '.join(clauses)}."
