"""Blocks of activations -> sums that can be added up: what is told of every unit without keeping any value.

numpy only. A counter knows no network and no text; memory is that of its sums, however long the text.
"""

from rnnscope.counters.autocorrelation import LAGS, Autocorrelation, AutocorrelationCounter
from rnnscope.counters.counter import Block, Counter
from rnnscope.counters.distribution import Bins, Distribution, DistributionCounter, bins_of, is_bounded
from rnnscope.counters.keeping import KEEPING, Keeping, KeepingCounter
from rnnscope.counters.saturation import GATES, MOSTLY, SaturationCounter, gate_sites

__all__ = [
    "GATES",
    "KEEPING",
    "LAGS",
    "MOSTLY",
    "Autocorrelation",
    "AutocorrelationCounter",
    "Bins",
    "Block",
    "Counter",
    "Distribution",
    "DistributionCounter",
    "Keeping",
    "KeepingCounter",
    "SaturationCounter",
    "bins_of",
    "gate_sites",
    "is_bounded",
]
