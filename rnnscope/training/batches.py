"""Train part -> windows of streams, by arithmetic. Knows no network; holds no index as long as the text.

The rows of the train part, one after the other, are a tape. B streams start at equal distances on it and each
reads window after window; past the tape's end they go on at its head. Everything about a window is a function
of seed and step, so that a run can go on at any step without having kept anything.
"""

from dataclasses import dataclass

import numpy as np

from rnnscope.errors import ConfigError
from rnnscope.records.corpus import Corpus
from rnnscope.training.config import TrainConfig


@dataclass(frozen=True)
class Window:
    """What one update reads."""

    inputs_TB: np.ndarray
    """int64 ids."""
    targets_TB: np.ndarray
    """int64 ids: the character after each input, in the text."""
    fresh_B: np.ndarray
    """bool: streams whose state must be zero here, since what they read before is not what comes before."""


@dataclass(frozen=True)
class Windows:
    """All windows of a training run."""

    ids: np.ndarray
    starts_R: np.ndarray
    """int64, shape (R,): first input of every row."""
    row_chars: int
    streams: int
    window_chars: int
    redraws_offset: bool
    zero_state_probability: float
    seed: int

    @property
    def tape_chars(self) -> int:
        return len(self.starts_R) * self.row_chars

    @property
    def stream_chars(self) -> int:
        """Distance between streams on the tape."""
        return self.tape_chars // self.streams

    @property
    def steps_per_epoch(self) -> int:
        """Whole windows in a stream; what is left over comes in with another offset."""
        return self.stream_chars // self.window_chars

    def window(self, step: int) -> Window:
        """What update `step` (from 0) reads."""
        epoch, index = divmod(step, self.steps_per_epoch)
        first_B = (
            self._offset(epoch) + np.arange(self.streams) * self.stream_chars + index * self.window_chars
        )
        index_TB = self._text_index(first_B + np.arange(self.window_chars)[:, None])
        return Window(
            self.ids[index_TB].astype(np.int64),
            self.ids[index_TB + 1].astype(np.int64),
            self._is_new(step, index, first_B) | self._is_zeroed(step),
        )

    def _offset(self, epoch: int) -> int:
        return int(self._draw("offset", epoch).integers(self.tape_chars)) if self.redraws_offset else 0

    def _text_index(self, tape: np.ndarray) -> np.ndarray:
        row, within = np.divmod(tape % self.tape_chars, self.row_chars)
        return self.starts_R[row] + within

    def _is_new(self, step: int, index: int, first_B: np.ndarray) -> np.ndarray:
        """Streams that start, or that have gone over the end of a row since their last window began.

        With streams at fixed places the states of one epoch's end start the next epoch, as in char-rnn.
        """
        if index == 0:
            return np.full(self.streams, step == 0 or self.redraws_offset)
        return first_B // self.row_chars != (first_B - self.window_chars) // self.row_chars

    def _is_zeroed(self, step: int) -> np.ndarray:
        if not self.zero_state_probability:
            return np.zeros(self.streams, dtype=bool)
        return self._draw("zero", step).random(self.streams) < self.zero_state_probability

    def _draw(self, purpose: str, number: int) -> np.random.Generator:
        return generator_for(self.seed, purpose, number)


def windows_of(corpus: Corpus, config: TrainConfig) -> Windows:
    """Raises ConfigError where the train part is too short for one window of every stream."""
    part = corpus.part("train")
    windows = Windows(
        np.asarray(corpus.ids),
        np.array(part.starts, dtype=np.int64),
        part.row_chars,
        config.streams,
        config.window_chars,
        config.redraws_offset,
        config.zero_state_probability,
        config.seed,
    )
    if windows.steps_per_epoch < 1:
        raise ConfigError(
            f"streams={config.streams} of window_chars={config.window_chars} need "
            f"{config.streams * config.window_chars:,} characters, and the train part of '{corpus.name}' has "
            f"{part.chars:,}; set streams lower"
        )
    return windows


_PURPOSES = {"offset": 1, "zero": 2, "dropout": 3, "init": 4}


def generator_for(seed: int, purpose: str, number: int = 0) -> np.random.Generator:
    """Randomness for one purpose at one step or epoch, independent of every other."""
    return np.random.default_rng([seed, _PURPOSES[purpose], number])
