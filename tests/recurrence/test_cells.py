"""Every fast path against the definition, and the definition against the equations."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from rnnscope.errors import BackendError, ConfigError
from rnnscope.recurrence import DEFINITIONS, KINDS, LayerWeights, backend_for, kind_named, record
from rnnscope.recurrence.cells import drive, gru_2015_step, gru_step
from rnnscope.recurrence.scan import BACKENDS, scan

SIZES = st.tuples(st.integers(1, 7), st.integers(1, 5), st.integers(1, 6), st.integers(1, 9))
"""T, B, I, H"""
PATHS = [
    (cell, name)
    for cell in KINDS
    for name, backend in BACKENDS.items()
    if name != "definition" and backend.refusal(cell, torch.device("cpu")) is None
]


def layer(cell: str, inputs: int, hidden: int, generator: torch.Generator) -> LayerWeights:
    stacked = KINDS[cell].stacked * hidden

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()

    return LayerWeights(drawn(stacked, inputs), drawn(stacked, hidden), drawn(stacked), drawn(stacked))


def start(cell: str, streams: int, hidden: int, generator: torch.Generator) -> tuple[Tensor, ...]:
    return tuple(
        torch.rand(streams, hidden, generator=generator, dtype=torch.float64).requires_grad_()
        for _ in KINDS[cell].state
    )


def results(
    cell: str, inputs: Tensor, state: tuple[Tensor, ...], weights: LayerWeights, backend: str
) -> list[Tensor]:
    """Hidden states, last state, and the gradient of a curved sum of them in everything that went in."""
    hidden_TBH, end = scan(cell, inputs, state, weights, backend)
    loss = (hidden_TBH**2).sum() + sum((3 * each).sin().sum() for each in end)
    sources = [*vars(weights).values(), *state, *([inputs] if inputs.requires_grad else [])]
    return [hidden_TBH, *end, *torch.autograd.grad(loss, sources)]


@pytest.mark.parametrize(("cell", "backend"), PATHS)
@settings(max_examples=15, deadline=None)
@given(sizes=SIZES, seed=st.integers(0, 2**31), ids=st.booleans())
def test_every_backend_equals_the_definition_forward_and_in_gradient(cell, backend, sizes, seed, ids):
    steps, streams, features, hidden = sizes
    generator = torch.Generator().manual_seed(seed)
    weights = layer(cell, features, hidden, generator)
    state = start(cell, streams, hidden, generator)
    if ids:
        inputs = torch.randint(features, (steps, streams), generator=generator)
    else:
        inputs = torch.randn(
            steps, streams, features, generator=generator, dtype=torch.float64
        ).requires_grad_()
    expected = results(cell, inputs, state, weights, "definition")
    for got, wanted in zip(results(cell, inputs, state, weights, backend), expected, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("cell", KINDS)
@settings(max_examples=15, deadline=None)
@given(sizes=SIZES, seed=st.integers(0, 2**31), ids=st.booleans())
def test_recording_equals_the_definition_at_every_site(cell, sizes, seed, ids):
    steps, streams, features, hidden = sizes
    generator = torch.Generator().manual_seed(seed)
    weights, state = layer(cell, features, hidden, generator), start(cell, streams, hidden, generator)
    inputs = (
        torch.randint(features, (steps, streams), generator=generator)
        if ids
        else torch.randn(steps, streams, features, generator=generator, dtype=torch.float64)
    )
    sites, end = record(cell, inputs, state, weights)
    expected, expected_end = record(cell, inputs, state, weights, "definition")
    assert tuple(sites) == tuple(expected) == KINDS[cell].sites
    for name in sites:
        assert (sites[name] - expected[name]).abs().max() < 1e-12, name
    for got, wanted in zip(end, expected_end, strict=True):
        assert (got - wanted).abs().max() < 1e-12
    hidden_TBH, _ = scan(cell, inputs, state, weights)
    assert torch.equal(sites["h"], hidden_TBH)


def test_ids_stand_for_their_one_hot_vectors_whatever_the_size_of_the_alphabet():
    generator = torch.Generator().manual_seed(0)
    for cell in KINDS:
        for symbols in (3, 50):
            weights, state = layer(cell, symbols, 4, generator), start(cell, 2, 4, generator)
            ids_TB = torch.randint(symbols, (5, 2), generator=generator)
            one_hot_TBI = torch.nn.functional.one_hot(ids_TB, symbols).double()
            for got, wanted in zip(
                results(cell, ids_TB, state, weights, "auto"),
                results(cell, one_hot_TBI, state, weights, "definition"),
                strict=True,
            ):
                torch.testing.assert_close(got, wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("cell", "module"), [("rnn", torch.nn.RNN), ("lstm", torch.nn.LSTM), ("gru", torch.nn.GRU)]
)
def test_weights_of_pytorchs_layers_can_be_used_as_they_are(cell, module):
    torch.manual_seed(0)
    theirs = module(5, 7).double()
    weights = LayerWeights(theirs.weight_ih_l0, theirs.weight_hh_l0, theirs.bias_ih_l0, theirs.bias_hh_l0)
    inputs_TBI = torch.randn(6, 3, 5, dtype=torch.float64)
    zero = tuple(torch.zeros(3, 7, dtype=torch.float64) for _ in KINDS[cell].state)
    hidden_TBH, end = scan(cell, inputs_TBI, zero, weights, "definition")
    expected_TBH, expected_end = theirs(inputs_TBI)
    torch.testing.assert_close(hidden_TBH, expected_TBH, rtol=1e-12, atol=1e-12)
    ends = expected_end if isinstance(expected_end, tuple) else (expected_end,)
    for got, wanted in zip(end, ends, strict=True):
        torch.testing.assert_close(got, wanted[0], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("cell", "step_of", "z_that_keeps"), [("gru", gru_step, 1.0), ("gru-2015", gru_2015_step, 0.0)]
)
def test_the_two_grus_read_z_the_opposite_way(cell, step_of, z_that_keeps):
    """With z driven to its keeping end the old state stays; at the other end it is gone."""
    generator = torch.Generator().manual_seed(1)
    weights, state = layer(cell, 4, 3, generator), start(cell, 2, 3, generator)
    drive_BG = drive(torch.randn(1, 2, 4, generator=generator, dtype=torch.float64), weights)[0].detach()
    for z in (0.0, 1.0):
        drive_BG[:, 3:6] = 1e3 if z else -1e3
        step = step_of(drive_BG, state, weights)
        expected, other = (state[0], step.n) if z == z_that_keeps else (step.n, state[0])
        torch.testing.assert_close(step.h, expected, rtol=0, atol=1e-12)
        assert (step.h - other).abs().max() > 1e-3


def test_the_two_grus_differ_only_in_where_the_reset_stands():
    """With the reset at 1 and z mirrored they are the same cell; with the reset at 1/2 they are not."""
    generator = torch.Generator().manual_seed(2)
    weights, state = layer("gru", 4, 3, generator), start("gru", 2, 3, generator)
    no_bias = LayerWeights(
        weights.w_input_GI, weights.w_hidden_GH, weights.b_input_G, torch.zeros_like(weights.b_hidden_G)
    )
    drive_BG = drive(torch.randn(1, 2, 4, generator=generator, dtype=torch.float64), weights)[0].detach()
    for reset, same in ((1e3, True), (0.0, False)):
        drive_BG[:, :3] = reset
        after = gru_step(drive_BG, state, no_bias)
        before = gru_2015_step(drive_BG, state, no_bias)
        assert torch.allclose(after.n, before.n, atol=1e-12) == same


def test_a_backend_asked_for_by_name_runs_or_raises():
    assert backend_for("lstm") == "kernel"
    assert backend_for("gru") == backend_for("gru-2015") == "unrolled"
    assert backend_for("gru", "cuda") == "kernel"
    assert backend_for("gru-2015", "cuda") == "definition"
    with pytest.raises(BackendError, match="cell 'lstm' is not unrolled"):
        backend_for("lstm", backend="unrolled")
    with pytest.raises(BackendError, match="no kernel for cell 'gru-2015'"):
        backend_for("gru-2015", backend="kernel")
    with pytest.raises(BackendError, match="did you mean 'kernel'"):
        backend_for("lstm", backend="kernels")
    with pytest.raises(ConfigError, match="did you mean 'lstm'"):
        kind_named("lstmm")


def test_every_cell_has_a_definition_that_gives_its_sites():
    assert set(DEFINITIONS) == set(KINDS)
    generator = torch.Generator().manual_seed(3)
    for cell, kind in KINDS.items():
        weights, state = layer(cell, 4, 3, generator), start(cell, 2, 3, generator)
        step = DEFINITIONS[cell].step(torch.zeros(2, 3 * kind.stacked, dtype=torch.float64), state, weights)
        assert tuple(vars(step)) == kind.sites
        assert set(kind.state) <= set(kind.sites)
