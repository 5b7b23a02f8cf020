"""Divergences are those of the definition, in whatever blocks predictors speak, and 0 from oneself alone."""

from collections.abc import Iterator

import numpy as np
import pytest

from rnnscope.replay import divergence
from rnnscope.replay.divergence import apart

ROWS, STEPS, SYMBOLS = 3, 50, 6


class Fixed:
    """A predictor with random distributions, spoken in blocks of its own length."""

    def __init__(self, seed: int, block: int, sharpness: float = 1.0) -> None:
        logits = sharpness * np.random.default_rng(seed).normal(size=(STEPS, ROWS, SYMBOLS))
        self.logs = (logits - np.log(np.exp(logits).sum(-1, keepdims=True))).astype(np.float32)
        self.block = block

    @property
    def symbols(self) -> int:
        return SYMBOLS

    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
        for start in range(0, inputs_RT.shape[1], self.block):
            yield self.logs[start : start + self.block]


TEXT = np.random.default_rng(9).integers(SYMBOLS, size=(ROWS, STEPS + 1))


def by_definition(p: Fixed, q: Fixed) -> np.ndarray:
    """Mean over both directions and over the steps of each row."""
    a, b = p.logs.astype(np.float64), q.logs.astype(np.float64)
    both = (np.exp(a) * (a - b) + np.exp(b) * (b - a)).sum(-1) / 2
    return both.mean(axis=0)


@pytest.mark.parametrize("numbers", [1, 400, 24_000_000])
def test_it_is_the_mean_of_both_directions_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch, numbers: int):
    monkeypatch.setattr(divergence, "BLOCK_NUMBERS", numbers)
    predictors = [Fixed(1, 7), Fixed(2, 50, 3.0)]
    references = [Fixed(3, 1), Fixed(4, 13, 5.0), Fixed(1, 50)]
    found = apart(predictors, references, TEXT[:, :-1], TEXT[:, 1:])
    for m, p in enumerate(predictors):
        true = np.take_along_axis(p.logs, TEXT[:, 1:].T[:, :, None], axis=2)[:, :, 0]
        np.testing.assert_allclose(found.nats_MR[m], -true.mean(axis=0), rtol=1e-5)
        for n, q in enumerate(references):
            np.testing.assert_allclose(found.kl_MNR[m, n], by_definition(p, q), rtol=1e-4, atol=1e-6)


def test_nothing_is_apart_from_itself_and_others_are():
    found = apart([Fixed(1, 7)], [Fixed(1, 50), Fixed(2, 50)], TEXT[:, :-1], TEXT[:, 1:])
    assert np.abs(found.kl_MNR[0, 0]).max() < 1e-6 < 0.1 < found.kl_MNR[0, 1].min()


def test_an_impossible_symbol_leaves_finite_what_is_finite():
    sure = Fixed(1, 50)
    sure.logs[:, :, 0] = -np.inf
    found = apart([sure], [sure], TEXT[:, :-1], np.maximum(TEXT[:, 1:], 1))
    assert np.isfinite(found.nats_MR).all()
    np.testing.assert_allclose(found.kl_MNR, 0, atol=1e-5)
