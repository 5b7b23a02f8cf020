"""Memories around a model: each is its definition, none looks ahead, without weight it changes nothing."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from rnnscope.models import Network, NetworkConfig, WindowConfig, WindowNetwork, initialise
from rnnscope.models.memory.cache import Cache, texts_of, true_shares
from rnnscope.models.memory.dynamic_evaluation import (
    EPSILON,
    DynamicEvaluation,
    _Learner,
    gradient_scales,
)
from rnnscope.models.memory.gate import SURENESS, Gate
from rnnscope.models.memory.ngram_mix import Mixing, NgramMix, log_linear
from rnnscope.models.memory.reading import Plain, Reader, log_mixture
from rnnscope.ngrams import KneserNey, count
from rnnscope.records.corpus import PartRows
from rnnscope.scoring import Predictor, score

V, H, CONTEXT = 6, 9, 3
ROWS = np.random.default_rng(0).integers(V, size=(3, 40)).astype(np.uint8)
CACHE = {"window": 7, "theta": 0.8, "weight": 0.3}


def network(seed: int = 0) -> Network:
    made = Network(NetworkConfig(cell="lstm", layers=2, hidden=H, symbols=V))
    initialise(made, "uniform", torch.Generator().manual_seed(seed), uniform_range=0.9)
    return made.eval()


def window_network() -> WindowNetwork:
    made = WindowNetwork(WindowConfig(context=3, hidden=H, symbols=V))
    initialise(made, "uniform", torch.Generator().manual_seed(1), uniform_range=0.9)
    return made.eval()


@pytest.fixture(scope="module")
def ngrams() -> KneserNey:
    text = np.random.default_rng(5).integers(V, size=500).astype(np.uint8)
    text[100:400] = np.tile([0, 1, 2, 3, 1, 4], 50)
    return KneserNey(count(text, PartRows(starts=(0,), row_chars=499), V, CONTEXT))


def gate() -> Gate:
    clues = CONTEXT + 1 + SURENESS + H
    draw = np.random.default_rng(6).normal
    return Gate(draw(size=clues), np.ones(clues), 0.3 * draw(size=(clues, 2)), draw(size=2))


def dynamic(model, carries: bool = False, rate: float = 0.02, decay: float = 0.01) -> DynamicEvaluation:
    scales_P = gradient_scales(model, ROWS[:, :-1], ROWS[:, 1:], 5)
    return DynamicEvaluation(model, scales_P, 5, rate, decay, carries)


def memories(ngrams: KneserNey, carries: bool) -> dict[str, Callable[[], Reader]]:
    gated = [Mixing(is_log_linear=is_log_linear, gate=gate()) for is_log_linear in (False, True)]
    return {
        "cache": lambda: Cache(Plain(network()), **CACHE, carries=carries),
        "cache of an n-NN": lambda: Cache(Plain(window_network()), **CACHE, carries=carries),
        "mix": lambda: NgramMix(Plain(network()), ngrams, CONTEXT, Mixing(0.4)),
        "gated mix": lambda: NgramMix(Plain(network()), ngrams, CONTEXT, gated[0]),
        "gated log-linear mix": lambda: NgramMix(Plain(network()), ngrams, CONTEXT, gated[1]),
        "dynamic": lambda: dynamic(network(), carries),
        "dynamic n-NN": lambda: dynamic(window_network(), carries),
        "all of them": lambda: Cache(
            NgramMix(dynamic(network(), carries), ngrams, CONTEXT, gated[1]), **CACHE, carries=carries
        ),
    }


NAMES = list(memories(None, False))  # pyright: ignore[reportArgumentType]


def log_probs(reader: Predictor, inputs_RT: np.ndarray) -> np.ndarray:
    """(R, T, V)."""
    return np.concatenate(list(reader.log_prob_blocks(inputs_RT))).swapaxes(0, 1)


@pytest.mark.parametrize("carries", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_no_output_changes_when_what_stands_after_it_changes(ngrams, name: str, carries: bool):
    make, cut = memories(ngrams, carries)[name], (1, 17)
    changed = ROWS.copy()
    changed[1, 17:] = (changed[1, 17:] + 1) % V
    changed[2] = (changed[2] + 2) % V
    before, after = log_probs(make(), ROWS), log_probs(make(), changed)
    np.testing.assert_array_equal(before[0], after[0])
    np.testing.assert_array_equal(before[cut[0], : cut[1]], after[cut[0], : cut[1]])
    assert not np.array_equal(before[1, 17:], after[1, 17:])


@pytest.mark.parametrize("carries", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_probabilities_are_positive_and_sum_to_1(ngrams, name: str, carries: bool):
    reader = memories(ngrams, carries)[name]()
    assert isinstance(reader, Predictor)
    found_RTV = log_probs(reader, ROWS)
    assert found_RTV.dtype == np.float32 and found_RTV.shape == (3, 40, V)
    assert np.isfinite(found_RTV).all()
    np.testing.assert_allclose(np.exp(found_RTV.astype(np.float64)).sum(-1), 1, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in NAMES if "mix" not in name])
def test_a_row_knows_of_the_row_before_it_only_where_memory_is_carried(ngrams, name: str):
    other = ROWS.copy()
    other[0] = (other[0] + 1) % V
    for carries in (False, True):
        make = memories(ngrams, carries)[name]
        is_same = np.array_equal(log_probs(make(), ROWS)[1], log_probs(make(), other)[1])
        assert is_same != carries


@pytest.mark.parametrize("name", NAMES)
def test_without_carrying_each_row_is_read_as_if_it_were_alone(ngrams, name: str):
    make = memories(ngrams, carries=False)[name]
    alone = [log_probs(make(), ROWS[row : row + 1])[0] for row in range(3)]
    np.testing.assert_allclose(log_probs(make(), ROWS), alone, atol=2e-5)


def test_what_has_no_weight_is_the_plain_model_to_the_last_bit(ngrams):
    plain = log_probs(network(), ROWS)
    for nothing in (
        Cache(Plain(network()), 7, 0.8, 0.0, False),
        NgramMix(Plain(network()), ngrams, CONTEXT, Mixing(0.0)),
        NgramMix(Plain(network()), ngrams, CONTEXT, Mixing(0.0, is_log_linear=True)),
    ):
        np.testing.assert_array_equal(log_probs(nothing, ROWS), plain)


@pytest.mark.parametrize("carries", [False, True])
def test_a_network_that_takes_no_step_is_the_plain_network(carries: bool):
    found = log_probs(dynamic(network(), carries, rate=0.0), ROWS)
    np.testing.assert_allclose(found, log_probs(network(), ROWS), atol=2e-6)


@pytest.mark.parametrize("is_log_linear", [False, True])
def test_an_ngram_with_all_the_weight_is_the_ngram(ngrams, is_log_linear: bool):
    mixed = NgramMix(Plain(network()), ngrams, CONTEXT, Mixing(1.0, is_log_linear=is_log_linear))
    alone = log_probs(ngrams.predictor(CONTEXT), ROWS)
    np.testing.assert_allclose(log_probs(mixed, ROWS), alone, atol=1e-5)


def cache_by_definition(carries: bool, window: int, theta: float, weight: float) -> np.ndarray:
    """The paper's equations in plain loops and float64, (R, T, V)."""
    read = Plain(network()).read(ROWS)
    out = np.exp(read.log_probs_RTV.astype(np.float64))
    rows, steps = ROWS.shape
    for row in range(rows):
        for step in range(steps):
            p_V = np.zeros(V)
            for back in range(1, window + 1):
                place = row * steps + step - back
                if place < 0 or (not carries and place < row * steps) or place % steps == steps - 1:
                    continue  # nothing is there, or no one knows what followed it
                r, s = divmod(place, steps)
                dot = read.top_RTH[row, step].astype(np.float64) @ read.top_RTH[r, s].astype(np.float64)
                p_V[ROWS[r, s + 1]] += np.exp(theta * dot)
            if p_V.sum():
                out[row, step] = (1 - weight) * out[row, step] + weight * p_V / p_V.sum()
    return out


@pytest.mark.parametrize("carries", [False, True])
@pytest.mark.parametrize(
    ("window", "theta"), [(1, 0.8), (7, 0.8), (7, 0.0), (39, 2.0), (60, 2.0), (500, 2.0)]
)
def test_the_cache_is_its_definition(carries: bool, window: int, theta: float):
    found = log_probs(Cache(Plain(network()), window, theta, 0.3, carries), ROWS)
    wanted = cache_by_definition(carries, window, theta, 0.3)
    np.testing.assert_allclose(np.exp(found), wanted, atol=1e-5)


@pytest.mark.parametrize("carries", [False, True])
def test_what_a_cache_is_tuned_on_is_what_it_gives(carries: bool):
    windows, thetas = [3, 7, 50], [0.0, 0.8]
    read = Plain(network()).read(ROWS)
    targets_RT = np.roll(ROWS, -1, axis=1)
    for text in texts_of(read.top_RTH, ROWS, carries):
        span = slice(text.first, text.first + len(text.next_N))
        shares_AWN = true_shares(text, targets_RT.ravel()[span], thetas, windows)
        for a, theta in enumerate(thetas):
            for w, window in enumerate(windows):
                found = cache_by_definition(carries, window, theta, 1.0).reshape(-1, V)[span]
                wanted = np.take_along_axis(found, targets_RT.ravel()[span, None].astype(int), 1)[:, 0]
                is_known = ~np.isnan(shares_AWN[a, w])
                assert is_known.sum() == len(wanted) - (1 if text.first == 0 or not carries else 0)
                np.testing.assert_allclose(shares_AWN[a, w][is_known], wanted[is_known], atol=1e-5)


def test_a_cache_finds_a_repeated_string_and_gains_nothing_on_one_that_is_not():
    draw = np.random.default_rng(3).integers
    string = draw(V, size=60)
    repeated, fresh = np.tile(string, 4)[None], draw(V, size=(1, 240))
    model = window_network()
    gains = {}
    for what, text in (("repeated", repeated), ("fresh", fresh)):
        plain = score(model, text[:, :-1], text[:, 1:]).mean_nats
        cached = score(Cache(Plain(model), 120, 3.0, 0.5, False), text[:, :-1], text[:, 1:]).mean_nats
        gains[what] = plain - cached
    assert gains["repeated"] > 0.5
    assert gains["fresh"] < 0.1 * gains["repeated"]


@pytest.mark.parametrize("carries", [False, True])
def test_dynamic_evaluation_is_its_definition(carries: bool):
    """Steps on the graph's own gradient, in float64."""
    rate, decay, segment = 0.02, 0.05, 5
    model = network().double()
    scales = gradient_scales(network(), ROWS[:, :-1], ROWS[:, 1:], segment).double()
    trained = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
    wanted = []
    for row in torch.from_numpy(ROWS.astype(np.int64)):
        if not carries:
            torch.nn.utils.vector_to_parameters(trained.clone(), model.parameters())
        state = model.zero_state(1)
        for start in range(0, len(row), segment):
            ids, targets = row[start : start + segment, None], row[start + 1 : start + segment + 1]
            logits, after = model(ids, state)
            wanted.append(logits[:, 0].log_softmax(-1).detach())
            nats = torch.nn.functional.cross_entropy(logits[: len(targets), 0], targets)
            gradient = torch.cat([g.flatten() for g in torch.autograd.grad(nats, list(model.parameters()))])
            now = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
            pull = (decay * scales / scales.mean()).clamp(max=1) * (trained - now)
            torch.nn.utils.vector_to_parameters(
                now - rate * gradient / (scales + 1e-5) + pull, model.parameters()
            )
            state = tuple(tuple(each.detach() for each in layer) for layer in after)
    found = DynamicEvaluation(network(), scales.float(), segment, rate, decay, carries)
    np.testing.assert_allclose(log_probs(found, ROWS), torch.cat(wanted).view(3, 40, V), atol=1e-3)


def test_the_pull_is_from_the_weights_before_the_step():
    """In full it takes back all that was learned but the newest step."""
    model, rate = network(), 0.02
    scales_P = torch.full_like(gradient_scales(model, ROWS[:, :-1], ROWS[:, 1:], 5), 0.1)
    learner = _Learner(DynamicEvaluation(model, scales_P, 5, rate, 1.0, False))
    for row in torch.from_numpy(ROWS.astype(np.int64)):
        learner.learn(row[:-1, None], row[1:, None])
        wanted_P = learner.trained_P - rate * learner.flat.gradient_P / (scales_P + EPSILON)
        torch.testing.assert_close(learner.flat.weights_P, wanted_P)
        assert not torch.allclose(wanted_P, learner.trained_P)


def test_dynamic_evaluation_leaves_the_weights_as_they_were():
    model = network()
    before = {name: each.clone() for name, each in model.state_dict().items()}
    learns = dynamic(model, carries=True)
    first = log_probs(learns, ROWS)
    np.testing.assert_array_equal(log_probs(learns, ROWS), first)
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())
    assert all(each.grad is None for each in model.parameters())


def test_dynamic_evaluation_gains_on_a_text_of_other_statistics_than_it_knows():
    text = np.tile([0, 1, 2, 5], 100)[None].astype(np.uint8)
    model = network()
    plain = score(model, text[:, :-1], text[:, 1:]).mean_nats
    learned = score(dynamic(model), text[:, :-1], text[:, 1:]).mean_nats
    assert learned < plain - 0.5


def test_the_loss_that_it_is_tuned_by_is_the_one_that_it_has():
    learns = dynamic(network(), carries=False)
    found = score(learns, ROWS[:, :-1], ROWS[:, 1:]).mean_nats
    assert learns.nats(ROWS) == pytest.approx(found, abs=1e-5)


def test_a_gate_is_the_same_after_json():
    clues = np.random.default_rng(1).normal(size=(5, CONTEXT + 1 + SURENESS + H))
    back = Gate.from_json(gate().as_json())
    np.testing.assert_array_equal(np.stack(back.at(clues)), np.stack(gate().at(clues)))


def test_mixtures_are_their_equations():
    p, q = (np.random.default_rng(seed).dirichlet(np.ones(V), size=4) for seed in (0, 1))
    one, other = np.log(p).astype(np.float32), np.log(q).astype(np.float32)
    np.testing.assert_allclose(np.exp(log_mixture(one, other, 0.3)), 0.7 * p + 0.3 * q, atol=1e-6)
    raised = (p**0.7 * q**0.3) ** 1.2
    wanted = raised / raised.sum(1, keepdims=True)
    np.testing.assert_allclose(np.exp(log_linear(one, other, 0.3, 1.2)), wanted, atol=1e-6)
