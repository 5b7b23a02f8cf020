"""The mLSTM's memory a chunk at a time is the mLSTM's memory step by step."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from rnnscope.models import memory_cell
from rnnscope.models.memory_cell import MatrixState

Form = Callable[..., tuple[Tensor, MatrixState]]
by_steps: Form = memory_cell.by_steps
in_chunks: Form = memory_cell.in_chunks

STREAMS, HEADS, KEYS, VALUES = 2, 3, 4, 5


def drawn(steps: int, seed: int = 0, spread: float = 1.0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(STREAMS, HEADS, *shape, generator=generator, dtype=torch.float64)

    made = [normal(steps, KEYS), normal(steps, KEYS), normal(steps, VALUES)]
    made += [spread * normal(steps), spread * normal(steps)]
    return [each.requires_grad_() for each in made]


def nothing() -> MatrixState:
    zeros = torch.zeros(STREAMS, HEADS, KEYS, VALUES, dtype=torch.float64)
    return MatrixState(zeros, zeros[..., 0], zeros[..., 0, 0])


def carried(state: MatrixState) -> list[Tensor]:
    """The true memory and normaliser: what the scale m stands for taken in."""
    size = state.scale_BN.exp()
    return [state.memory_BNKD * size[..., None, None], state.normaliser_BNK * size[..., None]]


@pytest.mark.parametrize("chunk", [1, 3, 7, 20, 64])
@pytest.mark.parametrize("spread", [0.1, 1.0, 6.0])
def test_chunks_equal_steps_in_float64_forward_and_gradient(chunk: int, spread: float):
    inputs = drawn(20, spread=spread)
    weigh = torch.randn(STREAMS, HEADS, 20, VALUES, dtype=torch.float64)
    found = []
    for form in (lambda: by_steps(*inputs, nothing()), lambda: in_chunks(*inputs, nothing(), chunk)):
        read, state = form()
        loss = (read * weigh).sum() + sum(each.sin().sum() for each in carried(state))
        found.append((read.detach(), *carried(state), *torch.autograd.grad(loss, inputs)))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-9)


def test_carried_over_several_windows_both_forms_give_what_one_window_gives():
    inputs = [each.detach() for each in drawn(33, seed=1, spread=3.0)]
    whole, end = by_steps(*inputs, nothing())
    by_chunks, state, windows = [], nothing(), [each.split([1, 9, 5, 18], dim=2) for each in inputs]
    for window in zip(*windows, strict=True):
        read, state = in_chunks(*window, state, 4)
        by_chunks.append(read)
    torch.testing.assert_close(torch.cat(by_chunks, 2), whole)
    for one, other in zip(state, end, strict=True):
        torch.testing.assert_close(one, other)


def test_gates_of_any_size_leave_all_numbers_finite():
    inputs = [each.detach().float() for each in drawn(200, seed=2, spread=60.0)]
    state = MatrixState(*(each.float() for each in nothing()))
    for form in (by_steps, in_chunks):
        read, end = form(*inputs, state)
        assert all(bool(each.isfinite().all()) for each in (read, *end))


def test_a_memory_holds_what_was_written_and_a_forgotten_one_does_not():
    eye = torch.eye(KEYS, dtype=torch.float64).expand(1, 1, KEYS, KEYS)
    value = torch.arange(1.0, 1 + KEYS * VALUES, dtype=torch.float64).view(1, 1, KEYS, VALUES)
    empty = MatrixState(*(each[:1, :1] for each in nothing()))
    strong = torch.full((1, 1, KEYS), 9.0, dtype=torch.float64)
    query = eye * 10
    _, state = in_chunks(query, eye, value, strong, strong * 5, empty)
    # read again at the first key, writing nothing more
    read, _ = in_chunks(
        query[:, :, :1], eye[:, :, :1], value[:, :, :1], strong[..., :1] * -9, strong[..., :1] * 5, state
    )
    torch.testing.assert_close(read[0, 0, 0], value[0, 0, 0], rtol=1e-3, atol=1e-3)
    read, _ = in_chunks(
        query[:, :, :1], eye[:, :, :1], value[:, :, :1], strong[..., :1] * -9, strong[..., :1] * -9, state
    )
    assert float(read.abs().max()) < 1e-3
