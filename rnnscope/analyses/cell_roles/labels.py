"""Hypotheses -> their labels, true and shifted, in pieces as a matrix product takes them. Knows no unit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rnnscope.analyses.cell_roles.ranks import ranked_labels
from rnnscope.analyses.cell_roles.states import Hypothesis

SHIFTS = 20
"""Shifted labelings of a hypothesis."""
PIECE_CHARS = 1 << 15


@dataclass(frozen=True)
class Piece:
    """Some characters of one half of the text."""

    rows: slice
    steps: slice
    """Within the half."""
    share: float
    """Of the half, with this piece."""
    labels_MN: np.ndarray
    """float32, one row for every labeling: K true ones, then for every shift K shifted ones."""


class Labelings:
    """K hypotheses, each as it is and moved along every row by SHIFTS random amounts, the same for all K."""

    def __init__(self, hypotheses: Sequence[Hypothesis], generator: np.random.Generator) -> None:
        self.hypotheses = hypotheses
        self.rows, self.chars = hypotheses[0].values_RT.shape
        self.middle = self.chars // 2
        least = max(1, self.chars // 10)
        self.shifts = generator.integers(least, max(least + 1, self.chars - least), size=SHIFTS)
        self._true = [
            np.stack([_as_numbers(h, h.values_RT[:, span]) for h in hypotheses]) for span in self.halves
        ]
        # twice over, so that a moved stretch is one slice; ranks over the whole text will do for a control
        whole = np.stack([_as_numbers(h, h.values_RT) for h in hypotheses])
        self._twice_KRT = np.concatenate([whole, whole], axis=2)

    @property
    def halves(self) -> tuple[slice, slice]:
        return slice(0, self.middle), slice(self.middle, self.chars)

    def true(self, half: int) -> np.ndarray:
        """(K, R, t) of the half that chooses (0) or scores (1): flags as 0 and 1, graded labels as centred
        mid-ranks over the half."""
        return self._true[half]

    def pieces(self, half: int, *, with_shifts: bool = True) -> Iterator[Piece]:
        """All of a half, each piece at most about PIECE_CHARS long."""
        span = self.halves[half]
        length = span.stop - span.start
        steps, rows = min(length, PIECE_CHARS), max(1, PIECE_CHARS // length)
        for row in range(0, self.rows, rows):
            for step in range(0, length, steps):
                yield self._piece(half, slice(row, row + rows), slice(step, step + steps), with_shifts)

    def _piece(self, half: int, rows: slice, steps: slice, with_shifts: bool) -> Piece:
        true_KN = self._true[half][:, rows, steps].reshape(len(self.hypotheses), -1)
        within_rows = min(1, steps.stop / self._true[half].shape[2])
        share = (rows.start + (min(self.rows, rows.stop) - rows.start) * within_rows) / self.rows
        if not with_shifts:
            return Piece(rows, steps, share, true_KN)
        labels_SKN = np.empty((1 + SHIFTS, *true_KN.shape), dtype=np.float32)
        labels_SKN[0] = true_KN
        first, length = self.halves[half].start, self.halves[half].stop - self.halves[half].start
        stop = min(steps.stop, length)
        for place, shift in enumerate(self.shifts, 1):
            start = self.chars - shift + first
            moved = self._twice_KRT[:, rows, start + steps.start : start + stop]
            labels_SKN[place] = moved.reshape(true_KN.shape)
        return Piece(rows, steps, share, labels_SKN.reshape(-1, true_KN.shape[1]))


def _as_numbers(hypothesis: Hypothesis, values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32) if hypothesis.is_flag else ranked_labels(values)
