"""Finding -> its figures as a page draws them: specs without rows and theme, rows apart. Knows no view.

A chart takes Altair up to a second to put together, so that each finding's are kept while it stays as it is.
"""

from collections import OrderedDict
from threading import Lock
from typing import Any

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


_kept: OrderedDict[int, tuple[Finding, list[FigureShown]]] = OrderedDict()
_lock = Lock()


def figures_of(finding: Finding) -> list[FigureShown]:
    """In the order to be read; none for an analysis without charts."""
    with _lock:
        known = _kept.get(id(finding))
    if known is not None:
        return known[1]
    figures = [figure_shown(figure) for figure in charts(finding).values()]
    with _lock:
        # the finding is held beside its figures, so that no other one can take its identity meanwhile
        _kept[id(finding)] = (finding, figures)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return figures


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
