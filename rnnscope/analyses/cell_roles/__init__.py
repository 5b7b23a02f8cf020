"""Trace and what the text alone says -> Finding: which unit follows what, with controls beside."""

from rnnscope.analyses.cell_roles.association import SHIFTS, Hypothesis, RankedStates, UnitStates
from rnnscope.analyses.cell_roles.finding import cell_roles

__all__ = ["SHIFTS", "Hypothesis", "RankedStates", "UnitStates", "cell_roles"]
