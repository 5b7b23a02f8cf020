"""Trace, weights and what other findings say -> Finding: one card a unit with what is known of it."""

from rnnscope.analyses.unit_cards.choosing import by_place
from rnnscope.analyses.unit_cards.excerpts import Spot, excerpt_at, span_of, spots_of
from rnnscope.analyses.unit_cards.finding import (
    caveats,
    fact_rows,
    nearest,
    symbol_rows,
    unit_cards,
    unit_rows,
)
from rnnscope.analyses.unit_cards.measuring import MOST_CHARS, Measured, measure
from rnnscope.analyses.unit_cards.opened import OpenedRun, Place

__all__ = [
    "MOST_CHARS",
    "Measured",
    "OpenedRun",
    "Place",
    "Spot",
    "by_place",
    "caveats",
    "excerpt_at",
    "fact_rows",
    "measure",
    "nearest",
    "span_of",
    "spots_of",
    "symbol_rows",
    "unit_cards",
    "unit_rows",
]
