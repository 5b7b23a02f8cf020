"""Muon against its plain form; RMSProp and AdamW by part."""

import math

import pytest
import torch

from rnnscope.models import Network, NetworkConfig
from rnnscope.training import fast, paper_2015, with_settings
from rnnscope.training.optimisers import (
    ORTHOGONALISING,
    Muon,
    optimisers_for,
    orthogonalised,
    roles,
    set_rates,
)


def plain_muon(weight, gradients, block_rows, rate, momentum, steps):
    """One matrix, block by block, update by update, straight from the description."""
    mean = torch.zeros_like(weight)
    for gradient in gradients:
        mean = momentum * mean + (1 - momentum) * gradient
        ahead = momentum * mean + (1 - momentum) * gradient
        for start in range(0, len(weight), block_rows):
            block = ahead[start : start + block_rows]
            x = block / (1.02 * (block @ block.T).norm()) ** 0.5
            for a, b, c in ORTHOGONALISING[steps]:
                square = x @ x.T
                x = a * x + (b * square + c * square @ square) @ x
            scale = max(1, block.shape[0] / block.shape[1]) ** 0.5
            weight = torch.cat(
                [
                    weight[:start],
                    weight[start : start + block_rows] - rate * scale * x,
                    weight[start + block_rows :],
                ]
            )
    return weight


def test_batched_muon_equals_the_plain_one():
    generator = torch.Generator().manual_seed(0)
    shapes = [(12, 4), (12, 4), (12, 7)]
    weights = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    gradients = [
        [torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(3)] for shape in shapes
    ]
    parameters = [torch.nn.Parameter(weight.clone()) for weight in weights]
    muon = Muon(parameters, lr=0.1, momentum=0.9, newton_schulz_steps=3, block_rows=4, dtype=torch.float64)
    for step in range(3):
        for parameter, series in zip(parameters, gradients, strict=True):
            parameter.grad = series[step].clone()
        muon.step()
    for parameter, weight, series in zip(parameters, weights, gradients, strict=True):
        expected = plain_muon(weight, series, 4, 0.1, 0.9, 3)
        torch.testing.assert_close(parameter.detach(), expected, rtol=1e-10, atol=1e-10)


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
    Muon([parameter], lr=1.0, momentum=0.9, newton_schulz_steps=3, block_rows=4).step()
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
        optimisers = optimisers_for(network, with_settings(config, rates))
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


def test_rmsprop_is_char_rnns():
    """m <- 0.95 m + 0.05 g^2 from zero; x <- x - rate g / (sqrt(m) + 1e-8)."""
    network = Network(NetworkConfig(cell="rnn", layers=1, hidden=2, symbols=2))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    (rmsprop,) = optimisers_for(network, paper_2015())
    gradients, mean, x = [0.5, -0.1, 0.3], 0.0, 0.0
    for gradient in gradients:
        for parameter in network.parameters():
            parameter.grad = torch.full_like(parameter, gradient)
        rmsprop.step()
        mean = 0.95 * mean + 0.05 * gradient**2
        x -= 2e-3 * gradient / (mean**0.5 + 1e-8)
    assert float(network.decoder_VH[0, 0].detach()) == pytest.approx(x, rel=1e-5)
