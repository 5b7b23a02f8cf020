"""Grids: matched sizes, planned runs, results that add up."""

import json
from collections import Counter
from pathlib import Path

import pytest

from rnnscope.errors import ConfigError, DivergenceError, RecordError
from rnnscope.models.sizing import matched_hidden, parameters
from rnnscope.studies.configs import asked_settings, run_name, train_config
from rnnscope.studies.grid import Budget, Grid, grid_named, parse_budgets, parse_numbers, planned_runs
from rnnscope.studies.results import write_results

PUBLISHED = {
    87: {
        64: {"lstm": (64, 45, 37), "rnn": (141, 96, 78), "gru": (77, 53, 44)},
        128: {"lstm": (128, 84, 68), "rnn": (273, 174, 139), "gru": (151, 98, 79)},
        256: {"lstm": (256, 159, 126), "rnn": (531, 325, 257), "gru": (300, 185, 146)},
        512: {"lstm": (512, 308, 241), "rnn": (1045, 623, 487), "gru": (596, 357, 280)},
    },
    101: {
        64: {"lstm": (64, 46, 38), "rnn": (142, 98, 81), "gru": (77, 54, 45)},
        128: {"lstm": (128, 85, 69), "rnn": (274, 178, 143), "gru": (152, 100, 81)},
        256: {"lstm": (256, 161, 128), "rnn": (534, 329, 260), "gru": (300, 187, 149)},
        512: {"lstm": (512, 310, 243), "rnn": (1048, 628, 492), "gru": (596, 359, 282)},
    },
}
"""Alphabet -> one-layer LSTM -> hidden sizes of 1, 2 and 3 layers nearest to its parameters."""


@pytest.mark.parametrize("symbols", PUBLISHED)
@pytest.mark.parametrize("budget", [64, 128, 256, 512])
def test_sizes_are_those_that_match_the_papers_networks(symbols, budget):
    count = parameters("lstm", 1, budget, symbols)
    for cell, sizes in PUBLISHED[symbols][budget].items():
        assert tuple(matched_hidden(cell, layers, symbols, count) for layers in (1, 2, 3)) == sizes


def test_figure_1_is_36_networks_the_longest_first():
    planned = planned_runs(grid_named("figure1"), 87)
    assert len(planned) == len({plan.name for plan in planned}) == 36
    assert [plan.cost for plan in planned] == sorted((plan.cost for plan in planned), reverse=True)
    for plan in planned:
        assert plan.budget is not None
        assert abs(plan.parameters / plan.budget.parameters(87) - 1) < 0.03


def test_seeds_budgets_and_settings_are_in_every_run():
    grid = Grid(cells=("lstm",), layers=(1,), budgets=parse_budgets("64", "100k"), seeds=(2,), first_seed=3)
    grid = Grid(**{**vars(grid), "settings": {"epochs": "1.5"}})
    planned = planned_runs(grid, 87)
    assert {(plan.config.seed, plan.config.hidden) for plan in planned} == {
        (3, 64),
        (4, 64),
        (3, 112),
        (4, 112),
    }
    assert {plan.config.epochs for plan in planned} == {1.5}
    assert {plan.budget.label for plan in planned if plan.budget} == {"64", "100000 parameters"}


def test_what_was_asked_for_is_named_and_rates_that_follow_the_shape_are_not():
    asked = {"dropout": 0.1, "epochs": 4.0, "streams": 16}
    deep, wide = (train_config("fast", "lstm", *shape, 0, asked) for shape in ((3, 68), (1, 512)))
    assert deep.hidden_rate != wide.hidden_rate
    assert asked_settings(deep) == asked_settings(wide) == asked
    assert run_name(deep) == "lstm-3x68-dropout=0.1-e4-streams=16-s0"
    assert asked_settings(train_config("fast", "window", 1, 128, 0, context=3)) == {}


def test_small_budgets_can_have_more_seeds():
    planned = planned_runs(Grid(cells=("gru",), layers=(2,), seeds=(3, 2, 1, 1)), 87)
    counts = Counter(plan.budget.label for plan in planned if plan.budget)
    assert counts == {"64": 3, "128": 2, "256": 1, "512": 1}


def test_a_setting_can_be_of_one_budget_alone():
    settings = {"epochs": "4", "512:epochs": "5", "512:dropout": "0.1"}
    planned = planned_runs(Grid(cells=("gru",), layers=(1, 2), settings=settings), 87)
    for plan in planned:
        is_large = plan.budget == Budget(512)
        assert (plan.config.epochs, plan.config.dropout) == ((5, 0.1) if is_large else (4, 0))
    with pytest.raises(ConfigError, match="for a budget '513'; did you mean '512'"):
        planned_runs(Grid(settings={"513:epochs": "1"}), 87)


@pytest.mark.parametrize("name", ["seed", "hidden", "512:cell", "layers"])
def test_what_the_grid_decides_is_no_setting(name: str):
    with pytest.raises(ConfigError, match="is an axis of the grid; --"):
        planned_runs(Grid(settings={name: "1"}), 87)


def test_budgets_that_meet_in_one_size_are_one_run():
    grid = Grid(cells=("rnn",), layers=(1,), budgets=(Budget(64), Budget(None, 44_800)))
    assert len(planned_runs(grid, 87)) == 1


@pytest.mark.parametrize(
    ("named", "params", "message"),
    [
        ("64,", None, "--budgets '64,' is not a list"),
        ("0", None, "--budgets '0'"),
        ("6 4", None, "--budgets '6 4'"),
        (None, "400kk", "--params '400kk' is not a list of sizes; write it as 400k,1.3M"),
        (None, "0", "--params '0'"),
        (None, "-5", "--params '-5'"),
    ],
)
def test_what_is_no_budget_is_told(named, params, message):
    with pytest.raises(ConfigError, match=message):
        parse_budgets(named, params)


def test_sizes_can_be_given_in_parameters():
    assert [budget.parameters(87) for budget in parse_budgets(None, "400k, 1.3M,5000")] == [
        400_000,
        1_300_000,
        5000,
    ]
    assert parse_budgets(None, None) == Grid().budgets
    assert parse_numbers("3,1,3", "--seeds", "1,2") == (3, 1, 3)


def test_a_grid_that_is_not_there_or_holds_nothing_is_told():
    with pytest.raises(ConfigError, match="no grid 'figure2'; did you mean 'figure1'"):
        grid_named("figure2")
    with pytest.raises(ConfigError, match="a grid of 0 runs"):
        planned_runs(Grid(cells=()), 87)
    with pytest.raises(ConfigError, match="2 numbers of seeds for 4 budgets"):
        planned_runs(Grid(seeds=(1, 1)), 87)
    with pytest.raises(ConfigError, match="too few"):
        planned_runs(Grid(budgets=(Budget(None, 10),)), 87)


def test_results_of_another_corpus_or_of_nothing_are_left_alone(tmp_path: Path):
    path = tmp_path / "grid.json"
    assert write_results(path, "tales", [], {}, {"lstm-1x4-s0": DivergenceError("it diverged")}, "x") == 0
    assert write_results(path, "tales", [], {}, {"gru-1x4-s0": DivergenceError("so did it")}, "x") == 0
    assert json.loads(path.read_text())["failed"] == {
        "gru-1x4-s0": "so did it",
        "lstm-1x4-s0": "it diverged",
    }
    with pytest.raises(RecordError, match="holds results of 'tales', not of 'code'"):
        write_results(path, "code", [], {}, {}, "x")
    path.write_text("[]")
    with pytest.raises(RecordError, match="holds no results of a grid"):
        write_results(path, "tales", [], {}, {}, "x")
    assert path.read_text() == "[]"
