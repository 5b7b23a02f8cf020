"""Loss by size for every cell and depth (Karpathy, Johnson, Li 2015, Figure 1), and what each axis brings."""

from itertools import pairwise

import altair as alt

from rnnscope.figures.figure import ROWS, Figure
from rnnscope.figures.loss_axis import loss, numbers, padded, with_bits
from rnnscope.figures.theme import family_color, with_family
from rnnscope.figures.thin import needed
from rnnscope.records import Finding
from rnnscope.records.finding import Row, number

LEAST_SIZES = 2
"""Parameter counts, apart by more than a tenth, that make a figure by size worth drawing."""
SAME_SIZE = 1.1
"""Parameter counts within this factor are one place on a line."""
WHOSE = ("here", "published")
MOST_NAMED = 3
"""Differences besides a step that the figure's reading names."""


def by_size(finding: Finding, models: list[Row], most: int) -> Figure | None:
    """Figure 'sizes': a panel for each depth; ours beside what was published."""
    networks = [row for row in models if row["family"] not in ("n-gram", "n-NN")]
    ours = [
        {
            **row,
            "whose": WHOSE[0],
            "depth": _depth(row["layers"]),
            "is_on_line": bool(row.get("stands_for_size", True)),
        }
        for row in needed(networks, "parameters", "layers", "test_nats")
    ]
    sizes = sorted(numbers(ours, "parameters"))
    if not sizes or sum(b > SAME_SIZE * a for a, b in pairwise(sizes)) + 1 < LEAST_SIZES:
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
            "is_on_line": True,
        }
        for row in needed(published, "cell", "layers", "parameters", "published_nats")
    ]
    drawn = with_sizes((ours + with_family(theirs))[:most])
    domain = padded(numbers(drawn, "test_nats"))
    depths = sorted({str(row["depth"]) for row in drawn})
    ends = min(sizes) * 0.85, max(sizes) * 1.18
    scale = alt.Scale(type="log", nice=False, domain=list(ends))
    base = alt.Chart(ROWS).encode(
        x=alt.X(
            "parameters:Q",
            title="parameters (log scale)",
            scale=scale,
            axis=alt.Axis(format="~s", grid=False, values=_round_sizes(*ends), labelOverlap=True),
        ),
        y=loss("y", "test_nats", domain),
        color=family_color(drawn),
    )
    dash = alt.StrokeDash(
        "whose:N",
        title=None,
        scale=alt.Scale(domain=list(WHOSE), range=[[1, 0], [5, 4]]),
        legend=alt.Legend(symbolStrokeWidth=2, symbolSize=300) if theirs else None,
    )
    lines = (
        base.transform_filter("datum.is_on_line")
        .mark_line(strokeWidth=1.6, aria=False)
        .encode(
            y=alt.Y("mean(test_nats):Q", scale=alt.Scale(domain=list(domain), nice=False, zero=False)),
            strokeDash=dash,
            detail="family:N",
            x=alt.X("size:Q", scale=scale),
        )
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
    chart = (
        alt.layer(lines, *marks)
        .properties(width=210, height=300)
        .facet(column=alt.Column("depth:N", title=None, sort=depths, header=alt.Header(labelFontSize=13)))
    )
    return Figure(
        name="sizes",
        title="Test loss by size, cell and depth",
        reading=_reading(published, ours, str(finding.numbers.get("best_network"))),
        chart=chart,
        rows=drawn,
        how_to_read=_WITH_PUBLISHED if theirs else _ALONE,
    )


_ALONE = (
    "A mark is a network, every seed one; a line goes through the mean of the seeds, and of several networks "
    "of a size through those with the lowest validation loss. Down is better."
)
_WITH_PUBLISHED = (
    "Filled marks and full lines are the networks trained here, every seed a mark, the line through the mean "
    "of the seeds, and of several networks of a size through those with the lowest validation loss; hollow "
    "marks and dashed lines what Karpathy, Johnson, Li 2015 print for networks of the same size. Down is "
    "better."
)


def _round_sizes(least: float, most: float) -> list[int]:
    """1, 2 and 5 times powers of ten from `least` to `most`."""
    rounds = [digit * 10**power for power in range(1, 12) for digit in (1, 2, 5)]
    return [each for each in rounds if least <= each <= most]


def with_sizes(rows: list[Row]) -> list[Row]:
    """The rows with `size`, where a line goes through those of one line whose parameter counts are about the
    same: their mean.
    """
    found: list[Row] = []
    of_line: dict[tuple, list[Row]] = {}
    for row in sorted(rows, key=lambda row: number(row["parameters"]) or 0.0):
        of_line.setdefault((row["whose"], row.get("family"), row["depth"]), []).append(row)
    for line in of_line.values():
        groups: list[list[Row]] = []
        for row in line:
            least = number(groups[-1][0]["parameters"]) if groups else None
            if least is None or (number(row["parameters"]) or 0.0) > SAME_SIZE * least:
                groups.append([])
            groups[-1].append(row)
        for group in groups:
            counts = numbers(group, "parameters")
            found += [{**row, "size": sum(counts) / len(counts)} for row in group]
    return found


def _depth(layers: object) -> str:
    return f"{layers} layer{'s' if layers != 1 else ''}"


def _reading(published: list[Row], ours: list[Row], best_network: str) -> str:
    best = next((row for row in ours if row["model"] == best_network), None)
    words = [f"The best network here, {best['model']}, has {best['test_nats']:.3f} nats."] if best else []
    if published:
        reached = sum(bool(row["is_reached"]) for row in published)
        told = f"{reached} of {len(published)} networks are at or below the published loss of their size."
        words.insert(0, told)
    return " ".join(words)


def effects(finding: Finding, most: int) -> Figure | None:
    """Figure 'effects': what a step along each axis of the grid brings; of a step that no two networks differ
    in alone, each pair, and in what it differs besides.
    """
    rows = [
        row
        for row in needed(finding.tables.get("effects", []), "axis", "step", "nats")
        if row["where"] == "all" or row.get("besides")
    ]
    drawn: list[Row] = [
        {**row, "besides": row.get("besides") or "", "name": _name(row)} for row in rows[:most]
    ]
    if not drawn:
        return None
    domain = padded([0.0, *numbers(drawn, "nats", "low", "high")])
    title = "change of nats per character"
    axis = alt.Axis(labelLimit=260)
    base = alt.Chart(ROWS).encode(
        y=alt.Y("name:N", sort=[str(row["name"]) for row in drawn], title=None, axis=axis)
    )
    zero = (
        alt.Chart(alt.Data(values=[{"nats": 0}])).mark_rule(style="reference", aria=False).encode(x="nats:Q")
    )
    bars = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2.5, opacity=0.6, aria=False)
    tooltip = [
        alt.Tooltip("name:N"),
        alt.Tooltip("besides:N", title="differ besides in"),
        alt.Tooltip("pairs:Q", title="pairs of networks"),
        alt.Tooltip("nats:Q", format="+.4f"),
        alt.Tooltip("low:Q", format="+.4f", title="from"),
        alt.Tooltip("high:Q", format="+.4f", title="to"),
    ]
    dots = [
        base.transform_filter(f"{'!' if is_filled else '!!'}datum.besides")
        .mark_point(size=90, filled=is_filled, opacity=1, aria=False)
        .encode(x=loss("x", "nats", domain, title), tooltip=tooltip)
        for is_filled in (True, False)
    ]
    chart = with_bits("x", domain, zero, bars.encode(x=loss("x", "low", domain, title), x2="high:Q"), *dots)
    return Figure(
        name="effects",
        title="What depth, gating and size bring",
        reading=_what_is_there(drawn),
        chart=chart.properties(width="container", height=26 * len(drawn)),
        rows=drawn,
        how_to_read=(
            "A mark is the mean change of loss over all pairs of networks that differ in this step alone, at "
            "equal size where the step is not size; its bar the 95 % interval over the test text. Left is "
            "better."
        )
        + (_HOLLOW if any(row["besides"] for row in drawn) else ""),
    )


_HOLLOW = (
    " A hollow mark is one pair of networks that differ in more than the step; it is drawn for want of pairs "
    "that differ in the step alone."
)


def _name(row: Row) -> str:
    step = f"{row['axis']}: {row['step']}"
    return f"{step}, {row['where']}" if row.get("besides") else step


def _what_is_there(drawn: list[Row]) -> str:
    alone = [row for row in drawn if not row["besides"]]
    told = "No two networks differ in one step alone."
    if alone:
        row = min(alone, key=lambda row: number(row["nats"]) or 0.0)
        told = f"The largest gain: {row['name']}, {row['nats']:+.3f} nats per character."
    others = list(dict.fromkeys(str(row["besides"]) for row in drawn if row["besides"]))
    if not others:
        return told
    few = "; ".join(others[:MOST_NAMED]) + ("; and more" if len(others) > MOST_NAMED else "")
    return f"{told} Hollow marks differ in more than their step: {few}."
