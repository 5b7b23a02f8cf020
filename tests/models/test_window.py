"""An n-NN is a tanh layer on the last N one-hots, exactly, and sees nothing further back."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from rnnscope.errors import ConfigError
from rnnscope.models import WindowConfig, WindowNetwork, initialise, load_model, load_network, save_model
from rnnscope.scoring import Predictor


def made(context: int = 3, hidden: int = 7, symbols: int = 5) -> WindowNetwork:
    network = WindowNetwork(WindowConfig(context=context, hidden=hidden, symbols=symbols))
    initialise(network, "uniform", torch.Generator().manual_seed(1), uniform_range=0.8)
    return network.eval()


def by_definition(network: WindowNetwork, ids_T: np.ndarray) -> torch.Tensor:
    """Logits after each id, by the product of the whole matrix with the one-hots side by side, zeros before
    the row.
    """
    config = network.config
    matrix_HW = network.w_input_NVH.detach().flatten(0, 1).T
    logits = []
    for t in range(len(ids_T)):
        one_hots = torch.zeros(config.context, config.symbols)
        for back in range(min(config.context, t + 1)):
            one_hots[back, ids_T[t - back]] = 1
        hidden_H = torch.tanh(matrix_HW @ one_hots.flatten() + network.b_input_H.detach())
        logits.append(network.decoder_VH.detach() @ hidden_H + network.decoder_bias_V.detach())
    return torch.stack(logits)


@pytest.mark.parametrize("context", [1, 2, 4, 9])
def test_it_equals_the_product_with_one_hots_however_the_text_is_cut(context: int):
    network = made(context)
    ids_RT = np.random.default_rng(0).integers(5, size=(3, 20))
    wanted = torch.stack([by_definition(network, row) for row in ids_RT])
    ids_TB = torch.from_numpy(ids_RT).T
    with torch.no_grad():
        whole_TBV, _ = network(ids_TB)
        first, state = network(ids_TB[:1])
        second, state = network(ids_TB[1:8], state)
        third, _ = network(ids_TB[8:], state)
    torch.testing.assert_close(whole_TBV.transpose(0, 1), wanted)
    torch.testing.assert_close(torch.cat([first, second, third]), whole_TBV)


def test_it_is_a_predictor_whose_blocks_are_those_logits():
    network = made()
    ids_RT = np.random.default_rng(1).integers(5, size=(2, 30)).astype(np.uint8)
    assert isinstance(network, Predictor)
    blocks_TRV = np.concatenate(list(network.log_prob_blocks(ids_RT)))
    wanted_TV = F.log_softmax(by_definition(network, ids_RT[1]), dim=-1)
    np.testing.assert_allclose(blocks_TRV[:, 1], wanted_TV, atol=1e-5)
    np.testing.assert_allclose(np.exp(blocks_TRV).sum(-1), 1, atol=1e-5)


def test_characters_further_back_than_its_context_change_nothing_and_nearer_ones_do():
    network = made(context=4)
    ids_RT = np.random.default_rng(2).integers(5, size=(1, 12))
    after = list(network.log_prob_blocks(ids_RT))[-1][-1]
    for back in range(12):
        other = ids_RT.copy()
        other[0, -1 - back] = (other[0, -1 - back] + 1) % 5
        is_same = np.array_equal(list(network.log_prob_blocks(other))[-1][-1], after)
        assert is_same == (back >= network.sees)


def test_its_gradient_is_that_of_the_mean_loss_by_the_definition():
    network = made(context=2, hidden=3).double()
    ids = torch.from_numpy(np.random.default_rng(3).integers(5, size=(6, 2)))
    targets = torch.from_numpy(np.random.default_rng(4).integers(5, size=(6, 2)))
    loss, _ = network.backpropagate(ids, targets, network.zero_state(2))
    for parameter in network.parameters():
        flat, gradient = parameter.data.view(-1), parameter.grad
        assert gradient is not None
        for index in (0, len(flat) // 2, len(flat) - 1):
            losses = []
            for step in (1e-6, -2e-6):
                flat[index] += step
                with torch.no_grad():
                    losses.append(F.cross_entropy(network(ids)[0].flatten(0, 1), targets.flatten()))
            flat[index] += 1e-6
            assert float(losses[0] - losses[1]) / 2e-6 == pytest.approx(
                float(gradient.view(-1)[index]), abs=1e-7
            )
    with torch.no_grad():
        mean = F.cross_entropy(network(ids)[0].flatten(0, 1), targets.flatten())
    assert float(loss) == pytest.approx(float(mean))


def test_its_file_gives_it_back_and_is_refused_where_gates_are_wanted(tmp_path: Path):
    network = made()
    save_model(tmp_path / "w.safetensors", network)
    loaded = load_model(tmp_path / "w.safetensors")
    assert loaded.config == network.config
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter, loaded.get_parameter(name))
    with pytest.raises(ConfigError, match="is an n-NN"):
        load_network(tmp_path / "w.safetensors")
