"""The saturated share of every layer of shallow and deep networks: where the single layer lies."""

import altair as alt

from rnnscope.figures.figure import ROWS, Figure, draws
from rnnscope.figures.panels import color_and_shape, in_panels
from rnnscope.figures.thin import evenly_by, left_out, needed
from rnnscope.records import Finding
from rnnscope.records.finding import Row

ROW_PX = 20
PANEL_PX = 260


@draws("single_layer_gating")
def single_layer_gating(finding: Finding, most_rows: int) -> list[Figure]:
    """One figure, 'layers': a panel per text, cell and size."""
    layers = needed(
        finding.tables.get("networks", []), "corpus", "cell", "budget", "layers", "layer", "saturated"
    )
    if not layers:
        return []
    drawn = evenly_by(layers, lambda row: (row["corpus"], row["cell"], row["budget"]), most_rows)
    rows = [_told(row) for row in drawn]
    order = list(
        dict.fromkeys(str(row["who"]) for row in sorted(rows, key=lambda r: (r["layers"], r["layer"])))
    )
    points = (
        alt.Chart(ROWS)
        .mark_point(size=46, opacity=0.8, aria=False)
        .encode(
            x=alt.X(
                "saturated:Q",
                title="gate activations below 0.1 or above 0.9",
                axis=alt.Axis(format="~%", tickCount=5),
                scale=alt.Scale(zero=True, nice=False),
            ),
            y=alt.Y("who:N", sort=order, title=None),
            **color_and_shape("place", ("single", "first", "upper")),
            tooltip=[alt.Tooltip("run:N"), alt.Tooltip("layer:Q"), alt.Tooltip("saturated:Q", format=".1%")],
        )
        .properties(width=PANEL_PX, height=ROW_PX * len(order))
    )
    return [
        Figure(
            name="layers",
            title="How much of each layer's gating is saturated",
            reading=finding.reading,
            chart=in_panels(points, rows),
            rows=rows,
            note=left_out(len(drawn), len(layers), "layers"),
            how_to_read="A mark is one layer of one network; marks in a row differ in their seed.",
        )
    ]


def _told(row: Row) -> Row:
    place = "single" if row["layers"] == 1 else "first" if row["layer"] == 1 else "upper"
    who = "single layer" if row["layers"] == 1 else f"{row['layers']} layers: layer {row['layer']}"
    panel = f"{row['corpus']}, {str(row['cell']).upper()}, size {row['budget']}"
    return {**row, "place": place, "who": who, "panel": panel}
