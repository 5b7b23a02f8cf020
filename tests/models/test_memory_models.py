"""Attention, transformer, mLSTM: predictors that see no future, whatever the text is cut into."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from rnnscope.errors import ConfigError
from rnnscope.models import initialise, load_model, load_network, matched_hidden, parameters, save_model
from rnnscope.models.language_model import LanguageModel
from rnnscope.models.saved import model_of
from rnnscope.models.sizing import (
    AttentionConfig,
    MatrixMemoryConfig,
    TransformerConfig,
    parameter_count,
)
from rnnscope.scoring import Predictor, score

Memorising = AttentionConfig | TransformerConfig | MatrixMemoryConfig
SYMBOLS, CONTEXT = 7, 5
CONFIGS: dict[str, Memorising] = {
    "attention": AttentionConfig(layers=1, hidden=9, symbols=SYMBOLS, context=CONTEXT),
    "attention-3": AttentionConfig(layers=3, hidden=9, symbols=SYMBOLS, context=CONTEXT),
    "transformer": TransformerConfig(layers=2, hidden=10, symbols=SYMBOLS, context=CONTEXT),
    "transformer-1": TransformerConfig(layers=2, hidden=10, symbols=SYMBOLS, context=1),
    "mlstm": MatrixMemoryConfig(layers=2, hidden=11, symbols=SYMBOLS),
}
EVERY = pytest.mark.parametrize("name", CONFIGS)


def made(config: Memorising, seed: int = 1) -> LanguageModel:
    """Weights of every kind away from zero: a model that does something everywhere."""
    model = model_of(config)
    assert isinstance(model, LanguageModel)
    initialise(model, "orthogonal", torch.Generator().manual_seed(seed))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    return model.double().eval()


def ids_of(rows: int, steps: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(SYMBOLS, size=(rows, steps))


@EVERY
def test_no_output_changes_when_the_text_after_it_changes(name: str):
    model, ids_RT = made(CONFIGS[name]), ids_of(2, 30)
    assert isinstance(model, Predictor)
    other_RT = ids_RT.copy()
    other_RT[:, 17:] = (other_RT[:, 17:] + 1) % SYMBOLS
    before, after = (np.concatenate(list(model.log_prob_blocks(each))) for each in (ids_RT, other_RT))
    np.testing.assert_array_equal(before[:17], after[:17])
    assert not np.allclose(before[17], after[17])
    np.testing.assert_allclose(np.exp(before).sum(-1), 1, atol=1e-5)


@EVERY
def test_results_do_not_depend_on_how_the_text_is_cut(name: str):
    model, ids_TB = made(CONFIGS[name]), torch.from_numpy(ids_of(3, 41)).T
    with torch.no_grad():
        whole_TBV, end = model(ids_TB)
        state, pieces = model.zero_state(3), []
        for piece in ids_TB.split([1, 2, 17, 1, 12, 8]):
            logits, state = model(piece, state)
            pieces.append(logits)
    torch.testing.assert_close(torch.cat(pieces), whole_TBV)
    for one, other in zip(sum(state, ()), sum(end, ()), strict=True):
        torch.testing.assert_close(one, other)


@EVERY
def test_its_blocks_are_its_logits_however_few_steps_a_block_has(name: str, monkeypatch: pytest.MonkeyPatch):
    model, ids_RT = made(CONFIGS[name]), ids_of(2, 23)
    with torch.no_grad():
        wanted = F.log_softmax(model(torch.from_numpy(ids_RT).T)[0], -1).numpy()
    monkeypatch.setattr(
        "rnnscope.models.language_model.BLOCK_NUMBERS", 50
    )  # rows one by one, 3 steps a block
    blocks = list(model.log_prob_blocks(ids_RT))
    assert len(blocks) == 8
    np.testing.assert_allclose(np.concatenate(blocks), wanted, atol=1e-5)


@EVERY
def test_a_state_times_zero_is_that_of_nothing_read(name: str):
    model = made(CONFIGS[name])
    ids_TB, next_TB = (torch.from_numpy(ids_of(2, 20, seed)).T for seed in (0, 1))
    with torch.no_grad():
        _, state = model(ids_TB)
        begun = tuple(tuple(each * 0 for each in layer) for layer in state)
        torch.testing.assert_close(model(next_TB, begun)[0], model(next_TB)[0])
        assert not torch.allclose(model(next_TB, state)[0][0], model(next_TB)[0][0])


@pytest.mark.parametrize("name", ["transformer", "transformer-1"])
def test_a_transformer_sees_its_layers_contexts_and_kernels_and_nothing_further_back(name: str):
    config = CONFIGS[name]
    assert isinstance(config, TransformerConfig)
    reach = config.layers * (config.context - 1 + 3)
    model, ids_RT = made(config), ids_of(1, reach + 6)
    last = list(model.log_prob_blocks(ids_RT))[-1][-1]
    for back in range(ids_RT.shape[1]):
        other_RT = ids_RT.copy()
        other_RT[0, -1 - back] = (other_RT[0, -1 - back] + 1) % SYMBOLS
        is_same = np.array_equal(list(model.log_prob_blocks(other_RT))[-1][-1], last)
        assert is_same == (back > reach), back


@EVERY
def test_its_gradient_is_that_of_the_mean_loss_and_goes_no_further_back_than_the_window(name: str):
    model = made(CONFIGS[name])
    ids_TB, targets_TB = (torch.from_numpy(ids_of(2, 9, seed)).T for seed in (3, 4))
    with torch.no_grad():
        _, state = model(torch.from_numpy(ids_of(2, 8, 5)).T)
    loss, after = model.backpropagate(ids_TB, targets_TB, state)
    assert not any(each.requires_grad for layer in after for each in layer)

    def mean() -> float:
        with torch.no_grad():
            return float(F.cross_entropy(model(ids_TB, state)[0].flatten(0, 1), targets_TB.flatten()))

    assert float(loss) == pytest.approx(mean())
    for key, parameter in model.named_parameters():
        flat, gradient = parameter.data.view(-1), parameter.grad
        assert gradient is not None, key
        for index in (0, len(flat) // 2, len(flat) - 1):
            old = float(flat[index])
            flat[index] = old + 1e-5
            more = mean()
            flat[index] = old - 1e-5
            less = mean()
            flat[index] = old
            assert (more - less) / 2e-5 == pytest.approx(float(gradient.view(-1)[index]), abs=1e-7), key


@EVERY
def test_its_file_gives_it_back_and_is_refused_where_gates_are_wanted(name: str, tmp_path: Path):
    model = made(CONFIGS[name]).float()
    save_model(tmp_path / "w.safetensors", model)  # pyright: ignore[reportArgumentType]
    loaded = load_model(tmp_path / "w.safetensors")
    assert loaded.config == model.config
    for key, parameter in model.named_parameters():
        assert torch.equal(parameter, loaded.get_parameter(key))
    with pytest.raises(ConfigError, match="no gates"):
        load_network(tmp_path / "w.safetensors")


@EVERY
def test_it_has_the_parameters_that_its_shape_says(name: str):
    model = model_of(CONFIGS[name])
    assert {key: tuple(each.shape) for key, each in model.named_parameters()} == CONFIGS[name].shapes
    assert model.parameter_count == parameter_count(CONFIGS[name])


@pytest.mark.parametrize("cell", ["attention", "transformer", "mlstm"])
@pytest.mark.parametrize("layers", [1, 2, 3, 4])
@pytest.mark.parametrize("units", [128, 256])
def test_a_size_within_two_percent_of_every_budget_is_found(cell: str, layers: int, units: int):
    budget = parameters("lstm", 1, units, 87)
    hidden = matched_hidden(cell, layers, 87, budget)
    assert parameters(cell, layers, hidden, 87) == pytest.approx(budget, rel=0.02)


@EVERY
def test_dropout_draws_from_its_generator_and_only_in_training(name: str):
    model = made(CONFIGS[name].model_copy(update={"dropout": 0.5}))
    ids_TB = torch.from_numpy(ids_of(2, 12)).T
    with torch.no_grad():
        plain, _ = model(ids_TB)
        model.train()
        first, again, other = (model(ids_TB, None, torch.Generator().manual_seed(s))[0] for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)
    assert not torch.allclose(first, plain)
    with pytest.raises(ValueError, match="generator"):
        model(ids_TB)


def test_scores_are_the_same_for_rows_read_alone_and_together():
    model, ids_RT = made(CONFIGS["attention"]).float(), ids_of(4, 60)
    together = score(model, ids_RT[:, :-1], ids_RT[:, 1:]).nats_RT
    alone = score(model, ids_RT[2:3, :-1], ids_RT[2:3, 1:]).nats_RT
    np.testing.assert_allclose(together[2:3], alone, atol=1e-5)
