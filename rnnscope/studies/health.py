"""A finished run's records -> whether it reads every row as it reads the others. Trains nothing.

A network can fall into a bad state at the start of a row and never leave it; the mean loss then says little
of what it has learned.
"""

from dataclasses import dataclass

from rnnscope.records.run import Run
from rnnscope.records.surprisal import Surprisal
from rnnscope.scoring import trapped_rows


@dataclass(frozen=True)
class Health:
    """Rows whose loss stands far above the others' (scoring.trapped_rows), in two parts of the text."""

    run: str
    validation: tuple[int, ...]
    test: tuple[int, ...]
    test_rows: int
    is_adopted: bool = False

    @property
    def is_sound(self) -> bool:
        return not self.validation and not self.test

    def __str__(self) -> str:
        if self.is_sound:
            return f"{self.run} reads every row as well as the others"
        return (
            f"{self.run} fails its health check: {len(self.validation)} validation rows and {len(self.test)} "
            f"of {self.test_rows} test rows cost far more than the median row, and its mean loss says "
            f"little; {self._what_would_do}"
        )

    @property
    def _what_would_do(self) -> str:
        if self.is_adopted:
            return "rows begin with the zero state, from which it does not start well"
        return "a higher zero_state_probability (--set) makes networks that start well"


def health_of(run: Run) -> Health:
    """Raises RecordError where the run has no test surprisal."""
    row_nats = Surprisal.read(run.replay_folder("test", "surprisal")).nats_RT.mean(axis=1, dtype="float64")
    return Health(
        run.name,
        tuple(run.manifest.trapped_rows),
        tuple(trapped_rows(row_nats)),
        len(row_nats),
        run.is_adopted,
    )
