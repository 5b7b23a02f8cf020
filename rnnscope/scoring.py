"""Predictor, rows of ids -> Scores: THE evaluation protocol, one for every predictor. Knows no kind of
predictor.

Each row of a part is read from its first character with nothing known of what came before it (a network
starts from its zero state, an n-gram from an empty context), the state is carried along the row to its end,
and every character of the part is predicted exactly once. This is char-rnn's evaluation, and so the one that
the networks of Karpathy, Johnson, Li 2015 must have had; their n-grams read the rows joined
(ngrams/joined.py), which costs them 0.003 nats on War and Peace.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

ERROR_PROBABILITY = 0.5
"""A character is an error where the model gave it less than this (Karpathy et al. 2015, section 4.3)."""
TRAPPED_NATS = 0.5
TRAPPED_SPREADS = 6.0
"""A row is trapped whose loss is above the median by both of these; a spread is the scaled median deviation,
which equals the standard deviation where losses are normal."""


@runtime_checkable
class Predictor(Protocol):
    """Anything that turns ids into log-probabilities of the next symbol.

    One that sees its last so many characters and nothing else may say so by an attribute `sees`, an int: see
    `characters_seen`.
    """

    @property
    def symbols(self) -> int:
        """V, the size of the alphabet."""
        ...

    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
        """Blocks of natural-log probabilities, shape (steps, R, V), float32, in order of time, T steps in
        all.

        Row r of a block at step t is the distribution of the symbol after inputs_RT[r, : t + 1].
        """
        ...


def characters_seen(predictor: Predictor) -> int | None:
    """How many characters back a predictor sees, where it says so: to give it more changes nothing, so that a
    caller need not. None: it may see all.
    """
    return getattr(predictor, "sees", None)


@dataclass(frozen=True)
class Scores:
    """What one predictor makes of one part."""

    nats_RT: np.ndarray
    """Shape (R, T), float32: surprisal of the true next character, nats."""
    likeliest_RT: np.ndarray
    """Shape (R, T), ids: the symbol that the predictor held most likely."""

    @property
    def mean_nats(self) -> float:
        return float(self.nats_RT.mean(dtype=np.float64))

    @property
    def error_rate(self) -> float:
        """Share of characters whose probability was under ERROR_PROBABILITY."""
        return error_rate(self.nats_RT)

    @property
    def row_nats(self) -> np.ndarray:
        """Mean nats of each row, shape (R,): a row that fell into a bad state stands out here."""
        return self.nats_RT.mean(axis=1, dtype=np.float64)


def is_error(nats: np.ndarray, probability: float = ERROR_PROBABILITY) -> np.ndarray:
    """Whether each character got less than `probability`; shape of `nats`, float32, which holds surprisals.

    The limit is rounded as they are: a character that got `probability` itself is none.
    """
    return np.asarray(np.asarray(nats, np.float32) > np.float32(-np.log(probability)))


def error_rate(nats: np.ndarray, probability: float = ERROR_PROBABILITY) -> float:
    """Share of characters, of any shape, that got less than `probability`."""
    return float(is_error(nats, probability).mean())


def trapped_rows(row_nats: np.ndarray) -> list[int]:
    """Rows that read the text far worse than the others: they fell into a state and stayed in it."""
    median = float(np.median(row_nats))
    spread = 1.4826 * float(np.median(np.abs(row_nats - median)))
    limit = median + max(TRAPPED_NATS, TRAPPED_SPREADS * spread)
    return [int(row) for row in np.flatnonzero(row_nats > limit)]


def score(
    predictor: Predictor,
    inputs_RT: np.ndarray,
    targets_RT: np.ndarray,
    on_steps: Callable[[int], None] | None = None,
) -> Scores:
    """Surprisal and likeliest symbol at every character; `on_steps` hears of the steps done so far."""
    nats_RT = np.empty(inputs_RT.shape, dtype=np.float32)
    likeliest_RT = np.empty(inputs_RT.shape, dtype=targets_RT.dtype)
    done = 0
    for block_tRV in predictor.log_prob_blocks(inputs_RT):
        span = slice(done, done + len(block_tRV))
        true_tR1 = targets_RT[:, span].T[:, :, None].astype(np.int64)
        nats_RT[:, span] = -np.take_along_axis(block_tRV, true_tR1, axis=2)[:, :, 0].T
        likeliest_RT[:, span] = block_tRV.argmax(axis=2).T
        done = span.stop
        if on_steps:
            on_steps(done)
    if done != inputs_RT.shape[1]:
        raise ValueError(f"the predictor gave {done} steps for {inputs_RT.shape[1]} inputs")
    return Scores(nats_RT, likeliest_RT)
