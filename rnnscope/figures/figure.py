"""Figure: a chart, its one-sentence reading and the rows it draws; and which file draws which analysis.

A later analysis adds one file to this package, with a function under `@draws("its_name")`, and no more.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import altair as alt

from rnnscope.figures.plain import plain_rows
from rnnscope.figures.theme import Scheme, config
from rnnscope.records import Finding
from rnnscope.records.finding import Row

MOST_ROWS = 4000
"""Rows a figure draws unless told otherwise: more dots than a screen can tell apart."""
ROWS = alt.NamedData("rows")
"""What a chart calls its rows. They are put in last: Altair would check each of them in every layer."""
VEGALITE = alt.SCHEMA_VERSION.rpartition(".")[0]
"""The version of Vega-Lite that charts are written in, 'v6.1' say."""


@dataclass(frozen=True)
class Figure:
    """One chart of a finding. Its looks come from `theme`, so that one chart serves light, dark and paper."""

    name: str
    """'losses', say: unique within its finding, fit for a file name."""
    title: str
    reading: str
    """What is to be seen, in one sentence with its numbers."""
    chart: Any
    """An Altair chart of the data named 'rows'; `spec` puts the rows in."""
    rows: list[Row]
    """All that is drawn, and all that the figure's CSV holds."""
    note: str = ""
    """What was left out of the chart, if anything."""
    how_to_read: str = ""
    """What a mark stands for."""

    def spec(self, scheme: Scheme | None = "light", *, with_rows: bool = True) -> dict[str, Any]:
        """The Vega-Lite specification with the theme's config, or without any for `None`."""
        spec = {**self.chart.to_dict(), "description": f"{self.title}. {self.reading}"}
        spec.pop("config", None)
        if with_rows:
            spec["datasets"] = {**spec.get("datasets", {}), ROWS.name: self.rows}
        return spec if scheme is None else {**spec, "config": config(scheme)}

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """What a notebook shows: the chart itself, drawn by the notebook."""
        return {
            f"application/vnd.vegalite.{VEGALITE.partition('.')[0]}+json": self.spec("light"),
            "text/plain": self.reading,
        }


Drawing = Callable[[Finding, int], list[Figure]]
_drawings: dict[str, Drawing] = {}


def draws(analysis: str) -> Callable[[Drawing], Drawing]:
    """Registers a function (finding, most rows of a figure) -> figures for the findings of `analysis`."""

    def register(drawing: Drawing) -> Drawing:
        _drawings[analysis] = drawing
        return drawing

    return register


def charts(finding: Finding, most_rows: int = MOST_ROWS) -> dict[str, Figure]:
    """Name -> figure, in the order to be read; empty for an analysis that has no chart.

    No figure draws more than `most_rows` rows; one that leaves rows out says so in its note. A table that is
    absent, empty or without the columns that a chart needs gives no figure.
    """
    _load_drawings()
    drawing = _drawings.get(finding.analysis)
    if drawing is None:
        return {}
    tables = {name: plain_rows(rows) for name, rows in finding.tables.items()}
    return {
        figure.name: figure for figure in drawing(finding.model_copy(update={"tables": tables}), most_rows)
    }


def drawn_analyses() -> list[str]:
    """The analyses that have charts."""
    _load_drawings()
    return sorted(_drawings)


@cache
def _load_drawings() -> None:
    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        importlib.import_module(f"{package}.{module.name}")
