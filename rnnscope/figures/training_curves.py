"""Learning curves, with the n-gram losses that they cross on their way down."""

from typing import Any, Literal

import altair as alt

from rnnscope.figures.figure import ROWS, Figure, draws
from rnnscope.figures.loss_axis import Domain, loss, numbers, padded, with_bits
from rnnscope.figures.theme import family_color, family_shape, with_family
from rnnscope.figures.thin import evenly_by, left_out, needed
from rnnscope.records import Finding
from rnnscope.records.finding import Row, number

MOST_MARKED = 6
"""Runs up to which the training loss is drawn too, and the marks are large."""


@draws("training_curves")
def training_curves(finding: Finding, most_rows: int) -> list[Figure]:
    """Figure 'curves'."""
    points = with_family(needed(finding.tables.get("points", []), "run", "chars_seen"))
    points = [
        row
        for row in points
        if numbers([row], "train_nats", "validation_nats") and (number(row["chars_seen"]) or 0) > 0
    ]
    if not points:
        return []
    contexts = needed(finding.tables.get("contexts", []), "context", "validation_nats")
    domain = _domain(points, contexts)
    references = _apart(contexts, domain)
    drawn = _thinned(points, max(1, most_rows - len(references)))
    rows = drawn + references
    return [
        Figure(
            name="curves",
            title="Loss while learning",
            reading=_reading(points, contexts),
            chart=_chart(drawn, domain).properties(width="container", height=360),
            rows=rows,
            note=left_out(len(drawn), len(points), "points"),
            how_to_read=(
                "Marked lines are the validation loss, faint ones the training loss; a dashed line is what "
                "an n-gram of that many characters of context reaches on the validation text."
            ),
        )
    ]


def _chart(drawn: list[Row], domain: Domain) -> Any:
    """Validation loss of every run over the characters it had read, with the n-grams' lines behind."""
    read = numbers(drawn, "chars_seen")
    runs = alt.Chart(ROWS).encode(
        x=alt.X(
            "chars_seen:Q",
            title="characters read in training (log scale)",
            # The first hundredth of training is off the chart's top as a rule.
            scale=alt.Scale(
                type="log", nice=False, domain=[max(min(read), max(read) / 100), max(read) * 1.02]
            ),
            axis=alt.Axis(format="~s", grid=False, labelOverlap=True, tickCount=6),
        ),
        color=family_color(drawn),
        detail="run:N",
    )
    validation = loss("y", "validation_nats", domain)
    validated = runs.transform_filter("isValid(datum.validation_nats) && isValid(datum.chars_seen)")
    trained = runs.transform_filter("isValid(datum.train_nats)").mark_line(
        opacity=0.35, strokeWidth=1.2, clip=True, aria=False
    )
    is_crowded = len({row["run"] for row in drawn}) > MOST_MARKED
    tooltip = [
        alt.Tooltip("run:N"),
        alt.Tooltip("chars_seen:Q", title="characters", format=",.0f"),
        alt.Tooltip("epoch:Q", format=".2f"),
        alt.Tooltip("validation_nats:Q", title="validation nats", format=".4f"),
    ]
    points = validated.mark_point(size=14 if is_crowded else 40, opacity=1, clip=True, aria=False)
    layers = [] if is_crowded else [trained.encode(y=loss("y", "train_nats", domain))]
    layers.append(
        validated.mark_line(strokeWidth=1 if is_crowded else 2, clip=True, aria=False).encode(y=validation)
    )
    layers.append(points.encode(y=validation, shape=family_shape(drawn), tooltip=tooltip))
    return with_bits("y", domain, *_lines(domain), *layers)


def _lines(domain: Domain) -> list[Any]:
    """The n-grams' lines, named where the curves are not: on the right above, on the left below."""
    lines = alt.Chart(ROWS).transform_filter("datum.family == 'n-gram'")
    validation = loss("y", "validation_nats", domain)
    middle = (domain[0] + domain[1]) / 2
    layers: list[Any] = [lines.mark_rule(style="reference", aria=False).encode(y=validation)]
    sides: list[tuple[Literal["left", "right"], str, Any]] = [
        ("right", ">", alt.value("width")),
        ("left", "<=", alt.value(4)),
    ]
    for side, where, at in sides:
        named = lines.transform_filter(f"datum.validation_nats {where} {middle}")
        text = named.mark_text(style="reference-label", align=side, dy=-7, aria=False)
        layers.append(text.encode(x=at, y=validation, text="run:N"))
    return layers


def _thinned(points: list[Row], most: int) -> list[Row]:
    """Validations first, for they are few; then as much of the training loss as there is room for."""
    validations = [row for row in points if number(row.get("validation_nats")) is not None]
    others = [row for row in points if number(row.get("validation_nats")) is None]
    kept = evenly_by(validations, lambda row: row["run"], most // 2 if others else most)
    return kept + evenly_by(others, lambda row: row["run"], most - len(kept))


def _domain(points: list[Row], contexts: list[Row]) -> Domain:
    """From the best loss to a little above the worst n-gram; the first steps of training run off the top."""
    losses = numbers(points, "train_nats", "validation_nats")
    references = numbers(contexts, "validation_nats")
    low, high = padded([min(losses + references), max(losses)])
    if references:
        return low, min(high, max(*references, min(losses) + 0.3) * 1.05)
    return low, min(high, min(losses) + 2.0)


def _apart(contexts: list[Row], domain: Domain) -> list[Row]:
    """The n-gram lines that are far enough from the ones already there to be told apart."""
    rows: list[Row] = []
    gap = (domain[1] - domain[0]) * 0.045
    placed: list[float] = []
    for row in sorted(contexts, key=lambda row: number(row["context"]) or 0):
        nats = number(row["validation_nats"])
        if nats is not None and nats < domain[1] and all(abs(nats - other) >= gap for other in placed):
            placed.append(nats)
            rows.append({"run": f"{row['context']}-gram", "family": "n-gram", "validation_nats": nats})
    return rows


def _reading(points: list[Row], contexts: list[Row]) -> str:
    lowest: dict[str, float] = {}
    for row in points:
        nats = number(row.get("validation_nats"))
        if nats is not None:
            lowest[str(row["run"])] = min(nats, lowest.get(str(row["run"]), nats))
    if not lowest:
        return f"Training loss of {len({row['run'] for row in points})} runs."
    run = min(lowest, key=lambda name: lowest[name])
    reading = f"{run} comes down to {lowest[run]:.3f} nats on the validation text"
    beaten = [row for row in contexts if (number(row["validation_nats"]) or 0.0) > lowest[run]]
    if contexts and len(beaten) == len(contexts):
        return f"{reading}, below the n-grams of every length."
    if beaten:
        return f"{reading}, below {len(beaten)} of {len(contexts)} n-gram lengths."
    return f"{reading}."
