"""Rows that fell into a bad state are seen; losses that merely vary are not."""

import numpy as np

from rnnscope.scoring import error_rate, is_error, trapped_rows


def test_rows_far_above_the_others_are_trapped_and_ordinary_spread_is_not():
    row_nats = np.random.default_rng(0).normal(1.25, 0.05, size=100)
    assert trapped_rows(row_nats) == []
    row_nats[[3, 50]] = 3.5, 2.4
    assert trapped_rows(row_nats) == [3, 50]


def test_texts_whose_rows_differ_much_are_not_taken_for_trapped_ones():
    assert trapped_rows(np.random.default_rng(1).normal(1.2, 0.4, size=100)) == []
    assert trapped_rows(np.array([1.0])) == []


def test_what_got_the_limit_itself_is_no_error_in_either_precision():
    half = -np.log(np.array([0.5, 0.4999, 0.5001]))
    for nats in (half, half.astype(np.float32)):
        assert is_error(nats).tolist() == [False, True, False]
    assert error_rate(half) == 1 / 3 and error_rate(-np.log(np.full(8, 0.25)), 0.25) == 0
