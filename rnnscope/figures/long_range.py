"""Mean probability of closers by distance, as in Figure 5 of Karpathy, Johnson, Li 2015, and of line ends by
the length of the line.
"""

import re
from collections.abc import Sequence
from typing import Any

import altair as alt

from rnnscope.figures.figure import ROWS, Figure, draws
from rnnscope.figures.loss_axis import numbers
from rnnscope.figures.panels import closed
from rnnscope.figures.theme import FAMILIES, family_of
from rnnscope.figures.thin import needed
from rnnscope.records import Finding
from rnnscope.records.finding import Row, number

MOST_PAIRS = 6
"""Panels of one figure; a screenful."""
MOST_PREDICTORS = 6
PANEL_PX = (300, 220)
FAINT = 0.22
"""Of a panel's height, for the tallest bar of the counts beneath the curves."""
HERE, PUBLISHED = "here", "published"


@draws("long_range")
def long_range(finding: Finding, most_rows: int) -> list[Figure]:
    """Figures 'closing-distance', a panel for each pair, and 'line-length'; either only where there are
    means.
    """
    figures = [_closing(finding, most_rows), _lines(finding, most_rows)]
    return [figure for figure in figures if figure is not None]


def _closing(finding: Finding, most: int) -> Figure | None:
    ours = needed(finding.tables.get("closers", []), "pair", "bin", "from_chars", "predictor", "mean_p")
    pairs, predictors = _pairs(ours), _predictors(ours)
    theirs = needed(finding.tables.get("published", []), "pair", "bin", "from_chars", "predictor", "mean_p")
    told: list[Row] = [
        *({**row, "whose": HERE, "kind": row["predictor"]} for row in ours if row["predictor"] in predictors),
        *({**row, "whose": PUBLISHED, "kind": _alike(row, predictors)} for row in theirs),
    ]
    rows = [
        {**row, "panel": row["pair"], "who": f"{row['whose']} {row['predictor']}"}
        for row in told
        if row["pair"] in pairs[:MOST_PAIRS]
    ][:most]
    if not rows:
        return None
    kinds, who = ([*dict.fromkeys(str(row[field]) for row in rows)] for field in ("kind", "who"))
    base = alt.Chart().encode(
        x=_bins_axis(needed(finding.tables["closers"], "bin", "from_chars")),
        xOffset=alt.XOffset("who:N", sort=who, scale=alt.Scale(domain=who, paddingOuter=1)),
        color=_color(kinds),
    )
    here = base.transform_filter(alt.datum.whose == HERE)
    layers = [_line(here), _bars(base), _dots(here, filled=True)]
    if any(row["whose"] == PUBLISHED for row in rows):
        layers = [*layers, _dots(base.transform_filter(alt.datum.whose == PUBLISHED), filled=False)]
    return Figure(
        name="closing-distance",
        title="How sure predictors are of what closes, by how far back it was opened",
        reading=_closing_reading(finding, [row for row in rows if row["whose"] == HERE]),
        chart=_in_panels(layers, pairs[:MOST_PAIRS]),
        rows=rows,
        note=_left_out(len(pairs), MOST_PAIRS, "pairs"),
        how_to_read=(
            "Marks are mean probabilities of the true closer where its opener lies so many characters back, "
            "bars their 95 % intervals."
            + (" Hollow diamonds: read off Figure 5 of Karpathy, Johnson, Li 2015." if theirs else "")
        ),
    )


def _bins_axis(rows: Sequence[Row]) -> alt.X:
    bins = {str(row["bin"]): number(row["from_chars"]) or 0.0 for row in rows}
    axis = alt.Axis(labelAngle=-40, grid=False, labelOverlap=False)
    order = sorted(bins, key=lambda name: bins[name])
    return alt.X("bin:O", scale=alt.Scale(domain=order), title="characters from opener to closer", axis=axis)


def _alike(row: Row, predictors: Sequence[str]) -> str:
    """Which of ours has the colour of a published predictor: the first of its family."""
    alike = [name for name in predictors if _family(name) == _family(str(row["predictor"]))]
    return alike[0] if alike else f"published {row['predictor']}"


def _lines(finding: Finding, most: int) -> Figure | None:
    ours = needed(finding.tables.get("lines", []), "at", "from_chars", "predictor", "places", "mean_p")
    predictors = _predictors(ours)
    drawn = [row for row in ours if row["predictor"] in predictors][:most]
    if not drawn:
        return None
    tallest = {at: max(numbers((r for r in drawn if r["at"] == at), "places")) for at in _panels_of(drawn)}
    rows = [
        {
            **row,
            "panel": f"P({row['at']}) at true {row['at']}s",
            "middle": _middle(row),
            "faint": FAINT * (number(row["places"]) or 0.0) / tallest[str(row["at"])],
        }
        for row in drawn
    ]
    furthest = max(numbers(rows, "middle"))
    x: dict[str, Any] = {"title": "characters in the line so far"}
    x |= {"scale": alt.Scale(domain=[-2, furthest + 3], nice=False), "axis": alt.Axis(grid=False)}
    first = rows[0]["predictor"]
    counts = (
        alt.Chart()
        .transform_filter(alt.datum.predictor == first)
        .mark_bar(opacity=0.22, size=6, aria=False)
        .encode(x=alt.X("middle:Q", **x), y=alt.Y("faint:Q"), tooltip=[alt.Tooltip("places:Q", format=",")])
    )
    base = alt.Chart().encode(x=alt.X("middle:Q", **x), color=_color(predictors, "predictor"))
    # empty lines are told by what stands before them
    layers = [
        counts,
        _line(base.transform_filter("datum.from_chars > 0")),
        _bars(base),
        _dots(base, filled=True),
    ]
    panels = list(dict.fromkeys(str(row["panel"]) for row in rows))
    return Figure(
        name="line-length",
        title="How sure predictors are of line ends and spaces, by the length of the line so far",
        reading=_lines_reading(finding, drawn),
        chart=_in_panels(layers, panels),
        rows=rows,
        note=_left_out(
            len(dict.fromkeys(str(row["predictor"]) for row in ours)), MOST_PREDICTORS, "predictors"
        ),
        how_to_read=(
            "A mark is the mean probability of the true line end (or space) where the line has so many "
            "characters, its bar the 95 % interval. Faint columns: how many there are of each length. Who "
            "counts is surer of a line end, and less sure of a space, where lines are full."
        ),
    )


def _panels_of(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(str(row["at"]) for row in rows))


def _middle(row: Row) -> float:
    """Of the bin's lengths."""
    first, after = number(row["from_chars"]) or 0.0, number(row.get("to_chars"))
    return first if after is None else (first + after - 1) / 2


def _pairs(rows: Sequence[Row]) -> list[str]:
    """The pairs with more bins than one, if there are any; those with the most closers first."""
    bins: dict[str, dict[str, float]] = {}
    for row in rows:
        bins.setdefault(str(row["pair"]), {})[str(row["bin"])] = number(row.get("places")) or 0.0
    several = {pair: of_it for pair, of_it in bins.items() if len(of_it) > 1} or bins
    return sorted(several, key=lambda pair: -sum(several[pair].values()))


def _predictors(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(str(row["predictor"]) for row in rows))[:MOST_PREDICTORS]


def _p() -> alt.Y:
    return alt.Y(
        "mean_p:Q",
        title="mean probability",
        scale=alt.Scale(domainMin=0, nice=True),
        axis=alt.Axis(tickCount=5),
    )


def _line(base: alt.Chart) -> alt.Chart:
    return base.mark_line(strokeWidth=1.3, opacity=0.55, aria=False).encode(y=_p())


def _bars(base: alt.Chart) -> alt.Chart:
    muted = alt.condition(alt.datum.whose == PUBLISHED, alt.value(0.3), alt.value(0.55))
    bars = closed(base, "mean_p", "low", "high")
    return bars.mark_rule(strokeWidth=2, aria=False).encode(y=alt.Y("low:Q"), y2="high:Q", opacity=muted)


def _dots(base: alt.Chart, filled: bool) -> alt.Chart:
    tooltip = [
        alt.Tooltip("predictor:N"),
        alt.Tooltip("bin:N", title="characters"),
        alt.Tooltip("mean_p:Q", title="mean P", format=".3f"),
        alt.Tooltip("low:Q", title="from", format=".3f"),
        alt.Tooltip("high:Q", title="to", format=".3f"),
        alt.Tooltip("places:Q", title="how many", format=","),
    ]
    looks: dict[str, Any] = {"shape": "circle"} if filled else {"shape": "diamond", "strokeWidth": 1.3}
    marks = base.mark_point(size=52, opacity=1 if filled else 0.7, filled=filled, aria=False, **looks)
    return marks.encode(y=_p(), tooltip=tooltip)


def _color(names: Sequence[str], field: str = "kind") -> alt.Color:
    """By predictor: its family's colour where that is still free."""
    legend = alt.Legend(title=None, values=list(names), labelLimit=300)
    return alt.Color(f"{field}:N", scale=alt.Scale(domain=_placed(names)), legend=legend)


def _placed(names: Sequence[str]) -> list[str]:
    """Names in the order of the theme's colours, with words that name none where a family's is not taken."""
    placed: dict[int, str] = {}
    for name in names:
        family = _family(name)
        wanted = FAMILIES.index(family) if family in FAMILIES else len(FAMILIES)
        if wanted in placed:
            wanted = next(index for index in range(len(FAMILIES), 99) if index not in placed)
        placed[wanted] = name
    return [placed.get(index, f"no {index}") for index in range(max(placed) + 1)]


def _family(name: str) -> str:
    is_count = re.search(r"\d+-gram$", name)
    return family_of({"family": "n-gram"} if is_count else {"cell": name.removeprefix("published ")})


def _in_panels(layers: Sequence[Any], panels: list[str]) -> Any:
    if len(panels) == 1:
        return alt.layer(*layers, data=ROWS).properties(width="container", height=320)
    chart = alt.layer(*layers, data=ROWS).properties(width=PANEL_PX[0], height=PANEL_PX[1])
    facet = alt.Facet("panel:N", title=None, sort=panels, header=alt.Header(labelAnchor="start"))
    page = {"panels": len(panels), "group": 1, "least_px": 240, "most_px": 420}
    return chart.facet(facet, columns=2, spacing=26).properties(usermeta={"rnnscope": page})


def _left_out(there: int, most: int, what: str) -> str:
    return f"{most} of {there} {what} are drawn; the finding's file holds all." if there > most else ""


def _closing_reading(finding: Finding, drawn: list[Row]) -> str:
    """The lead far from the opener, of the first pair that has one; else the best bin."""
    far = needed(finding.tables.get("far", []), "pair", "predictor", "against", "lead", "from_chars")
    if far:
        row = far[0]
        lead = number(row["lead"]) or 0.0
        side = "ahead of" if lead > 0 else "behind"
        return (
            f"{row['from_chars']} or more characters after the opener of {row['pair']}, {row['predictor']} "
            f"is {abs(lead):.2f} {side} {row['against']}{_interval(row, 'low', 'high')}."
        )
    best = max(drawn, key=lambda row: number(row["mean_p"]) or 0.0)
    mean = f"with a mean probability of {best['mean_p']:.2f}"
    return f"{best['predictor']} is surest of {best['pair']} at {best['bin']} characters, {mean}."


def _lines_reading(finding: Finding, drawn: list[Row]) -> str:
    rises = needed(finding.tables.get("counting", []), "at", "predictor", "rise", "usual_from_chars")
    rises = [row for row in rises if row["at"] == drawn[0]["at"]][:MOST_PREDICTORS]
    if not rises:
        return f"Mean probability of a true {drawn[0]['at']} by the length of its line."
    told = ", ".join(f"{row['predictor']} {row['rise']:+.2f}" for row in rises)
    row = rises[0]
    return (
        f"P({row['at']}) in lines of {row['usual_from_chars']} characters or more, less that in lines of up "
        f"to {row['short_to_chars']}: {told}."
    )


def _interval(row: Row, low: str, high: str) -> str:
    ends = [number(row.get(end)) for end in (low, high)]
    return "" if None in ends else f" (lead {ends[0]:+.2f} to {ends[1]:+.2f}, 95 % interval)"
