"""The way back that is written by hand: what the comparison with the definition does not reach."""

import pytest
import torch
from torch import Tensor

from rnnscope.recurrence import KINDS, LayerWeights
from rnnscope.recurrence.scan import scan
from rnnscope.recurrence.unrolled import UNROLLED_CELLS
from tests.recurrence.test_cells import layer, results, start

pytestmark = pytest.mark.parametrize("cell", UNROLLED_CELLS)


@pytest.mark.parametrize("steps", [1, 3])
def test_its_gradient_is_that_of_small_differences(cell, steps):
    generator = torch.Generator().manual_seed(0)
    weights, (first_BH,) = layer(cell, 3, 4, generator), start(cell, 2, 4, generator)
    inputs_TBI = torch.randn(steps, 2, 3, generator=generator, dtype=torch.float64).requires_grad_()

    def run(inputs: Tensor, first: Tensor, *parameters: Tensor) -> tuple[Tensor, Tensor]:
        hidden_TBH, (end_BH,) = scan(cell, inputs, (first,), LayerWeights(*parameters), "unrolled")
        return hidden_TBH, end_BH

    assert torch.autograd.gradcheck(run, (inputs_TBI, first_BH, *vars(weights).values()))


def test_one_step_after_another_is_the_same_as_all_at_once(cell):
    """With the gradient going back through the carried states; B = 1."""
    generator = torch.Generator().manual_seed(1)
    weights, state = layer(cell, 5, 4, generator), start(cell, 1, 4, generator)
    ids_TB = torch.randint(5, (6, 1), generator=generator)
    hidden, carried = [], state
    for ids_1B in ids_TB.split(1):
        hidden_1BH, carried = scan(cell, ids_1B, carried, weights, "unrolled")
        hidden.append(hidden_1BH)
    hidden_TBH = torch.cat(hidden)
    loss = (hidden_TBH**2).sum() + (3 * carried[0]).sin().sum()
    gradients = torch.autograd.grad(loss, [*vars(weights).values(), *state])
    expected_TBH, expected_end, *expected = results(cell, ids_TB, state, weights, "unrolled")
    for got, wanted in zip(
        (hidden_TBH, carried[0], *gradients), (expected_TBH, expected_end, *expected), strict=True
    ):
        torch.testing.assert_close(got, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("autocast", [False, True])
def test_its_rounding_error_is_float32s_where_that_of_other_paths_is_bfloat16s(cell, autocast):
    """Relative to float64: at most 1e-6 in h and in every gradient, under autocast too."""
    generator = torch.Generator().manual_seed(2)
    exact, exact_state = layer(cell, 20, 64, generator), start(cell, 8, 64, generator)
    ids_TB = torch.randint(20, (30, 8), generator=generator)
    exact = LayerWeights(*((each.detach() / 8).requires_grad_() for each in vars(exact).values()))
    weights = LayerWeights(*(each.detach().float().requires_grad_() for each in vars(exact).values()))
    state = tuple(each.detach().float().requires_grad_() for each in exact_state)
    expected = results(cell, ids_TB, exact_state, exact, "definition")
    other = "kernel" if KINDS[cell].kernel else "definition"

    def errors(backend: str) -> list[float]:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            got = results(cell, ids_TB, state, weights, backend)
        pairs = zip(got, expected, strict=True)
        return [((each.double() - wanted).norm() / wanted.norm()).item() for each, wanted in pairs]

    ours, theirs = errors("unrolled"), errors(other)
    assert max(ours) < 1e-6
    if autocast:
        assert max(theirs) > 1e-3  # the control: the others do round
        assert all(mine < their for mine, their in zip(ours, theirs, strict=True))


def test_reading_without_gradients_gives_the_same_numbers_and_keeps_nothing(cell):
    generator = torch.Generator().manual_seed(3)
    weights, state = layer(cell, 5, 4, generator), start(cell, 3, 4, generator)
    ids_TB = torch.randint(5, (6, 3), generator=generator)
    hidden_TBH, (end_BH,) = scan(cell, ids_TB, state, weights, "unrolled")
    for without in (torch.no_grad, torch.inference_mode):
        with without():
            read_TBH, (read_BH,) = scan(cell, ids_TB, state, weights, "unrolled")
        assert torch.equal(read_TBH, hidden_TBH)
        assert torch.equal(read_BH, end_BH)
        assert read_TBH.grad_fn is None


def test_a_gradient_of_a_gradient_is_refused_and_not_wrong(cell):
    generator = torch.Generator().manual_seed(4)
    weights, state = layer(cell, 5, 4, generator), start(cell, 3, 4, generator)
    ids_TB = torch.randint(5, (6, 3), generator=generator)
    hidden_TBH, _ = scan(cell, ids_TB, state, weights, "unrolled")
    (gradient,) = torch.autograd.grad((hidden_TBH**2).sum(), weights.w_hidden_GH, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_only_what_needs_a_gradient_need_have_one(cell):
    """Frozen weights and a constant state, as when only an input is optimised, and the reverse."""
    generator = torch.Generator().manual_seed(5)
    drawn, first = layer(cell, 3, 4, generator), start(cell, 2, 4, generator)
    inputs_TBI = torch.randn(4, 2, 3, generator=generator, dtype=torch.float64).requires_grad_()
    frozen = LayerWeights(*(each.detach() for each in vars(drawn).values()))
    state = tuple(each.detach() for each in first)
    for inputs, weights, source in (
        (inputs_TBI, frozen, inputs_TBI),
        (inputs_TBI.detach(), drawn, drawn.w_hidden_GH),
        (inputs_TBI.detach(), drawn, drawn.b_hidden_G),
    ):
        got, wanted = (
            torch.autograd.grad((scan(cell, inputs, state, weights, path)[0] ** 2).sum(), source)[0]
            for path in ("unrolled", "definition")
        )
        torch.testing.assert_close(got, wanted, rtol=1e-10, atol=1e-10)
