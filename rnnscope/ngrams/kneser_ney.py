"""Counts -> interpolated modified Kneser-Ney of every context length (Chen and Goodman 1998). Knows no
corpus.

The model of context length n, after a context of which a(h) drops the symbol furthest back:

    p_n(w | h)      = kept_raw_n(w | h)  + handed_down_raw_n(h)  * p_cont_{n-1}(w | a(h))
    p_cont_k(w | h) = kept_cont_k(w | h) + handed_down_cont_k(h) * p_cont_{k-1}(w | a(h)),  p_cont_{-1} = 1/V

Raw counts are occurrences; continuation counts are how many distinct symbols stood to the left. A context
that never occurred hands all of it down. So one chain of p_cont serves every n, with one raw step each.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from rnnscope.ngrams.dense import Table, log_blocks, longer
from rnnscope.ngrams.lookup import (
    Matches,
    checked_context,
    find_context,
    find_contexts,
    find_nodes,
    find_pairs,
    in_memory,
)
from rnnscope.ngrams.ordering import checked_ids
from rnnscope.ngrams.smoothing import Smoothed, smoothed
from rnnscope.records.count_model import CountModel, Counts


class KneserNey:
    """Every context length 0..N of one count model."""

    def __init__(self, counts: Counts | CountModel) -> None:
        self.counts = in_memory(counts)
        self._smoothed: dict[tuple[str, int], Smoothed] = {}

    @property
    def symbols(self) -> int:
        """V, the size of the alphabet."""
        return self.counts.symbols

    @property
    def context(self) -> int:
        """N, the longest context."""
        return self.counts.context

    def raw(self, k: int) -> Smoothed:
        """Level k as the longest of a model."""
        level = self.counts.levels[k]
        if ("raw", k) not in self._smoothed:
            self._smoothed["raw", k] = smoothed(level, level.pair_raw, level.raw_discounts)
        return self._smoothed["raw", k]

    def continuation(self, k: int) -> Smoothed:
        """Level k < N as one that longer contexts back off to."""
        level = self.counts.levels[k]
        assert level.pair_continuations is not None
        if ("continuation", k) not in self._smoothed:
            self._smoothed["continuation", k] = smoothed(
                level, level.pair_continuations, level.continuation_discounts
            )
        return self._smoothed["continuation", k]

    def true_nats(
        self, inputs_RT: np.ndarray, targets_RT: np.ndarray, contexts: Iterable[int]
    ) -> dict[int, np.ndarray]:
        """Surprisal of the true next character under each context length, shape (R, T), float32, nats.

        Nothing stands before a row: with k < n characters behind it, n's model is the one of length k. All
        lengths are worked out in one pass. Raises ConfigError for a length beyond N or an unknown id.
        """
        wanted = {checked_context(self.counts, n) for n in contexts}
        matches = find_contexts(self.counts, inputs_RT)
        targets = checked_ids(np.asarray(targets_RT), self.symbols).ravel()
        by_place = np.argsort(matches.places)
        probabilities = self._true_probabilities(matches.only(by_place), targets[by_place], wanted)
        nats = {}
        for n, p in probabilities:
            nats[n] = np.empty(len(p), dtype=np.float32)
            nats[n][by_place] = -np.log(p)
            nats[n] = nats[n].reshape(np.shape(inputs_RT))
        return nats

    def _true_probabilities(
        self, matches: Matches, targets: np.ndarray, wanted: set[int]
    ) -> Iterator[tuple[int, np.ndarray]]:
        """(n, probability of each target), shortest n first."""
        p = np.full(len(targets), 1 / self.symbols)
        alive = np.arange(len(targets))
        for k in range(max(wanted, default=-1) + 1):
            alive = alive[matches.lengths[alive] >= k]
            pairs = _TruePairs(self.counts, k, matches.places[alive], targets[alive])
            whole_row = matches.behind[alive] == k
            if k in wanted or whole_row.any():
                raw = pairs.mixed(self.raw(k), p[alive])
                if k in wanted:
                    top = p.copy()
                    top[alive] = raw
                    yield k, top
            if k < self.context:
                below = pairs.mixed(self.continuation(k), p[alive])
                # Nothing stands further back in the row: for longer n too this is the top level.
                p[alive] = np.where(whole_row, raw, below) if whole_row.any() else below

    def predictor(self, context: int) -> "KneserNeyPredictor":
        """The model of one context length. Raises ConfigError where it is beyond N."""
        return KneserNeyPredictor(self, checked_context(self.counts, context))

    def distribution(self, context_ids: np.ndarray, context: int | None = None) -> np.ndarray:
        """Probabilities of the next symbol, shape (V,), float64, after these ids (the last one last).

        `context` is the model's length, by default N; fewer ids are a row's beginning.
        """
        limit = checked_context(self.counts, self.context if context is None else context)
        return self.distributions(find_context(self.counts, context_ids), limit)[0]

    def distributions(self, matches: Matches, context: int) -> np.ndarray:
        """Probabilities after each query under the model of one length, shape (Q, V), float64; sums are 1."""
        limits = np.minimum(matches.behind, context)
        out_QV = np.empty((len(limits), self.symbols))
        alive = np.argsort(matches.places)
        table = Table(np.full((1, self.symbols), 1 / self.symbols), np.zeros(len(limits), dtype=np.int64))
        for k in range(context + 1):
            is_over = matches.lengths[alive] < k
            out_QV[alive[is_over]] = table.only(is_over).expanded()
            is_top = ~is_over & (limits[alive] == k)
            if is_top.any():
                tops = longer(self.counts, self.raw(k), matches.places[alive[is_top]], table.only(is_top))
                out_QV[alive[is_top]] = tops.expanded()
            goes_on = ~is_over & ~is_top
            alive = alive[goes_on]
            if len(alive) == 0:
                break
            table = longer(self.counts, self.continuation(k), matches.places[alive], table.only(goes_on))
        return out_QV


class _TruePairs:
    """Where (context, target) is at one level, for raw and continuation counts alike."""

    def __init__(self, counts: Counts, k: int, places: np.ndarray, targets: np.ndarray) -> None:
        nodes = find_nodes(counts.levels[k], places)
        self.alone = np.flatnonzero(nodes < 0)
        following = counts.text[counts.order[places[self.alone]] + 1]
        self.alone_hits = following == targets[self.alone]
        self.shared = np.flatnonzero(nodes >= 0)
        self.nodes = nodes[self.shared]
        self.pairs = find_pairs(counts.levels[k], self.nodes, targets[self.shared])

    def mixed(self, smoothed: Smoothed, shorter: np.ndarray) -> np.ndarray:
        """Probabilities one level up from `shorter`, shape (Q,)."""
        p = np.empty(len(shorter))
        down = smoothed.alone_hands_down
        p[self.alone] = down * shorter[self.alone] + self.alone_hits * (1 - down)
        mixed = smoothed.handed_down[self.nodes] * shorter[self.shared]
        seen = self.pairs >= 0
        mixed[seen] += smoothed.kept(self.pairs[seen], self.nodes[seen])
        p[self.shared] = mixed
        return p


class KneserNeyPredictor:
    """One context length as a predictor (see rnnscope/scoring.py)."""

    def __init__(self, model: KneserNey, context: int) -> None:
        self.model = model
        self.context = context

    @property
    def symbols(self) -> int:
        """V, the size of the alphabet."""
        return self.model.symbols

    @property
    def sees(self) -> int:
        """Characters back that its predictions depend on."""
        return self.context

    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
        """Blocks of shape (steps, R, V), float32, in order of time; every symbol has more than 0."""
        matches = find_contexts(self.model.counts, inputs_RT)
        rows, steps = inputs_RT.shape
        return log_blocks(
            lambda queries: self.model.distributions(queries, self.context),
            matches,
            rows,
            steps,
            self.symbols,
        )
