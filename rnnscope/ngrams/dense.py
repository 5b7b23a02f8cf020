"""Whole distributions, level by level, each node's worked out once. Knows no kind of smoothing."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from rnnscope.ngrams.lookup import Matches, find_nodes
from rnnscope.ngrams.smoothing import Smoothed
from rnnscope.records.count_model import Counts

BLOCK_NUMBERS = 1 << 22
"""Probabilities worked out at a time: 32 MB in float64, a few times over."""


class Table(NamedTuple):
    """Distributions of some contexts, and which query wants which."""

    rows_GV: np.ndarray
    """float64; G contexts that differ."""
    row_of_query: np.ndarray
    """Shape (Q,)."""

    def only(self, queries: np.ndarray) -> "Table":
        return Table(self.rows_GV, self.row_of_query[queries])

    def expanded(self) -> np.ndarray:
        """One distribution per query, shape (Q, V)."""
        return self.rows_GV[self.row_of_query]


def longer(counts: Counts, smoothed: Smoothed, places: np.ndarray, shorter: Table) -> Table:
    """The distributions one level up from `shorter`, after the contexts at `places` (Q,), which ascend and
    are its queries.
    """
    level = smoothed.level
    nodes = find_nodes(level, places)
    # A node is named by its first place: so those that occurred once, which have no number, have a name too.
    names = places if len(level.starts) == 0 else np.where(nodes >= 0, level.starts[nodes], places)
    is_first = np.append(True, names[1:] != names[:-1])
    first = np.flatnonzero(is_first)
    rows_GV = shorter.rows_GV[shorter.row_of_query[first]]
    nodes, places = nodes[first], places[first]
    _mix_alone(rows_GV, np.flatnonzero(nodes < 0), smoothed, counts.text[counts.order[places] + 1])
    _mix_nodes(rows_GV, np.flatnonzero(nodes >= 0), smoothed, nodes)
    return Table(rows_GV, np.cumsum(is_first) - 1)


def _mix_alone(rows_GV: np.ndarray, rows: np.ndarray, smoothed: Smoothed, following: np.ndarray) -> None:
    """Contexts that occurred once: one successor with count 1."""
    if len(rows):
        rows_GV[rows] *= smoothed.alone_hands_down
        rows_GV[rows, following[rows]] += 1 - smoothed.alone_hands_down


def _mix_nodes(rows_GV: np.ndarray, rows: np.ndarray, smoothed: Smoothed, nodes: np.ndarray) -> None:
    """Contexts that occurred more often: `nodes` by row."""
    if len(rows) == 0:
        return
    nodes = nodes[rows]
    rows_GV[rows] *= smoothed.handed_down[nodes][:, None]
    offsets = smoothed.level.pair_offsets
    first = offsets[nodes].astype(np.int64)
    sizes = offsets[nodes + 1] - first
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    pairs = np.repeat(first, sizes) + within
    symbols = smoothed.level.pair_symbols[pairs]
    rows_GV[np.repeat(rows, sizes), symbols] += smoothed.kept(pairs, np.repeat(nodes, sizes))


def log_blocks(
    distributions: Callable[[Matches], np.ndarray], matches: Matches, rows: int, steps: int, symbols: int
) -> Iterator[np.ndarray]:
    """Natural logs of what `distributions` makes of R x T queries, in blocks (steps, R, V), float32."""
    queries_RT = np.arange(rows * steps).reshape(rows, steps)
    block_steps = max(1, BLOCK_NUMBERS // (rows * symbols))
    chunk = max(1, BLOCK_NUMBERS // symbols)
    for start in range(0, steps, block_steps):
        queries = queries_RT[:, start : start + block_steps].T.ravel()
        block = np.empty((len(queries), symbols), dtype=np.float32)
        for at in range(0, len(queries), chunk):
            probabilities_QV = distributions(matches.only(queries[at : at + chunk]))
            with np.errstate(divide="ignore"):
                np.log(probabilities_QV, out=block[at : at + chunk])
        yield block.reshape(-1, rows, symbols)
