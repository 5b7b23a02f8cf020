"""Trace and what the text alone says -> Finding: which unit follows what, with controls beside."""

from rnnscope.analyses.cell_roles.association import Associations, associate
from rnnscope.analyses.cell_roles.finding import associated_rows, cell_roles, ranked_for, role_rows
from rnnscope.analyses.cell_roles.following import followed
from rnnscope.analyses.cell_roles.labels import SHIFTS
from rnnscope.analyses.cell_roles.states import Hypothesis, UnitStates

__all__ = [
    "SHIFTS",
    "Associations",
    "Hypothesis",
    "UnitStates",
    "associate",
    "associated_rows",
    "cell_roles",
    "followed",
    "ranked_for",
    "role_rows",
]
