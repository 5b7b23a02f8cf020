"""Units that specialise and saturate as symbols get functions, and which unit follows which state."""

import altair as alt

from rnnscope.figures.figure import ROWS, Figure, draws
from rnnscope.figures.panels import color_and_shape, in_panels
from rnnscope.figures.thin import evenly_by, left_out, needed
from rnnscope.records import Finding
from rnnscope.records.finding import Row

PANEL_PX = 260
CELL_PX = 18
"""Height of a state in the heat map."""
MAP_PX = 560
SIDES = ("functional", "control")


@draws("symbol_functions")
def symbol_functions(finding: Finding, most_rows: int) -> list[Figure]:
    """'slopes', a panel for each count and cell, and 'states', units against states for each cell."""
    return [*_slopes(finding, most_rows), *_states(finding, most_rows)]


def _slopes(finding: Finding, most_rows: int) -> list[Figure]:
    points = needed(finding.tables.get("curves", []), "what", "side", "cell", "symbols", "share")
    if not points:
        return []
    drawn = evenly_by(points, lambda row: (row["what"], row["side"], row["cell"]), most_rows)
    rows: list[Row] = [{**row, "panel": f"{row['what']}, {str(row['cell']).upper()}"} for row in drawn]
    looks = color_and_shape("side", SIDES)
    base = alt.Chart().encode(
        x=alt.X(
            "symbols:Q",
            title="symbols with a rule",
            axis=alt.Axis(format="d", tickMinStep=1, grid=False),
            scale=alt.Scale(nice=False, padding=8),
        ),
        color=looks["color"],
    )
    bounds = alt.Scale(domain=[0, 1], clamp=True)
    share = alt.Y("share:Q", title="share of units", axis=alt.Axis(format="~%", tickCount=5), scale=bounds)
    lines = base.mark_line(strokeWidth=1.6, aria=False).encode(y=share)
    spans = (
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=2, opacity=0.6, aria=False)
        .encode(y=alt.Y("low:Q", scale=bounds), y2="high:Q")
    )
    marks = base.mark_point(size=60, opacity=1, aria=False).encode(
        y=share,
        shape=looks["shape"],
        tooltip=[
            alt.Tooltip("side:N"),
            alt.Tooltip("symbols:Q"),
            alt.Tooltip("share:Q", format=".1%"),
            alt.Tooltip("low:Q", format=".1%", title="from"),
            alt.Tooltip("high:Q", format=".1%", title="to"),
        ],
    )
    chart = alt.layer(lines, spans, marks, data=ROWS).properties(width=PANEL_PX, height=PANEL_PX * 0.75)
    return [
        Figure(
            name="slopes",
            title="Units that specialise and saturate, by symbols with a function",
            reading=finding.reading,
            chart=in_panels(chart, rows),
            rows=rows,
            note=left_out(len(drawn), len(points), "points"),
            how_to_read=(
                "A mark is the mean share of units over shapes and seeds, its bar the 95 % interval over "
                "seeds. Functional: every symbol does what its rule says. Control: the same symbols at "
                "random places."
            ),
        )
    ]


def _states(finding: Finding, most_rows: int) -> list[Figure]:
    cells = needed(finding.tables.get("units", []), "run", "cell", "layer", "unit", "state", "score")
    if not cells:
        return []
    states = list(dict.fromkeys(str(row["state"]) for row in cells))
    drawn = _whole_units(cells, most_rows)
    ordered = sorted(drawn, key=lambda row: _place(row, states))
    rows: list[Row] = [
        {
            **row,
            "who": f"{row['cell']} {row['layer']}.{row['unit']}",
            "panel": f"{str(row['cell']).upper()} {row.get('shape', '')}",
            "own": row["state"] == row["track"] and bool(row["has_role"]),
        }
        for row in ordered
    ]
    base = alt.Chart().encode(
        x=alt.X(
            "who:N",
            sort=list(dict.fromkeys(str(row["who"]) for row in rows)),
            title="units, by the state that they follow best",
            axis=alt.Axis(labels=False, grid=False),
        ),
        y=alt.Y("state:N", sort=states, title=None, axis=alt.Axis(grid=False)),
    )
    tiles = base.mark_rect(aria=False).encode(
        color=alt.Color(
            "score:Q",
            title="2 AUC − 1, or rank correlation",
            scale=alt.Scale(domain=[0, 1], clamp=True, range="ramp"),
            legend=alt.Legend(format="~g", tickCount=3, gradientLength=160),
        ),
        opacity=alt.Opacity(
            "score:Q", scale=alt.Scale(domain=[0, 1], range=[0.04, 1], clamp=True), legend=None
        ),
        tooltip=[
            alt.Tooltip("who:N", title="layer.unit"),
            alt.Tooltip("state:N"),
            alt.Tooltip("score:Q", format=".2f"),
        ],
    )
    own = (
        base.transform_filter("datum.own")
        .mark_point(shape="circle", filled=True, size=14, opacity=1, aria=False)
        .encode(color=alt.value("white"), stroke=alt.value("black"))
    )
    panels = sorted({str(row["panel"]) for row in rows})
    chart = alt.layer(tiles, own, data=ROWS).properties(width=MAP_PX, height=CELL_PX * len(states))
    facet = alt.Facet("panel:N", title=None, sort=panels, header=alt.Header(labelAnchor="start"))
    page = {"panels": len(panels), "group": 1, "least_px": 400, "most_px": MAP_PX}
    return [
        Figure(
            name="states",
            title="Which unit follows which state",
            reading=_sharing(finding),
            chart=chart.facet(facet, columns=1, spacing=22)
            .resolve_scale(x="independent")
            .properties(usermeta={"rnnscope": page}),
            rows=rows,
            note=left_out(len(drawn), len(cells), "pairs of unit and state"),
            how_to_read=(
                "A column is a unit of one network, a row a state of the text; the deeper the colour, the "
                "closer the unit follows it, on text not used to choose the sign. A dot is a role that is "
                "clear of all controls. Several filled tiles in a column: the unit is shared. Many dots in a "
                "row: the state is split over units."
            ),
        )
    ]


def _whole_units(cells: list[Row], most_rows: int) -> list[Row]:
    """At most so many rows, no unit in part."""
    units = list(dict.fromkeys((row["run"], row["layer"], row["unit"]) for row in cells))
    room = max(1, most_rows * len(units) // max(1, len(cells)))
    kept = set(units[:: max(1, -(-len(units) // room))])
    return [row for row in cells if (row["run"], row["layer"], row["unit"]) in kept][:most_rows]


def _place(row: Row, states: list[str]) -> tuple:
    """Units with one track side by side, those without a role at the end."""
    track = str(row["track"])
    return (
        str(row["cell"]),
        not row["has_role"],
        states.index(track) if track in states else len(states),
        int(row["layer"] or 0),
        int(row["unit"] or 0),
    )


def _sharing(finding: Finding) -> str:
    rows = needed(
        finding.tables.get("sharing", []), "symbols", "units", "units_with_several", "symbols_without"
    )
    if not rows:
        return finding.reading
    most = max(int(row["symbols"] or 0) for row in rows)
    there = [row for row in rows if row["symbols"] == most]
    units, several, without = (
        sum(float(row[name] or 0) for row in there) / len(there)
        for name in ("units", "units_with_several", "symbols_without")
    )
    return (
        f"With {most} symbols a network has {units:.1f} specialised units on average; {several:.1f} of them "
        f"are clear of the controls in the states of several symbols, and {without:.1f} symbols have no unit."
    )
