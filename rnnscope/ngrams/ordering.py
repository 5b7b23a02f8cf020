"""Rows of ids -> their positions, sorted by the context that ends there. Knows no counts.

Symbols of a context, nearest first, are packed into 64-bit keys as many as fit; ties are sorted again by
their group and the next symbols, until N symbols have been compared or no tie is left.
"""

import numpy as np

from rnnscope.errors import ConfigError
from rnnscope.records.corpus import PartRows, ids_dtype


def bounded_text(
    ids: np.ndarray, part: PartRows, symbols: int, context: int
) -> tuple[np.ndarray, np.ndarray]:
    """The part's rows, each with its last target, and the positions of their inputs in that text.

    `context` boundaries (code `symbols`) come first and one follows every row, so that context - 1 steps back
    from any input stay inside the text, and a match of symbols cannot run over a join. Raises ConfigError for
    an id that is not under `symbols`.
    """
    stride = part.row_chars + 2
    text = np.full(context + part.rows * stride, symbols, dtype=ids_dtype(symbols + 1))
    where = np.int32 if len(text) < 2**31 else np.int64
    positions = np.empty((part.rows, part.row_chars), dtype=where)
    for row, start in enumerate(part.starts):
        at = context + row * stride
        text[at : at + part.row_chars + 1] = checked_ids(ids[start : start + part.row_chars + 1], symbols)
        positions[row] = np.arange(at, at + part.row_chars, dtype=where)
    return text, positions.ravel()


def checked_ids(ids: np.ndarray, symbols: int) -> np.ndarray:
    """`ids` themselves, if all are symbols of an alphabet of this size. Raises ConfigError."""
    if ids.size and not 0 <= int(ids.min()) <= int(ids.max()) < symbols:
        wrong = int(ids.max() if ids.max() >= symbols else ids.min())
        raise ConfigError(f"id {wrong} is not in this alphabet of {symbols} symbols; encode the text with it")
    return ids


def symbol_bits(symbols: int) -> int:
    """Bits for V symbols and the boundary."""
    return max(1, symbols.bit_length())


def packed(text: np.ndarray, positions: np.ndarray, depth: int, width: int, bits: int) -> np.ndarray:
    """Symbols text[p - depth], text[p - depth - 1], ... (`width` of them) as one uint64 per position, the
    nearest on top.
    """
    keys = np.zeros(len(positions), dtype=np.uint64)
    for back in range(depth, depth + width):
        keys <<= np.uint64(bits)
        keys |= text[positions - back]
    return keys


def sorted_positions(text: np.ndarray, positions: np.ndarray, context: int, bits: int) -> np.ndarray:
    """`positions` (N,) in ascending order of their last `context` symbols, the nearest symbol first, shape
    (N,). A symbol of `text` (T,) takes `bits`.

    Positions whose contexts are equal that far come in no particular order.
    """
    depth = min(64 // bits, context)
    if depth == 0:
        return positions
    keys = packed(text, positions, 0, depth, bits)
    order = np.argsort(keys)
    sorted_keys = keys[order]
    order = positions[order]
    ties = np.zeros(len(order) + 1, dtype=bool)
    ties[1:-1] = sorted_keys[1:] == sorted_keys[:-1]
    while depth < context:
        places = np.flatnonzero(ties[:-1] | ties[1:])
        if len(places) == 0:
            break
        depth += _sort_ties(text, order, ties, places, depth, context, bits)
    return order


def _sort_ties(
    text: np.ndarray,
    order: np.ndarray,
    ties: np.ndarray,
    places: np.ndarray,
    depth: int,
    context: int,
    bits: int,
) -> int:
    """Sorts `order` at `places`, which are all that tie with a neighbour, by the symbols after `depth`.

    `ties[i]` says that place i equals place i - 1, before and after. Returns how many symbols were looked at.
    """
    group = np.cumsum(~ties[places]) - 1
    width = min((64 - int(group[-1]).bit_length()) // bits, context - depth)
    tied = order[places]
    keys = packed(text, tied, depth, width, bits) | (group.astype(np.uint64) << np.uint64(width * bits))
    by_key = np.argsort(keys)
    order[places] = tied[by_key]
    keys = keys[by_key]
    ties[places[1:]] = keys[1:] == keys[:-1]
    return width
