"""Axes for losses: nats where everything is computed, bits beside them for those who think in bits."""

import math
from collections.abc import Iterable
from typing import Any, Literal

import altair as alt
import numpy as np

from rnnscope.records.finding import Row

LN2 = math.log(2)
Domain = tuple[float, float]


def numbers(rows: Iterable[Row], *names: str) -> list[float]:
    """All finite numbers in the named columns."""
    values = [row.get(name) for row in rows for name in names]
    return [float(v) for v in values if type(v) in (int, float) and math.isfinite(v)]  # type: ignore[arg-type]


def padded(values: Iterable[float], share: float = 0.06) -> Domain:
    """From the least to the greatest with a margin on both sides."""
    values = list(values)
    low, high = min(values), max(values)
    margin = (high - low) * share or max(abs(high) * 0.01, 0.01)
    return low - margin, high + margin


def ticks(domain: Domain, most: int = 6) -> list[float]:
    """Round numbers within `domain`: multiples of 1, 2 or 5 times a power of ten."""
    rough = (domain[1] - domain[0]) / most
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.ceil(domain[0] / step), math.floor(domain[1] / step)
    return [float(round(index * step, 10)) for index in range(first, last + 1)]


def loss(channel: Literal["x", "y"], field: str, domain: Domain, title: str = "nats per character") -> Any:
    """The encoding of `field` on the nats axis, below or at the left."""
    axis = alt.Axis(
        values=ticks(domain), title=title, orient="bottom" if channel == "x" else "left", grid=True
    )
    scale = alt.Scale(domain=list(domain), nice=False, zero=False)
    return {"x": alt.X, "y": alt.Y}[channel](f"{field}:Q", axis=axis, scale=scale)


def with_bits(
    channel: Literal["x", "y"], domain: Domain, *layers: Any, title: str = "bits per character"
) -> Any:
    """The layers, which share a nats axis on `channel`, with a bits axis on the other side."""
    chart = alt.layer(_bits(channel, domain, title), alt.layer(*layers))
    return chart.resolve_axis(x="independent") if channel == "x" else chart.resolve_axis(y="independent")


def _bits(channel: Literal["x", "y"], domain: Domain, title: str) -> alt.Chart:
    """A layer that shows nothing but the bits axis: ticks round in bits, where they belong in nats."""
    values = ticks((domain[0] / LN2, domain[1] / LN2))
    decimals = 0 if len(values) < 2 else max(0, -math.floor(math.log10(np.diff(values).min()) + 1e-9))
    axis = alt.Axis(
        values=[value * LN2 for value in values],
        labelExpr=f"format(datum.value / {LN2}, '.{decimals}f')",
        title=title,
        orient="top" if channel == "x" else "right",
        grid=False,
    )
    scale = alt.Scale(domain=list(domain), nice=False, zero=False)
    encoding = {"x": alt.X, "y": alt.Y}[channel]("nats:Q", axis=axis, scale=scale)
    mark = alt.Chart(alt.Data(values=[{"nats": domain[0]}])).mark_point(opacity=0, aria=False, tooltip=None)
    return mark.encode(**{channel: encoding})
