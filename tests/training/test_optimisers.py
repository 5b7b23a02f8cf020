"""Muon against its plain form; RMSProp and AdamW by part."""

import math

import pytest
import torch

from rnnscope.errors import BackendError
from rnnscope.models import Network, NetworkConfig
from rnnscope.recurrence.stack import native_step
from rnnscope.training import fast, paper_2015, with_settings
from rnnscope.training.optimisers import (
    ORTHOGONALISING,
    Muon,
    block_rows,
    optimisers_for,
    orthogonalised,
    roles,
    set_rates,
)


def plain_muon(weight, gradients, heights, rate, momentum, steps):
    """One matrix, block by block, update by update, straight from the description; `heights`: rows of its
    blocks."""
    mean = torch.zeros_like(weight)
    for gradient in gradients:
        mean = momentum * mean + (1 - momentum) * gradient
        ahead = momentum * mean + (1 - momentum) * gradient
        updated = []
        for block, before in zip(ahead.split(heights), weight.split(heights), strict=True):
            x = block / (1.02 * (block @ block.T).norm()) ** 0.5
            for a, b, c in ORTHOGONALISING[steps]:
                square = x @ x.T
                x = a * x + (b * square + c * square @ square) @ x
            updated.append(before - rate * max(1, block.shape[0] / block.shape[1]) ** 0.5 * x)
        weight = torch.cat(updated)
    return weight


def series(shapes, count, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return [
        [torch.randn(shape, generator=draw, dtype=torch.float64) for _ in range(count)] for shape in shapes
    ]


def muon_of(weights, gradients, dtype=torch.float64, **settings):
    """The weights after an update for each gradient."""
    parameters = [torch.nn.Parameter(weight.clone()) for weight in weights]
    muon = Muon(parameters, lr=0.1, momentum=0.9, newton_schulz_steps=3, dtype=dtype, **settings)
    for step in range(len(gradients[0])):
        for parameter, of_each in zip(parameters, gradients, strict=True):
            parameter.grad = of_each[step].to(parameter.dtype)
        muon.step()
    return [parameter.detach() for parameter in parameters]


@pytest.mark.parametrize("backend", ["auto", "torch"])
@pytest.mark.parametrize(
    ("shapes", "gate_rows", "heights"),
    [
        ([(12, 4), (12, 4), (12, 7)], 4, [4]),
        ([(12, 4)], 6, [6]),  # blocks higher than wide
        ([(3 * 37, 37), (37, 37)], 37, [32, 5]),
        ([(2 * 70, 70)], 70, [32, 32, 6]),
        ([(33, 129)], 33, [32, 1]),
    ],
)
def test_muon_equals_the_plain_one_compiled_or_not(backend, shapes, gate_rows, heights):
    weights = [of_each[0] for of_each in series(shapes, 1)]
    gradients = series(shapes, 3, seed=1)
    found = muon_of(weights, gradients, gate_rows=gate_rows, most_rows=32, backend=backend)
    for result, weight, of_each in zip(found, weights, gradients, strict=True):
        all_heights = heights * (len(weight) // gate_rows)
        expected = plain_muon(weight, of_each, all_heights, 0.1 / len(heights) ** 0.5, 0.9, 3)
        torch.testing.assert_close(result, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.usefixtures("can_compile")
def test_the_compiled_muon_is_near_in_bfloat16_and_the_same_over_threads(monkeypatch):
    weights = [torch.zeros(4 * 100, 100), torch.zeros(4 * 100, 100)]
    gradients = series([(400, 100)] * 2, 2)
    settings = {"gate_rows": 100, "most_rows": 64}
    exact = muon_of(weights, gradients, torch.float32, backend="native", **settings)
    try:
        native_step(torch.device("cpu"), torch.bfloat16, "native")
    except BackendError as reason:
        pytest.skip(str(reason))
    low = muon_of(weights, gradients, torch.bfloat16, backend="native", **settings)
    for one, other in zip(low, exact, strict=True):
        assert 0 < (one - other).norm() < 0.03 * other.norm()
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    for one, other in zip(muon_of(weights, gradients, torch.bfloat16, **settings), low, strict=True):
        assert torch.equal(one, other)


def test_no_direction_of_a_gate_moves_further_for_its_being_cut_into_blocks():
    """Rows that all point one way are the worst case: every block's update points there too."""
    gradient = torch.ones(64, 64, dtype=torch.float64)
    for most_rows in (64, 32, 16):
        weights = [torch.zeros(64, 64, dtype=torch.float64)]
        (moved,) = muon_of(weights, [[gradient]], gate_rows=64, most_rows=most_rows)
        assert float(torch.linalg.matrix_norm(moved, ord=2)) == pytest.approx(0.1, rel=0.3)


def test_blocks_are_even_and_whole_registers():
    assert [block_rows(rows, 128) for rows in (37, 128, 130, 300, 512)] == [37, 128, 80, 112, 128]
    assert [block_rows(rows, 170) for rows in (151, 165, 330, 340)] == [151, 96, 112, 128]
    assert all(
        block_rows(rows, most) <= max(16, most)
        for rows in range(1, 700, 7)
        for most in (16, 20, 128, 170, 512)
    )


@pytest.mark.parametrize("shape", [(5, 8, 8), (3, 9, 4), (3, 4, 9)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_orthogonalising_brings_singular_values_near_one_and_keeps_directions(shape, dtype):
    blocks = torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    before = torch.linalg.svdvals(blocks / torch.linalg.matrix_norm(blocks, keepdim=True))
    result = orthogonalised(blocks, 5, dtype)
    values = torch.linalg.svdvals(result)
    # bfloat16 loses the directions that were hardly there
    least = 0.85 if dtype == torch.float64 else 0.35
    assert values.min() > least and values.max() < 1.15 and before.min() < 0.3
    u, _, vh = torch.linalg.svd(blocks, full_matrices=False)
    nearest = u @ vh
    cosine = (result * nearest).sum((1, 2)) / (result.norm(dim=(1, 2)) * nearest.norm(dim=(1, 2)))
    assert cosine.min() > 0.95


@pytest.mark.parametrize(
    ("steps", "least", "off"), [(2, 0.03, 0.4), (3, 0.01, 0.3), (4, 0.003, 0.22), (5, 0.001, 0.14)]
)
def test_steps_bring_the_range_they_are_made_for_to_one_and_never_blow_up(steps, least, off):
    values = torch.logspace(math.log10(least), 0, 500, dtype=torch.float64)
    for a, b, c in ORTHOGONALISING[steps]:
        values = a * values + b * values**3 + c * values**5
    assert (values - 1).abs().max() < off
    # one direction alone is the largest that a singular value can be
    alone = torch.zeros(1, 16, 16)
    alone[0, 3, 5] = 7.0
    for dtype in (torch.float32, torch.bfloat16):
        found = orthogonalised(alone, steps, dtype)
        assert abs(float(found[0, 3, 5]) - 1) < off and int(found.count_nonzero()) == 1


def test_a_gradient_of_zeros_moves_nothing():
    parameter = torch.nn.Parameter(torch.ones(4, 4))
    parameter.grad = torch.zeros(4, 4)
    Muon([parameter], lr=1.0, momentum=0.9, newton_schulz_steps=3, gate_rows=4, most_rows=16).step()
    assert torch.equal(parameter.detach(), torch.ones(4, 4))


def test_every_parameter_has_one_role_and_the_rate_of_its_role():
    network = Network(NetworkConfig(cell="lstm", layers=2, hidden=3, symbols=5))
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    assert {role: [names[id(p)] for p in parameters] for role, parameters in roles(network).items()} == {
        "hidden": ["layers.0.w_hidden_GH", "layers.1.w_input_GI", "layers.1.w_hidden_GH"],
        "input": ["layers.0.w_input_GI"],
        "decoder": ["decoder_VH"],
        "bias": [
            "decoder_bias_V",
            *(f"layers.{layer}.{bias}" for layer in (0, 1) for bias in ("b_input_G", "b_hidden_G")),
        ],
    }
    rates = {"hidden_rate": 1, "input_rate": 2, "decoder_rate": 3, "bias_rate": 4}
    for config in (fast(), paper_2015()):
        optimisers = optimisers_for(network, with_settings(config, rates), 100)
        set_rates(optimisers, 0.5)
        by_name = {
            names[id(parameter)]: group["lr"]
            for optimiser in optimisers
            for group in optimiser.param_groups
            for parameter in group["params"]
        }
        assert set(by_name) == set(names.values())
        assert by_name["layers.1.w_input_GI"] == by_name["layers.0.w_hidden_GH"] == 0.5
        assert by_name["layers.0.w_input_GI"] == 1.0 and by_name["decoder_VH"] == 1.5
        assert by_name["decoder_bias_V"] == by_name["layers.1.b_hidden_G"] == 2.0


def test_a_longer_run_of_a_plain_cell_has_the_lower_hidden_rate_and_no_other():
    network = Network(NetworkConfig(cell="rnn", layers=1, hidden=3, symbols=5))
    config = with_settings(fast("rnn"), {"hidden_rate_updates": 100})
    short, long = (
        [
            group["initial_lr"]
            for each in optimisers_for(network, config, updates)
            for group in each.param_groups
        ]
        for updates in (100, 900)
    )
    assert long == [pytest.approx(short[0] / 3), *short[1:]]


def test_rmsprop_is_char_rnns():
    """m <- 0.95 m + 0.05 g^2 from zero; x <- x - rate g / (sqrt(m) + 1e-8)."""
    network = Network(NetworkConfig(cell="rnn", layers=1, hidden=2, symbols=2))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    (rmsprop,) = optimisers_for(network, paper_2015(), 100)
    gradients, mean, x = [0.5, -0.1, 0.3], 0.0, 0.0
    for gradient in gradients:
        for parameter in network.parameters():
            parameter.grad = torch.full_like(parameter, gradient)
        rmsprop.step()
        mean = 0.95 * mean + 0.05 * gradient**2
        x -= 2e-3 * gradient / (mean**0.5 + 1e-8)
    assert float(network.decoder_VH[0, 0].detach()) == pytest.approx(x, rel=1e-5)
