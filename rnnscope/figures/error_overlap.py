"""Errors that several predictors share: a Venn diagram of three, an UpSet chart (Lex 2014) of any number."""

from typing import Any

import altair as alt

from rnnscope.figures.figure import ROWS, Figure, draws
from rnnscope.figures.loss_axis import numbers
from rnnscope.figures.predictors import told_apart
from rnnscope.figures.theme import BAND_PX, family_color
from rnnscope.figures.thin import needed
from rnnscope.figures.venn import venn
from rnnscope.records import Finding
from rnnscope.records.finding import Row

MOST_SUBSETS = 24
"""Bars that can be told apart on a page."""
MOST_LABELLED = 12
BARS_PX = 240
GAP_PX = 14


@draws("error_overlap")
def error_overlap(finding: Finding, most_rows: int) -> list[Figure]:
    """Figures 'venn', of three models, and 'subsets'."""
    models = told_apart(needed(finding.tables.get("models", []), "model", "error_rate"))
    subsets = [
        row
        for row in needed(finding.tables.get("subsets", []), "pattern", "wrong", "wrong_models", "text_share")
        if row["wrong_models"] and len(str(row["pattern"])) == len(models)
    ]
    if not models or not subsets:
        return []
    return [each for each in (venn(models, subsets), _upset(models, subsets, most_rows)) if each is not None]


def _upset(models: list[Row], subsets: list[Row], most_rows: int) -> Figure:
    ranked = sorted(subsets, key=lambda row: -float(row["text_share"] or 0))
    drawn = ranked[: min(MOST_SUBSETS, most_rows)]
    top = 1.08 * max(numbers(drawn, "text_share", "high_share", "paper_share", "independent_share"))
    drawn = [{**row, "label_share": _free_of_marks(row, top)} for row in drawn]
    left = sum(numbers(ranked[len(drawn) :], "text_share"))
    x = alt.X(
        "pattern:N",
        sort=[str(row["pattern"]) for row in drawn],
        axis=None,
        scale=alt.Scale(paddingInner=0.3, paddingOuter=0.2),
    )
    bars = _bars(drawn, x, top)
    matrix = _matrix(models, drawn, x)
    height = BARS_PX + GAP_PX + BAND_PX * len(models)
    chart = alt.layer(bars, matrix).resolve_scale(y="independent")
    return Figure(
        name="subsets",
        title="Who is wrong where the others are right",
        reading=_reading(drawn),
        chart=chart.properties(width="container", height=height),
        rows=drawn,
        note=(
            f"The {len(drawn)} largest of {len(ranked)} subsets are drawn; the others are {left:.1%} of "
            "characters."
            if len(drawn) < len(ranked)
            else ""
        ),
        how_to_read=_HOW + (_BESIDE if numbers(drawn, "paper_share") else ""),
    )


_HOW = (
    "A bar is the share of test characters that exactly the models with a full dot below it get wrong, its "
    "line the 95 % interval; the dash is what it would be if the same models erred independently."
)
_BESIDE = (
    " Hollow diamonds: Karpathy, Johnson, Li 2015, Figure 4, for LSTM-3, 7-NN and 20-gram, on a text that is "
    "most likely another Linux kernel."
)


def _bars(drawn: list[Row], x: alt.X, top: float) -> Any:
    scale = alt.Scale(domain=[0, top], nice=False, range=[BARS_PX, 0])

    def y(field: str) -> alt.Y:
        axis = alt.Axis(format="~%", tickCount=5, title="of test characters")
        return alt.Y(f"{field}:Q", scale=scale, axis=axis)

    tooltip = [
        alt.Tooltip("wrong:N"),
        alt.Tooltip("chars:Q", title="characters", format=","),
        *(
            alt.Tooltip(f"{field}_share:Q", title=title, format=".2%")
            for field, title in (
                ("text", "share"),
                ("low", "from"),
                ("high", "to"),
                ("independent", "if independent"),
                ("paper", "published"),
            )
            if numbers(drawn, f"{field}_share")
        ),
    ]
    base = alt.Chart(ROWS).encode(x=x)
    layers: list[Any] = [
        base.mark_bar(opacity=0.45, aria=False).encode(y=y("text_share"), tooltip=tooltip),
        base.mark_tick(thickness=1.2, width={"band": 0.9}, opacity=0.75, aria=False).encode(
            y=y("independent_share")
        ),
        base.transform_filter("isValid(datum.low_share)")
        .mark_rule(strokeWidth=2, aria=False)
        .encode(y=y("low_share"), y2="high_share:Q"),
    ]
    if numbers(drawn, "paper_share"):
        layers.append(
            base.mark_point(shape="diamond", size=90, filled=False, strokeWidth=2, opacity=1, aria=False)
            .transform_filter("isValid(datum.paper_share)")
            .encode(y=y("paper_share"), tooltip=tooltip)
        )
    if len(drawn) <= MOST_LABELLED:
        layers.append(
            base.mark_text(dy=-12, aria=False).encode(
                y=y("label_share"), text=alt.Text("text_share:Q", format=".1%")
            )
        )
    return alt.layer(*layers)


def _free_of_marks(row: Row, top: float) -> float:
    """Height above which a bar's label meets no other mark."""
    level = max(numbers([row], "text_share", "high_share"))
    for mark in sorted(numbers([row], "paper_share", "independent_share")):
        if -0.02 * top < mark - level < 0.1 * top:
            level = max(level, mark)
    return level


def _matrix(models: list[Row], drawn: list[Row], x: alt.X) -> Any:
    """A dot for every model and subset, full where it is wrong; the topmost model first."""
    names = [str(row["model"]) for row in models]
    top = BARS_PX + GAP_PX
    dots = [
        {
            "pattern": row["pattern"],
            "model": model["model"],
            "family": model["family"],
            "is_wrong": mark == "1",
        }
        for row in drawn
        for mark, model in zip(str(row["pattern"]), models, strict=True)
    ]
    y = alt.Y(
        "model:N",
        sort=names,
        title=None,
        scale=alt.Scale(type="point", domain=names, range=[top, top + BAND_PX * len(names)], padding=0.5),
        axis=alt.Axis(grid=False, labelPadding=10, orient="left"),
    )
    base = alt.Chart(alt.Data(values=dots)).encode(x=x, y=y)
    of_wrong = base.transform_filter("datum.is_wrong")
    return alt.layer(
        base.mark_point(size=70, filled=True, opacity=0.18, aria=False),
        of_wrong.mark_line(strokeWidth=2, aria=False).encode(detail="pattern:N"),
        of_wrong.mark_point(size=90, filled=True, opacity=1, aria=False).encode(
            color=family_color(models).legend(None)
        ),
    )


def _reading(drawn: list[Row]) -> str:
    first = drawn[0]
    words = f"The largest share, {first['text_share']:.1%} of characters, is wrong with {first['wrong']}"
    if len(drawn) > 1:
        words += f"; next come {drawn[1]['wrong']} with {drawn[1]['text_share']:.1%}"
    return f"{words}."
