import numpy as np
import pytest
import torch

from rnnscope.errors import ConfigError
from rnnscope.models.network import Network
from rnnscope.models.sizing import NetworkConfig
from rnnscope.replay.sampling import sample


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(1)
    made = Network(NetworkConfig(cell="gru", layers=2, hidden=5, symbols=7))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.uniform_(-2, 2)
    return made.eval()


def draw(network: Network, temperature: float, seed: int, chars: int = 60) -> list[int]:
    return sample(network, np.array([3, 1]), chars, temperature, np.random.default_rng(seed)).tolist()


def test_a_seed_decides_the_text_and_another_seed_another_one(network: Network):
    assert draw(network, 0.8, 5) == draw(network, 0.8, 5) != draw(network, 0.8, 6)


def test_temperature_zero_takes_the_likeliest_symbol_at_every_step(network: Network):
    written = draw(network, 0.0, 1, chars=20)
    text = np.array([[3, 1, *written]])
    (block,) = network.log_prob_blocks(text[:, :-1])
    assert written == block[1:, 0].argmax(axis=1).tolist()
    assert written == draw(network, 0.0, 99, chars=20)


def test_draws_have_the_networks_own_probabilities(network: Network):
    (block,) = network.log_prob_blocks(np.array([[3, 1]]))
    expected = np.exp(block[-1, 0])
    firsts = [draw(network, 1.0, seed, chars=1)[0] for seed in range(900)]
    observed = np.bincount(firsts, minlength=7) / 900
    assert np.abs(observed - expected).max() < 4 * 0.5 / np.sqrt(900)


@pytest.mark.parametrize(("prime", "chars", "temperature"), [([], 5, 1.0), ([1], -1, 1.0), ([1], 5, -0.1)])
def test_what_cannot_be_drawn_is_refused(network: Network, prime: list[int], chars: int, temperature: float):
    with pytest.raises(ConfigError):
        sample(network, np.array(prime, dtype=np.int64), chars, temperature, np.random.default_rng(0))
