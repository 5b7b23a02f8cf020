"""Finding -> Vega-Lite chart (Altair): one definition for report, explorer, notebook and PDF, SVG, PNG."""

from rnnscope.figures.figure import MOST_ROWS, Figure, charts, draws
from rnnscope.figures.plain import plain
from rnnscope.figures.save import save
from rnnscope.figures.theme import FAMILIES, Scheme, config, family_of

__all__ = [
    "FAMILIES",
    "MOST_ROWS",
    "Figure",
    "Scheme",
    "charts",
    "config",
    "draws",
    "family_of",
    "plain",
    "save",
]
