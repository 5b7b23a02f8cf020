"""Excess over the whole context by visible characters: of each class, and by what became of the rest."""

from collections import Counter

import altair as alt

from rnnscope.figures.figure import ROWS, Figure
from rnnscope.figures.loss_axis import Domain, numbers
from rnnscope.figures.panels import color_and_shape, in_panels
from rnnscope.figures.thin import needed
from rnnscope.figures.visible import band, middle, of_first_models, span, visible
from rnnscope.records import Finding
from rnnscope.records.finding import Row, number

MOST_PANELS = 4
LEAST_POINTS = 3
"""Of a class, to be drawn: fewer are no line."""
NEAR = 10
"""Characters visible where the reading compares classes."""
FLOOR_NATS = 0.0005
"""Where an axis of excesses begins: it is a logarithm, and an excess may be none."""
RESTS = {"cut": "cut off", "shuffled": "shuffled"}


def classes(finding: Finding, most_rows: int) -> Figure | None:
    """The first model's excess by visible characters, a line for each class of character; None without a
    table of them.
    """
    rows = needed(
        finding.tables.get("classes", []), "model", "class", "rest", "characters", "up_to", "excess_nats"
    )
    first = finding.numbers.get("model")
    rows = [
        row for row in rows if row["model"] == first and row["rest"] == "cut" and row["class"] != "letters"
    ]
    points = Counter(row["class"] for row in rows)
    rows = [row for row in rows if points[row["class"]] >= LEAST_POINTS]
    drawn: list[Row] = [
        _floored(row, "low", "high") | {"visible": middle(row), "span": span(row)} for row in rows
    ][:most_rows]
    if not drawn:
        return None
    kinds = list(dict.fromkeys(str(row["class"]) for row in drawn))
    told = color_and_shape("class", kinds)
    domain = _domain(drawn, finding)
    base = alt.Chart(ROWS).encode(x=visible(drawn), color=told["color"])
    y = _excess("shown", domain)
    chart = alt.layer(
        _threshold(finding),
        band(base, "shown_low", "shown_high", _excess("shown_low", domain), 0.12),
        base.mark_line(clip=True, aria=False).encode(y=y),
        _above_floor(base)
        .mark_point(clip=True, size=40, opacity=1, aria=False)
        .encode(y=y, shape=told["shape"], tooltip=_excess_tooltip("class", "low", "high")),
    )
    return Figure(
        name="classes",
        title=f"What {first} loses without the text further back, by character",
        reading=_worst(drawn),
        chart=chart.properties(width="container", height=380),
        rows=drawn,
        note="" if len(drawn) == len(rows) else f"{len(drawn)} of {len(rows)} points are drawn.",
        how_to_read=(
            "A line is the mean loss of one kind of character above its loss with all of the text so far, on "
            f"a log scale; at the bottom it is {FLOOR_NATS:g} nats or less. The dashed rule is the threshold "
            "below which nothing more is called seen."
        ),
    )


def rest(finding: Finding, rows: list[Row], most_rows: int) -> Figure | None:
    """Excess by visible characters with the rest cut off or shuffled, a panel for each of the first models;
    None without rows.
    """
    kept, note = of_first_models(
        [row for row in rows if row["family"] != "n-gram"] or rows, min(MOST_PANELS, most_rows // 80)
    )
    drawn: list[Row] = [
        _floored(row, "excess_low", "excess_high")
        | {"panel": row["model"], "rest": RESTS.get(str(row["rest"]), row["rest"])}
        for row in kept
    ]
    if not drawn:
        return None
    told = color_and_shape("rest", list(RESTS.values()))
    domain = _domain(drawn, finding)
    base = alt.Chart().encode(x=visible(drawn), color=told["color"])
    y = _excess("shown", domain)
    layers = [
        _threshold(finding),
        band(base, "shown_low", "shown_high", _excess("shown_low", domain)),
        base.mark_line(clip=True, aria=False).encode(y=y),
        _above_floor(base)
        .mark_point(clip=True, size=26, opacity=1, aria=False)
        .encode(y=y, shape=told["shape"], tooltip=_excess_tooltip("rest", "excess_low", "excess_high")),
    ]
    first = next(
        (row for row in finding.tables.get("models", []) if row.get("model") == drawn[0]["model"]), {}
    )
    return Figure(
        name="rest",
        title="Without the text further back, or with it shuffled",
        reading=_rest_reading(first, finding),
        chart=in_panels(alt.layer(*layers, data=ROWS), drawn),
        rows=drawn,
        note=note,
        how_to_read=(
            "The loss above that with all of the text so far, on a log scale. Cut off: the model begins anew "
            "and reads the visible characters alone. Shuffled: before them it reads what stands there, in "
            f"disorder. Each is an upper bound; at the bottom it is {FLOOR_NATS:g} nats or less."
        ),
    )


def _domain(drawn: list[Row], finding: Finding) -> Domain:
    """From the floor to above all that is drawn, the threshold's rule too."""
    threshold = number(finding.numbers.get("threshold_nats")) or 0.01
    return FLOOR_NATS, 1.4 * max([threshold, *numbers(drawn, "shown")])


def _rest_reading(first: Row, finding: Finding) -> str:
    threshold = number(finding.numbers.get("threshold_nats")) or 0.01
    said = [
        f"{first[f'{rest}_chars']} where the rest is {name}"
        for rest, name in RESTS.items()
        if first.get(f"{rest}_chars")
    ]
    if not said:
        return (
            f"{first.get('model')} comes within {threshold:g} nats of its whole-context loss in neither way."
        )
    return (
        f"{first['model']} needs {', '.join(said)}, to come within {threshold:g} nats of its whole-context "
        "loss."
    )


def _worst(drawn: list[Row]) -> str:
    """The class that loses most where as many characters are visible as NEAR, or the fewest that are."""
    lengths = sorted({int(number(row["characters"]) or 0) for row in drawn})
    near = max([each for each in lengths if each <= NEAR], default=lengths[0])
    worst = max(
        (row for row in drawn if row["characters"] == near), key=lambda row: number(row["excess_nats"]) or 0.0
    )
    return (
        f"With {worst['span']} characters visible most is lost at {worst['class']}, "
        f"{worst['excess_nats']:.3f} nats."
    )


def _floored(row: Row, low: str, high: str) -> Row:
    """With `shown`, `shown_low` and `shown_high`: on a log axis none lies under its floor."""
    fields = {"shown": "excess_nats", "shown_low": low, "shown_high": high}
    values = {name: number(row.get(field)) for name, field in fields.items()}
    return row | {name: None if value is None else max(value, FLOOR_NATS) for name, value in values.items()}


def _above_floor(base: alt.Chart) -> alt.Chart:
    return base.transform_filter(f"datum.excess_nats > {FLOOR_NATS}")


def _excess(field: str, domain: Domain) -> alt.Y:
    values = [value for value in (0.001, 0.01, 0.1, 1.0) if domain[0] <= value <= domain[1]]
    return alt.Y(
        f"{field}:Q",
        title="nats above the whole context (log scale)",
        scale=alt.Scale(type="log", nice=False, domain=list(domain)),
        axis=alt.Axis(values=values, format="~g"),
    )


def _threshold(finding: Finding) -> alt.Chart:
    value = number(finding.numbers.get("threshold_nats")) or 0.01
    rule = alt.Chart(alt.Data(values=[{"nats": value}])).mark_rule(style="reference", aria=False)
    return rule.encode(y="nats:Q")


def _excess_tooltip(kind: str, low: str, high: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("model:N"),
        alt.Tooltip(f"{kind}:N"),
        alt.Tooltip("span:N", title="characters visible"),
        alt.Tooltip("excess_nats:Q", title="nats above", format=".4f"),
        alt.Tooltip(f"{low}:Q", title="from", format=".4f"),
        alt.Tooltip(f"{high}:Q", title="to", format=".4f"),
    ]
