"""The compiled step against the definition: loss, every gradient, states, dropout, in every cell and
shape."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from rnnscope.errors import BackendError
from rnnscope.models import Network, NetworkConfig, initialise
from rnnscope.recurrence import KINDS
from rnnscope.recurrence.native.step import NativeStep, StackShape
from rnnscope.recurrence.native.variants import SWITCH
from rnnscope.recurrence.scan import scan

pytestmark = pytest.mark.usefixtures("can_compile")


@cache
def native(precision: str, most: str = "avx512") -> NativeStep:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SWITCH, most)
        return NativeStep(precision)


@dataclass
class Window:
    """A network of random weights and what it reads."""

    network: Network
    ids_TB: Tensor
    targets_TB: Tensor
    state: Tensor
    kept_LTBH: Tensor | None
    kept_share: float

    @property
    def shape(self) -> StackShape:
        config = self.network.config
        return StackShape(config.cell, config.layers, config.hidden, config.symbols)

    @property
    def weights(self) -> list[Tensor]:
        layers = [parameter.detach() for layer in self.network.layers for parameter in layer.parameters()]
        return [*layers, self.network.decoder_VH.detach(), self.network.decoder_bias_V.detach()]


def window(
    cell: str,
    layers: int,
    hidden: int,
    symbols: int = 11,
    steps: int = 6,
    streams: int = 5,
    dropout: float = 0.0,
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
    spread: float = 0.5,
) -> Window:
    draw = torch.Generator().manual_seed(seed)
    config = {"cell": cell, "layers": layers, "hidden": hidden, "symbols": symbols}
    network = Network(NetworkConfig.model_validate(config)).to(dtype)
    initialise(network, "uniform", draw, uniform_range=spread)
    ids = torch.randint(symbols, (steps + 1, streams), generator=draw)
    states = len(KINDS[cell].state)
    state = torch.randn(layers, states, streams, hidden, generator=draw).to(dtype) / 2
    kept = torch.rand(layers, steps, streams, hidden, generator=draw) >= dropout
    return Window(
        network,
        ids[:-1].contiguous(),
        ids[1:].contiguous(),
        state,
        kept.view(torch.uint8) if dropout else None,
        1 - dropout,
    )


def by_definition(given: Window) -> tuple[Tensor, list[Tensor], Tensor, Tensor]:
    """Loss, gradients, state after, log-probabilities: cells.py in float64."""
    network = Network(given.network.config).double()
    network.load_state_dict(given.network.state_dict())
    carried, end = given.ids_TB, []
    for index, layer in enumerate(network.layers):
        before = tuple(given.state[index].double())
        carried, after = scan(network.config.cell, carried, before, layer.weights, "definition")  # pyright: ignore[reportArgumentType]
        end.append(torch.stack(after))
        if given.kept_LTBH is not None:
            carried = carried * given.kept_LTBH[index] / given.kept_share
    logits_TBV = F.linear(carried, network.decoder_VH, network.decoder_bias_V)
    loss = F.cross_entropy(logits_TBV.flatten(0, 1), given.targets_TB.flatten())
    weights = [parameter for layer in network.layers for parameter in layer.parameters()]
    gradients = torch.autograd.grad(loss, [*weights, network.decoder_VH, network.decoder_bias_V])
    return loss.detach(), list(gradients), torch.stack(end).detach(), F.log_softmax(logits_TBV, -1).detach()


def by_native(step: NativeStep, given: Window) -> tuple[float, list[Tensor], Tensor]:
    gradients = [torch.full_like(weight, float("nan")) for weight in given.weights]
    loss, after = step.update(
        given.shape,
        given.weights,
        given.ids_TB,
        given.targets_TB,
        given.state,
        gradients,
        given.kept_LTBH,
        given.kept_share,
    )
    return loss, gradients, after


def error(found: Tensor, right: Tensor) -> float:
    """Largest error as a share of the largest element."""
    return float((found.double() - right).abs().max() / right.abs().max().clamp_min(1e-30))


def errors(step: NativeStep, given: Window) -> tuple[float, float, float]:
    """Of the loss, of the worst gradient, of the state after."""
    loss, gradients, after = by_native(step, given)
    right_loss, right_gradients, right_after, _ = by_definition(given)
    worst = max(error(found, right) for found, right in zip(gradients, right_gradients, strict=True))
    return abs(loss / float(right_loss) - 1), worst, error(after, right_after)


@pytest.mark.parametrize("most", ["avx512", "avx2"])
@pytest.mark.parametrize("cell", KINDS)
@settings(max_examples=25, deadline=None)
@given(
    layers=st.integers(1, 3),
    hidden=st.integers(1, 40),
    symbols=st.integers(2, 130),
    steps=st.integers(1, 9),
    streams=st.integers(1, 14),
    dropout=st.sampled_from([0.0, 0.3]),
    seed=st.integers(0, 99),
)
def test_in_float64_it_is_the_definition(cell, most, layers, hidden, symbols, steps, streams, dropout, seed):
    given = window(cell, layers, hidden, symbols, steps, streams, dropout, seed)
    assert max(errors(native("float64", most), given)) < 1e-11


@pytest.mark.parametrize("most", ["avx512", "avx2"])
@pytest.mark.parametrize("cell", KINDS)
@pytest.mark.parametrize("hidden", [16, 84, 241])
def test_in_float32_it_is_the_definition_to_rounding(cell, most, hidden):
    given = window(cell, 2, hidden, 87, 20, 12, 0.2, dtype=torch.float32, spread=0.1)
    assert max(errors(native("float32", most), given)) < 1e-4


@pytest.mark.parametrize("most", ["avx512", "avx2"])
@pytest.mark.parametrize("cell", KINDS)
@pytest.mark.parametrize(("layers", "dropout"), [(1, 0.0), (2, 0.0), (3, 0.2)])
@pytest.mark.parametrize("hidden", [64, 84, 151])
def test_in_bfloat16_gradients_are_within_a_hundredth(cell, most, hidden, layers, dropout):
    given = window(cell, layers, hidden, 87, 50, 32, dropout, dtype=torch.float32, spread=0.08)
    loss, gradient, after = errors(native("bfloat16", most), given)
    assert loss < 1e-4 and 1e-4 < gradient < 1e-2 and after < 1e-2


@pytest.mark.parametrize("most", ["avx512", "avx2"])
@pytest.mark.parametrize("hidden", [16, 21, 84])
def test_sums_of_bfloat16_products_are_float32s(most, hidden):
    """Where bfloat16 holds the weights and the state, one step is float32's, kept in bfloat16."""
    given = window("rnn", 1, hidden, steps=1, streams=40, dtype=torch.float32)
    state = given.state.bfloat16().float()

    def share_alike(weights: list[Tensor]) -> float:
        low, exact = (
            native(precision, most).read(given.shape, weights, given.ids_TB, state)[1]
            for precision in ("bfloat16", "float32")
        )
        return float((low == exact.bfloat16()).float().mean())

    assert share_alike([each.bfloat16().float() for each in given.weights]) > 0.99
    assert share_alike(given.weights) < 0.95


@pytest.mark.parametrize("cell", KINDS)
@pytest.mark.parametrize("layers", [1, 3])
def test_it_reads_what_the_definition_reads_and_goes_on_from_its_state(cell, layers):
    given, step = window(cell, layers, 21, steps=9), native("float64")
    _, _, right_after, right_log_probs = by_definition(given)
    whole, after = step.read(given.shape, given.weights, given.ids_TB, given.state)
    assert error(whole, right_log_probs) < 1e-11 and error(after, right_after) < 1e-11
    first, between = step.read(given.shape, given.weights, given.ids_TB[:4].contiguous(), given.state)
    second, end = step.read(given.shape, given.weights, given.ids_TB[4:].contiguous(), between)
    assert torch.equal(torch.cat([first, second]), whole) and torch.equal(end, after)


@pytest.mark.parametrize("cell", KINDS)
def test_threads_change_rounding_alone(cell):
    given, step = window(cell, 2, 20, streams=37, dropout=0.3), native("float64")
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        assert max(errors(step, given)) < 1e-11
        several, _ = step.read(given.shape, given.weights, given.ids_TB, given.state)
    finally:
        torch.set_num_threads(before)
    torch.set_num_threads(1)
    try:
        alone, _ = step.read(given.shape, given.weights, given.ids_TB, given.state)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(several, alone)


def test_two_networks_at_once_do_not_meet():
    step = native("float64")
    several = [window("lstm", 2, 20 + seed, streams=9, steps=30, seed=seed) for seed in range(8)]
    alone = [by_native(step, given) for given in several]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            for (loss, gradients, after), at_once in zip(
                alone, pool.map(lambda given: by_native(step, given), several), strict=True
            ):
                assert loss == at_once[0] and torch.equal(after, at_once[2])
                assert all(torch.equal(a, b) for a, b in zip(gradients, at_once[1], strict=True))


def test_a_window_after_a_larger_one_sees_nothing_of_it():
    step, small = NativeStep("float64"), window("gru", 2, 5, steps=3, streams=3)
    fresh = by_native(step, small)
    by_native(step, window("lstm", 3, 77, steps=20, streams=30, seed=1))
    again = by_native(step, small)
    assert fresh[0] == again[0]
    assert all(torch.equal(a, b) for a, b in zip(fresh[1], again[1], strict=True))


def test_extreme_weights_give_numbers():
    for cell in KINDS:
        given = window(cell, 1, 20, dtype=torch.float32, spread=300.0)
        loss, gradients, after = by_native(native("float32"), given)
        assert loss < float("inf") and all(bool(each.isfinite().all()) for each in [*gradients, after])


@pytest.mark.parametrize("bad", [-1, 11, 2**40])
def test_an_id_outside_the_alphabet_is_an_error_and_not_a_crash(bad):
    given = window("lstm", 1, 4)
    given.ids_TB[2, 1] = bad
    with pytest.raises(ValueError, match="outside the alphabet"):
        by_native(native("float64"), given)


@pytest.mark.parametrize("cell", KINDS)
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_a_network_goes_back_the_same_way_with_it_and_without(cell, dropout):
    given = window(cell, 2, 9)
    config = given.network.config.model_copy(update={"dropout": dropout})
    state = tuple(tuple(layer) for layer in given.state)
    found = []
    for backend in ("native", "definition"):
        network = Network(config, backend).double().train()
        network.load_state_dict(given.network.state_dict())
        draws = torch.Generator().manual_seed(5)
        loss, after = network.backpropagate(given.ids_TB, given.targets_TB, state, draws, torch.float64)
        found.append(
            [loss, *(each for layer in after for each in layer), *(p.grad for p in network.parameters())]
        )
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("most", ["avx512", "avx2"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("cell", KINDS)
def test_no_number_in_is_no_number_out(cell, precision, most):
    step = native(precision, most)
    given = window(cell, 1, 20, dtype=step.dtype)
    given.weights[1][3, 5] = float("nan")
    loss, _, after = by_native(step, given)
    log_probs, _ = step.read(given.shape, given.weights, given.ids_TB, given.state)
    assert loss != loss and bool(after.isnan().any()) and bool(log_probs.isnan().any())


def test_weights_and_ids_that_it_cannot_take_as_they_are_go_another_way():
    given = window("lstm", 1, 9)
    state = tuple(tuple(layer) for layer in given.state)
    plain = Network(given.network.config, "definition").double().train()
    plain.load_state_dict(given.network.state_dict())
    right, _ = plain.backpropagate(given.ids_TB, given.targets_TB, state, dtype=torch.float64)
    # float64 weights and products in float32, as `backpropagate` has them if nothing is said
    found, _ = given.network.backpropagate(given.ids_TB, given.targets_TB, state)
    assert float(found) == pytest.approx(float(right), rel=1e-12)
    named = Network(given.network.config, "native").double()
    named.load_state_dict(given.network.state_dict())
    with pytest.raises(BackendError, match=r"with weights in torch\.float64 and products"):
        named.backpropagate(given.ids_TB, given.targets_TB, state)
    # narrow ids are widened
    found, _ = named.backpropagate(given.ids_TB.int(), given.targets_TB.int(), state, dtype=torch.float64)
    assert float(found) == pytest.approx(float(right), rel=1e-9)
    inputs_RT = given.ids_TB.T.numpy()
    low = Network(given.network.config).bfloat16()
    low.load_state_dict(given.network.state_dict())
    whole, rounded = (next(iter(network.log_prob_blocks(inputs_RT))) for network in (named, low))
    assert np.abs(whole - rounded).max() < 0.1


def test_a_cell_that_it_does_not_know_goes_another_way(monkeypatch):
    from rnnscope.models import network

    given = window("gru", 1, 9, dtype=torch.float32)
    monkeypatch.setattr(network, "CELL_NUMBERS", {"rnn": 0})
    state = tuple(tuple(layer) for layer in given.state)
    loss, _ = given.network.backpropagate(given.ids_TB, given.targets_TB, state)
    assert bool(loss.isfinite())
    with pytest.raises(BackendError, match="cannot run 'gru'"):
        Network(given.network.config, "native").backpropagate(given.ids_TB, given.targets_TB, state)


def test_by_name_it_runs_or_raises_and_auto_goes_without(monkeypatch):
    from rnnscope.recurrence import stack

    monkeypatch.setenv(SWITCH, "off")
    monkeypatch.setattr(stack, "_loaded", {})
    heard: list[str] = []
    cpu = torch.device("cpu")
    assert stack.native_step(cpu, torch.float32, "auto", heard.append) is None
    assert len(heard) == 1 and "RNNSCOPE_NATIVE=off" in heard[0]
    with pytest.raises(BackendError, match="'native' cannot run"):
        stack.native_step(cpu, torch.float32, "native")
    assert stack.native_step(cpu, torch.float32, "definition") is None
