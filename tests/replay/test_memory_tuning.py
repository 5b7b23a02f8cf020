"""Tuning of memories: the best of what was tried, on no more text than is meant."""

from collections.abc import Iterator

import numpy as np
import pytest

from rnnscope.models.memory.reading import Read, in_blocks
from rnnscope.models.memory.settings import CacheSettings
from rnnscope.replay import memory_tuning
from rnnscope.replay.memory_tuning import TuningRows, descended, tuned_cache


def test_coordinate_descent_finds_the_least_of_a_bowl_and_keeps_off_what_is_not_finite():
    grids = {"a": (1, 2, 3, 4, 5), "b": (0.0, 1.0, 2.0)}

    def loss(at) -> float:
        return float("nan") if at["a"] == 5 else (at["a"] - 4) ** 2 + (at["b"] - 2) ** 2

    tried = descended({"a": 1, "b": 0.0}, grids, loss)
    assert min(tried, key=lambda each: each["nats"]) == {"a": 4, "b": 2.0, "nats": 0.0}
    assert len(tried) < 15


@pytest.mark.parametrize("carries", [False, True])
def test_tuning_reads_no_more_than_its_limit_however_long_a_row_is(carries: bool, monkeypatch):
    monkeypatch.setattr(memory_tuning, "TUNING_CHARS", 80)
    one_RT, many_RT = np.arange(300).reshape(1, 300), np.arange(300).reshape(100, 3)
    one, many = (TuningRows(ids_RT, ids_RT + 1).some(carries) for ids_RT in (one_RT, many_RT))
    np.testing.assert_array_equal(one.inputs_RT, one_RT[:, :80])
    np.testing.assert_array_equal(one.targets_RT, one_RT[:, :80] + 1)
    spread = np.arange(26) if carries else np.linspace(0, 99, 26).round().astype(int)
    np.testing.assert_array_equal(many.inputs_RT, many_RT[spread])


def test_a_cache_that_is_always_right_is_tuned_to_a_weight_below_1():
    class Guess:
        symbols = 3

        def read(self, inputs_RT: np.ndarray) -> Read:
            guess_RTV = np.full((*inputs_RT.shape, 3), -np.log(3), dtype=np.float32)
            return Read(guess_RTV, np.ones((*inputs_RT.shape, 2), dtype=np.float32))

        def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
            return in_blocks(self.read(inputs_RT).log_probs_RTV)

    same_RT = np.zeros((2, 50), dtype=np.uint8)
    tuned = tuned_cache(CacheSettings(), Guess(), TuningRows(same_RT, same_RT))
    CacheSettings.model_validate(tuned.settings)
    assert tuned.nats is not None and 0 < tuned.nats < 0.1
