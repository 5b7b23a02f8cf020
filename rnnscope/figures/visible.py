"""What charts over the number of visible characters share: the axis, bands of intervals, the first models."""

import math
from typing import Any

import altair as alt

from rnnscope.figures.loss_axis import numbers
from rnnscope.records.finding import Row, number


def middle(row: Row) -> float:
    """Between both ends of the stretch, as a log axis has it."""
    return math.sqrt((number(row["characters"]) or 1.0) * (number(row["up_to"]) or 1.0))


def span(row: Row) -> str:
    return (
        f"{row['characters']}"
        if row["characters"] == row["up_to"]
        else f"{row['characters']} to {row['up_to']}"
    )


def scale(rows: list[Row], room: float = 1.12) -> alt.Scale:
    most = max(numbers(rows, "up_to"))
    return alt.Scale(type="log", nice=False, domain=[0.9, most * room])


def visible(rows: list[Row], room: float = 1.12) -> alt.X:
    """Characters visible, on a log axis; `room` for names at its end."""
    most = max(numbers(rows, "up_to"))
    values = [digit * 10**power for power in range(6) for digit in (1, 2, 5) if digit * 10**power <= most]
    axis = alt.Axis(values=values, format="~s", grid=False, labelOverlap=True)
    return alt.X("visible:Q", title="characters visible (log scale)", scale=scale(rows, room), axis=axis)


def band(base: alt.Chart, low: str, high: str, y: Any, opacity: float = 0.18) -> alt.Chart:
    valid = base.transform_filter(f"isValid(datum.{low}) && isValid(datum.{high})")
    return valid.mark_area(opacity=opacity, clip=True, line=False, aria=False).encode(y=y, y2=f"{high}:Q")


def of_first_models(rows: list[Row], most: int) -> tuple[list[Row], str]:
    names = list(dict.fromkeys(str(row["model"]) for row in rows))
    kept = names[: max(1, most)]
    note = f"The first {len(kept)} of {len(names)} models are drawn." if len(kept) < len(names) else ""
    return [row for row in rows if row["model"] in kept], note
