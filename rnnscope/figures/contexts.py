"""What n characters tell: the loss of n-grams and n-NNs by n, the best networks as rules."""

import altair as alt

from rnnscope.figures.figure import ROWS, Figure
from rnnscope.figures.loss_axis import Domain, loss, numbers, padded, with_bits
from rnnscope.figures.theme import family_color, family_shape
from rnnscope.figures.thin import needed
from rnnscope.records import Finding
from rnnscope.records.finding import Row, number

PUBLISHED = "published_window_nats"


def by_context(finding: Finding, models: list[Row], most_rows: int) -> Figure | None:
    """Figure 'contexts': n-grams, n-NNs where there are any with the 2015 paper's beside, and the best
    network of each cell as a horizontal rule.
    """
    counts = needed(finding.tables.get("contexts", []), "context", "test_nats")[:most_rows]
    if not counts:
        return None
    rules = _rules(models)
    windows = _series(counts, "n-NN", "window_test_nats", "window_error_rate")
    published = [row | {"is_published": True} for row in _series(counts, "n-NN", PUBLISHED)]
    ngrams = _series(counts, "n-gram", "test_nats", "error_rate")
    rows = [*ngrams, *windows, *published, *rules]
    domain, note = _domain(ngrams + windows, rules)
    return Figure(
        name="contexts",
        title="What the last n characters tell",
        reading=_reading(ngrams, windows, rules),
        chart=_chart(rows, domain, numbers(counts, "context")).properties(width="container", height=320),
        rows=rows,
        note=note,
        how_to_read=(
            "Hollow marks: the n-NNs of Karpathy, Johnson, Li 2015 (Table 2), each with a 2015 optimiser."
            if published
            else ""
        ),
    )


def _rules(models: list[Row]) -> list[Row]:
    """The best network of each cell."""
    best: dict[str, Row] = {}
    for row in models:
        if row["family"] not in ("n-gram", "n-NN"):
            best.setdefault(str(row["family"]), row)
    return [{name: row[name] for name in ("model", "family", "test_nats")} for row in best.values()]


def _series(counts: list[Row], family: str, nats: str, errors: str = "") -> list[Row]:
    kind = "gram" if family == "n-gram" else "nn"
    return [
        {
            "model": f"{row['context']}-{kind}",
            "family": family,
            "context": row["context"],
            "test_nats": row[nats],
            "error_rate": row.get(errors),
            "is_published": False,
        }
        for row in counts
        if number(row.get(nats)) is not None
    ]


def _chart(rows: list[Row], domain: Domain, lengths: list[float]) -> alt.LayerChart:
    base = alt.Chart(ROWS)
    x = alt.X(
        "context:Q",
        title="characters of context",
        axis=alt.Axis(tickMinStep=1, tickCount=10, grid=False, format="d"),
        scale=alt.Scale(domain=[min(lengths) - 0.4, max(lengths) + 0.4], nice=False, zero=False),
    )
    nats = loss("y", "test_nats", domain)
    tooltip = [
        alt.Tooltip("model:N"),
        alt.Tooltip("test_nats:Q", title="test nats", format=".4f"),
        alt.Tooltip("error_rate:Q", title="error rate", format=".1%"),
    ]
    known = base.transform_filter("isValid(datum.context)").encode(x=x, y=nats, color=family_color(rows))
    ours = known.transform_filter("!datum.is_published")
    layers = [
        base.transform_filter("!isValid(datum.context)")
        .mark_rule(strokeWidth=2, strokeDash=[6, 4], aria=False)
        .encode(y=nats, color=family_color(rows), tooltip=tooltip[:2]),
        ours.mark_line(clip=True, aria=False),
        ours.mark_point(clip=True, size=55, opacity=1, aria=False).encode(
            shape=family_shape(rows), tooltip=tooltip
        ),
    ]
    if any(row.get("is_published") for row in rows):
        layers.append(
            known.transform_filter("datum.is_published")
            .mark_point(clip=True, filled=False, size=70, opacity=1, aria=False)
            .encode(shape=family_shape(rows), tooltip=tooltip[:2])
        )
    return with_bits("y", domain, *layers)


def _reading(ngrams: list[Row], windows: list[Row], rules: list[Row]) -> str:
    best = min(ngrams, key=lambda row: number(row["test_nats"]) or 0.0)
    told = f"The lowest loss of counts is with {best['context']} characters, {best['test_nats']:.3f} nats"
    if windows:
        window = min(windows, key=lambda row: number(row["test_nats"]) or 0.0)
        told += (
            f", of a tanh layer on the last characters with {window['context']}, {window['test_nats']:.3f}"
        )
    passed = ", ".join(f"{row['model']} {row['test_nats']:.3f}" for row in rules)
    return told + (f"; the dashed lines are the best network of each kind ({passed})." if rules else ".")


def _domain(series: list[Row], rules: list[Row]) -> tuple[Domain, str]:
    """The nats axis, cut at the top so that what happens near the networks can be seen."""
    losses, of_rules = numbers(series, "test_nats"), numbers(rules, "test_nats")
    near = min(losses + of_rules)
    far = max([near + 0.8, *(value + 0.1 for value in of_rules)])
    off = [
        f"{row['model']} ({row['test_nats']:.2f} nats)"
        for row in series
        if (number(row["test_nats"]) or 0.0) > far
    ]
    low, high = padded([value for value in losses + of_rules if value <= far])
    note = f"Off the scale at the top: {', '.join(off[:8])}."
    return (low, far if off else high), note if off else ""
