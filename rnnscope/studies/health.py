"""A finished run's records -> whether its mean loss says what it has learned. Trains nothing.

A network can fall into a bad state at the start of a row and never leave it; and one that is trained at too
high a rate can fall apart on the way, so that the best weights, which are kept, are of an early step.
"""

from dataclasses import dataclass

import numpy as np

from rnnscope.records.run import Run
from rnnscope.records.surprisal import Surprisal
from rnnscope.scoring import trapped_rows

FELL_APART_NATS = 0.05
"""In a run that fell apart the losses of validation and of training both rise by more than this, from the
weights kept to the end. Of 848 runs one does (0.54, 0.84), and in no other do both rise at all."""
NEAR_LINES = 20
"""Most lines of the log over which training's loss is averaged, up to the weights kept and up to the end, and
never more than a quarter of those so far, since a loss falls steeply at first."""


@dataclass(frozen=True)
class Health:
    """What speaks against a run: rows whose loss stands far above the others' (scoring.trapped_rows), in two
    parts of the text, and that it fell apart while it was trained."""

    run: str
    validation: tuple[int, ...]
    test: tuple[int, ...]
    test_rows: int
    is_adopted: bool = False
    fell_apart_nats: float = 0.0
    """How far validation's loss rose from the weights kept to the end; 0 in a run that held together."""

    @property
    def is_sound(self) -> bool:
        return not self.validation and not self.test and not self.fell_apart_nats

    def __str__(self) -> str:
        if self.is_sound:
            return f"{self.run} reads every row as well as the others"
        return f"{self.run} fails its health check: " + "; and ".join(filter(None, (self._fell, self._lost)))

    @property
    def _fell(self) -> str:
        if not self.fell_apart_nats:
            return ""
        return (
            f"it fell apart while it was trained, and ended {self.fell_apart_nats:.2f} nats above its best, "
            "which is kept; lower hidden_rate, input_rate, decoder_rate and bias_rate (--set), under another "
            "name, may keep it together"
        )

    @property
    def _lost(self) -> str:
        if not self.validation and not self.test:
            return ""
        return (
            f"{len(self.validation)} validation rows and {len(self.test)} "
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
        _fell_apart(run),
    )


def _fell_apart(run: Run) -> float:
    """Nats from the validation of the weights kept to the last, where training's loss rose too; else 0."""
    log, kept = run.log(), run.manifest
    validated = [line for line in log if "validation_nats" in line]
    if not validated:
        return 0.0
    last = validated[-1]
    validation_rose = last["validation_nats"] - kept.validation_nats
    training_rose = _train_nats(log, last["step"]) - _train_nats(log, kept.kept_step)
    return validation_rose if min(training_rose, validation_rose) > FELL_APART_NATS else 0.0


def _train_nats(log: list[dict], step: int) -> float:
    """Training's mean loss in the last lines up to `step`."""
    losses = [line["train_nats"] for line in log if "train_nats" in line and line["step"] <= step]
    near = max(1, min(NEAR_LINES, len(losses) // 4))
    return float(np.mean(losses[-near:])) if losses else float("nan")
