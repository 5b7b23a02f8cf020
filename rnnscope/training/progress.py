"""What a training run tells of itself as it goes. Knows no terminal."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Handed to `on_progress` at every logged step and after every validation."""

    run: str
    step: int
    """Updates made."""
    steps: int
    """Updates in all."""
    epoch: float
    epochs: float
    train_nats: float
    """Smoothed training loss, nats per character; NaN before the first one."""
    validation_nats: float | None
    """Of the newest validation."""
    best_validation_nats: float | None
    chars_per_s: float
    """Characters trained on per second of training."""
    seconds_left: float
    longest_context_beaten: int | None
    """The longest n-gram context whose validation loss the newest validation lies below."""

    @property
    def train_bits(self) -> float:
        """Smoothed training loss, bits per character."""
        return self.train_nats / math.log(2)

    @property
    def share(self) -> float:
        return self.step / self.steps


def longest_context_beaten(
    validation_nats: float | None, ngram_validation_nats: Mapping[int, float] | None
) -> int | None:
    """The longest context length whose n-gram has a higher validation loss; None for none."""
    if validation_nats is None or not ngram_validation_nats:
        return None
    return max((n for n, nats in ngram_validation_nats.items() if validation_nats < nats), default=None)
