"""Recipes are whole configs; a setting that cannot be used is named."""

from typing import get_args

import pytest

from rnnscope.errors import ConfigError, RecordError
from rnnscope.models.sizing import ModelName
from rnnscope.recurrence.kinds import KINDS, CellName
from rnnscope.training import RECIPES, TrainConfig, fast, paper_2015, recipe_named, with_settings
from rnnscope.training.schedule import Schedule


def test_settings_are_taken_from_text_and_nothing_else_changes():
    changed = with_settings(fast(), {"epochs": "1", "clip_norm": "none", "redraws_offset": "false"})
    assert changed.epochs == 1.0 and changed.clip_norm is None and changed.redraws_offset is False
    assert changed.model_copy(update={"epochs": 2.0, "clip_norm": 1.0, "redraws_offset": True}) == fast()


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"window_char": "5"}, "no setting 'window_char'; did you mean 'window_chars'?"),
        ({"epochs": "many"}, "setting epochs=many: input should be a valid number"),
        ({"hidden": "0"}, "setting hidden=0: input should be greater than or equal to 1"),
        ({"dropout": "1"}, "setting dropout=1: input should be less than 1"),
        ({"epochs": "nan"}, "setting epochs=nan: input should be a finite number"),
        ({"hidden_rate": "inf"}, "setting hidden_rate=inf: input should be a finite number"),
        ({"cell": "ltsm"}, "setting cell=ltsm: input should be 'rnn', 'lstm', 'gru', 'gru-2015', 'window'"),
        (
            {"context": "5"},
            "setting config: context 5 is for --cell window or attention or transformer; lstm has none",
        ),
        (
            {"cell": "mlstm", "context": "5"},
            "setting config: context 5 is for --cell window or attention or transformer; mlstm",
        ),
        (
            {"cell": "window"},
            "setting config: an n-NN needs a context of 1 or more, the characters that it sees",
        ),
        (
            {"cell": "attention"},
            "setting config: --cell attention needs a context of 1 or more, the steps that a layer",
        ),
        ({"recipe": "mine"}, "setting 'recipe' names where a config comes from; choose one with --recipe"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line_with_its_name(settings, line):
    with pytest.raises(ConfigError) as caught:
        with_settings(fast(), settings)
    assert "\n" not in str(caught.value) and str(caught.value).startswith(line.split(",")[0][:60])
    assert line in str(caught.value)


def test_cells_of_the_table_are_those_a_config_takes():
    assert set(get_args(CellName)) == set(KINDS)
    for recipe in RECIPES:
        for cell in KINDS:
            assert recipe_named(recipe)(cell, 2, 5).cell == cell
    with pytest.raises(ConfigError, match="did you mean 'fast'"):
        recipe_named("fats")


def test_a_config_on_disk_is_the_same_config(tmp_path):
    paper_2015("rnn", 3, 77).write(tmp_path / "config.json")
    assert TrainConfig.load(tmp_path / "config.json") == paper_2015("rnn", 3, 77)
    (tmp_path / "config.json").write_text('{"cell": "lstm"}')
    with pytest.raises(RecordError, match="not a training config"):
        TrainConfig.load(tmp_path / "config.json")


def test_the_papers_rates_fall_as_in_the_paper():
    """2e-3 through ten epochs, times 0.95 after each further one: 2.6e-4 in the fiftieth."""
    schedule = Schedule(paper_2015(), steps_per_epoch=260)
    assert schedule.steps == 13_000
    by_epoch = [schedule.factor(epoch * 260) for epoch in range(50)]
    assert by_epoch[:10] == [1.0] * 10
    assert by_epoch[10] == pytest.approx(0.95) and by_epoch[11] == pytest.approx(0.95**2)
    assert 2e-3 * by_epoch[49] == pytest.approx(2e-3 * 0.95**40)
    assert schedule.factor(10 * 260 - 1) == 1.0


def test_fast_rates_rise_briefly_and_fall_to_zero():
    schedule = Schedule(fast(epochs=2), steps_per_epoch=500)
    factors = [schedule.factor(step) for step in range(schedule.steps)]
    assert 0 < factors[0] < 0.1 and max(factors) > 0.95 and factors[-1] < 0.002
    peak = factors.index(max(factors))
    assert peak <= 20 and factors[peak:] == sorted(factors[peak:], reverse=True)


def test_a_plain_cell_learns_slower_in_longer_runs_and_gated_ones_do_not():
    config = fast("rnn", 2)
    longest = config.hidden_rate_updates
    assert longest and config.hidden_rate_over(1) == config.hidden_rate_over(longest) == config.hidden_rate
    assert config.hidden_rate_over(4 * longest) == pytest.approx(config.hidden_rate / 2)
    at_any_length = with_settings(config, {"hidden_rate_updates": "none"})
    others = [
        fast(cell, context=3 if cell == "window" else 0) for cell in get_args(ModelName) if cell != "rnn"
    ]
    for other in (at_any_length, paper_2015("rnn"), *others):
        assert other.hidden_rate_over(10**6) == other.hidden_rate


@pytest.mark.parametrize(
    ("epochs", "steps_per_epoch"), [(0.5, 1625), (2, 1625), (50, 260), (1, 3), (0.001, 10)]
)
def test_validations_come_each_epoch_and_often_in_short_runs_and_at_the_end(epochs, steps_per_epoch):
    schedule = Schedule(fast(epochs=epochs), steps_per_epoch)
    at = [step for step in range(1, schedule.steps + 1) if schedule.validates_after(step)]
    assert at[-1] == schedule.steps and len(at) >= min(schedule.steps, 5, max(1, schedule.steps // 2))
    assert max(b - a for a, b in zip([0, *at], at, strict=False)) <= steps_per_epoch


@pytest.mark.parametrize(
    "setting", [{"streams": 16}, {"clip_norm": 2.0}, {"hidden_rate": 0.01}, {"hidden": 9}]
)
def test_configs_that_differ_in_more_than_the_seed_are_told_apart(setting):
    config = fast("lstm", 2, 84, seed=1)
    assert config.all_but_seed() == fast("lstm", 2, 84, seed=2).all_but_seed()
    assert config.all_but_seed() != with_settings(config, setting).all_but_seed()
