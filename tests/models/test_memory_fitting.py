"""A fitted mixture is the best there is, its slopes are the loss's, and a gate finds what was planted."""

import numpy as np
import pytest

from rnnscope.models.memory.fitting import Examples, _loss, best_weight, fitted_gate

V, N, ROWS = 5, 4000, 4


def examples(clues_NF: np.ndarray) -> Examples:
    """Where the first clue of a planted set is positive the model knows what comes, else the n-gram does."""
    draw = np.random.default_rng(0)
    targets_N, is_models_N = draw.integers(V, size=N), draw.normal(size=N) > 0
    knows = np.full((N, V), 0.05)
    knows[np.arange(N), targets_N] = 0.8
    guess = draw.dirichlet(np.ones(V), size=N)
    model, ngram = (np.where(who[:, None], knows, guess) for who in (is_models_N, ~is_models_N))
    clues_NF = np.concatenate([np.where(is_models_N, 1.0, -1.0)[:, None], clues_NF], axis=1)
    model, ngram = np.log(model).astype(np.float32), np.log(ngram).astype(np.float32)
    return Examples(model, ngram, targets_N, clues_NF.astype(np.float32))


def noise(clues: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(N, clues))


@pytest.mark.parametrize("is_log_linear", [False, True])
def test_a_gate_finds_a_planted_clue_and_nothing_where_clues_are_shuffled(is_log_linear: bool):
    planted = examples(noise(3))
    shuffled = Examples(
        planted.model_NV,
        planted.ngram_NV,
        planted.targets_N,
        np.random.default_rng(2).permutation(planted.clues_NF),
    )
    none = Examples(planted.model_NV, planted.ngram_NV, planted.targets_N, np.empty((N, 0), np.float32))
    found, control, plain = (fitted_gate(each, is_log_linear, ROWS) for each in (planted, shuffled, none))
    assert found.nats < 0.35 < plain.nats
    assert control.nats > plain.nats - 0.01
    assert abs(found.gate.weights_F2[0, 0]) > 5 * abs(found.gate.weights_F2[1:, 0]).max()
    assert plain.tried == [] and len(found.tried) > 1


def test_the_same_text_gives_the_same_gate():
    first, second = (fitted_gate(examples(noise(3)), True, ROWS).gate.as_json() for _ in range(2))
    assert first == second


@pytest.mark.parametrize("is_log_linear", [False, True])
def test_slopes_are_those_of_the_loss(is_log_linear: bool):
    whole = examples(noise(2))
    few = Examples(*(np.asarray(each[:60], dtype) for each, dtype in zip(
        (whole.model_NV, whole.ngram_NV, whole.targets_N, whole.clues_NF),
        (np.float64, np.float64, np.int64, np.float32), strict=True,
    )))  # fmt: skip
    numbers = np.random.default_rng(3).normal(size=8) * 0.3
    found = _loss(few, is_log_linear, numbers)[1]
    steps = 1e-3 * np.eye(len(numbers))
    losses = [[_loss(few, is_log_linear, numbers + sign * step)[0] for sign in (1, -1)] for step in steps]
    wanted = [(above - below) / 2e-3 for above, below in losses]
    np.testing.assert_allclose(found, wanted, atol=2e-3)
    assert abs(found).max() > 0.01


def test_the_best_weight_is_where_a_slow_search_finds_it_and_at_the_end_where_it_lies_there():
    p_N, q_N = np.random.default_rng(0).uniform(0.01, 1, size=(2, 1000))

    def nats(weight: float) -> float:
        return float(-np.log((1 - weight) * p_N + weight * q_N).mean())

    weight, least = best_weight(p_N, q_N)
    grid = np.linspace(0, 1, 2001)
    losses = [nats(each) for each in grid]
    assert weight == pytest.approx(grid[np.argmin(losses)], abs=1e-3) and least <= min(losses) + 1e-9
    assert best_weight(p_N, p_N / 2)[0] == pytest.approx(0, abs=1e-5)
    assert best_weight(p_N / 2, p_N)[0] == pytest.approx(1, abs=1e-5)
