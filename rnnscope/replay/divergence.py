"""Predictors, a text -> how far their distributions are apart. Knows no kind of predictor.

All predictors read the text in lockstep, block by block, and no distribution is kept: memory is that of one
block of every predictor.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rnnscope.scoring import Predictor

BLOCK_NUMBERS = 24_000_000
"""Log-probabilities held at a time, over all predictors: 100 MB."""


class Apart(NamedTuple):
    """Means over each row of the text."""

    kl_MNR: np.ndarray
    """Symmetric divergence of each of M predictors from each of N others, nats."""
    nats_MR: np.ndarray
    reference_nats_NR: np.ndarray


def apart(
    predictors: Sequence[Predictor],
    references: Sequence[Predictor],
    inputs_RT: np.ndarray,
    targets_RT: np.ndarray,
    on_steps: Callable[[int], None] | None = None,
) -> Apart:
    """How far every predictor is from every reference, and the losses of all.

    The divergence of p and q is the mean of both directions, (KL(p, q) + KL(q, p)) / 2 = sum over symbols of
    (p - q) (ln p - ln q) / 2. `on_steps` hears of the steps done so far.
    """
    everyone = [*predictors, *references]
    rows, steps = inputs_RT.shape
    block_steps = max(1, BLOCK_NUMBERS // (rows * everyone[0].symbols * len(everyone)))
    kl_MNR = np.zeros((len(predictors), len(references), rows))
    nats_PR = np.zeros((len(everyone), rows))
    streams = [_rechunked(each.log_prob_blocks(inputs_RT), steps, block_steps) for each in everyone]
    done = 0
    for blocks in zip(*streams, strict=True):
        span = slice(done, done + len(blocks[0]))
        true_tR1 = targets_RT[:, span].T[:, :, None].astype(np.int64)
        for place, block_tRV in enumerate(blocks):
            nats_PR[place] -= np.take_along_axis(block_tRV, true_tR1, axis=2)[:, :, 0].sum(axis=0)
        kl_MNR += _summed(blocks[: len(predictors)], blocks[len(predictors) :])
        done = span.stop
        if on_steps:
            on_steps(done)
    nats_PR /= steps
    return Apart(kl_MNR / steps, nats_PR[: len(predictors)], nats_PR[len(predictors) :])


def _summed(logs_M: Sequence[np.ndarray], logs_N: Sequence[np.ndarray]) -> np.ndarray:
    """Divergences of one block, summed over its steps: (M, N, R).

    Row by row, since all the pairs of a row are two matrix products at each character.
    """
    rows = logs_M[0].shape[1]
    found = np.empty((len(logs_M), len(logs_N), rows))
    for row in range(rows):
        p_tMV = np.stack([block_tRV[:, row] for block_tRV in logs_M], axis=1)
        q_tNV = np.stack([block_tRV[:, row] for block_tRV in logs_N], axis=1)
        # a symbol that is all but impossible has a logarithm of -inf; 0 times it is 0
        log_p, log_q = (np.maximum(logs, np.finfo(np.float32).min / 4) for logs in (p_tMV, q_tNV))
        p, q = np.exp(p_tMV), np.exp(q_tNV)
        own_M = np.einsum("tmv,tmv->m", p, log_p, dtype=np.float64)
        own_N = np.einsum("tnv,tnv->n", q, log_q, dtype=np.float64)
        cross_tMN = p @ log_q.transpose(0, 2, 1) + log_p @ q.transpose(0, 2, 1)
        found[:, :, row] = (own_M[:, None] + own_N - cross_tMN.sum(axis=0, dtype=np.float64)) / 2
    return found


def _rechunked(blocks: Iterator[np.ndarray], steps: int, block_steps: int) -> Iterator[np.ndarray]:
    """The same numbers in blocks of `block_steps` steps, the last one shorter."""
    held: list[np.ndarray] = []
    ready, left = 0, steps
    for block in blocks:
        held.append(block)
        ready += len(block)
        while ready >= min(block_steps, left) > 0:
            joined = held[0] if len(held) == 1 else np.concatenate(held)
            wanted = min(block_steps, left)
            yield joined[:wanted]
            held, ready, left = [joined[wanted:]], ready - wanted, left - wanted
