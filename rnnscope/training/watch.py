"""Losses -> whether training still makes sense. Knows no network."""

import math
from dataclasses import dataclass

from rnnscope.errors import DivergenceError

FAR_ABOVE_UNIFORM_NATS = 1.0
PATIENCE_STEPS = 200
"""A loss so far above a uniform guess for so long does not come down again by itself."""


@dataclass
class DivergenceWatch:
    """Hears the mean loss of every stretch of steps; raises when training stopped making sense."""

    run: str
    symbols: int
    bad_steps: int = 0
    """Steps in a row whose loss was far above a uniform guess."""

    def update(self, step: int, steps: int, train_nats: float, gradient_norm: float) -> None:
        """`step` updates made, the last `steps` of them with this mean loss. Raises DivergenceError."""
        self.check(step, "loss", math.isfinite(train_nats))
        self.check(step, "gradient", math.isfinite(gradient_norm))
        uniform_nats = math.log(self.symbols)
        is_bad = train_nats > uniform_nats + FAR_ABOVE_UNIFORM_NATS
        self.bad_steps = self.bad_steps + steps if is_bad else 0
        if self.bad_steps >= PATIENCE_STEPS:
            raise DivergenceError(
                self._message(
                    f"the loss stayed far above a uniform guess ({train_nats:.3g} against "
                    f"{uniform_nats:.3g} nats)",
                    step,
                )
            )

    def check(self, step: int, what: str, is_finite: bool) -> None:
        """Raises DivergenceError where a number of the network is none."""
        if not is_finite:
            raise DivergenceError(self._message(f"the {what} was no finite number", step))

    def _message(self, what: str, step: int) -> str:
        return (
            f"training of '{self.run}' diverged: {what} at step {step}; lower hidden_rate, input_rate, "
            f"decoder_rate and bias_rate (--set), under another name; the last good checkpoint is kept"
        )
