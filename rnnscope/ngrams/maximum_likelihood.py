"""Counts -> the unsmoothed model of order n: what followed the last n characters, and nothing else. Knows no
discount.

Goldberg, "The unreasonable effectiveness of character-level language models" (2015).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rnnscope.ngrams.dense import Table, log_blocks, longer
from rnnscope.ngrams.lookup import Matches, checked_context, find_context, find_contexts, in_memory
from rnnscope.ngrams.smoothing import Smoothed, smoothed
from rnnscope.records.count_model import CountModel, Counts


class Impossible(NamedTuple):
    """What an unsmoothed model cannot predict of a text."""

    characters: float
    """Share of characters that it held impossible: its loss is infinite unless this is 0."""
    contexts: float
    """Share of characters whose whole context never occurred, so that a shorter one stood in."""


class MaximumLikelihood:
    """Unsmoothed model of one context length; also a predictor (see rnnscope/scoring.py).

    A symbol that never followed the context has probability 0, log-probability -inf: the loss over a text is
    infinite as soon as one character is such. A context that never occurred has no distribution of its own;
    that of its longest suffix that did occur stands in. `impossible` says how often each happens.
    """

    def __init__(self, counts: Counts | CountModel, context: int) -> None:
        """Raises ConfigError for a context that the counts do not reach."""
        self.counts = in_memory(counts)
        self.context = checked_context(self.counts, context)
        self._levels: dict[int, Smoothed] = {}

    @property
    def symbols(self) -> int:
        """V, the size of the alphabet."""
        return self.counts.symbols

    @property
    def sees(self) -> int:
        """Characters back that its predictions depend on."""
        return self.context

    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
        """Blocks of shape (steps, R, V), float32, in order of time; -inf where a symbol never followed."""
        matches = find_contexts(self.counts, inputs_RT)
        rows, steps = inputs_RT.shape
        return log_blocks(self.distributions, matches, rows, steps, self.symbols)

    def distribution(self, context_ids: np.ndarray) -> np.ndarray:
        """Probabilities of the next symbol, shape (V,), float64, after these ids (the last one last)."""
        return self.distributions(find_context(self.counts, context_ids))[0]

    def distributions(self, matches: Matches) -> np.ndarray:
        """Probabilities after each query, shape (Q, V), float64; sums are 1."""
        lengths = np.minimum(matches.lengths, self.context)
        out_QV = np.empty((len(lengths), self.symbols))
        for k in np.unique(lengths).tolist():
            queries = np.flatnonzero(lengths == k)
            queries = queries[np.argsort(matches.places[queries])]
            nothing = Table(np.zeros((1, self.symbols)), np.zeros(len(queries), dtype=np.int64))
            out_QV[queries] = longer(
                self.counts, self._unsmoothed(k), matches.places[queries], nothing
            ).expanded()
        return out_QV

    def _unsmoothed(self, k: int) -> Smoothed:
        level = self.counts.levels[k]
        if k not in self._levels:
            self._levels[k] = smoothed(level, level.pair_raw, None)
        return self._levels[k]

    def impossible(self, inputs_RT: np.ndarray, targets_RT: np.ndarray) -> Impossible:
        """How much of a text this model cannot predict."""
        matches = find_contexts(self.counts, inputs_RT)
        behind = np.minimum(matches.behind, self.context)
        done = hopeless = 0
        for block_tRV in self.log_prob_blocks(inputs_RT):
            true_tR = np.asarray(targets_RT)[:, done : done + len(block_tRV)].T.astype(np.int64)
            hopeless += int(np.isneginf(np.take_along_axis(block_tRV, true_tR[:, :, None], axis=2)).sum())
            done += len(block_tRV)
        return Impossible(hopeless / inputs_RT.size, float((matches.lengths < behind).mean()))
