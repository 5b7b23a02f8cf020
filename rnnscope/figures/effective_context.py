"""How far back each model sees: loss by visible characters, and what is lost by class and by what became of
the rest.
"""

import math
from typing import Any

import altair as alt

from rnnscope.figures.context_excess import classes, rest
from rnnscope.figures.figure import ROWS, Figure, draws
from rnnscope.figures.loss_axis import Domain, loss, numbers, padded
from rnnscope.figures.theme import family_color, family_shape, with_family
from rnnscope.figures.thin import needed
from rnnscope.figures.visible import band, middle, of_first_models, scale, span, visible
from rnnscope.records import Finding
from rnnscope.records.finding import Row, number

MOST_MODELS = 8
"""Lines that can be told apart in one chart."""
ABOVE_NATS = 0.45
"""Above the worst whole-context loss: what a few characters lose is off the scale."""
LABEL_GAP = 0.034
"""Of the axis, between names at the ends of lines."""
ROOM = 3.2
"""Times the longest context: where the axis ends, for names at the ends of lines."""


@draws("effective_context")
def effective_context(finding: Finding, most_rows: int) -> list[Figure]:
    """Figures 'context', 'classes' of the first model, and 'rest'."""
    rows = needed(finding.tables.get("losses", []), "model", "rest", "characters", "up_to", "excess_nats")
    rows = [row | {"visible": middle(row), "span": span(row)} for row in with_family(rows)]
    figures = [
        _context(finding, rows, most_rows),
        classes(finding, most_rows),
        rest(finding, rows, most_rows),
    ]
    return [figure for figure in figures if figure is not None]


def _context(finding: Finding, rows: list[Row], most_rows: int) -> Figure | None:
    rows = needed([row for row in rows if row["rest"] == "cut"], "loss_nats")
    drawn, note = of_first_models(rows, min(MOST_MODELS, most_rows // 40))
    family = {str(row["model"]): row["family"] for row in drawn}
    models = needed(finding.tables.get("models", []), "model", "whole_nats")
    models = [row for row in models if row["model"] in family]
    if not drawn or len(models) < len(family):
        return None
    whole = {str(row["model"]): number(row["whole_nats"]) or 0.0 for row in models}
    domain = padded([*whole.values(), max(whole.values()) + ABOVE_NATS], 0.04)
    ends: list[Row] = [
        {"label": name, "family": family[name], "whole_nats": whole[name], "label_nats": at}
        for name, at in _spread(whole, domain).items()
    ]
    return Figure(
        name="context",
        title="How far back each model sees",
        reading=_reading(finding, models),
        chart=_chart(drawn, domain).properties(width="container", height=380),
        rows=[*drawn, *ends],
        note=" ".join(filter(None, [note, "What the shortest contexts lose is off the scale at the top."])),
        how_to_read=(
            "A line is a model's loss where it sees its last characters alone; each mark stands for a "
            "stretch of lengths, its band for the 95 % interval. The dotted rule is the loss with all of the "
            "text so far. Where a line has come down to its rule, nothing further back is used."
        ),
    )


def _reading(finding: Finding, models: list[Row]) -> str:
    needs = [f"{row['model']} with {row['cut_chars']}" for row in models if row.get("cut_chars")]
    if not needs:
        return "No model comes near its whole-context loss."
    verb = "are" if len(needs) > 1 else "is"
    threshold = number(finding.numbers.get("threshold_nats")) or 0.01
    return f"Within {threshold:g} nats of the whole-context loss {verb} {', '.join(needs)} characters."


def _chart(drawn: list[Row], domain: Domain) -> Any:
    """Lines with their bands, and each whole-context loss as a rule with the model's name at its end."""
    most, color = max(numbers(drawn, "up_to")), family_color(drawn)
    lines = (
        alt.Chart(ROWS)
        .transform_filter("isValid(datum.loss_nats)")
        .encode(x=visible(drawn, room=ROOM), color=color, detail="model:N")
    )
    ends = (
        alt.Chart(ROWS)
        .transform_filter("isValid(datum.label)")
        .transform_calculate(begin="1", end=str(most), text=str(most * 1.08))
        .encode(color=color)
    )
    begin, text = (alt.X(f"{name}:Q", scale=scale(drawn, ROOM)) for name in ("begin", "text"))
    y = loss("y", "loss_nats", domain)
    tooltip = [
        alt.Tooltip("model:N"),
        alt.Tooltip("span:N", title="characters visible"),
        alt.Tooltip("loss_nats:Q", title="nats", format=".4f"),
        alt.Tooltip("excess_nats:Q", title="above the whole context", format="+.4f"),
        alt.Tooltip("excess_low:Q", title="from", format="+.4f"),
        alt.Tooltip("excess_high:Q", title="to", format="+.4f"),
    ]
    marks = lines.mark_point(clip=True, size=28, opacity=1, aria=False)
    return alt.layer(
        ends.mark_rule(strokeDash=[2, 4], opacity=0.55, aria=False).encode(
            x=begin, x2="end:Q", y=loss("y", "whole_nats", domain)
        ),
        band(lines, "low", "high", loss("y", "low", domain)),
        lines.mark_line(clip=True, aria=False).encode(y=y),
        marks.encode(y=y, shape=family_shape(drawn), tooltip=tooltip),
        ends.mark_text(align="left", aria=False).encode(
            x=text, y=loss("y", "label_nats", domain), text="label:N"
        ),
    )


def _spread(whole: dict[str, float], domain: Domain) -> dict[str, float]:
    """Where each line's name stands: at its end, moved up where another is too near."""
    gap, places = (domain[1] - domain[0]) * LABEL_GAP, {}
    last = -math.inf
    for name in sorted(whole, key=lambda each: whole[each]):
        last = places[name] = max(whole[name], last + gap)
    return places
