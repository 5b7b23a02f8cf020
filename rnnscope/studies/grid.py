"""A grid of networks at matched sizes -> its runs, one config each. Knows no process and no text.

A budget is a number of parameters; it is usually named by the one-layer LSTM that has them, as the four of
Karpathy, Johnson, Li 2015, section 3, are: 64, 128, 256, 512.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product

from rnnscope.errors import ConfigError, did_you_mean
from rnnscope.models.sizing import check_model_name, matched_hidden, parameter_count, parameters
from rnnscope.studies.configs import run_name, train_config
from rnnscope.training.config import TrainConfig

PAPER_BUDGETS = (64, 128, 256, 512)
MOST_RUNS = 10_000
_MULTIPLES = {"": 1, "k": 1_000, "M": 1_000_000}


@dataclass(frozen=True)
class Budget:
    """A size that networks of every cell and depth are brought to."""

    lstm_hidden: int | None
    """Units of the one-layer LSTM that names it; None for one given in parameters."""
    given_parameters: int | None = None

    def parameters(self, symbols: int) -> int:
        if self.given_parameters is not None:
            return self.given_parameters
        assert self.lstm_hidden is not None
        return parameters("lstm", 1, self.lstm_hidden, symbols)

    @property
    def label(self) -> str:
        """'128', or '400000 parameters'."""
        return str(self.lstm_hidden) if self.lstm_hidden else f"{self.given_parameters} parameters"


@dataclass(frozen=True)
class Grid:
    """Every cell at every depth, budget and seed."""

    name: str = "figure1"
    cells: tuple[str, ...] = ("rnn", "lstm", "gru")
    layers: tuple[int, ...] = (1, 2, 3)
    budgets: tuple[Budget, ...] = tuple(Budget(hidden) for hidden in PAPER_BUDGETS)
    seeds: tuple[int, ...] = (1,)
    """Runs of every network: one number for all budgets, or one a budget."""
    first_seed: int = 0
    recipe: str = "fast"
    settings: Mapping[str, object] = field(default_factory=dict)
    """Settings of the recipe: of every run ('dropout'), or of a budget's, which go before ('512:dropout')."""

    def settings_of(self, budget: Budget) -> dict[str, object]:
        """Those that hold for a budget's runs."""
        prefix = f"{budget.label}:"
        everywhere = {name: value for name, value in self.settings.items() if ":" not in name}
        return everywhere | {
            name.removeprefix(prefix): value
            for name, value in self.settings.items()
            if name.startswith(prefix)
        }


@dataclass(frozen=True)
class PlannedRun:
    """One network to train."""

    name: str
    config: TrainConfig
    parameters: int
    budget: Budget | None
    """None where the network is no part of a grid."""

    @property
    def cost(self) -> float:
        """Roughly how long it takes beside others: multiplications a character, times characters read.

        Three layers take as long as one with as many weights; small networks are slower than their size.
        """
        return (self.parameters + 20_000) * self.config.epochs


def planned_run(
    config: TrainConfig, symbols: int, name: str | None = None, budget: Budget | None = None
) -> PlannedRun:
    """A config's run for an alphabet, by default under the config's own name."""
    return PlannedRun(name or run_name(config), config, parameter_count(config.network(symbols)), budget)


AXES = {"cell": "--cells", "layers": "--layers", "hidden": "--budgets or --params", "seed": "--seeds"}
"""Fields of a config that the grid itself decides -> the options for them."""
GRIDS = {grid.name: grid for grid in (Grid(),)}


def grid_named(name: str) -> Grid:
    """Raises ConfigError for a grid that there is not."""
    if name not in GRIDS:
        raise ConfigError(f"no grid '{name}'; {did_you_mean(name, GRIDS)}")
    return GRIDS[name]


def planned_runs(grid: Grid, symbols: int) -> list[PlannedRun]:
    """Every run of the grid for an alphabet, the longest first.

    Raises ConfigError for a cell, recipe or setting that there is not, for a budget too small, and where
    numbers of seeds and budgets do not go together.
    """
    if len(grid.seeds) not in (1, len(grid.budgets)):
        raise ConfigError(
            f"{len(grid.seeds)} numbers of seeds for {len(grid.budgets)} budgets; one number or one a budget "
            "would do"
        )
    labels = [budget.label for budget in grid.budgets]
    for name in grid.settings:
        if (field := name.rpartition(":")[2]) in AXES:
            raise ConfigError(f"setting '{field}' is an axis of the grid; {AXES[field]} chooses it")
        if ":" in name and (label := name.partition(":")[0]) not in labels:
            raise ConfigError(f"setting '{name}' is for a budget '{label}'; {did_you_mean(label, labels)}")
    seeds = dict(zip(grid.budgets, grid.seeds * len(grid.budgets), strict=False))
    size = len(grid.cells) * len(grid.layers) * sum(seeds.values())
    if not 1 <= size <= MOST_RUNS:
        raise ConfigError(f"a grid of {size} runs; 1 to {MOST_RUNS:,} would do")
    runs = {}
    for cell, layers, budget in product(grid.cells, grid.layers, grid.budgets):
        check_model_name(cell)
        hidden = matched_hidden(cell, layers, symbols, budget.parameters(symbols))
        for seed in range(grid.first_seed, grid.first_seed + seeds[budget]):
            config = train_config(grid.recipe, cell, layers, hidden, seed, grid.settings_of(budget))
            run = planned_run(config, symbols, budget=budget)
            runs.setdefault(run.name, run)  # two budgets so near that they meet in one size are one run
    return sorted(runs.values(), key=lambda run: (-run.cost, run.name))


def parse_budgets(named: str | None, in_parameters: str | None) -> tuple[Budget, ...]:
    """'64,128' and '400k,1.3M' -> budgets. Raises ConfigError for anything that is not such a list."""
    units = dict.fromkeys(parse_numbers(named, "--budgets", "64,128,256,512")) if named else ()
    found = [Budget(hidden) for hidden in units]
    for piece in in_parameters.split(",") if in_parameters else ():
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kM]?)\s*", piece, re.ASCII)
        count = round(float(match[1]) * _MULTIPLES[match[2]]) if match else 0
        if count < 1:
            raise ConfigError(f"--params '{in_parameters}' is not a list of sizes; write it as 400k,1.3M")
        found.append(Budget(None, count))
    return tuple(found) or Grid().budgets


def parse_numbers(text: str, option: str, example: str) -> tuple[int, ...]:
    """'1,2,3' -> (1, 2, 3). Raises ConfigError, which names the option, for anything else."""
    pieces = [piece.strip() for piece in text.split(",")]
    if not all(re.fullmatch(r"[1-9]\d{0,5}", piece, re.ASCII) for piece in pieces):
        raise ConfigError(f"{option} '{text}' is not a list of whole numbers; write it as {example}")
    return tuple(int(piece) for piece in pieces)
