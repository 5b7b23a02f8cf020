"""Corpus -> CountModel -> Predictor: modified Kneser-Ney of every length; unsmoothed maximum likelihood."""

from rnnscope.ngrams.building import build_count_model
from rnnscope.ngrams.counting import count
from rnnscope.ngrams.joined import joined_rows
from rnnscope.ngrams.kneser_ney import KneserNey
from rnnscope.ngrams.lookup import ContextCounts, context_counts
from rnnscope.ngrams.maximum_likelihood import Impossible, MaximumLikelihood
from rnnscope.ngrams.sampling import sample

__all__ = [
    "ContextCounts",
    "Impossible",
    "KneserNey",
    "MaximumLikelihood",
    "build_count_model",
    "context_counts",
    "count",
    "joined_rows",
    "sample",
]
