"""Errors of three predictors as circles whose areas are their error rates."""

import math
from typing import Any

import altair as alt
import numpy as np

from rnnscope.figures.circles import REGIONS, Circles, fitted
from rnnscope.figures.figure import ROWS, Figure
from rnnscope.figures.predictors import legend_labels
from rnnscope.figures.theme import family_color
from rnnscope.records.finding import Row, number

HEIGHT_PX = 420
MARGIN_PX = 40
"""Around the circles, for labels that have no room in them."""
ROOM_PX = 11
"""A region whose roomiest place is nearer to an arc has its label outside."""


def venn(models: list[Row], subsets: list[Row]) -> Figure | None:
    """Figure 'venn', of three models that all err; None for others."""
    shares = {_region(row): number(row["text_share"]) or 0.0 for row in subsets}
    rates = [number(row["error_rate"]) or 0.0 for row in models]
    if len(models) != 3 or min(rates) <= 0:
        return None
    circles = fitted([shares.get(s, 0.0) for s in range(8)])
    rows = _circle_rows(models, circles) + _label_rows(subsets, circles)
    off = max(abs(circles.areas()[s] - shares.get(s, 0.0)) for s in REGIONS)
    whole, union = shares.get(7, 0.0), sum(shares.values())
    return Figure(
        name="venn",
        title="Errors of three models",
        reading=f"All three are wrong on {whole:.1%} of characters, at least one on {union:.1%}.",
        chart=_chart(models, rows, circles),
        rows=rows,
        note=(
            f"Circles cannot show all overlaps of three sets: areas of regions are off by up to {off:.1%} of "
            "characters here; the numbers are exact."
            if off >= 0.0005
            else ""
        ),
        how_to_read=(
            "A circle's area is a model's errors, an overlap's the errors that models share. Numbers are per "
            "cent of test characters that exactly these models get wrong."
        ),
    )


def _region(subset: Row) -> int:
    return sum(1 << m for m, mark in enumerate(str(subset["pattern"])) if mark == "1")


def _circle_rows(models: list[Row], circles: Circles) -> list[Row]:
    return [
        {
            "wrong": model["model"],
            "family": model["family"],
            "share": model["error_rate"],
            "x": round(float(x), 5),
            "y": round(float(y), 5),
            "radius": round(float(radius), 5),
        }
        for model, (x, y), radius in zip(models, circles.centres, circles.radii, strict=True)
    ]


def _label_rows(subsets: list[Row], circles: Circles) -> list[Row]:
    """Where each region's number stands: in it, or outside with a line to it."""
    rooms, px = circles.room(), _least_scale(circles)
    rows: list[Row] = []
    for subset in sorted(subsets, key=_region):
        if (room := rooms.get(_region(subset))) is None or not subset["text_share"]:
            continue
        x, y, clear = room
        row: Row = {"wrong": f"only {subset['wrong']}", "share": subset["text_share"], "x": x, "y": y}
        if clear * px < ROOM_PX:
            end, label = (_outside(np.array([x, y]), circles, margin / px) for margin in (7, 18))
            row |= {"end_x": float(end[0]), "end_y": float(end[1])}
            row |= {"label_x": float(label[0]), "label_y": float(label[1])}
        rows.append(row)
    return rows


def _outside(place: np.ndarray, circles: Circles, margin: float) -> np.ndarray:
    """The first place beyond all circles on the way from the picture's middle through `place`."""
    length = float(np.linalg.norm(place))
    way = place / length if length else np.array([0.0, 1.0])
    reach = length
    for centre, radius in zip(circles.centres, circles.radii, strict=True):
        along = float(way @ centre)
        if (inside := radius**2 - float(centre @ centre) + along**2) > 0:
            reach = max(reach, along + math.sqrt(inside))
    return way * (reach + margin)


def _least_scale(circles: Circles) -> float:
    """Pixels of one unit of length, where the page is wide enough."""
    return (HEIGHT_PX / 2 - MARGIN_PX) / float(circles.half_size.max())


def _chart(models: list[Row], rows: list[Row], circles: Circles) -> Any:
    """Equal scales on both axes whatever the page's width."""
    x, y = (float(size) for size in circles.half_size)
    px = f"min((width / 2 - {MARGIN_PX}) / {x}, (height / 2 - {MARGIN_PX}) / {y})"

    def half(side: str, sign: str) -> Any:
        return alt.ExprRef(f"{sign}{side} / 2 / {px}")

    def scale(side: str) -> alt.Scale:
        return alt.Scale(domainMin=half(side, "-"), domainMax=half(side, ""), nice=False, zero=False)

    scales = {"x": scale("width"), "y": scale("height")}

    def place(prefix: str = "") -> dict[str, Any]:
        return {
            "x": alt.X(f"{prefix}x:Q", scale=scales["x"], axis=None),
            "y": alt.Y(f"{prefix}y:Q", scale=scales["y"], axis=None),
        }

    labels = {str(row["family"]): f"{row['model']}, wrong on {row['error_rate']:.1%}" for row in models}
    base = alt.Chart(ROWS)
    tooltip = [alt.Tooltip("wrong:N"), alt.Tooltip("share:Q", format=".2%")]
    circle = base.transform_filter("isValid(datum.radius)").encode(**place(), tooltip=tooltip)
    legend = alt.Legend(
        title=None,
        columns=1,
        values=list(labels),
        labelExpr=legend_labels(labels),
        symbolType="circle",
        labelLimit=320,
    )
    color = family_color(models)
    outline = {"theta": 0, "theta2": 2 * math.pi, "outerRadius": alt.ExprRef(f"datum.radius * {px}")}
    label = base.transform_filter("!isValid(datum.radius)").transform_calculate(
        text_x="isValid(datum.label_x) ? datum.label_x : datum.x",
        text_y="isValid(datum.label_y) ? datum.label_y : datum.y",
        percent="100 * datum.share",
    )
    return alt.layer(
        circle.mark_arc(fillOpacity=0.2, aria=False, **outline).encode(color=color.legend(legend)),
        circle.mark_arc(filled=False, strokeWidth=2, aria=False, **outline).encode(
            color=color.legend(legend)
        ),
        label.transform_filter("isValid(datum.label_x)")
        .mark_rule(strokeWidth=1, opacity=0.7, aria=False)
        .encode(**place(), x2="end_x:Q", y2="end_y:Q"),
        label.mark_text(aria=False).encode(
            **place("text_"), text=alt.Text("percent:Q", format=".1f"), tooltip=tooltip
        ),
    ).properties(width="container", height=HEIGHT_PX)
