"""Reader, Kneser-Ney -> both mixed, by one weight or by a gate at every character. Knows no fitting.

    linear:      p = (1 - w) p_model + w p_ngram
    log-linear:  p ~ (p_model^(1 - w) p_ngram^w)^s        (Klakow 1998; s = 1 where it is not fitted)

With a gate w and s are worked out from what both know before the next character (gate.py).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from rnnscope.models.memory.gate import Gate, clues_of
from rnnscope.models.memory.reading import Read, Reader, in_blocks, log_mixture
from rnnscope.ngrams import KneserNey
from rnnscope.ngrams.lookup import Matches, find_contexts

BLOCK_CHARS = 20_000
"""Characters whose n-gram distributions are worked out at a time: 14 MB in float64 under 87 symbols."""


class NgramLogs(NamedTuple):
    """What the n-gram has of some characters, flat."""

    log_probs_NV: np.ndarray
    """float32."""
    lengths_N: np.ndarray
    """Characters of context that occurred, at most the n-gram's."""


class NgramMix:
    """A reader mixed with the n-gram of one context length."""

    def __init__(self, inner: Reader, ngrams: KneserNey, context: int, mixed: "Mixing") -> None:
        self.inner, self.ngrams, self.context, self.mixed = inner, ngrams, context, mixed

    @property
    def symbols(self) -> int:
        """V, the size of the alphabet."""
        return self.inner.symbols

    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
        """Blocks of natural-log probabilities, (steps, R, V) float32, in order of time: a Predictor's."""
        return in_blocks(self.read(inputs_RT).log_probs_RTV)

    def read(self, inputs_RT: np.ndarray) -> Read:
        """All rows; what `inner` read is changed in place."""
        read = self.inner.read(inputs_RT)
        log_probs_NV = read.log_probs_RTV.reshape(-1, self.symbols)
        top_NH = read.top_RTH.reshape(len(log_probs_NV), -1)
        for span, ngram in ngram_blocks(self.ngrams, self.context, inputs_RT):
            log_probs_NV[span] = self.mixed(log_probs_NV[span], ngram, top_NH[span], self.context)
        return read


class Mixing(NamedTuple):
    """How two distributions become one."""

    weight: float = 0.5
    """Of the n-gram; not heard with a gate."""
    sharpness: float = 1.0
    """s of the log-linear form."""
    is_log_linear: bool = False
    gate: Gate | None = None

    def __call__(
        self, log_probs_NV: np.ndarray, ngram: NgramLogs, top_NH: np.ndarray, context: int
    ) -> np.ndarray:
        """Log-probabilities (N, V), float32."""
        weight, sharpness = self.weight, self.sharpness
        if self.gate is not None:
            clues = clues_of(log_probs_NV, ngram.log_probs_NV, ngram.lengths_N, top_NH, context)
            weight, sharpness = (each[:, None] for each in self.gate.at(clues))
        if not self.is_log_linear:
            return log_mixture(log_probs_NV, ngram.log_probs_NV, weight)
        return log_linear(log_probs_NV, ngram.log_probs_NV, weight, sharpness)


def log_linear(
    one_NV: np.ndarray, other_NV: np.ndarray, weight: np.ndarray | float, sharpness: np.ndarray | float
) -> np.ndarray:
    """log of (exp(one)^(1 - weight) exp(other)^weight)^sharpness, normalised over V."""
    if np.ndim(weight) == 0 and weight == 0 and np.all(sharpness == 1):
        return one_NV
    of_other, power = np.asarray(weight, np.float32), np.asarray(sharpness, np.float32)
    mixed_NV = torch.from_numpy(((1 - of_other) * one_NV + of_other * other_NV) * power)
    return mixed_NV.log_softmax(dim=1).numpy()


def ngram_blocks(ngrams: KneserNey, context: int, inputs_RT: np.ndarray) -> Iterator[tuple[slice, NgramLogs]]:
    """What the n-gram has of all characters, row by row, in blocks."""
    matches: Matches = find_contexts(ngrams.counts, inputs_RT)
    for start in range(0, inputs_RT.size, BLOCK_CHARS):
        span = slice(start, min(inputs_RT.size, start + BLOCK_CHARS))
        here = matches.only(span)
        log_probs_NV = np.log(ngrams.distributions(here, context)).astype(np.float32)
        yield span, NgramLogs(log_probs_NV, np.minimum(here.lengths, context))
