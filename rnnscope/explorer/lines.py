"""A part of a corpus -> lines to read: where each begins. Knows no web.

The rows of a part stand one after another, as a document of R * T characters whose place p is row p // T,
step p % T. A line ends after a newline, after so many columns, and where its row ends.
"""

from dataclasses import dataclass

import numpy as np

from rnnscope.errors import ConfigError
from rnnscope.explorer.kept import Kept
from rnnscope.records.corpus import Corpus

LEAST_COLUMNS, MOST_COLUMNS = 8, 400
NEWLINE = 10


@dataclass(frozen=True)
class Lines:
    """Where the lines of a part begin."""

    starts: np.ndarray
    """Shape (lines,), uint32, ascending: the place of every line's first character."""
    rows: int
    row_chars: int

    @property
    def chars(self) -> int:
        return self.rows * self.row_chars

    def line_of(self, row: int, step: int) -> int:
        """The line that a place is in. Raises ConfigError for a place beyond the part."""
        check_place(self.rows, self.row_chars, row, step)
        return int(np.searchsorted(self.starts, row * self.row_chars + step, side="right")) - 1

    def stop(self, line: int) -> int:
        """The place after a line's last character."""
        return int(self.starts[line + 1]) if line + 1 < len(self.starts) else self.chars


_lines: Kept[Lines] = Kept(8)


def lines_of(corpus: Corpus, part: str, columns: int) -> Lines:
    """The lines of a part at a width. A newline needs no column: a full line and its newline are one line."""
    key = (corpus.manifest.fingerprint, part, columns)
    return _lines.get(key, lambda: _laid_out(corpus, part, columns))


def _laid_out(corpus: Corpus, part: str, columns: int) -> Lines:
    rows = corpus.part(part)
    if rows.chars >= 2**32:
        raise ConfigError(f"part '{part}' has {rows.chars:,} characters, more than can be laid out")
    newline = np.flatnonzero(corpus.codes == NEWLINE)
    starts = [
        row * rows.row_chars + _row_starts(corpus.ids[start : start + rows.row_chars], newline, columns)
        for row, start in enumerate(rows.starts)
    ]
    together = np.concatenate(starts) if starts else np.zeros(0)
    return Lines(together.astype(np.uint32), rows.rows, rows.row_chars)


def _row_starts(ids_T: np.ndarray, newline: np.ndarray, columns: int) -> np.ndarray:
    """Where the lines of one row begin."""
    ends = np.flatnonzero(ids_T == newline[0]) + 1 if len(newline) else np.zeros(0, np.int64)
    is_cut = not len(ends) or ends[-1] != len(ids_T)
    stops = np.append(ends, len(ids_T)) if is_cut else ends
    begins = np.concatenate(([0], stops[:-1]))
    # the newline itself stands beyond the last column
    shown = stops - begins - 1
    if is_cut:
        shown[-1] += 1
    lines = np.maximum(1, -(-shown // columns))
    first = np.repeat(np.cumsum(lines) - lines, lines)
    return np.repeat(begins, lines) + columns * (np.arange(lines.sum()) - first)


def check_place(rows: int, row_chars: int, row: int, step: int) -> None:
    """Raises ConfigError for a place that is not in so many rows of so many characters."""
    if not 0 <= row < rows:
        raise ConfigError(f"row {row} is beyond the {rows:,} rows there are, numbered from 0")
    if not 0 <= step < row_chars:
        raise ConfigError(f"step {step} is beyond the {row_chars:,} characters of a row, numbered from 0")
