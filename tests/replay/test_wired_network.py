# pyright: reportOperatorIssue=false, reportArgumentType=false
"""Planted truths through the whole way: network -> replay -> analysis."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from rnnscope.analyses.cell_roles import Hypothesis, UnitStates, cell_roles
from rnnscope.analyses.saturation import GateCounts, saturation
from rnnscope.counters import SaturationCounter, gate_sites

_spec = importlib.util.spec_from_file_location("wired", Path(__file__).with_name("wired.py"))
assert _spec and _spec.loader
wired = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(wired)


@pytest.fixture(scope="module")
def text() -> list[str]:
    return [wired.paren_text(4000, seed) for seed in range(3)]


@pytest.fixture(scope="module")
def inputs_RT(text: list[str]) -> np.ndarray:
    return np.stack([wired.ids_of(row) for row in text])


def whole_site(inputs_RT: np.ndarray, site: str) -> np.ndarray:
    blocks = wired.wired_lstm().record_blocks(inputs_RT, [site])
    return np.concatenate([block[site] for block in blocks], axis=1)


def test_the_unit_on_inside_parentheses_is_found(text: list[str], inputs_RT: np.ndarray):
    inside = np.array([np.cumsum([(c == "(") - (c == ")") for c in row]) > 0 for row in text])
    elsewhere = np.roll(inside, 1777, axis=1)
    states = UnitStates("wired", "lstm", {"layers.0.tanh_c": whole_site(inputs_RT, "layers.0.tanh_c")}, text)
    finding = cell_roles(
        [states],
        [
            Hypothesis("inside", "inside parentheses", True, inside),
            Hypothesis("other", "no such thing", True, elsewhere),
        ],
        "c",
        "test",
    )
    best = {row["track"]: row for row in finding.tables["best"]}
    assert best["inside"]["unit"] == wired.PAREN_UNIT and best["inside"]["score"] > 0.999
    assert best["other"]["score"] < 0.6
    (excerpt,) = [e for e in finding.excerpts if e.unit == wired.PAREN_UNIT][:1]
    on = [value > 0.5 for value in excerpt.values]
    depth = np.cumsum([(c == "(") - (c == ")") for c in excerpt.text])
    assert on == [bool(value) for value in depth - depth.min() > 0]


def test_the_gate_that_never_moves_and_the_one_always_open_are_told_apart(inputs_RT: np.ndarray):
    counter = SaturationCounter(gate_sites("lstm", 1))
    for block in wired.wired_lstm().record_blocks(inputs_RT, counter.sites):
        counter.update(block)
    rows = saturation([GateCounts("wired", "lstm", counter)], "c", "test").tables["gates"]
    forget = {row["unit"]: row for row in rows if row["gate"] == "forget"}
    assert forget[wired.PAREN_UNIT]["right"] == 1 and forget[wired.PAREN_UNIT]["never_moves"]
    assert forget[wired.STILL_UNIT]["never_moves"] and forget[wired.STILL_UNIT]["right"] == 0
    others = [row for unit, row in forget.items() if unit not in (wired.PAREN_UNIT, wired.STILL_UNIT)]
    assert others and not any(row["never_moves"] for row in others)
