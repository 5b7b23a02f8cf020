"""Parameter counts and matched sizes: the paper's table comes out."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnscope.errors import ConfigError
from rnnscope.models import Network, NetworkConfig, matched_hidden, parameters
from rnnscope.recurrence import KINDS

MATCHED = {
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
"""Symbols -> units of the one-layer LSTM -> cell -> hidden sizes for 1, 2, 3 layers."""


@pytest.mark.parametrize(
    ("symbols", "counts"),
    [(87, (44_823, 122_327, 375_639, 1_275_479)), (101, (49_317, 131_301, 393_573, 1_311_333))],
)
def test_one_layer_lstms_have_the_papers_parameter_counts(symbols, counts):
    assert tuple(parameters("lstm", 1, hidden, symbols) for hidden in (64, 128, 256, 512)) == counts


@pytest.mark.parametrize("symbols", MATCHED)
def test_matched_sizes_are_those_of_the_papers_grid(symbols):
    for units, cells in MATCHED[symbols].items():
        budget = parameters("lstm", 1, units, symbols)
        for cell, sizes in cells.items():
            assert tuple(matched_hidden(cell, layers, symbols, budget) for layers in (1, 2, 3)) == sizes


@given(
    cell=st.sampled_from(list(KINDS)),
    layers=st.integers(1, 4),
    symbols=st.integers(1, 300),
    budget=st.integers(3_000, 10**7),
)
def test_no_other_hidden_size_is_nearer_to_the_budget(cell, layers, symbols, budget):
    hidden = matched_hidden(cell, layers, symbols, budget)
    missed = abs(parameters(cell, layers, hidden, symbols) - budget)
    for other in (hidden - 1, hidden + 1):
        if other >= 1:
            assert missed <= abs(parameters(cell, layers, other, symbols) - budget)


def test_a_budget_below_one_unit_is_refused_with_the_least_there_is():
    with pytest.raises(ConfigError, match=r"10 parameters are too few: lstm with 1 layers and 1 unit has"):
        matched_hidden("lstm", 1, 87, 10)


@pytest.mark.parametrize("cell", KINDS)
def test_counts_are_those_of_the_network(cell):
    config = NetworkConfig(cell=cell, layers=3, hidden=5, symbols=11)
    assert Network(config).parameter_count == parameters(cell, 3, 5, 11)
    assert {name: tuple(p.shape) for name, p in Network(config).named_parameters()} == config.shapes


def test_sizes_configs_and_recipes_are_had_without_torch():
    code = (
        "import sys; from rnnscope.models import parameters, matched_hidden; import "
        "rnnscope.training.config; "
        "from rnnscope.training import fast, with_settings; fast(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
