"""Surprisal of some predictors, text -> Finding: how sure they are of what closes and of line ends, by how
far back the cause lies.
"""

from rnnscope.analyses.long_range.finding import long_range
from rnnscope.analyses.long_range.settings import LongRangeSettings

__all__ = ["LongRangeSettings", "long_range"]
