"""What charts of many panels share: panels side by side, one legend for colour and shape, intervals that may
be missing.
"""

from collections.abc import Sequence
from typing import Any

import altair as alt

from rnnscope.records.finding import Row


def in_panels(chart: Any, rows: Sequence[Row]) -> alt.FacetChart:
    """The chart once for every `panel` of the rows, two side by side where the page is wide."""
    panels = sorted({str(row["panel"]) for row in rows})
    facet = alt.Facet(
        "panel:N", title=None, sort=panels, header=alt.Header(labelAnchor="start", labelLimit=300)
    )
    page = {"panels": len(panels), "group": 1, "least_px": 200, "most_px": 300}
    return chart.facet(facet, columns=2, spacing=22).properties(usermeta={"rnnscope": page})


def color_and_shape(field: str, kinds: Sequence[str]) -> dict[str, Any]:
    """Both by one field, in this order. Their scales are told alike, else each would have its own legend."""
    told: dict[str, Any] = {"scale": alt.Scale(domain=list(kinds)), "legend": alt.Legend(title=None)}
    return {"color": alt.Color(f"{field}:N", **told), "shape": alt.Shape(f"{field}:N", **told)}


def closed(chart: alt.Chart, value: str, low: str, high: str) -> alt.Chart:
    """The chart with intervals that are not known as short as the value: a panel in which none is known would
    have no scale.
    """
    is_known = f"isValid(datum.{low}) && isValid(datum.{high})"
    return chart.transform_calculate(
        **{end: f"{is_known} ? datum.{end} : datum.{value}" for end in (low, high)}
    )
