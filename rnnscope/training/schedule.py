"""Step -> what the learning rates are multiplied by, and when to validate. Knows no optimiser."""

import math
from dataclasses import dataclass

from rnnscope.training.config import TrainConfig


@dataclass(frozen=True)
class Schedule:
    """Steps of one run, all from 0."""

    config: TrainConfig
    steps_per_epoch: int

    @property
    def steps(self) -> int:
        """Updates in the whole run."""
        return max(1, round(self.config.epochs * self.steps_per_epoch))

    @property
    def validation_steps(self) -> int:
        """Updates from one validation to the next."""
        return min(self.steps_per_epoch, math.ceil(self.steps / self.config.least_validations))

    def validates_after(self, steps_done: int) -> bool:
        return steps_done % self.validation_steps == 0 or steps_done == self.steps

    @property
    def milestones(self) -> frozenset[int]:
        """Updates after which weights are kept: distinct whole numbers, evenly spread in their logarithm from
        the first update to `milestone_epochs` or the end, as many as there is room for.
        """
        wanted = self.config.milestones
        last = min(self.steps, max(1, round(self.config.milestone_epochs * self.steps_per_epoch)))
        if wanted < 2:
            return frozenset([last] * wanted)
        spread = (round(last ** (index / (wanted - 1))) for index in range(wanted))
        return frozenset(spread)

    def factor(self, step: int) -> float:
        """What update `step` multiplies all rates by."""
        warmup = self.config.warmup_share * self.steps
        rising = min(1.0, (step + 1) / warmup) if warmup else 1.0
        if self.config.schedule == "linear":
            return rising * (1 - step / self.steps)
        # char-rnn: at the end of epoch 10, 11, ..., so that epochs 11, 12, ... have one factor more each
        decays = max(0, step // self.steps_per_epoch + 1 - self.config.decay_after_epochs)
        return rising * self.config.decay_per_epoch**decays
