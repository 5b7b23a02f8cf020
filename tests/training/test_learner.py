"""One update: states begin where they should, gradients are clipped as the recipe says."""

import numpy as np
import pytest
import torch

from rnnscope.training.batches import Window, windows_of
from rnnscope.training.learner import Learner


@pytest.fixture
def learner_of(small_config):
    def made(recipe: str = "fast", **settings) -> Learner:
        return Learner(small_config(recipe, **settings), 6, 100, torch.device("cpu"), torch.float32)

    return made


def window(fresh: list[bool], seed: int = 0) -> Window:
    ids_TB = np.random.default_rng(seed).integers(6, size=(21, len(fresh)))
    return Window(ids_TB[:-1], ids_TB[1:], np.array(fresh))


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "gru-2015"])
def test_a_stream_that_begins_anew_starts_from_zero_and_the_others_go_on(learner_of, cell):
    def state_after(fresh: list[bool], carried: float) -> list[torch.Tensor]:
        learner = learner_of(cell=cell)
        learner.state = tuple(
            tuple(torch.full_like(each, carried) for each in layer) for layer in learner.state
        )
        learner.update(window(fresh), step=0, rate_factor=1.0)
        return [each for layer in learner.state for each in layer]

    mixed = state_after([True, False, True, False], 0.9)
    zero, on = state_after([True] * 4, 0.9), state_after([False] * 4, 0.9)
    for got, from_zero, gone_on in zip(mixed, zero, on, strict=True):
        assert torch.equal(got[::2], from_zero[::2]) and torch.equal(got[1::2], gone_on[1::2])
        assert not torch.allclose(from_zero, gone_on, atol=1e-6)
    for got, begun in zip(zero, state_after([False] * 4, 0.0), strict=True):
        assert torch.equal(got, begun)


def test_the_whole_gradient_is_scaled_to_the_norm_asked_for(learner_of):
    learner = learner_of(clip_norm=1e-3)
    learner.update(window([True] * 4), step=0, rate_factor=1.0)
    gradients = torch.cat([parameter.grad.flatten() for parameter in learner.network.parameters()])
    assert gradients.norm() == pytest.approx(1e-3, rel=1e-3)
    assert learner.take_means()[1] > 1e-2


def test_char_rnns_element_limit_is_on_the_gradient_of_the_sum_over_steps(learner_of):
    """Twenty steps: an element of the mean's gradient is held to a twentieth of the limit."""
    free, held = learner_of("paper-2015", clip_element="none"), learner_of("paper-2015", clip_element=0.1)
    for learner in (free, held):
        learner.update(window([True] * 4), step=0, rate_factor=1.0)
    for parameter, limited in zip(free.network.parameters(), held.network.parameters(), strict=True):
        assert torch.equal(parameter.grad.clamp(-0.005, 0.005), limited.grad)
    assert any((parameter.grad.abs() > 0.005).any() for parameter in free.network.parameters())


def test_a_learner_restored_from_its_tensors_goes_on_as_the_same_one(learner_of, small_config, periodic):
    windows = windows_of(periodic, small_config())
    one, other = learner_of(layers=2, dropout=0.3), learner_of(layers=2, dropout=0.3, seed=0)
    for step in range(3):
        one.update(windows.window(step), step, 0.5)
    other.restore({name: tensor.clone() for name, tensor in one.tensors().items()})
    one.take_means()
    for learner in (one, other):
        learner.update(windows.window(3), 3, 0.5)
    assert one.take_means() == other.take_means()
    for name, tensor in one.tensors().items():
        assert tensor.equal(other.tensors()[name]), name
