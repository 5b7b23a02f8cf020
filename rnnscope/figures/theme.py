"""How every figure looks, light and dark. A chart says 'family' and the theme says which colour that is.

Colours are Okabe and Ito's (2008), which the colour-blind can tell apart, shifted in lightness until each has
at least 3:1 against its background. A family keeps its colour in every figure, and has a shape of its own.
"""

from typing import Any, Literal

import altair as alt

from rnnscope.records.finding import Row

Scheme = Literal["light", "dark"]
FAMILIES = ("LSTM", "GRU", "RNN", "n-gram", "n-NN")
"""Families with a colour of their own, in the order of the legend; others take the colours that follow."""
FONT = (
    '-apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", "Liberation Sans", Arial, '
    "system-ui, sans-serif"
)
BAND_PX = 24
"""Height of one row in a chart with a name per row."""

_SHAPES = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
    "triangle-right",
    "triangle-left",
)
_INK = {"light": "#1d2126", "dark": "#e7e9ec"}
_MUTED = {"light": "#5a636e", "dark": "#a3adb8"}
_GRID = {"light": "#e4e7eb", "dark": "#2c3239"}
_CATEGORY = {
    "light": ["#0068b3", "#c64f00", "#00845f", "#6b7480", "#a8478a", "#8a6d00", "#0089a8", "#9c3d3d"],
    "dark": ["#5cb0f0", "#f58e46", "#35c79c", "#98a2ae", "#dc86c0", "#d9b53a", "#4fc4dd", "#e58282"],
}
# Layers are an order, not names: one hue from pale to deep (light), from deep to pale (dark).
_ORDINAL = {
    "light": ["#c489b8", "#7d3fae", "#2b0a57", "#000000"],
    "dark": ["#8359d0", "#d093e0", "#ffdcf0", "#ffffff"],
}
# A number as a colour: three hues, so that its steps can be told apart.
_RAMP = {"light": ["#d98a2b", "#a8478a", "#1b2a6b"], "dark": ["#f5a84e", "#dc86c0", "#8fb4ff"]}
PAPER = {"light": "#ffffff", "dark": "#14171a"}


def family_of(row: Row) -> str:
    """What colours a row: 'n-gram', 'n-NN', or its cell's name with 'gru-2015' counted as GRU."""
    if row.get("family") in ("n-gram", "n-NN"):
        return str(row["family"])
    cell = str(row.get("cell") or row.get("family") or "other").partition("-")[0]
    return {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN", "tanh": "RNN"}.get(cell.lower(), cell)


def with_family(rows: list[Row]) -> list[Row]:
    """Rows with `family` replaced by what colours them."""
    return [row | {"family": family_of(row)} for row in rows]


def family_color(rows: list[Row], **settings: Any) -> alt.Color:
    """Colour by family; the legend names only those that are there."""
    return alt.Color("family:N", scale=alt.Scale(domain=_domain(rows)), legend=_legend(rows), **settings)


def family_shape(rows: list[Row]) -> alt.Shape:
    """The shape that goes with the colour."""
    domain = _domain(rows)
    shapes = [_SHAPES[index % len(_SHAPES)] for index in range(len(domain))]
    return alt.Shape("family:N", scale=alt.Scale(domain=domain, range=shapes), legend=_legend(rows))


def _domain(rows: list[Row]) -> list[str]:
    return [*FAMILIES, *dict.fromkeys(str(row["family"]) for row in rows if row["family"] not in FAMILIES)]


def _legend(rows: list[Row]) -> alt.Legend:
    there = {row["family"] for row in rows}
    return alt.Legend(title=None, values=[family for family in _domain(rows) if family in there])


def config(scheme: Scheme) -> dict[str, Any]:
    """The Vega-Lite config of a colour scheme. The background is left open: a page has its own."""
    ink, muted, grid = _INK[scheme], _MUTED[scheme], _GRID[scheme]
    words = {
        "labelColor": muted,
        "titleColor": ink,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": 500,
    }
    return {
        "background": None,
        "font": FONT,
        "padding": 4,
        "view": {"stroke": None},
        "axis": words
        | {
            "gridColor": grid,
            "domain": False,
            "ticks": False,
            "labelPadding": 6,
            "titlePadding": 10,
            "labelLimit": 170,
            "labelFlush": False,
            "tickColor": grid,
        },
        "legend": words
        | {
            "orient": "top",
            "symbolSize": 80,
            "symbolOpacity": 1,
            "labelColor": ink,
            "padding": 0,
            "offset": 14,
            "columnPadding": 16,
        },
        "header": words
        | {"labelColor": ink, "labelFontWeight": 500, "labelPadding": 6, "labelLineHeight": 15},
        "range": {
            "category": _CATEGORY[scheme],
            "ordinal": _ORDINAL[scheme],
            "ramp": _RAMP[scheme],
        },
        "mark": {"color": muted},
        "rule": {"color": muted},
        "text": {"color": ink, "fontSize": 11},
        "point": {"filled": True},
        "line": {"strokeWidth": 2, "strokeCap": "round"},
        "style": {
            "reference": {"stroke": muted, "strokeDash": [4, 4], "strokeWidth": 1},
            "reference-label": {"color": muted, "fontSize": 11},
            "panel": {"stroke": grid},
        },
    }
