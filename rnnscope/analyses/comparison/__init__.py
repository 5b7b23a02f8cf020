"""Surprisal of many predictors -> Finding: which predicts best, by how much, how surely, and what size,
depth and gating bring.
"""

from rnnscope.analyses.comparison.competitors import Competitor
from rnnscope.analyses.comparison.finding import compare
from rnnscope.analyses.comparison.published import LINUX_KERNEL, WAR_AND_PEACE, Published

__all__ = ["LINUX_KERNEL", "WAR_AND_PEACE", "Competitor", "Published", "compare"]
