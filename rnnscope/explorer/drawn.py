"""Finding -> its figures as a page draws them: specs without rows and theme, rows apart. Knows no view.

A chart takes Altair up to a second to put together, so that each finding's are kept while it stays as it is.
"""

from typing import Any

from rnnscope.explorer.kept import Kept
from rnnscope.explorer.shown import Shown
from rnnscope.figures import Figure, charts
from rnnscope.records.finding import Finding, Row

MOST_KEPT = 40
"""Findings whose figures are kept."""


class FigureShown(Shown):
    """A chart, what it draws and what is to be seen."""

    name: str
    title: str
    reading: str
    how_to_read: str
    note: str
    spec: dict[str, Any]
    """Vega-Lite, without rows and without a theme."""
    columns: list[str]
    rows: list[list[Any]]


_kept: Kept[tuple[Finding, list[FigureShown]]] = Kept(MOST_KEPT)


def figures_of(finding: Finding) -> list[FigureShown]:
    """In the order to be read; none for an analysis without charts."""
    # the finding is held beside its figures, so that no other one can take its identity meanwhile
    return _kept.get(id(finding), lambda: (finding, list(map(figure_shown, charts(finding).values()))))[1]


def figure_shown(figure: Figure) -> FigureShown:
    columns = list(dict.fromkeys(name for row in figure.rows for name in row))
    return FigureShown(
        name=figure.name,
        title=figure.title,
        reading=figure.reading,
        how_to_read=figure.how_to_read,
        note=figure.note,
        spec=figure.spec(None, with_rows=False),
        columns=columns,
        rows=[_finite(row, columns) for row in figure.rows],
    )


def _finite(row: Row, columns: list[str]) -> list[Any]:
    return [
        None if isinstance(v := row.get(name), float) and not abs(v) < float("inf") else v for name in columns
    ]
