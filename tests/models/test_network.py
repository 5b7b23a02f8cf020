"""Networks as predictors: distributions, causality, carried state, dropout, recording."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnscope.errors import ConfigError
from rnnscope.models import Network, NetworkConfig, initialise
from rnnscope.models import network as network_module
from rnnscope.recurrence import KINDS
from rnnscope.scoring import Predictor, score

SYMBOLS = 7


def network(
    cell: str = "lstm", layers: int = 2, hidden: int = 6, dropout: float = 0.0, seed: int = 0
) -> Network:
    made = Network(
        NetworkConfig.model_validate(
            {"cell": cell, "layers": layers, "hidden": hidden, "symbols": SYMBOLS, "dropout": dropout}
        )
    )
    initialise(made, "uniform", torch.Generator().manual_seed(seed), uniform_range=0.8)
    return made


def text(rows: int, steps: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(SYMBOLS, size=(rows, steps)).astype(np.uint8)


@pytest.mark.parametrize("cell", KINDS)
@settings(max_examples=8, deadline=None)
@given(rows=st.integers(1, 3), steps=st.integers(0, 12), layers=st.integers(1, 3), block=st.integers(1, 3000))
def test_log_probabilities_sum_to_one_whatever_the_blocks(cell, rows, steps, layers, block):
    made, inputs_RT = network(cell, layers), text(rows, steps)
    assert isinstance(made, Predictor)
    whole = list(made.log_prob_blocks(inputs_RT))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network_module, "BLOCK_NUMBERS", block)
        pieces = list(made.log_prob_blocks(inputs_RT))
    assert sum(len(piece) for piece in pieces) == steps
    if steps:
        log_probs = np.concatenate(pieces)
        assert log_probs.shape == (steps, rows, SYMBOLS) and log_probs.dtype == np.float32
        np.testing.assert_allclose(np.exp(log_probs).sum(axis=2), 1, atol=1e-5)
        np.testing.assert_allclose(log_probs, np.concatenate(whole), atol=2e-6)


@pytest.mark.parametrize("cell", KINDS)
def test_text_after_a_character_changes_nothing_at_it_and_text_before_does(cell):
    made, inputs_RT = network(cell), text(2, 20)
    later, earlier = inputs_RT.copy(), inputs_RT.copy()
    later[:, 12:] = (later[:, 12:] + 1) % SYMBOLS
    earlier[:, 3] = (earlier[:, 3] + 1) % SYMBOLS
    plain, changed_later, changed_earlier = (
        np.concatenate(list(made.log_prob_blocks(each))) for each in (inputs_RT, later, earlier)
    )
    assert np.array_equal(plain[:12], changed_later[:12])
    assert np.array_equal(plain[:3], changed_earlier[:3])
    assert (plain[12] != changed_later[12]).any() and (plain[12] != changed_earlier[12]).any()


@pytest.mark.parametrize("cell", KINDS)
def test_windows_with_the_state_carried_are_one_long_pass(cell):
    made, ids_TB = network(cell).eval(), torch.from_numpy(text(3, 11).T.astype(np.int64))
    with torch.no_grad():
        whole_TBV, end = made(ids_TB)
        first_TBV, state = made(ids_TB[:4])
        second_TBV, state = made(ids_TB[4:], state)
        reset_TBV, _ = made(ids_TB[4:])
    torch.testing.assert_close(torch.cat([first_TBV, second_TBV]), whole_TBV)
    for layer, layer_end in zip(state, end, strict=True):
        for got, wanted in zip(layer, layer_end, strict=True):
            torch.testing.assert_close(got, wanted)
    assert not torch.allclose(reset_TBV, whole_TBV[4:], atol=1e-3)


def test_reading_gives_what_the_forward_pass_gives_in_training_mode_too():
    made, inputs_RT = network(dropout=0.5).train(), text(2, 9)
    read = np.concatenate(list(made.log_prob_blocks(inputs_RT)))
    assert made.training
    with torch.no_grad():
        logits_TBV, _ = made.eval()(torch.from_numpy(inputs_RT.T.astype(np.int64)))
    np.testing.assert_allclose(read, torch.log_softmax(logits_TBV, dim=-1).numpy(), atol=1e-6)


def test_a_reader_may_compute_gradients_between_blocks(monkeypatch):
    monkeypatch.setattr(network_module, "BLOCK_NUMBERS", 1)
    for _ in network().log_prob_blocks(text(1, 3)):
        weight = torch.ones(2, requires_grad=True)
        (weight * 2).sum().backward()
        assert weight.grad is not None


def test_dropout_stands_between_layers_and_before_the_decoder_and_nowhere_else():
    """With all but the dropped places linearised away, the share of zeros at each place tells where masks
    are.
    """
    ids_TB = torch.from_numpy(text(40, 3).T.astype(np.int64))
    made = network("rnn", layers=2, hidden=50, dropout=0.5).train()
    with torch.no_grad():
        for layer in made._stack:
            layer.w_hidden_GH.zero_()
            layer.b_input_G.zero_()
            layer.b_hidden_G.zero_()
        made._stack[0].w_input_GI.fill_(1e-3)
        made._stack[1].w_input_GI.copy_(torch.eye(50))
        # every logit shows one unit of the top layer
        made.decoder_VH.zero_()
        made.decoder_VH[:, :SYMBOLS].copy_(torch.eye(SYMBOLS))
        made.decoder_bias_V.zero_()
        logits_TBV, _ = made(ids_TB, generator=torch.Generator().manual_seed(0))
        kept, full = logits_TBV != 0, made.eval()(ids_TB)[0]
    # two masks of one half each, and what is kept is divided by one half twice
    assert 0.18 < kept.float().mean() < 0.32
    torch.testing.assert_close(logits_TBV[kept], 4 * full[kept], rtol=1e-4, atol=0)


def test_dropout_masks_come_from_the_generator_passed_and_from_nothing_else():
    ids_TB = torch.from_numpy(text(3, 5).T.astype(np.int64))
    made = network(dropout=0.5).train()

    def logits(seed: int) -> torch.Tensor:
        return made(ids_TB, generator=torch.Generator().manual_seed(seed))[0]

    before = torch.random.get_rng_state()
    assert torch.equal(logits(1), logits(1)) and not torch.equal(logits(1), logits(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    with pytest.raises(ValueError, match="generator"):
        made(ids_TB)


@pytest.mark.parametrize("cell", KINDS)
def test_recorded_sites_are_those_of_the_predictions(cell, monkeypatch):
    """The top layer's recorded h, decoded, gives the same log-probabilities; sites obey the cell's own
    equations.
    """
    made, inputs_RT = network(cell), text(3, 17)
    monkeypatch.setattr(network_module, "BLOCK_NUMBERS", 600)
    blocks = list(made.record_blocks(inputs_RT))
    assert len(blocks) > 1 and all(list(block) == made.sites for block in blocks)
    sites = {name: np.concatenate([block[name] for block in blocks], axis=1) for name in made.sites}
    assert {values.shape for values in sites.values()} == {(3, 17, 6)}
    decoder_VH, bias_V = (p.detach().numpy() for p in (made.decoder_VH, made.decoder_bias_V))
    logits_RTV = sites["layers.1.h"] @ decoder_VH.T + bias_V
    log_probs = logits_RTV - np.log(np.exp(logits_RTV).sum(axis=2, keepdims=True))
    read = np.concatenate(list(made.log_prob_blocks(inputs_RT))).transpose(1, 0, 2)
    np.testing.assert_allclose(log_probs, read, atol=1e-5)
    if cell == "lstm":
        at = {site: sites[f"layers.0.{site}"] for site in KINDS[cell].sites}
        before = np.concatenate([np.zeros_like(at["c"][:, :1]), at["c"][:, :-1]], axis=1)
        np.testing.assert_allclose(at["c"], at["f"] * before + at["i"] * at["g"], atol=1e-6)
        np.testing.assert_allclose(at["h"], at["o"] * at["tanh_c"], atol=1e-6)


def test_only_the_sites_asked_for_are_recorded_and_unknown_ones_are_refused():
    made = network()
    (block,) = made.record_blocks(text(2, 5), ["layers.1.f", "layers.0.c"])
    assert list(block) == ["layers.1.f", "layers.0.c"]
    with pytest.raises(ConfigError, match=r"no site 'layers.1.forget'.*did you mean"):
        made.record_blocks(text(2, 5), ["layers.1.forget"])


def test_a_network_wired_by_hand_that_repeats_its_input_scores_near_zero_on_repeats():
    made = network("rnn", layers=1, hidden=SYMBOLS)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()
        made._stack[0].w_input_GI.copy_(torch.eye(SYMBOLS) * 5)
        made.decoder_VH.copy_(torch.eye(SYMBOLS) * 20)
    same = np.repeat(np.arange(SYMBOLS, dtype=np.uint8)[:, None], 9, axis=1)
    assert score(made, same[:, :-1], same[:, 1:]).mean_nats < 1e-3
    other = (same + np.arange(9, dtype=np.uint8)) % SYMBOLS
    assert score(made, other[:, :-1], other[:, 1:]).mean_nats > 5


def test_orthogonal_blocks_are_orthogonal_and_forget_biases_one():
    made = Network(NetworkConfig(cell="lstm", layers=2, hidden=5, symbols=4))
    initialise(made, "orthogonal", torch.Generator().manual_seed(0))
    for layer in made._stack:
        for block_HH in layer.w_hidden_GH.detach().split(5):
            torch.testing.assert_close(block_HH @ block_HH.T, torch.eye(5), atol=1e-5, rtol=0)
        total = (layer.b_input_G + layer.b_hidden_G).detach().split(5)
        assert [float(each.mean()) for each in total] == [0.0, 1.0, 0.0, 0.0]


def test_initial_weights_depend_on_the_generator_alone():
    before = torch.random.get_rng_state()
    first, again, other = (network(seed=seed).decoder_VH for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("cell", KINDS)
def test_recording_goes_on_from_the_state_that_another_one_ended_with(cell):
    made, ids_RT = network(cell), text(3, 12)
    ((whole, _),) = made.record_from(ids_RT)
    ((first, state),) = made.record_from(ids_RT[:, :5])
    ((rest, _),) = made.record_from(ids_RT[:, 5:], state=state)
    for name, values_RTH in whole.items():
        np.testing.assert_allclose(np.concatenate([first[name], rest[name]], 1), values_RTH, atol=1e-6)
