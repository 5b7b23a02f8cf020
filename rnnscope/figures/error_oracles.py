"""What would remove a model's errors: the breakdown, what the order does to it, and what growth removes."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from rnnscope.figures.figure import ROWS, Figure, draws
from rnnscope.figures.fitting import fitting
from rnnscope.figures.loss_axis import numbers
from rnnscope.figures.panels import closed, in_panels
from rnnscope.figures.thin import left_out, needed
from rnnscope.records import Finding
from rnnscope.records.finding import Row, number

MOST_MODELS = 12
"""Bars in one chart."""
BAR_PX = 34
ROW_PX = 34
DEEPEST, PALEST = 0.8, 0.32
"""Opacity of an oracle's first and last slice: text must be readable on both."""
OTHERS = 0.55
"""What is published is paler by so much."""
LABEL_ROOM = 1.45
"""How far the axis of errors goes on, so that a label fits beside the last mark."""
NAMED_SHARE = 0.045
"""A bar's part that is at least so long has its share written in it."""
NARROW_PX = 560
"""In less room a model stands above its bar, not beside it."""
NARROW_BAR_PX = 58
NARROW_NAMED_PERCENT = 8
"""As NAMED_SHARE, of a bar that is not much longer than a hand is wide."""


@draws("error_oracles")
def error_oracles(finding: Finding, most_rows: int) -> list[Figure]:
    """Figures 'breakdown', 'order' and 'growth'."""
    figures = [_breakdown(finding, most_rows), _order(finding, most_rows), _growth(finding, most_rows)]
    return [figure for figure in figures if figure is not None]


def _breakdown(finding: Finding, most_rows: int) -> Figure | None:
    slices = needed(finding.tables.get("slices", []), "model", "oracle", "slice", "share", "errors")
    models = list(dict.fromkeys(str(row["model"]) for row in slices))
    drawn = models[:MOST_MODELS]
    rows = [placed for model in drawn for placed in _stacked(slices, model)][:most_rows]
    if not rows:
        return None
    oracles = list(dict.fromkeys(str(row["oracle"]) for row in rows))
    bars = list(dict.fromkeys(str(row["bar"]) for row in rows))
    first = [f"{row['oracle']} {row['label']}" for row in rows if row["model"] == drawn[0] and row["label"]]
    return Figure(
        name="breakdown",
        title="What would remove the errors",
        reading=f"What each oracle removes of the errors of {drawn[0]}: {', '.join(first)}.",
        chart=fitting(_stacks(bars, oracles), _stacks(bars, oracles, is_narrow=True), NARROW_PX),
        rows=rows,
        note=left_out(len(drawn), len(models), "models"),
        how_to_read=(
            "A bar is all errors of a model, each under the first oracle, from the left, that removes it. A "
            "colour is an oracle; within it the slices grow paler: for n-gram the context grows, for memory "
            "the text it holds, for rare words how often the word was trained on, for the boost what it adds."
            + (" Paler bars were published in 2015." if any(_is_published(row) for row in rows) else "")
        ),
    )


def _stacked(slices: Sequence[Row], model: str) -> list[Row]:
    """A model's slices one after the other, from 0 to 1, with a label in the middle of each oracle's part."""
    found, at = [], 0.0
    of_model = [row for row in slices if row["model"] == model]
    for oracle in dict.fromkeys(row["oracle"] for row in of_model):
        parts = [row for row in of_model if row["oracle"] == oracle]
        total = sum(numbers(parts, "share"))
        for place, row in enumerate(parts):
            share = number(row["share"]) or 0.0
            paler = DEEPEST - (DEEPEST - PALEST) * place / max(1, len(parts) - 1)
            if _is_published(row):
                paler *= OTHERS
            bar = f"{model} (published)" if _is_published(row) else model
            found.append(
                {
                    **row,
                    "bar": bar,
                    "start": at,
                    "stop": at + share,
                    "shade": paler,
                    "middle": None,
                    "label": None,
                }
            )
            at += share
        if parts and total >= NAMED_SHARE:
            found[-1] |= {"middle": at - total / 2, "label": f"{total:.0%}"}
    return found


def _stacks(bars_of: Sequence[str], oracles: Sequence[str], is_narrow: bool = False) -> Any:
    scale = alt.Scale(domain=[0, 1], nice=False)
    ticks = [0, 0.5, 1] if is_narrow else [0, 0.2, 0.4, 0.6, 0.8, 1]
    axis = alt.Axis(
        format="~p", title="share of the model's errors", values=ticks, grid=False, labelFlush=True
    )
    # above its bar, from where that begins
    above = alt.Axis(
        labelAlign="left", labelPadding=0, labelOffset=-22, labelLimit=340, ticks=False, domain=False
    )
    y = alt.Y("bar:N", sort=list(bars_of), title=None)
    y = (
        y.scale(alt.Scale(paddingInner=0.55, paddingOuter=0.35, align=0.85)).axis(above)
        if is_narrow
        else y.scale(alt.Scale(padding=0.15))
    )
    base = alt.Chart(ROWS).encode(y=y)
    bars = base.mark_bar(aria=False).encode(
        x=alt.X("start:Q", scale=scale, axis=axis),
        x2="stop:Q",
        color=alt.Color(
            "oracle:N",
            scale=alt.Scale(domain=list(oracles)),
            legend=alt.Legend(title=None, symbolType="square", columns=3),
        ),
        opacity=alt.Opacity("shade:Q", scale=None, legend=None),
        tooltip=[
            alt.Tooltip("model:N"),
            alt.Tooltip("oracle:N"),
            alt.Tooltip("slice:N"),
            alt.Tooltip("share:Q", title="share of errors", format=".2%"),
            alt.Tooltip("low:Q", title="from", format=".2%"),
            alt.Tooltip("high:Q", title="to", format=".2%"),
            alt.Tooltip("errors:Q", format=","),
        ],
    )
    named = "isValid(datum.middle)"
    if is_narrow:
        named += f" && toNumber(slice(datum.label, 0, -1)) >= {NARROW_NAMED_PERCENT}"
    labels = (
        base.transform_filter(named)
        .mark_text(aria=False, fontWeight=600)
        .encode(x=alt.X("middle:Q", scale=scale, axis=axis), text="label:N")
    )
    height = (NARROW_BAR_PX if is_narrow else BAR_PX) * len(bars_of)
    return alt.layer(bars, labels).properties(width="container", height=height)


def _order(finding: Finding, most_rows: int) -> Figure | None:
    table = needed(finding.tables.get("oracles", []), "model", "oracle", "first", "last", "shapley")
    models = list(dict.fromkeys(str(row["model"]) for row in table))
    rows: list[Row] = [
        {**row, "panel": row["model"]} for row in table if row["model"] in models[:MOST_MODELS]
    ]
    rows = rows[:most_rows]
    if not rows:
        return None
    oracles = list(dict.fromkeys(str(row["oracle"]) for row in rows))
    of_first = [row for row in rows if row["model"] == models[0]]
    widest = max(of_first, key=lambda row: (number(row["first"]) or 0.0) - (number(row["last"]) or 0.0))
    return Figure(
        name="order",
        title="What the order of the oracles does",
        reading=(
            f"For {models[0]}, {widest['oracle']} removes {widest['first']:.1%} of errors when it goes "
            f"first, {widest['last']:.1%} when it goes last, and {widest['shapley']:.1%} on average."
        ),
        chart=in_panels(_ranges(oracles), rows),
        rows=rows,
        note=left_out(min(len(models), MOST_MODELS), len(models), "models"),
        how_to_read=(
            "A band reaches from what an oracle removes when it goes last, and so alone, to what it removes "
            "when it goes first. The dot is its mean over all orders (Shapley value) with its 95 % interval, "
            "the short line what it removes in the order given. The boost is left out."
        ),
    )


def _ranges(oracles: Sequence[str]) -> Any:
    axis = alt.Axis(format="~p", title="share of errors", grid=True, tickCount=5, labelFlush=True)
    scale = alt.Scale(zero=True, nice=True)
    y = alt.Y("oracle:N", sort=list(oracles), title=None)
    base = alt.Chart().encode(y=y)
    color = alt.Color("oracle:N", scale=alt.Scale(domain=list(oracles)), legend=None)
    bands = base.mark_bar(height=11, opacity=0.35, cornerRadius=3, aria=False).encode(
        x=alt.X("last:Q", axis=axis, scale=scale),
        x2="first:Q",
        color=color,
        tooltip=[
            alt.Tooltip("model:N"),
            alt.Tooltip("oracle:N"),
            alt.Tooltip("first:Q", title="goes first", format=".2%"),
            alt.Tooltip("last:Q", title="goes last", format=".2%"),
            alt.Tooltip("shapley:Q", title="mean of all orders", format=".2%"),
            alt.Tooltip("shapley_low:Q", title="from", format=".2%"),
            alt.Tooltip("shapley_high:Q", title="to", format=".2%"),
            alt.Tooltip("share:Q", title="in the order given", format=".2%"),
        ],
    )
    given = base.mark_tick(size=19, thickness=2, aria=False).encode(
        x=alt.X("share:Q", scale=scale), color=color
    )
    intervals = (
        closed(base, "shapley", "shapley_low", "shapley_high")
        .mark_rule(strokeWidth=2, aria=False)
        .encode(x=alt.X("shapley_low:Q", scale=scale), x2="shapley_high:Q", color=color)
    )
    dots = base.mark_point(size=70, opacity=1, filled=True, aria=False).encode(
        x=alt.X("shapley:Q", scale=scale), color=color
    )
    return alt.layer(bands, given, intervals, dots, data=ROWS).properties(width=300, height=alt.Step(ROW_PX))


def _growth(finding: Finding, most_rows: int) -> Figure | None:
    table = needed(
        finding.tables.get("scaling", []), "large", "small", "oracle", "errors_small", "errors_large"
    )
    rows: list[Row] = [
        {**row, "panel": _panel(row), "label": _gone(row)}
        for row in table
        if row["slice"] == "all" and row["oracle"] != "all"
    ][:most_rows]
    here = [row for row in rows if not _is_published(row)]
    if not here:
        return None
    oracles = list(dict.fromkeys(str(row["oracle"]) for row in rows))
    ordered = sorted(here, key=lambda row: -(number(row["errors_gone"]) or 0.0))
    best = ordered[0]
    return Figure(
        name="growth",
        title="What growth removes",
        reading=(
            f"From {best['small']} to {best['large']}, {best['oracle']} changes most: "
            f"{best['errors_small']:,} errors become {best['errors_large']:,}{_of_all(best)}."
        ),
        chart=in_panels(_dumbbells(oracles, max(numbers(rows, "errors_small", "errors_large"))), rows),
        rows=rows,
        how_to_read=(
            "A line leads from the smaller model's errors (ring) to the larger one's (dot). Beside it: the "
            "errors gone, and their share of all errors gone."
        ),
    )


def _is_published(row: Row) -> bool:
    return row.get("whose") == "published"


def _panel(row: Row) -> str:
    return ("published: " if _is_published(row) else "") + f"{row['small']} to {row['large']}"


def _of_all(row: Row) -> str:
    share = number(row.get("share_of_gone"))
    return "" if share is None else f", {share:.0%} of all that are gone"


def _gone(row: Row) -> str:
    share = number(row.get("share_of_gone"))
    change = -int(number(row.get("errors_gone")) or 0.0)
    sign = "−" if change < 0 else "+" if change > 0 else "±"
    size = f"{abs(change) / 1000:.1f}k" if abs(change) >= 10_000 else f"{abs(change):,}"
    return f"{sign}{size}" + ("" if share is None else f" ({share:.0%})")


def _dumbbells(oracles: Sequence[str], most: float) -> Any:
    axis = alt.Axis(format="~s", title="errors", grid=True, tickCount=4, labelFlush=True)
    scale = alt.Scale(domain=[0, most * LABEL_ROOM or 1], nice=False)
    base = alt.Chart().encode(y=alt.Y("oracle:N", sort=list(oracles), title=None))
    color = alt.Color("oracle:N", scale=alt.Scale(domain=list(oracles)), legend=None)
    tooltip = [
        alt.Tooltip("oracle:N"),
        alt.Tooltip("errors_small:Q", title="smaller model", format=","),
        alt.Tooltip("errors_large:Q", title="larger model", format=","),
        alt.Tooltip("share_of_gone:Q", title="of all errors gone", format=".1%"),
        alt.Tooltip("low:Q", title="from", format=".1%"),
        alt.Tooltip("high:Q", title="to", format=".1%"),
        alt.Tooltip("mended:Q", title="the smaller one's alone", format=","),
        alt.Tooltip("new:Q", title="the larger one's alone", format=","),
    ]
    lines = base.mark_rule(strokeWidth=3, opacity=0.45, aria=False).encode(
        x=alt.X("errors_large:Q", axis=axis, scale=scale), x2="errors_small:Q", color=color
    )
    small = base.mark_point(size=75, filled=False, strokeWidth=2, opacity=1, aria=False).encode(
        x=alt.X("errors_small:Q", scale=scale), color=color, tooltip=tooltip
    )
    large = base.mark_point(size=75, filled=True, opacity=1, aria=False).encode(
        x=alt.X("errors_large:Q", scale=scale), color=color, tooltip=tooltip
    )
    labels = (
        base.transform_calculate(right="max(datum.errors_small, datum.errors_large)")
        .mark_text(align="left", dx=10, aria=False)
        .encode(x=alt.X("right:Q", scale=scale), text="label:N")
    )
    return alt.layer(lines, small, large, labels, data=ROWS).properties(width=300, height=alt.Step(ROW_PX))
