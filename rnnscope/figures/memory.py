"""What each memory removes of a plain network's errors, by kind, and what it gains in loss."""

from typing import Any

import altair as alt

from rnnscope.figures.figure import ROWS, Figure, draws
from rnnscope.figures.panels import color_and_shape, in_panels
from rnnscope.figures.thin import evenly_by, left_out, needed
from rnnscope.records import Finding
from rnnscope.records.finding import Row

ROW_PX = 24
CELL_PX, COLUMN_PX = 28, 46
SAYS = ("may be the best memory", "told beside")
HALF = 0.5
"""The bet: more than this share removed."""
KINDS = {
    "n-gram": "n-gram",
    "memory": "memory",
    "rare-words": "rare words",
    "word-model": "word model",
    "punctuation": "punctuation",
    "left": "left over",
}


@draws("memory")
def memory(finding: Finding, most_rows: int) -> list[Figure]:
    """Figures 'removed' and 'kinds', a panel per text and size."""
    figures = [_removed(finding, most_rows), _kinds(finding, most_rows)]
    return [figure for figure in figures if figure is not None]


def _removed(finding: Finding, most_rows: int) -> Figure | None:
    table = needed(finding.tables.get("memories", []), "corpus", "budget", "memory", "removed", "nats")
    table = [row for row in table if row["memory"] != "none"]
    drawn = evenly_by(table, lambda row: (row["corpus"], row["budget"]), most_rows)
    if not drawn:
        return None
    rows = [_told(row) for row in drawn]
    order = _best_first(rows)
    base = alt.Chart().encode(y=alt.Y("memory:N", sort=order, title=None, axis=alt.Axis(labelLimit=260)))
    share = _share("removed", [float(row[name] or 0) for row in rows for name in ("low", "high")])
    layers = [
        alt.Chart(alt.Data(values=[{"share": HALF}]))
        .mark_rule(style="reference", aria=False)
        .encode(x="share:Q"),
        base.mark_rule(strokeWidth=2, aria=False)
        .encode(x=share, x2="high:Q")
        .transform_calculate(removed="datum.low"),
        base.mark_point(size=70, opacity=1, aria=False).encode(
            x=share,
            **color_and_shape("say", SAYS),
            tooltip=_tooltip(),
        ),
    ]
    chart = alt.layer(*layers, data=ROWS).properties(height=ROW_PX * len(order))
    return Figure(
        name="removed",
        title="How many of the errors that n-grams would not have made each memory removes",
        reading=finding.reading,
        chart=in_panels(chart, rows),
        rows=rows,
        note=left_out(len(drawn), len(table), "memories"),
        how_to_read=(
            "1 less the memory's n-gram errors over the plain LSTM's, with the interval over seeds (over the "
            "text where there are not two seeds). Left of zero there are more of them. The dashed rule is "
            "the bet."
        ),
    )


def _best_first(rows: list[Row]) -> list[str]:
    """Memories in the order of the most that each removes anywhere."""
    return list(
        dict.fromkeys(str(row["memory"]) for row in sorted(rows, key=lambda r: -float(r["removed"] or 0)))
    )


def _told(row: Row) -> Row:
    low, high = row.get("removed_low"), row.get("removed_high")
    if low is None or high is None:
        low, high = row.get("text_low"), row.get("text_high")
    return {
        **row,
        "low": row["removed"] if low is None else low,
        "high": row["removed"] if high is None else high,
        "say": SAYS[0] if row.get("has_say") else SAYS[1],
        "panel": f"{row['corpus']}, size {row['budget']}",
    }


def _share(field: str, values: list[float]) -> alt.X:
    least, most = min([0.0, *values]), max([HALF, *values])
    room = 0.04 * (most - least)
    return alt.X(
        f"{field}:Q",
        title="share of the plain LSTM's n-gram errors removed",
        scale=alt.Scale(domain=[least - room, most + room], nice=False),
        axis=alt.Axis(format="~%", tickCount=6),
    )


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("memory:N"),
        alt.Tooltip("removed:Q", format=".1%"),
        alt.Tooltip("low:Q", title="from", format=".1%"),
        alt.Tooltip("high:Q", title="to", format=".1%"),
        alt.Tooltip("nats:Q", title="nats per character", format=".4f"),
        alt.Tooltip("gained_nats:Q", title="nats below the plain LSTM", format=".4f"),
        alt.Tooltip("error_rate:Q", format=".1%"),
        alt.Tooltip("us_per_char:Q", title="µs a character", format=".0f"),
        alt.Tooltip("seeds:Q"),
    ]


def _kinds(finding: Finding, most_rows: int) -> Figure | None:
    table = needed(finding.tables.get("kinds", []), "corpus", "budget", "memory", "kind", "removed", "errors")
    drawn = evenly_by(table, lambda row: (row["corpus"], row["budget"]), most_rows)
    if not drawn:
        return None
    rows: list[Row] = [
        {
            **row,
            "kind": KINDS.get(str(row["kind"]), row["kind"]),
            "panel": f"{row['corpus']}, size {row['budget']}",
            "label": _percent(float(row["removed"] or 0)),
        }
        for row in drawn
    ]
    memories = _best_first([row for row in rows if row["kind"] == KINDS["n-gram"]] or rows)
    most = max(0.01, *(abs(float(row["removed"] or 0)) for row in rows))
    base = alt.Chart().encode(
        x=alt.X("kind:N", sort=list(KINDS.values()), title=None, axis=alt.Axis(labelAngle=-40, orient="top")),
        y=alt.Y("memory:N", sort=memories, title=None, axis=alt.Axis(labelLimit=260)),
    )
    color: Any = alt.Color(
        "removed:Q",
        scale=alt.Scale(domain=[-most, 0, most], range=["#c64f00", "#f4f4f4", "#0068b3"]),
        legend=alt.Legend(title="share removed", format="~%", orient="top", tickCount=4, gradientLength=220),
    )
    cells = base.mark_rect(aria=False).encode(color=color, tooltip=_kind_tooltip())
    words = base.mark_text(aria=False, fontSize=11).encode(
        text="label:N",
        color=alt.condition(f"abs(datum.removed) > {0.6 * most}", alt.value("#ffffff"), alt.value("#1d2126")),
    )
    chart = alt.layer(cells, words, data=ROWS).properties(
        width=COLUMN_PX * len(KINDS), height=CELL_PX * len(memories)
    )
    return Figure(
        name="kinds",
        title="What becomes of every kind of error",
        reading=_kinds_reading(rows),
        chart=in_panels(chart, rows),
        rows=rows,
        note=left_out(len(drawn), len(table), "cells"),
        how_to_read=(
            "The share of the plain LSTM's errors of a kind that are gone, in percent; below zero there are "
            "more. An error's kind is the first of the 2015 paper's oracles, from the left, that would "
            "remove it."
        ),
    )


def _percent(share: float) -> str:
    """'+5', '−12', '0'."""
    whole = round(100 * share)
    return f"{whole:+d}".replace("-", "\N{MINUS SIGN}") if whole else "0"


def _kinds_reading(rows: list[Row]) -> str:
    most = max(rows, key=lambda row: float(row["removed"] or 0))
    if float(most["removed"] or 0) <= 0:
        return "No memory removes errors of any kind."
    return (
        f"Most is removed by {most['memory']} on {most['panel']}: {float(most['removed'] or 0):.0%} of the "
        f"errors of the kind '{most['kind']}'."
    )


def _kind_tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("memory:N"),
        alt.Tooltip("kind:N"),
        alt.Tooltip("plain_errors:Q", title="errors of the plain LSTM", format=",.0f"),
        alt.Tooltip("errors:Q", title="errors of the memory", format=",.0f"),
        alt.Tooltip("removed:Q", format=".1%"),
    ]
