"""Losses with their intervals, differences from the best n-gram, and the n-gram's loss by its context."""

import altair as alt

from rnnscope.figures.contexts import by_context
from rnnscope.figures.figure import ROWS, Figure, draws
from rnnscope.figures.grid import by_size, effects
from rnnscope.figures.loss_axis import Domain, loss, numbers, padded, with_bits
from rnnscope.figures.paired import differences_from
from rnnscope.figures.theme import BAND_PX, family_color, family_shape, with_family
from rnnscope.figures.thin import needed
from rnnscope.records import Finding
from rnnscope.records.finding import Row, number

MOST_NAMES = 60
"""Rows with a name each in one chart; more is a wall."""


@draws("comparison")
def comparison(finding: Finding, most_rows: int) -> list[Figure]:
    """Figures 'sizes' and 'effects' of a grid, 'losses', 'differences' and 'contexts'."""
    models = with_family(needed(finding.tables.get("models", []), "model", "test_nats"))
    models.sort(key=lambda row: number(row["test_nats"]) or 0.0)
    figures = [
        by_size(finding, models, most_rows),
        effects(finding, most_rows),
        _losses(models, min(most_rows, MOST_NAMES)),
        _differences(finding, models, min(most_rows, MOST_NAMES)),
        by_context(finding, models, most_rows),
    ]
    return [figure for figure in figures if figure is not None]


def _losses(models: list[Row], most: int) -> Figure | None:
    if not models:
        return None
    drawn, note = _near_the_networks(models)
    if len(drawn) > most:
        note = f"The {most} lowest of {len(models)} losses are drawn; the table of models holds all."
        drawn = drawn[:most]
    domain = padded(numbers(drawn, "test_nats", "low", "high"))
    names = alt.Y("model:N", sort=[str(row["model"]) for row in drawn], title=None)
    base = alt.Chart(ROWS).encode(y=names)
    intervals = _bars(base, "nats per character", domain, drawn)
    dots = base.mark_point(size=90, opacity=1, aria=False).encode(
        x=loss("x", "test_nats", domain),
        color=family_color(drawn),
        shape=family_shape(drawn),
        tooltip=[
            alt.Tooltip("model:N"),
            alt.Tooltip("test_nats:Q", title="nats", format=".4f"),
            alt.Tooltip("low:Q", title="from", format=".4f"),
            alt.Tooltip("high:Q", title="to", format=".4f"),
            alt.Tooltip("test_bits:Q", title="bits", format=".3f"),
            alt.Tooltip("parameters:Q", format=","),
        ],
    )
    chart = with_bits("x", domain, intervals, dots)
    best, second = drawn[0], drawn[1] if len(drawn) > 1 else None
    reading = f"{best['model']} has the lowest test loss, {best['test_nats']:.3f} nats per character"
    reading += f"; {second['model']} comes next with {second['test_nats']:.3f}." if second else "."
    return Figure(
        name="losses",
        title="Test loss of every model",
        reading=reading,
        chart=chart.properties(width="container", height=BAND_PX * len(drawn)),
        rows=drawn,
        note=note,
        how_to_read="A mark is a model's mean loss on test text, its bar the 95 % interval. Left is better.",
    )


def _near_the_networks(models: list[Row]) -> tuple[list[Row], str]:
    """Without the n-grams that are so much worse than the worst network that they would squeeze the rest."""
    networks = numbers((row for row in models if row["family"] != "n-gram"), "test_nats")
    if not networks:
        return models, ""
    counts = [row for row in models if row["family"] == "n-gram"]
    span = max(networks) - min(networks + numbers(counts[:1], "test_nats"))
    worst = max(networks) + max(0.5 * span, 0.05)
    far = [str(row["model"]) for row in counts[1:] if (number(row["test_nats"]) or 0.0) > worst]
    names = ", ".join(far[:12]) + (" …" if len(far) > 12 else "")
    note = f"Off the scale, with losses above {worst:.2f} nats: {names}."
    return [row for row in models if row["model"] not in far], note if far else ""


def _differences(finding: Finding, models: list[Row], most: int) -> Figure | None:
    """Every network less the best n-gram, on the same characters."""
    best_ngram = str(finding.numbers.get("best_ngram"))
    # where networks have several seeds, each is one line: its seeds together
    named = with_family(finding.tables.get("configurations", [])) or models
    family = {row["model"]: row["family"] for row in named if row["family"] != "n-gram"}
    rows: list[Row] = [
        {**row, "family": family[row["model"]]}
        for row in differences_from(finding, best_ngram)
        if row["model"] in family
    ]
    if not rows:
        return None
    ahead = sum(1 for row in rows if row["is_clear"] and (number(row["nats"]) or 0.0) < 0)
    total, rows = len(rows), rows[:most]
    domain = padded([0.0, *numbers(rows, "nats", "low", "high")])
    title = f"nats per character above {best_ngram}"
    base = alt.Chart(ROWS).encode(y=alt.Y("model:N", sort=[str(row["model"]) for row in rows], title=None))
    zero = (
        alt.Chart(alt.Data(values=[{"nats": 0}])).mark_rule(style="reference", aria=False).encode(x="nats:Q")
    )
    intervals = _bars(base, title, domain, rows)
    dots = base.mark_point(size=90, opacity=1, aria=False).encode(
        x=loss("x", "nats", domain, title),
        color=family_color(rows),
        shape=family_shape(rows),
        tooltip=[
            alt.Tooltip("model:N"),
            alt.Tooltip("nats:Q", format="+.4f"),
            alt.Tooltip("low:Q", title="from", format="+.4f"),
            alt.Tooltip("high:Q", title="to", format="+.4f"),
        ],
    )
    chart = with_bits("x", domain, zero, intervals, dots)
    return Figure(
        name="differences",
        title=f"Each network against the best n-gram, {best_ngram}",
        reading=_ahead(ahead, total, best_ngram),
        chart=chart.properties(width="container", height=BAND_PX * len(rows)),
        rows=rows,
        note=f"The {most} best of {total} networks are drawn." if total > most else "",
        how_to_read=(
            "Left of zero is better. A mark is the mean difference over the same test characters, its bar "
            "the 95 % interval of that difference. A bar that crosses zero leaves open which is better."
        ),
    )


def _bars(base: alt.Chart, title: str, domain: Domain, rows: list[Row]) -> alt.Chart:
    """Intervals from `low` to `high`, none where there is none."""
    bars = base.transform_filter("isValid(datum.low) && isValid(datum.high)").mark_rule(
        strokeWidth=2.5, opacity=0.6, aria=False
    )
    return bars.encode(x=loss("x", "low", domain, title), x2="high:Q", color=family_color(rows))


def _ahead(ahead: int, networks: int, best_ngram: str) -> str:
    if networks == 1:
        return f"The network is {'' if ahead else 'not '}clearly better than {best_ngram}."
    words = "All" if ahead == networks else f"{ahead} of" if ahead else "None of the"
    return f"{words} {networks} networks {'are' if ahead > 1 else 'is'} clearly better than {best_ngram}."
