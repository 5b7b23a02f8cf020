"""Loss by size for every cell and depth (Karpathy, Johnson, Li 2015, Figure 1), and what each axis brings."""

from itertools import pairwise

import altair as alt

from rnnscope.figures.figure import ROWS, Figure
from rnnscope.figures.loss_axis import loss, number, numbers, padded, with_bits
from rnnscope.figures.theme import family_color, with_family
from rnnscope.figures.thin import needed
from rnnscope.records import Finding
from rnnscope.records.finding import Row

LEAST_SIZES = 2
"""Parameter counts, apart by more than a tenth, that make a figure by size worth drawing."""
WHOSE = ("here", "published")


def by_size(finding: Finding, models: list[Row], most: int) -> Figure | None:
    """Figure 'sizes': a panel for each depth; ours beside what was published."""
    networks = [row for row in models if row["family"] not in ("n-gram", "n-NN")]
    ours = [
        {**row, "whose": WHOSE[0], "depth": _depth(row["layers"])}
        for row in needed(networks, "parameters", "layers", "test_nats")
    ]
    sizes = sorted(numbers(ours, "parameters"))
    if not sizes or sum(b > 1.1 * a for a, b in pairwise(sizes)) + 1 < LEAST_SIZES:
        return None
    published = finding.tables.get("published", [])
    theirs: list[Row] = [
        {
            "model": f"published {row['cell']}",
            "cell": row["cell"],
            "parameters": row["parameters"],
            "test_nats": row["published_nats"],
            "whose": WHOSE[1],
            "depth": _depth(row["layers"]),
        }
        for row in needed(published, "cell", "layers", "parameters", "published_nats")
    ]
    drawn = (ours + with_family(theirs))[:most]
    domain = padded(numbers(drawn, "test_nats"))
    depths = sorted({str(row["depth"]) for row in drawn})
    base = alt.Chart(ROWS).encode(
        x=alt.X(
            "parameters:Q",
            title="parameters (log scale)",
            scale=alt.Scale(type="log", nice=False, domain=[min(sizes) * 0.85, max(sizes) * 1.18]),
            axis=alt.Axis(format="~s", grid=False, tickCount=4, labelOverlap=True),
        ),
        y=loss("y", "test_nats", domain),
        color=family_color(drawn),
    )
    dash = alt.StrokeDash(
        "whose:N",
        title=None,
        scale=alt.Scale(domain=list(WHOSE), range=[[1, 0], [5, 4]]),
        legend=alt.Legend(symbolStrokeWidth=2) if theirs else None,
    )
    lines = base.mark_line(strokeWidth=1.6, aria=False).encode(
        y=alt.Y("mean(test_nats):Q", scale=alt.Scale(domain=list(domain), nice=False, zero=False)),
        strokeDash=dash,
        detail="family:N",
        x=alt.X(
            "size:Q", scale=alt.Scale(type="log", nice=False, domain=[min(sizes) * 0.85, max(sizes) * 1.18])
        ),
    )
    tooltip = [
        alt.Tooltip("model:N"),
        alt.Tooltip("parameters:Q", format=","),
        alt.Tooltip("test_nats:Q", title="nats", format=".4f"),
        alt.Tooltip("seed:Q"),
    ]
    marks = [
        base.transform_filter(f"datum.whose == '{whose}'")
        .mark_point(size=60, opacity=1, filled=is_filled, shape=shape, aria=False)
        .encode(tooltip=tooltip)
        for whose, is_filled, shape in ((WHOSE[1], False, "diamond"), (WHOSE[0], True, "circle"))
    ]
    # parameter counts of one budget differ by a percent: a line goes through their mean
    budget = "pow(10, round(log(datum.parameters) / log(10) * 12) / 12)"
    panels = alt.layer(lines, *marks).transform_calculate(size=budget)
    chart = panels.properties(width=210, height=300).facet(
        column=alt.Column("depth:N", title=None, sort=depths, header=alt.Header(labelFontSize=13))
    )
    return Figure(
        name="sizes",
        title="Test loss by size, cell and depth",
        reading=_reading(published, ours),
        chart=chart,
        rows=drawn,
        how_to_read=_WITH_PUBLISHED if theirs else _ALONE,
    )


_ALONE = "A mark is a network, every seed one; a line goes through the mean of its seeds. Down is better."
_WITH_PUBLISHED = (
    "Filled marks and full lines are the networks trained here, every seed a mark; hollow marks and dashed "
    "lines what Karpathy, Johnson, Li 2015 print for networks of the same size. Down is better."
)


def _depth(layers: object) -> str:
    return f"{layers} layer{'s' if layers != 1 else ''}"


def _reading(published: list[Row], ours: list[Row]) -> str:
    best = min(ours, key=lambda row: number(row["test_nats"]) or 0.0)
    words = f"The lowest loss here is {best['test_nats']:.3f} nats, of {best['model']}."
    if not published:
        return words
    reached = sum(bool(row["is_reached"]) for row in published)
    return f"{reached} of {len(published)} networks are at or below the published loss of their size. {words}"


def effects(finding: Finding, most: int) -> Figure | None:
    """Figure 'effects': what a step along each axis of the grid brings."""
    rows = [
        row
        for row in needed(finding.tables.get("effects", []), "axis", "step", "nats")
        if row["where"] == "all"
    ]
    drawn: list[Row] = [{**row, "name": f"{row['axis']}: {row['step']}"} for row in rows[:most]]
    if not drawn:
        return None
    domain = padded([0.0, *numbers(drawn, "nats", "low", "high")])
    title = "change of nats per character"
    base = alt.Chart(ROWS).encode(
        y=alt.Y("name:N", sort=[str(row["name"]) for row in drawn], title=None, axis=alt.Axis(labelLimit=260))
    )
    zero = (
        alt.Chart(alt.Data(values=[{"nats": 0}])).mark_rule(style="reference", aria=False).encode(x="nats:Q")
    )
    bars = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2.5, opacity=0.6, aria=False)
    dots = base.mark_point(size=90, filled=True, opacity=1, aria=False).encode(
        x=loss("x", "nats", domain, title),
        tooltip=[
            alt.Tooltip("name:N"),
            alt.Tooltip("pairs:Q", title="pairs of networks"),
            alt.Tooltip("nats:Q", format="+.4f"),
            alt.Tooltip("low:Q", format="+.4f", title="from"),
            alt.Tooltip("high:Q", format="+.4f", title="to"),
        ],
    )
    most_helpful = min(drawn, key=lambda row: number(row["nats"]) or 0.0)
    chart = with_bits("x", domain, zero, bars.encode(x=loss("x", "low", domain, title), x2="high:Q"), dots)
    return Figure(
        name="effects",
        title="What depth, gating and size bring",
        reading=f"The largest gain: {most_helpful['name']}, {most_helpful['nats']:+.3f} nats per character.",
        chart=chart.properties(width="container", height=26 * len(drawn)),
        rows=drawn,
        how_to_read=(
            "A mark is the mean change of loss over all pairs of networks that differ in this step alone, at "
            "equal size where the step is not size; its bar the 95 % interval over the test text. Left is "
            "better."
        ),
    )
