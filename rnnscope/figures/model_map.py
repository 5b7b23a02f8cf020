"""The map of models that predict alike."""

import altair as alt

from rnnscope.figures.figure import ROWS, Figure, draws
from rnnscope.figures.loss_axis import numbers, padded
from rnnscope.figures.theme import family_color, family_shape, with_family
from rnnscope.figures.thin import left_out, needed
from rnnscope.records import Finding


@draws("model_map")
def model_map(finding: Finding, most_rows: int) -> list[Figure]:
    """Figure 'map'; none where there were too few models for one."""
    places = with_family(needed(finding.tables.get("places", []), "model", "x", "y"))
    drawn = places[:most_rows]
    if not drawn:
        return []
    x, y = (
        alt.Scale(domain=list(padded(numbers(drawn, name), 0.12)), nice=False, zero=False)
        for name in ("x", "y")
    )
    none = alt.Axis(labels=False, ticks=False, title=None, grid=False, domain=False)
    sizes = numbers(drawn, "parameters")
    size = alt.Size(
        "parameters:Q",
        title="parameters",
        scale=alt.Scale(type="log", domain=[min(sizes, default=1), max(sizes, default=1)], range=[45, 420]),
        legend=alt.Legend(format="~s", tickCount=4),
    )
    base = alt.Chart(ROWS).encode(x=alt.X("x:Q", scale=x, axis=none), y=alt.Y("y:Q", scale=y, axis=none))
    tooltip = [
        alt.Tooltip("model:N"),
        alt.Tooltip("parameters:Q", format=","),
        alt.Tooltip("layers:Q"),
        alt.Tooltip("nearest:N", title="agrees most with"),
        alt.Tooltip("agreement:Q", format=".1%", title="on"),
    ]
    marks = base.mark_point(opacity=0.85, filled=True, aria=False).encode(
        color=family_color(drawn), shape=family_shape(drawn), tooltip=tooltip
    )
    if sizes:
        marks = marks.encode(size=size)
    layers = (
        base.transform_filter("isValid(datum.layers)")
        .mark_text(dy=-13, fontSize=10, aria=False)
        .encode(text="layers:Q", color=family_color(drawn))
    )
    return [
        Figure(
            name="map",
            title="Models that predict alike lie close",
            reading=finding.reading,
            chart=(marks + layers).properties(width="container", height=420),
            rows=drawn,
            note=left_out(len(drawn), len(places), "models"),
            how_to_read=(
                "A mark is a model, its number how many layers it has. Near ones hold the same symbol most "
                "likely on most characters (t-SNE). The directions mean nothing."
            ),
        )
    ]
