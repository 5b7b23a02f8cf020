# pyright: reportAttributeAccessIssue=false, reportArgumentType=false
"""A unit that is held: what is predicted then, and what is not touched."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

import rnnscope
from rnnscope.errors import ConfigError
from rnnscope.models.network import Network
from rnnscope.models.sizing import NetworkConfig
from rnnscope.replay.sampling import sample
from rnnscope.replay.steering import Hold, effect_of, holding

_spec = importlib.util.spec_from_file_location("wired", Path(__file__).with_name("wired.py"))
assert _spec and _spec.loader
wired = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(wired)

PROMOTES = 8.0
"""What the parenthesis unit adds to the logit of ')', times its output."""


@pytest.fixture
def network() -> Network:
    """The parenthesis unit only promotes ')'; nothing listens to the still unit."""
    made = wired.wired_lstm()
    weights = made.layers[0].weights
    with torch.no_grad():
        for unit in (wired.PAREN_UNIT, wired.STILL_UNIT):
            weights.w_hidden_GH[:, unit] = 0
            made.decoder_VH[:, unit] = 0
        made.decoder_VH[wired.SYMBOLS.index(")"), wired.PAREN_UNIT] = PROMOTES
    return made


@pytest.fixture
def ids() -> np.ndarray:
    return wired.ids_of(wired.paren_text(300, seed=1))


def drawn(cell: str, layers: int = 2) -> Network:
    torch.manual_seed(2)
    made = Network(NetworkConfig(cell=cell, layers=layers, hidden=7, symbols=9))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.uniform_(-1.5, 1.5)
    return made.eval()


def logits_of(network: Network, ids: np.ndarray, *holds: Hold) -> torch.Tensor:
    ids_T1 = torch.from_numpy(ids.astype(np.int64))[:, None]
    with torch.inference_mode():
        return holding(network, [holds])(ids_T1, None)[0][:, 0]


def test_holding_the_parenthesis_unit_moves_the_logit_it_is_wired_to_and_no_other(network, ids):
    alone_TV, held_TV = logits_of(network, ids), logits_of(network, ids, Hold(0, wired.PAREN_UNIT, -0.5))
    text = "".join(wired.SYMBOLS[i] for i in ids)
    inside = np.cumsum([(c == "(") - (c == ")") for c in text]) > 0
    shown = 1 / (1 + np.exp(-1))  # its output gate
    expected = PROMOTES * shown * (-0.5 - np.where(inside, np.tanh(1), 0))
    closes = wired.SYMBOLS.index(")")
    change_TV = (held_TV - alone_TV).numpy()
    np.testing.assert_allclose(change_TV[:, closes], expected, atol=1e-2)
    others = np.delete(np.arange(len(wired.SYMBOLS)), closes)
    np.testing.assert_allclose(change_TV[:, others], 0, atol=1e-5)


def test_the_effect_names_the_wired_symbol_and_an_unrelated_unit_has_none(network, ids):
    held = effect_of(network, ids, [Hold(0, wired.PAREN_UNIT, 0.9)], 10, np.random.default_rng(0))
    still = effect_of(network, ids, [Hold(0, wired.STILL_UNIT, 0.9)], 10, np.random.default_rng(0))
    assert wired.SYMBOLS[int((held.after_V - held.before_V).argmax())] == ")"
    assert held.change_nats > 0.1
    assert abs(still.change_nats) < 1e-9
    np.testing.assert_allclose(still.before_V, still.after_V, rtol=1e-6)
    assert len(held.controls_nats) == wired.UNITS - 1
    # the still unit is among the controls of the other
    assert abs(min(held.controls_nats)) < 1e-9 and max(held.controls_nats) > 1e-3
    np.testing.assert_allclose([held.before_V.sum(), held.after_V.sum()], 1, rtol=1e-6)


def test_an_effect_is_the_divergence_of_the_predictions_from_the_given_character_on(network, ids):
    holds, first = [Hold(0, wired.PAREN_UNIT, 0.3)], 7
    alone_TV, held_TV = (
        each.double().log_softmax(-1)[first:]
        for each in (logits_of(network, ids), logits_of(network, ids, *holds))
    )
    expected = float((alone_TV.exp() * (alone_TV - held_TV)).sum(-1).mean())
    found = effect_of(network, ids, holds, first, np.random.default_rng(0))
    assert found.change_nats == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("cell", "site"), [("lstm", "tanh_c"), ("gru", "h"), ("gru-2015", "h"), ("rnn", "h")]
)
def test_what_is_written_is_what_hooks_predict_and_the_unit_has_its_value_at_every_step(cell, site):
    network, prime, holds = drawn(cell), np.array([3, 1]), [Hold(0, 4, 0.8), Hold(1, 2, -0.95)]
    written = sample(network, prime, 40, 0.0, np.random.default_rng(0), holds)
    assert written.tolist() != sample(network, prime, 40, 0.0, np.random.default_rng(0)).tolist()

    def held(value, at):
        unit, to = (4, 0.8) if at.name.startswith("layers.0.") else (2, -0.95)
        value[:, unit] = np.arctanh(to) if at.name.endswith(".c") else to

    at = "c" if cell == "lstm" else "h"
    text = np.concatenate([prime, written])[None, :-1].astype(np.int64)
    logits_BTV, cache = rnnscope.attach(network).run_with_hooks_and_cache(
        torch.from_numpy(text), hooks=[(f"layers.*.{at}", held)]
    )
    assert logits_BTV[0, 1:].argmax(-1).tolist() == written.tolist()
    np.testing.assert_allclose(cache[f"layers.0.{site}"][0, :, 4], 0.8, atol=1e-6)
    np.testing.assert_allclose(cache[f"layers.1.{site}"][0, :, 2], -0.95, atol=1e-6)


def test_holding_nothing_changes_nothing_to_the_last_bit(network, ids):
    ids_T1 = torch.from_numpy(ids.astype(np.int64))[:, None]
    with torch.inference_mode():
        assert torch.equal(logits_of(network, ids), network(ids_T1)[0][:, 0])
    texts = [sample(network, ids[:3], 80, 0.8, np.random.default_rng(4), hold) for hold in ((), [])]
    assert (texts[0] == texts[1]).all()
    np.testing.assert_array_equal(texts[0], sample(network, ids[:3], 80, 0.8, np.random.default_rng(4)))


def test_texts_part_only_where_the_held_unit_matters(network, ids):
    alone, still, held = (
        sample(network, ids[:3], 200, 0.8, np.random.default_rng(4), hold)
        for hold in ((), [Hold(0, wired.STILL_UNIT, 0.9)], [Hold(0, wired.PAREN_UNIT, 0.9)])
    )
    assert (alone == still).all() and (alone != held).any()
    closes = wired.SYMBOLS.index(")")
    assert (held == closes).mean() > 3 * (alone == closes).mean()


@pytest.mark.parametrize(
    ("cell", "hold", "expected"),
    [
        ("gru", Hold(2, 0, 0.5), "layers 1 to 2"),
        ("gru", Hold(-1, 0, 0.5), "layers 1 to 2"),
        ("gru", Hold(1, 7, 0.5), "units 0 to 6"),
        ("gru", Hold(0, 0, 1.01), "between -1 and 1"),
        ("lstm", Hold(0, 0, float("nan")), "between -1 and 1"),
        ("lstm", Hold(0, 0, -1.0), "give -0.99"),
    ],
)
def test_what_cannot_be_held_is_refused(cell, hold, expected):
    with pytest.raises(ConfigError, match=expected):
        sample(drawn(cell), np.array([1]), 3, 1.0, np.random.default_rng(0), [hold])


def test_a_unit_without_others_beside_it_has_no_controls():
    torch.manual_seed(0)
    lone = Network(NetworkConfig(cell="rnn", layers=1, hidden=1, symbols=4))
    with torch.no_grad():
        for parameter in lone.parameters():
            parameter.uniform_(-1, 1)
    found = effect_of(lone.eval(), np.array([0, 1, 2]), [Hold(0, 0, 1.0)], 0, np.random.default_rng(0))
    assert found.controls_nats == () and found.change_nats > 0
