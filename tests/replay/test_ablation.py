# pyright: reportOperatorIssue=false, reportArgumentType=false
"""What a network loses without a unit: against hooks, and where the truth is planted."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

import rnnscope
from rnnscope.analyses.ablation import ablation
from rnnscope.errors import ConfigError
from rnnscope.models import Network, NetworkConfig, initialise
from rnnscope.records.ablation import Ablation, AblationManifest, write_ablation
from rnnscope.replay import ablation as module
from rnnscope.replay.ablation import Ablated, ablate, held_site

_spec = importlib.util.spec_from_file_location("wired", Path(__file__).with_name("wired.py"))
assert _spec and _spec.loader
wired = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(wired)
SYMBOLS, ROWS, STEPS = 5, 5, 9


def drawn(cell: str, layers: int = 2, hidden: int = 4) -> Network:
    config = {"cell": cell, "layers": layers, "hidden": hidden, "symbols": SYMBOLS, "dropout": 0.0}
    network = Network(NetworkConfig.model_validate(config)).eval()
    initialise(network, "uniform", torch.Generator().manual_seed(0), uniform_range=1.0)
    return network


def text() -> tuple[np.ndarray, np.ndarray]:
    ids = np.random.default_rng(0).integers(SYMBOLS, size=(ROWS, STEPS + 1)).astype(np.uint8)
    return ids[:, :-1], ids[:, 1:]


def by_hooks(network: Network, layer: int, unit: int, value: float, at_step: int | None) -> np.ndarray:
    """Nats (R, T) with one unit held, by the other way there is."""
    inputs_RT, targets_RT = text()

    def hold(values, at):
        if at_step in (None, at.step):
            values[:, unit] = value
        return values

    site = f"layers.{layer}.{held_site(network.config.cell)}"
    logits = rnnscope.attach(network).run_with_hooks(
        torch.from_numpy(inputs_RT.astype(np.int64)), hooks=[(site, hold)]
    )
    targets = torch.from_numpy(targets_RT.astype(np.int64))[..., None]
    return -logits.log_softmax(-1).gather(2, targets)[..., 0].numpy()


@pytest.mark.parametrize("at_step", [None, 3])
@pytest.mark.parametrize("to", ["mean", "zero"])
@pytest.mark.parametrize("cell", ["lstm", "gru", "gru-2015", "rnn"])
def test_every_unit_is_held_as_a_hook_would_hold_it(cell, to, at_step):
    network = drawn(cell)
    found = ablate(network, *text(), to=to, at_step=at_step)
    assert found.change_URT.shape == (8, ROWS, STEPS)
    for index in range(8):
        layer, unit = divmod(index, 4)
        held = by_hooks(network, layer, unit, float(found.held_at_U[index]), at_step)
        np.testing.assert_allclose(found.nats_RT + found.change_URT[index], held, atol=2e-6)
    if at_step is not None:
        assert np.abs(found.change_URT[:, :, :at_step]).max() < 1e-6
        assert np.abs(found.change_URT[:, :, at_step:]).max() > 1e-3
    if to == "zero":
        assert (found.held_at_U == 0).all()


def test_batches_and_blocks_change_nothing(monkeypatch):
    network = drawn("lstm", layers=3)
    whole = ablate(network, *text())
    monkeypatch.setattr(module, "STREAMS", 3 * ROWS)
    monkeypatch.setattr(module, "BLOCK_NUMBERS", 1000)
    told = []
    pieces = ablate(network, *text(), on_units=lambda done, of: told.append((done, of)))
    np.testing.assert_allclose(pieces.change_URT, whole.change_URT, atol=2e-6)
    assert told[-1] == (12, 12) and [done for done, _ in told] == [3, 4, 7, 8, 11, 12]


def test_a_step_that_the_text_does_not_have_is_refused():
    with pytest.raises(ConfigError, match="no step 9; the text has steps 0 to 8"):
        ablate(drawn("rnn"), *text(), at_step=9)


def recorded(folder: Path, found: Ablated, at_step: int | None = None) -> Ablation:
    rows, steps = found.nats_RT.shape
    manifest = AblationManifest(
        predictor="wired",
        corpus="parentheses",
        corpus_fingerprint="f",
        part="test",
        rows=rows,
        steps=steps,
        to="mean",
        at_step=at_step,
        sites=found.sites,
    )
    return write_ablation(folder, manifest, found.nats_RT, found.change_URT, found.held_at_U)


def test_the_unit_that_is_on_inside_parentheses_matters_there_and_a_still_one_nowhere(tmp_path):
    texts = [wired.paren_text(6001, seed) for seed in range(3)]
    ids = np.stack([wired.ids_of(row) for row in texts])
    network = wired.wired_lstm()
    # what the network knows by this unit: a closing parenthesis comes inside, an opening one outside
    with torch.no_grad():
        opens, closes = wired.SYMBOLS.index("("), wired.SYMBOLS.index(")")
        network.decoder_VH.mul_(0.2)
        network.decoder_VH[:, wired.PAREN_UNIT] = 0
        network.decoder_VH[closes, wired.PAREN_UNIT], network.decoder_VH[opens, wired.PAREN_UNIT] = 12, -12
        network.decoder_bias_V.zero_()
        network.decoder_bias_V[closes], network.decoder_bias_V[opens] = -8, -1
    record = recorded(tmp_path / "ablation", ablate(network, ids[:, :-1], ids[:, 1:]))
    inside = np.array([np.cumsum([(c == "(") - (c == ")") for c in row]) > 0 for row in texts])[:, :-1]
    flags = {"inside parentheses": inside, "elsewhere": np.roll(inside, 1777, axis=1)}
    finding = ablation(record, flags)
    rows = {row["unit"]: row for row in finding.tables["units"]}
    paren, still = rows[wired.PAREN_UNIT], rows[wired.STILL_UNIT]
    assert paren["is_clear"] and paren["change_nats"] > 0.01
    assert paren["track"] == "inside parentheses" and paren["is_specific"]
    assert paren["inside_nats"] != pytest.approx(paren["outside_nats"], abs=0.01)
    assert still["change_nats"] == pytest.approx(0, abs=1e-6) and not still["is_clear"]
    # the same numbers where the flag says nothing: no unit is specific to it by much
    shuffled = ablation(record, {"elsewhere": flags["elsewhere"]})
    strongest = max(abs(row["specificity_nats"]) for row in shuffled.tables["units"])
    assert strongest < abs(paren["specificity_nats"]) / 3
    assert "unit 2 of layer 1" in finding.reading


def test_a_small_difference_beside_a_large_effect_is_found_and_none_is_not(tmp_path):
    generator = np.random.default_rng(0)
    rows, steps = 10, 2000
    # what the flag's share is differs from row to row
    share_R1 = np.linspace(0.02, 0.5, rows)[:, None]
    on_RT = np.repeat(generator.uniform(size=(rows, steps // 20)) < share_R1, 20, axis=1)
    noise = generator.normal(0, 0.05, (2, rows, steps))
    change = np.stack([0.1 + 0.02 * on_RT, np.full((rows, steps), 0.1)]) + noise
    found = Ablated({"layers.0.c": 2}, np.ones((rows, steps)), change, np.zeros(2))
    finding = ablation(recorded(tmp_path / "ablation", found), {"on": on_RT})
    rows_by_unit = {row["unit"]: row for row in finding.tables["units"]}
    differs, same = rows_by_unit[0], rows_by_unit[1]
    assert differs["is_specific"] and abs(differs["specificity_nats"] - 0.02) < 0.005
    assert differs["specificity_high"] - differs["specificity_low"] < 0.02
    assert abs(same["specificity_nats"]) < 0.005


def test_a_unit_held_at_one_step_is_judged_by_what_comes_after(tmp_path):
    rows, steps = 10, 2000
    change = np.zeros((1, rows, steps))
    change[:, :, 1500:1520] = 1.0
    found = Ablated({"layers.0.h": 1}, np.ones((rows, steps)), change, np.zeros(1))
    record = recorded(tmp_path / "ablation", found, at_step=1500)
    finding = ablation(record, {"on": np.arange(steps)[None].repeat(rows, 0) % 2 == 0})
    (row,) = finding.tables["units"]
    assert row["change_nats"] == pytest.approx(0.2) and row["track"] is None
    assert "at step 1500 alone" in finding.reading and "over the next 100" in finding.reading


def test_without_flags_there_is_still_a_finding(tmp_path):
    record = recorded(tmp_path / "ablation", ablate(drawn("gru"), *text()))
    finding = ablation(record, {"never": np.zeros((ROWS, STEPS), bool)})
    assert {row["track"] for row in finding.tables["units"]} == {None}
    assert not any("too short" in caveat for caveat in finding.caveats)
    inputs_RT, targets_RT = text()
    lone = recorded(tmp_path / "lone", ablate(drawn("gru"), inputs_RT[:1], targets_RT[:1]))
    finding = ablation(lone, {})
    assert any("too short for intervals" in caveat for caveat in finding.caveats)
    assert "nan" not in finding.reading
