"""Surprisal of several predictors, Corpus -> Finding: which characters all, some or one of them get wrong."""

from rnnscope.analyses.error_overlap.finding import OverlapSettings, error_overlap

__all__ = ["OverlapSettings", "error_overlap"]
