"""How well single units follow what the text alone says, beside what the controls reach."""

from typing import Any

import altair as alt

from rnnscope.figures.figure import ROWS, Figure, draws
from rnnscope.figures.loss_axis import numbers, padded
from rnnscope.figures.theme import BAND_PX, family_color, family_shape, with_family
from rnnscope.figures.thin import evenly_by, left_out, needed
from rnnscope.records import Finding
from rnnscope.records.finding import Row, number

MOST_NAMES = 24
"""Rows with a name each in one chart."""
PANEL_PX = 200
# What a score is, and where chance is, by the kind of role.
_KINDS = {
    "flag": ("yes-or-no roles", "area under the ROC curve", 0.5),
    "graded": ("graded roles", "rank correlation", 0.0),
}


@draws("cell_roles")
def cell_roles(finding: Finding, most_rows: int) -> list[Figure]:
    """For each kind of role 'best-KIND', the best unit per role and run, and 'units-KIND', all units."""
    best = with_family(needed(finding.tables.get("best", []), "run", "track", "score"))
    roles = with_family(needed(finding.tables.get("roles", []), "run", "track", "score", "control"))
    figures = [_best(kind, rows, min(most_rows, MOST_NAMES)) for kind, rows in _by_kind(best).items()]
    kinds = _by_kind(roles)
    return figures + [_units(kind, rows, max(1, most_rows // len(kinds))) for kind, rows in kinds.items()]


def _by_kind(rows: list[Row]) -> dict[str, list[Row]]:
    """Rows by their kind of role, each with `reach`: how far the best of its controls gets."""
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        kind = str(row.get("kind"))
        kinds.setdefault(kind if kind in _KINDS else "other", []).append({**row, "reach": _reach(row)})
    return kinds


CONTROLS = ("control_high", "untrained", "last_character")
"""Shifted labels at their highest, the best unit before training, the last character alone."""


def _reach(row: Row) -> float:
    """The highest of the controls that are there, or the mean of shifted labels where that is all."""
    there = [value for name in CONTROLS if (value := number(row.get(name))) is not None]
    return max(there) if there else number(row.get("control")) or 0.0


def _score(row: Row) -> float:
    return number(row["score"]) or 0.0


def _best(kind: str, best: list[Row], most: int) -> Figure:
    """The best unit of every run for every role of one kind, with its interval and the controls' reach."""
    roles, measure, chance = _KINDS.get(kind, ("roles", "score", 0.0))
    drawn, note = _leading(best, most)
    rows: list[Row] = [{**row, "who": f"{row['track']} · {row['run']}"} for row in _by_strength(drawn)]
    base = alt.Chart(ROWS).encode(
        y=alt.Y("who:N", sort=[str(row["who"]) for row in rows], title=None, axis=alt.Axis(labelLimit=210))
    )
    settings: dict[str, Any] = {
        "title": f"{measure}, on text not used to choose the unit",
        "scale": alt.Scale(
            domain=[min([chance, *numbers(rows, "score", "reach")]), 1], nice=False, zero=False
        ),
        "axis": alt.Axis(tickCount=6),
    }
    reach = base.mark_bar(height=6, opacity=0.4, aria=False).encode(
        x=alt.X("reach:Q", **settings), x2=alt.datum(chance)
    )
    dots = base.mark_point(size=90, opacity=1, aria=False).encode(
        x=alt.X("score:Q", **settings), color=family_color(rows), shape=family_shape(rows), tooltip=_tooltip()
    )
    spans = base.mark_rule(strokeWidth=1.5, aria=False).encode(
        x=alt.X("low:Q", **settings), x2="high:Q", color=family_color(rows)
    )
    top = max(rows, key=_score)
    is_spanned = all(number(row.get(name)) is not None for row in rows for name in ("low", "high"))
    return Figure(
        name=f"best-{kind}",
        title=f"The best unit for each of the {roles}",
        reading=(
            f"Unit {top.get('unit')} in layer {top.get('layer')} of {top['run']} follows '{top['track']}' "
            f"most closely: {measure} {top['score']:.2f}, where the controls reach {top['reach']:.2f}."
        ),
        chart=alt.layer(reach, *([spans] if is_spanned else []), dots).properties(
            width="container", height=BAND_PX * len(rows)
        ),
        rows=rows,
        note=note,
        how_to_read=(
            f"A mark is a unit's {measure} ({chance:g} is chance, 1 is perfect), the line its 95 % interval. "
            "The grey bar is how far the best of the controls gets: shifted labels, the best unit before "
            "training, the last character alone. A line wholly beyond its bar is a role."
        ),
    )


def _leading(best: list[Row], most: int) -> tuple[list[Row], str]:
    """All rows, or where they are too many the best run of each family for each role."""
    if len(best) <= most:
        return best, ""
    leaders: dict[tuple, Row] = {}
    for row in sorted(best, key=_score, reverse=True):
        leaders.setdefault((row["track"], row["family"]), row)
    drawn = evenly_by(list(leaders.values()), lambda row: row["track"], most)
    return (
        drawn,
        f"{len(drawn)} of {len(best):,} units are drawn: for each role the best run of each kind of cell.",
    )


def _by_strength(rows: list[Row]) -> list[Row]:
    """Roles with the best score first, and within a role the best unit first."""
    strongest: dict[str, float] = {}
    for row in rows:
        strongest[str(row["track"])] = max(strongest.get(str(row["track"]), -1.0), _score(row))
    return sorted(rows, key=lambda row: (-strongest[str(row["track"])], str(row["track"]), -_score(row)))


def _units(kind: str, roles: list[Row], most_rows: int) -> Figure:
    """Every unit with the role it follows best: a panel per role."""
    names, measure, _ = _KINDS.get(kind, ("roles", "score", 0.0))
    drawn = evenly_by(roles, lambda row: (row["track"], row["run"]), most_rows)
    tracks = list(dict.fromkeys(str(row["track"]) for row in drawn))
    x_domain, y_domain = padded(numbers(drawn, "reach")), padded(numbers(drawn, "score", "reach"))
    units = (
        alt.Chart()
        .mark_point(size=22, filled=False, opacity=0.75, aria=False)
        .encode(
            x=alt.X(
                "reach:Q",
                title="reach of the controls",
                scale=_fixed(x_domain),
                axis=alt.Axis(tickCount=4),
            ),
            y=alt.Y("score:Q", title=measure, scale=_fixed(y_domain), axis=alt.Axis(tickCount=5)),
            color=family_color(drawn),
            shape=family_shape(drawn),
            tooltip=_tooltip(),
        )
    )
    ends = [{"reach": x_domain[0], "score": x_domain[0]}, {"reach": x_domain[1], "score": x_domain[1]}]
    line = alt.Chart(alt.Data(values=ends)).mark_line(style="reference", clip=True, aria=False)
    even = line.encode(x=alt.X("reach:Q", scale=_fixed(x_domain)), y=alt.Y("score:Q", scale=_fixed(y_domain)))
    heading = alt.Facet(
        "track:N", title=None, sort=tracks, header=alt.Header(labelAnchor="start", labelLimit=PANEL_PX)
    )
    chart = alt.layer(units, even, data=ROWS).properties(width=PANEL_PX, height=PANEL_PX)
    page = {"panels": len(tracks), "group": 1, "least_px": 200, "most_px": 260}
    above = sum(_score(row) > _reach(row) for row in roles)
    return Figure(
        name=f"units-{kind}",
        title=f"Every unit that follows one of the {names} best",
        reading=f"{above:,} of {len(roles):,} units follow their role more closely than any control.",
        chart=chart.facet(heading, columns=min(3, len(tracks)), spacing=22).properties(
            usermeta={"rnnscope": page}
        ),
        rows=drawn,
        note=left_out(len(drawn), len(roles), "units"),
        how_to_read="A mark is one unit. Below the dashed line some control does as well.",
    )


def _fixed(domain: tuple[float, float]) -> alt.Scale:
    return alt.Scale(domain=list(domain), nice=False, zero=False)


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("run:N"),
        alt.Tooltip("layer:Q"),
        alt.Tooltip("unit:Q"),
        alt.Tooltip("track:N"),
        alt.Tooltip("score:Q", format=".3f"),
        alt.Tooltip("control_high:Q", title="shifted labels", format=".3f"),
        alt.Tooltip("untrained:Q", title="before training", format=".3f"),
        alt.Tooltip("last_character:Q", title="last character", format=".3f"),
    ]
