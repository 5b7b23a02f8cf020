"""Rows of ids -> Counts: what followed every context of every length, in one sweep. Knows no smoothing.

Positions sorted by their contexts form a tree by levels: a node of level k is a run of positions that share
their last k symbols. Going one level down splits runs by the symbol one further back. Positions that are
alone in their node leave the sweep (they stay alone for ever), so deep levels are cheap.

Memory: about 80 bytes per character of training text (38 million characters, contexts to 20: 3.0 GB).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rnnscope.errors import ConfigError
from rnnscope.ngrams.discounts import discounts
from rnnscope.ngrams.ordering import bounded_text, sorted_positions, symbol_bits
from rnnscope.records.corpus import PartRows
from rnnscope.records.count_model import Counts, Level


class _Sweep(NamedTuple):
    """Positions still shared at one level, in sorted order."""

    positions: np.ndarray
    places: np.ndarray
    """Their indices in the whole sorted order."""
    following: np.ndarray
    """The symbol after each."""
    is_start: np.ndarray
    """Where a node begins."""

    def only(self, keep: np.ndarray) -> "_Sweep":
        return _Sweep(*(array[keep] for array in self))


class _Pairs(NamedTuple):
    """Distinct (node, symbol), ascending."""

    nodes: np.ndarray
    symbols: np.ndarray
    counts: np.ndarray

    def only(self, keep: np.ndarray) -> "_Pairs":
        return _Pairs(*(array[keep] for array in self))


def count(ids: np.ndarray, part: PartRows, symbols: int, context: int) -> Counts:
    """Every pair (context of up to `context` characters inside its row, next character) of the part.

    `symbols` is V: ids are under it. Raises ConfigError for a negative context, a part without characters or
    an id that is not under V.
    """
    if context < 0:
        raise ConfigError(
            f"context {context} is negative; give the number of characters to look back, from 0"
        )
    if part.chars < 1:
        raise ConfigError("the part has no characters to count")
    # One boundary more than N: even where N = 0 there is a symbol before every row.
    text, positions = bounded_text(ids, part, symbols, context + 1)
    order = sorted_positions(text, positions, context, symbol_bits(symbols))
    return Counts(symbols, context, text, order, tuple(_levels(text, order, part, symbols, context)))


def _levels(
    text: np.ndarray, order: np.ndarray, part: PartRows, symbols: int, context: int
) -> Iterator[Level]:
    """Level after level, the shortest contexts first."""
    is_start = np.zeros(len(order), dtype=bool)
    is_start[0] = True
    places = np.arange(len(order), dtype=order.dtype)
    sweep = _Sweep(order, places, text[order + 1], is_start)
    pairs = _distinct(np.zeros(len(order), dtype=np.int64), sweep.following, symbols)
    for k in range(context + 1):
        sweep, starts, sizes, pairs = _shared(sweep, pairs)
        # Every row has row_chars - k + 1 contexts of k >= 1 characters; those not shared occurred once.
        alone = part.rows * max(0, part.row_chars - max(0, k - 1)) - len(sweep.positions)
        continuations = None
        next_pairs, next_sweep = pairs, sweep
        if k < context:
            next_sweep, next_pairs, continuations = _deeper(text, sweep, k, symbols)
        yield _level(starts, sizes, pairs, continuations, alone, text.dtype, order.dtype)
        sweep, pairs = next_sweep, next_pairs


def _shared(sweep: _Sweep, pairs: _Pairs) -> tuple[_Sweep, np.ndarray, np.ndarray, _Pairs]:
    """The nodes of two positions or more: their positions, first places, sizes and pairs, numbered anew."""
    first = np.flatnonzero(sweep.is_start)
    sizes = np.diff(np.append(first, len(sweep.positions)))
    is_shared = sizes > 1
    number = np.cumsum(is_shared) - 1
    kept = pairs.only(is_shared[pairs.nodes])
    starts = sweep.places[first[is_shared]]
    kept = kept._replace(nodes=number[kept.nodes])
    return sweep.only(np.repeat(is_shared, sizes)), starts, sizes[is_shared], kept


def _deeper(text: np.ndarray, sweep: _Sweep, k: int, symbols: int) -> tuple[_Sweep, _Pairs, np.ndarray]:
    """Splits the nodes of level k by the symbol to their left: the sweep and pairs of level k + 1, and the
    continuation counts of level k's pairs, in their order.
    """
    left = text[sweep.positions - k]
    is_start = sweep.is_start.copy()
    is_start[1:] |= left[1:] != left[:-1]
    children = np.cumsum(is_start) - 1
    pairs = _distinct(children, sweep.following, symbols)
    first = np.flatnonzero(is_start)
    parents = (np.cumsum(sweep.is_start) - 1)[first]
    continuations = _distinct(parents[pairs.nodes], pairs.symbols, symbols).counts
    # The start of a row is something to the left, but it is no context: nothing stands before it.
    inside = left != symbols
    is_context = inside[first]
    number = np.cumsum(is_context) - 1
    pairs = pairs.only(is_context[pairs.nodes])
    deeper = sweep._replace(is_start=is_start).only(inside)
    return deeper, pairs._replace(nodes=number[pairs.nodes]), continuations


def _distinct(nodes: np.ndarray, following: np.ndarray, symbols: int) -> _Pairs:
    """The distinct (node, symbol) and how often each is there. `nodes` need not be sorted."""
    if len(nodes) == 0:
        none = np.zeros(0, dtype=np.int64)
        return _Pairs(none, none, none)
    # Sorting half-size keys takes half the time, and most levels of most texts fit.
    dtype = np.uint32 if (int(nodes.max()) + 1) * symbols < 2**32 else np.uint64
    keys = nodes.astype(dtype) * dtype(symbols)
    keys += following.astype(dtype)
    keys.sort()
    first = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    distinct, following = np.divmod(keys[first], dtype(symbols))
    return _Pairs(distinct.astype(np.int64), following, np.diff(np.append(first, len(keys))))


def _level(
    starts: np.ndarray,
    sizes: np.ndarray,
    pairs: _Pairs,
    continuations: np.ndarray | None,
    alone: int,
    symbol_dtype: np.dtype,
    place_dtype: np.dtype,
) -> Level:
    """`alone`: contexts of this length that occurred once, each with one pair of both counts 1."""
    per_node = np.bincount(pairs.nodes, minlength=len(starts))
    offsets = np.append(0, np.cumsum(per_node))
    return Level(
        starts=starts,
        sizes=_smallest(sizes),
        pair_offsets=offsets.astype(place_dtype),
        pair_symbols=pairs.symbols.astype(symbol_dtype),
        pair_raw=_smallest(pairs.counts),
        pair_continuations=None if continuations is None else _smallest(continuations),
        raw_discounts=discounts(pairs.counts, alone),
        continuation_discounts=None if continuations is None else discounts(continuations, alone),
    )


def _smallest(counts: np.ndarray) -> np.ndarray:
    """In the smallest unsigned integers that hold them."""
    return counts.astype(np.min_scalar_type(int(counts.max())) if len(counts) else np.uint8)
