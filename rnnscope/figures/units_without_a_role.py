"""Units with a role and units without one: how long they keep, and how much of it is memory."""

import altair as alt

from rnnscope.figures.figure import ROWS, Figure, draws
from rnnscope.figures.panels import color_and_shape, in_panels
from rnnscope.figures.thin import evenly_by, left_out, needed
from rnnscope.records import Finding

PANEL_PX = 260


@draws("units_without_a_role")
def units_without_a_role(finding: Finding, most_rows: int) -> list[Figure]:
    """One figure, 'units': a panel per text and cell."""
    units = needed(
        finding.tables.get("units", []),
        "corpus",
        "cell",
        "has_role",
        "time_constant",
        "memory_10",
        "lost_nats",
    )
    if not units:
        return []
    drawn = evenly_by(units, lambda row: (row["corpus"], row["cell"], row["has_role"]), most_rows)
    rows = [
        {
            **row,
            "side": "with a role" if row["has_role"] else "without a role",
            "panel": f"{row['corpus']}, {str(row['cell']).upper()}",
        }
        for row in drawn
    ]
    points = (
        alt.Chart(ROWS)
        .mark_point(size=26, opacity=0.7, aria=False)
        .encode(
            x=alt.X(
                "time_constant:Q",
                title="time constant, characters",
                scale=alt.Scale(type="log", nice=False),
                axis=alt.Axis(tickCount=5, format="~r"),
            ),
            y=alt.Y(
                "memory_10:Q",
                title="beyond the last 10 characters",
                scale=alt.Scale(domain=[0, 1], clamp=True),
                axis=alt.Axis(format="~%", tickCount=5),
            ),
            **color_and_shape("side", ("with a role", "without a role")),
            tooltip=[
                alt.Tooltip("unit:Q"),
                alt.Tooltip("track:N"),
                alt.Tooltip("time_constant:Q", format=".1f"),
                alt.Tooltip("memory_10:Q", format=".1%"),
                alt.Tooltip("lost_nats:Q", title="nats lost without it", format="+.4f"),
            ],
        )
        .properties(width=PANEL_PX, height=PANEL_PX)
    )
    return [
        Figure(
            name="units",
            title="What units with and without a role keep",
            reading=finding.reading,
            chart=in_panels(points, rows),
            rows=rows,
            note=left_out(len(drawn), len(units), "units"),
            how_to_read=(
                "A mark is one unit of one network: to the right, its value goes on resembling itself for "
                "longer; upwards, less of it is a linear function of the last 10 characters."
            ),
        )
    ]
