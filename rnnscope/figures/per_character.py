"""Characters that a network predicts better or worse than an n-gram (Karpathy, Johnson, Li 2015, Figure 4),
and what each of them contributes to the difference in loss.
"""

from typing import Any

import altair as alt

from rnnscope.figures.figure import ROWS, Figure, draws
from rnnscope.figures.loss_axis import loss, numbers, padded, with_bits
from rnnscope.figures.predictors import legend_labels, told_apart
from rnnscope.figures.theme import BAND_PX, family_color, family_shape
from rnnscope.figures.thin import needed
from rnnscope.records import Finding
from rnnscope.records.finding import Row, number

MOST_CONTRIBUTIONS = 30
"""Bars; what is left is one bar together."""
WHOSE = ("here", "published")
OTHERS = "all others"


@draws("per_character")
def per_character(finding: Finding, most_rows: int) -> list[Figure]:
    """Figures 'best', of each side, and 'contributions'."""
    models = told_apart(needed(finding.tables.get("models", []), "model", "family"))
    if len(models) != 2:
        return []
    figures = (_best(finding, models, most_rows), _contributions(finding, models, most_rows))
    return [figure for figure in figures if figure is not None]


def _best(finding: Finding, models: list[Row], most_rows: int) -> Figure | None:
    columns = ("character", "better", "difference", "network_probability", "ngram_probability")
    best = sorted(
        needed(finding.tables.get("best", []), *columns), key=lambda row: -float(row["difference"] or 0)
    )
    best = best[: most_rows // 4]
    if not best:
        return None
    rows = [mark for row in best for mark in _marks(row, models)]
    order = [str(row["character"]) for row in best]
    y = alt.Y(
        "character:N", sort=order, title=None, axis=alt.Axis(grid=True, labelLimit=140, labelFontSize=13)
    )
    x = alt.X(
        "probability:Q",
        title="mean probability of the true character",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(values=[0, 0.2, 0.4, 0.6, 0.8, 1], format="~r"),
    )
    tooltip = [
        alt.Tooltip("character:N"),
        alt.Tooltip("model:N"),
        alt.Tooltip("probability:Q", format=".3f"),
        alt.Tooltip("count:Q", title="occurs", format=","),
        alt.Tooltip("difference:Q", format="+.3f"),
        alt.Tooltip("low:Q", title="from", format="+.3f"),
        alt.Tooltip("high:Q", title="to", format="+.3f"),
    ]
    base = alt.Chart(ROWS).encode(y=y, x=x)
    whose = base.encode(
        color=_color(models), shape=family_shape(models).legend(_legend(models)), tooltip=tooltip
    )
    lines = (
        base.transform_filter("isValid(datum.other)")
        .mark_rule(strokeWidth=3, aria=False)
        .encode(x2="other:Q", opacity=alt.condition("datum.is_clear", alt.value(0.6), alt.value(0.2)))
    )
    marks: list[Any] = [
        whose.transform_filter(f"datum.whose == '{kind}'").mark_point(
            size=size, filled=is_filled, opacity=1, strokeWidth=1.6, aria=False
        )
        for kind, is_filled, size in ((WHOSE[0], True, 75), (WHOSE[1], False, 150))
    ]
    ahead = sum(row["better"] == "network" for row in best)
    divider = _divider(order, ahead) if 0 < ahead < len(best) else []
    theirs = any(row["whose"] == WHOSE[1] for row in rows)
    return Figure(
        name="best",
        title="Characters that each predicts best beside the other",
        reading=_best_reading(best, models, ahead),
        chart=alt.layer(*divider, lines, *marks).properties(width="container", height=BAND_PX * len(best)),
        rows=rows,
        how_to_read=_HOW.format(*(row["model"] for row in models)) + (_BESIDE if theirs else ""),
    )


_HOW = (
    "A mark is the mean probability of the true character, where it is the one named at the left: to the "
    "right is better. From the top those on which {0} is furthest ahead, from the bottom those on which {1} "
    "is; a pale line is a difference that may be none (its 95 % interval holds zero)."
)
_BESIDE = " Hollow marks are what Karpathy, Johnson, Li 2015 print for their LSTM and 20-gram, where they do."


def _marks(row: Row, models: list[Row]) -> list[Row]:
    """Ours of both models and, where there are any, the published ones."""
    made: list[Row] = []
    kept = {name: row.get(name) for name in ("character", "count", "difference", "low", "high", "is_clear")}
    for model, side in zip(models, ("network", "ngram"), strict=True):
        other = row["ngram_probability"] if side == "network" else None
        for whose, prefix in zip(WHOSE, ("", "paper_"), strict=True):
            if (value := row.get(f"{prefix}{side}_probability")) is not None:
                made.append(
                    kept
                    | {
                        "model": model["model"],
                        "family": model["family"],
                        "whose": whose,
                        "probability": value,
                    }
                    | {"other": other if whose == WHOSE[0] else None}
                )
    return made


def _divider(order: list[str], ahead: int) -> list[alt.Chart]:
    """Between the two sides."""
    at = alt.value(BAND_PX * ahead)
    return [alt.Chart(alt.Data(values=[{}])).mark_rule(style="reference", aria=False).encode(y=at)]


def _legend(models: list[Row]) -> alt.Legend:
    labels = {str(row["family"]): str(row["model"]) for row in models}
    return alt.Legend(title=None, values=list(labels), labelExpr=legend_labels(labels), labelLimit=320)


def _color(models: list[Row]) -> alt.Color:
    return family_color(models).legend(_legend(models))


def _best_reading(best: list[Row], models: list[Row], ahead: int) -> str:
    clear = [
        sum(bool(row.get("is_clear")) for row in best if row["better"] == side)
        for side in ("network", "n-gram")
    ]
    return (
        f"{clear[0]} of {ahead} characters on which {models[0]['model']} is furthest ahead, and {clear[1]} "
        f"of {len(best) - ahead} of {models[1]['model']}, are clearly better predicted."
    )


def _contributions(finding: Finding, models: list[Row], most_rows: int) -> Figure | None:
    rows = needed(finding.tables.get("characters", []), "character", "count", "contribution_nats")
    if not numbers(rows, "contribution_nats") or not any(numbers(rows, "contribution_nats")):
        return None
    drawn = _largest(rows, min(MOST_CONTRIBUTIONS, most_rows))
    drawn = [
        {**row, "family": models[0 if (number(row["contribution_nats"]) or 0.0) < 0 else 1]["family"]}
        for row in drawn
    ]
    domain = padded([0.0, *numbers(drawn, "contribution_nats", "contribution_low", "contribution_high")])
    title = "nats per character, network less n-gram"
    order = [str(row["character"]) for row in drawn]
    base = alt.Chart(ROWS).encode(
        y=alt.Y("character:N", sort=order, title=None, axis=alt.Axis(labelLimit=140, labelFontSize=13))
    )
    bars = base.mark_bar(opacity=0.6, aria=False).encode(
        x=loss("x", "contribution_nats", domain, title),
        color=_color(models),
        tooltip=[
            alt.Tooltip("character:N"),
            alt.Tooltip("count:Q", title="occurs", format=","),
            alt.Tooltip("contribution_nats:Q", title="nats", format="+.5f"),
            alt.Tooltip("contribution_low:Q", title="from", format="+.5f"),
            alt.Tooltip("contribution_high:Q", title="to", format="+.5f"),
            alt.Tooltip("network_nats:Q", title="loss of the network", format=".3f"),
            alt.Tooltip("ngram_nats:Q", title="loss of the n-gram", format=".3f"),
        ],
    )
    intervals = base.transform_filter("isValid(datum.contribution_low)").mark_rule(
        strokeWidth=1.5, aria=False
    )
    intervals = intervals.encode(x=loss("x", "contribution_low", domain, title), x2="contribution_high:Q")
    zero = (
        alt.Chart(alt.Data(values=[{"nats": 0}])).mark_rule(style="reference", aria=False).encode(x="nats:Q")
    )
    whole, (one, other) = sum(numbers(rows, "contribution_nats")), (row["model"] for row in models)
    return Figure(
        name="contributions",
        title="Which characters make the difference in loss",
        reading=_contributions_reading(drawn, whole),
        chart=with_bits("x", domain, bars, intervals, zero).properties(
            width="container", height=18 * len(drawn)
        ),
        rows=drawn,
        note=f"The bar '{OTHERS}' is {len(rows) - len(drawn) + 1} characters." if OTHERS in order else "",
        how_to_read=(
            "A bar is a character's share of the text times the difference of its mean loss; all bars "
            f"together are the whole difference, {whole:+.4f} nats. To the left {one} is better, to "
            f"the right {other}. Lines are 95 % intervals."
        ),
    )


def _largest(rows: list[Row], most: int) -> list[Row]:
    """The largest either way, by their value, and what is left as one row at the end."""
    ranked = sorted(rows, key=lambda row: -abs(number(row["contribution_nats"]) or 0.0))
    kept, left = (ranked, []) if len(ranked) <= most else (ranked[: most - 1], ranked[most - 1 :])
    kept = sorted(kept, key=lambda row: number(row["contribution_nats"]) or 0.0)
    if not left:
        return kept
    together: Row = {
        "character": OTHERS,
        "count": int(sum(numbers(left, "count"))),
        "contribution_nats": sum(numbers(left, "contribution_nats")),
    }
    return [*kept, together]


def _contributions_reading(drawn: list[Row], whole: float) -> str:
    ranked = sorted(
        (row for row in drawn if row["character"] != OTHERS),
        key=lambda row: -abs(number(row["contribution_nats"]) or 0.0),
    )
    named = ", ".join(f"{row['character']} {row['contribution_nats']:+.4f}" for row in ranked[:3])
    return f"Of {whole:+.4f} nats per character between the two, the largest parts are {named}."
