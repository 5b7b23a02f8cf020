"""Finished runs -> which of them the analyses of a text read. Knows no analysis.

Chosen by validation loss alone, without a look at the test text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from rnnscope.errors import RecordError
from rnnscope.models.sizing import WINDOW, has_units
from rnnscope.records.run import Run

SMALLER = 0.5
"""A small network has at most this share of the large one's parameters."""
SAME_SIZE = 1.05
"""Parameter counts within this factor are one size."""


def _by_validation(run: Run) -> float:
    return run.manifest.validation_nats


@dataclass(frozen=True)
class Readers:
    """The runs of one text, and the roles that some of them have."""

    runs: Sequence[Run]

    @property
    def networks(self) -> list[Run]:
        """The recurrent ones, in order: those whose units can be looked into."""
        return [run for run in self.runs if has_units(run.manifest.cell)]

    @property
    def carrying(self) -> list[Run]:
        """All that carry what they read beyond a window, in order: every run but the n-NNs."""
        return [run for run in self.runs if run.manifest.cell != WINDOW]

    @cached_property
    def windows(self) -> dict[int, Run]:
        """Context -> its n-NN: of all sizes and seeds the one with the lowest validation loss."""
        best: dict[int, Run] = {}
        for run in sorted(self.runs, key=_by_validation):
            if run.manifest.cell == WINDOW:
                best.setdefault(run.manifest.context or 0, run)
        return dict(sorted(best.items()))

    @property
    def best_window(self) -> Run | None:
        return min(self.windows.values(), key=_by_validation, default=None)

    @property
    def large(self) -> Run:
        """The best network that is no n-NN. Raises RecordError where there is none."""
        if not self.carrying:
            raise RecordError(
                "no recurrent network of this corpus is trained; say 'rnnscope train CORPUS' first"
            )
        return min(self.carrying, key=_by_validation)

    @property
    def small(self) -> Run | None:
        """The best of the smallest size, of the same cell, where that is much smaller."""
        size, cell = self.large.manifest.parameters, self.large.manifest.cell
        others = [
            run
            for run in self.carrying
            if run.manifest.cell == cell and run.manifest.parameters <= SMALLER * size
        ]
        least = min((run.manifest.parameters for run in others), default=0)
        return min(
            (run for run in others if run.manifest.parameters <= SAME_SIZE * least),
            key=_by_validation,
            default=None,
        )

    @property
    def growing(self) -> Run | None:
        """The best network, no n-NN, whose weights were kept on the way."""
        kept = (run for run in self.carrying if len(run.milestones()) > 1)
        return min(kept, key=_by_validation, default=None)


def best_of_each_cell(runs: Iterable[Run], cells: Sequence[str]) -> list[Run]:
    """The recurrent run with the lowest validation loss of every cell, in the order of `cells`: a grid is too
    large to open up every network of it.
    """
    best: dict[str, Run] = {}
    for run in sorted(Readers(list(runs)).networks, key=_by_validation):
        best.setdefault(run.manifest.cell, run)
    return sorted(
        best.values(),
        key=lambda run: cells.index(run.manifest.cell) if run.manifest.cell in cells else len(cells),
    )
