"""Planted: units that are functions of the last characters, and one that is not."""

import numpy as np
from sklearn.linear_model import Ridge

from rnnscope.analyses.recall import explained_by_last

ROWS, STEPS, SYMBOLS = 3, 6000, 7


def planted() -> tuple[np.ndarray, np.ndarray]:
    """Unit 0 is a function of the character read, 1 of the one three before it, 2 counts since symbol 0 came
    (a memory that no few characters give), 3 is still."""
    generator = np.random.default_rng(0)
    ids = generator.integers(0, SYMBOLS, size=(ROWS, STEPS))
    weights = generator.normal(size=SYMBOLS)
    values = np.zeros((ROWS, STEPS, 4))
    values[..., 0] = weights[ids]
    values[:, 3:, 1] = weights[ids[:, :-3]]
    parity = np.cumsum(ids == 0, axis=1) % 2
    values[..., 2] = parity
    return values, ids


def test_what_the_last_characters_give_is_found_at_the_k_at_which_they_give_it():
    values, ids = planted()
    explained = explained_by_last(values, ids, most=5)
    assert explained.shape == (5, 4)
    assert (explained[:, 0] > 0.999).all()
    assert (explained[:3, 1] < 0.01).all() and (explained[3:, 1] > 0.999).all()
    assert (np.abs(explained[:, 2]) < 0.02).all()
    assert np.isnan(explained[:, 3]).all()


def test_it_is_the_ridge_of_scikit_learn_on_written_out_one_hots():
    values, ids = planted()
    values[..., 0] += np.random.default_rng(1).normal(size=ids.shape)
    last, middle = 3, STEPS // 2

    def written_out(first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        rows = [
            np.concatenate([np.eye(SYMBOLS)[ids[r, t - j]] for j in range(last)])
            for r in range(ROWS)
            for t in range(first, stop)
        ]
        return np.array(rows), values[:, first:stop, 0].ravel()

    features, targets = written_out(last - 1, middle)
    later, expected = written_out(middle, STEPS)
    ridge = Ridge(alpha=1.0, fit_intercept=False, solver="cholesky").fit(features, targets - targets.mean())
    left = expected - targets.mean() - ridge.predict(later)
    score = 1 - (left**2).sum() / ((expected - expected.mean()) ** 2).sum()
    assert abs(explained_by_last(values, ids, most=last)[last - 1, 0] - score) < 1e-9
