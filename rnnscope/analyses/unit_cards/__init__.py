"""Trace, weights and what other findings say -> Finding: one card a unit with what is known of it."""

from rnnscope.analyses.unit_cards.finding import unit_cards
from rnnscope.analyses.unit_cards.opened import OpenedRun, Place

__all__ = ["OpenedRun", "Place", "unit_cards"]
