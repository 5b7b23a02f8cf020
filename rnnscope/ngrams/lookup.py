"""Counts, rows of ids -> where each context lies in the sorted order, and what followed it. Knows no
smoothing.

A context is found once, as its nearest neighbour in the sorted order: the place whose context shares the most
symbols with it. That place and the number of symbols shared say which node it is in at every level.
"""

from typing import NamedTuple

import numpy as np

from rnnscope.errors import ConfigError
from rnnscope.ngrams.ordering import checked_ids, packed, symbol_bits
from rnnscope.records.corpus import ids_dtype
from rnnscope.records.count_model import CountModel, Counts, Level

_CHUNK_QUERIES = 1 << 16
"""Queries searched for at a time: what they need stays in the processor's cache."""


class Matches(NamedTuple):
    """Of every query, flat in the order row by row: (R * T,) each."""

    places: np.ndarray
    """Place in the sorted order whose context shares the most symbols with the query's."""
    lengths: np.ndarray
    """How many it shares, at most N: the longest suffix of the query that occurred."""
    behind: np.ndarray
    """Characters of its row that the query has, at most N."""

    def only(self, keep: np.ndarray | slice) -> "Matches":
        return Matches(*(array[keep] for array in self))


class ContextCounts(NamedTuple):
    """What followed one context, symbols ascending."""

    symbols: np.ndarray
    """Shape (successors,), ids."""
    raw: np.ndarray
    """Shape (successors,): occurrences."""
    continuations: np.ndarray | None
    """Shape (successors,): distinct symbols to the left of context and symbol. None at the longest length."""


def in_memory(counts: Counts | CountModel) -> Counts:
    """The counts themselves."""
    return counts.counts if isinstance(counts, CountModel) else counts


def checked_context(counts: Counts, context: int) -> int:
    """`context` itself, if the counts reach that far. Raises ConfigError."""
    if not 0 <= context <= counts.context:
        raise ConfigError(f"context {context} is not in this count model; it has 0 to {counts.context}")
    return context


def find_contexts(counts: Counts, inputs_RT: np.ndarray) -> Matches:
    """The longest suffix that occurred, after every character of every row; nothing stands before a row.

    Raises ConfigError for ids that are not under V.
    """
    inputs_RT = checked_ids(np.atleast_2d(inputs_RT), counts.symbols)
    rows, steps = inputs_RT.shape
    text = np.full((rows, counts.context + steps), counts.symbols, dtype=ids_dtype(counts.symbols + 1))
    text[:, counts.context :] = inputs_RT
    positions = (np.arange(rows)[:, None] * text.shape[1] + np.arange(counts.context, text.shape[1])).ravel()
    behind = np.tile(np.minimum(np.arange(1, steps + 1), counts.context), rows)
    places, lengths = _nearest(counts, text.ravel(), positions)
    return Matches(places, np.minimum(lengths, behind), behind)


def find_context(counts: Counts, context_ids: np.ndarray) -> Matches:
    """The same for one context, its last character last; it may be empty."""
    if len(context_ids) == 0:
        return Matches(*(np.zeros(1, dtype=np.int64) for _ in range(3)))
    near = np.asarray(context_ids)[-max(1, counts.context) :]
    return find_contexts(counts, near[None]).only(slice(-1, None))


def _nearest(counts: Counts, text: np.ndarray, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Place in the sorted order that shares the most symbols with each position of `text`, and how many."""
    bits = symbol_bits(counts.symbols)
    width = min(64 // bits, counts.context)
    places = np.zeros(len(positions), dtype=counts.order.dtype)
    lengths = np.zeros(len(positions), dtype=np.int64)
    # In sorted order neighbours in time are neighbours in memory.
    by_key = np.argsort(packed(text, positions, 0, width, bits))
    for at in range(0, len(positions), _CHUNK_QUERIES):
        chunk = by_key[at : at + _CHUNK_QUERIES]
        low = _lower_bound(counts, text, positions[chunk], bits)
        before = np.maximum(low - 1, 0)
        after = np.minimum(low, counts.chars - 1)
        shared_before, shared_after = (_shared(counts, text, positions[chunk], p) for p in (before, after))
        places[chunk] = np.where(shared_before > shared_after, before, after)
        lengths[chunk] = np.maximum(shared_before, shared_after)
    return places, lengths


def _lower_bound(counts: Counts, text: np.ndarray, positions: np.ndarray, bits: int) -> np.ndarray:
    """First place of the sorted order whose context is not below the query's; binary search, all at once."""
    low = np.zeros(len(positions), dtype=np.int64)
    high = np.full(len(positions), counts.chars, dtype=np.int64)
    width = max(1, min(64 // bits, counts.context))
    keys = {
        d: packed(text, positions, d, min(width, counts.context - d), bits) for d in _depths(counts, width)
    }
    for _ in range(counts.chars.bit_length()):
        middle = (low + high) >> 1
        is_below = _is_below(counts, keys, np.minimum(middle, counts.chars - 1), width, bits)
        is_below &= low < high
        low = np.where(is_below, middle + 1, low)
        high = np.where(is_below, high, np.minimum(middle, high))
    return low


def _depths(counts: Counts, width: int) -> range:
    return range(0, counts.context, width)


def _is_below(
    counts: Counts, keys: dict[int, np.ndarray], places: np.ndarray, width: int, bits: int
) -> np.ndarray:
    """Whether the context at each place is below the query with these keys, the nearest symbols first."""
    is_below = np.zeros(len(places), dtype=bool)
    tied = np.arange(len(places))
    for depth, wanted in keys.items():
        positions = counts.order[places[tied]]
        there = packed(counts.text, positions, depth, min(width, counts.context - depth), bits)
        is_below[tied] = there < wanted[tied]
        tied = tied[there == wanted[tied]]
        if len(tied) == 0:
            break
    return is_below


def _shared(counts: Counts, text: np.ndarray, positions: np.ndarray, places: np.ndarray) -> np.ndarray:
    """How many symbols the query shares with the context at each place, at most N."""
    there = counts.order[places]
    shared = np.zeros(len(positions), dtype=np.int64)
    alive = np.arange(len(positions))
    for back in range(counts.context):
        equal = text[positions[alive] - back] == counts.text[there[alive] - back]
        alive = alive[equal]
        if len(alive) == 0:
            break
        shared[alive] += 1
    return shared


def find_nodes(level: Level, places: np.ndarray) -> np.ndarray:
    """The node that each place lies in, shape (Q,); -1 where its context occurred once only."""
    if len(level.starts) == 0:
        return np.full(len(places), -1)
    node = np.searchsorted(level.starts, places.astype(level.starts.dtype), side="right") - 1
    safe = np.maximum(node, 0)
    is_inside = (node >= 0) & (places - level.starts[safe] < level.sizes[safe])
    return np.where(is_inside, node, -1)


def find_pairs(level: Level, nodes: np.ndarray, symbols: np.ndarray) -> np.ndarray:
    """The pair (node, symbol) of each, shape (Q,); -1 where the symbol never followed. Nodes are >= 0."""
    low = level.pair_offsets[nodes].astype(np.int64)
    end = level.pair_offsets[nodes + 1].astype(np.int64)
    high = end.copy()
    while (low < high).any():
        middle = (low + high) >> 1
        is_below = (low < high) & (level.pair_symbols[np.minimum(middle, end - 1)] < symbols)
        low = np.where(is_below, middle + 1, low)
        high = np.where(is_below, high, np.minimum(middle, high))
    is_there = (low < end) & (level.pair_symbols[np.minimum(low, end - 1)] == symbols)
    return np.where(is_there, low, -1)


def context_counts(counts: Counts | CountModel, context_ids: np.ndarray) -> ContextCounts:
    """What followed `context_ids` in the training text, no symbol at all where it never occurred.

    Raises ConfigError where it is longer than the longest context counted.
    """
    counts = in_memory(counts)
    k = checked_context(counts, len(context_ids))
    found = find_context(counts, context_ids)
    level = counts.levels[k]
    one = np.ones(1, dtype=np.int64)
    if found.lengths[0] < k:
        none = one[:0]
        return ContextCounts(none, none, none if level.pair_continuations is not None else None)
    node = int(find_nodes(level, found.places)[0])
    if node < 0:
        symbol = counts.text[counts.order[found.places] + 1].astype(np.int64)
        return ContextCounts(symbol, one, one if level.pair_continuations is not None else None)
    pairs = slice(int(level.pair_offsets[node]), int(level.pair_offsets[node + 1]))
    continuations = level.pair_continuations
    return ContextCounts(
        np.asarray(level.pair_symbols[pairs], dtype=np.int64),
        np.asarray(level.pair_raw[pairs], dtype=np.int64),
        None if continuations is None else np.asarray(continuations[pairs], dtype=np.int64),
    )
