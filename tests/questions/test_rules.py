# pyright: reportArgumentType=false
"""The rules on measurements made up so that the verdict is known."""

import numpy as np
import pytest

from rnnscope.figures import charts
from rnnscope.questions import single_layer_gating, units_without_a_role
from rnnscope.questions.question import Decision, Measurement
from rnnscope.records.finding import Finding, Row

CELLS = {"lstm": ("f", "i", "o"), "gru": ("z", "r")}


def measurement(cell: str, layers: int, seed: int, rows: list[Row], nats: float = 1.2) -> Measurement:
    return Measurement(
        question="q",
        corpus="war-and-peace",
        run=f"{cell}-{layers}-s{seed}",
        budget="64",
        cell=cell,
        layers=layers,
        seed=seed,
        test_nats=nats,
        rows=rows,
        parents={"run": "f"},
    )


def gated(single: float, first: float, upper: float, noise: float = 0.01) -> list[Measurement]:
    generator = np.random.default_rng(0)
    found = []
    for cell, gates in CELLS.items():
        for layers in (1, 2, 3):
            for seed in range(5):
                rows: list[Row] = [
                    {
                        "layer": layer,
                        "gate": gate,
                        "saturated": (single if layers == 1 else first if layer == 1 else upper)
                        + float(generator.normal()) * noise,
                        "untrained": 0.0,
                    }
                    for layer in range(1, layers + 1)
                    for gate in gates
                ]
                found.append(measurement(cell, layers, seed, rows))
    return found


@pytest.mark.parametrize(
    ("single", "first", "upper", "verdict"),
    [
        (0.35, 0.1, 0.4, "yes"),
        (0.12, 0.1, 0.4, "no"),
        (0.25, 0.1, 0.4, "undecided"),
        (0.35, 0.4, 0.4, "premise not met"),
    ],
)
def test_the_single_layer_is_judged_by_where_it_lies(single: float, first: float, upper: float, verdict: str):
    decision = single_layer_gating.decide(gated(single, first, upper))
    assert decision.verdict == verdict
    assert decision.effect == pytest.approx(single - (first + upper) / 2, abs=0.01)
    assert decision.low < decision.effect < decision.high


def test_a_network_above_the_papers_loss_is_named():
    good = gated(0.3, 0.1, 0.4)
    assert any("reaches the paper's loss" in each for each in single_layer_gating.decide(good).caveats)
    bad = [m.model_copy(update={"test_nats": 1.6}) if m.cell == "gru" and m.layers == 1 else m for m in good]
    told = " ".join(single_layer_gating.decide(bad).caveats)
    assert "gru with 1 layers at 64" in told and "lstm" not in told.partition("Not trained")[2]


def units(memory: tuple, constant: tuple, lost: tuple, seeds: int = 5, having: int = 20) -> list[Measurement]:
    """Each pair is of (units without a role, units with one)."""
    found = []
    for seed in range(seeds):
        generator = np.random.default_rng(seed)
        rows: list[Row] = []
        for unit in range(60):
            side = int(unit < having)
            kept = {f"memory_{k}": memory[side] + float(generator.normal()) * 0.05 for k in range(1, 11)}
            kept["time_constant"] = constant[side] * float(np.exp(0.1 * generator.normal()))
            before = {f"untrained_{name}": value for name, value in kept.items()}
            rows.append(
                {
                    "layer": 1,
                    "unit": unit,
                    "track": "column",
                    "has_role": side == 1,
                    "lost_nats": lost[side] + float(generator.normal()) * 0.0005,
                    "specificity_nats": 0.0,
                    "is_specific": False,
                }
                | kept
                | before
            )
        found.append(measurement("lstm", 1, seed, rows))
    return found


@pytest.mark.parametrize(
    ("memory", "constant", "lost", "verdict"),
    [
        ((0.2, 0.5), (3.0, 9.0), (0.008, 0.01), "yes"),
        ((0.6, 0.5), (3.0, 9.0), (0.008, 0.01), "no"),
        ((0.2, 0.5), (9.0, 3.0), (0.008, 0.01), "no"),
        ((0.2, 0.5), (3.0, 9.0), (0.001, 0.01), "no"),
        ((0.5, 0.5), (3.0, 9.0), (0.008, 0.01), "undecided"),
    ],
)
def test_units_without_a_role_are_judged_by_all_three_parts(memory, constant, lost, verdict: str):
    decision = units_without_a_role.decide(units(memory, constant, lost))
    assert decision.verdict == verdict
    assert decision.effect == pytest.approx(memory[0] - memory[1], abs=0.03)


def test_networks_with_too_few_units_on_a_side_do_not_count_and_are_named():
    few = units((0.2, 0.5), (3.0, 9.0), (0.008, 0.01), having=4)
    assert units_without_a_role.decide(few).verdict == "undecided"
    some = units((0.2, 0.5), (3.0, 9.0), (0.008, 0.01)) + [
        each.model_copy(update={"seed": 9, "run": "few"}) for each in few[:1]
    ]
    decision = units_without_a_role.decide(some)
    assert decision.verdict == "yes" and any("war-and-peace/few" in each for each in decision.caveats)


@pytest.mark.parametrize(
    ("name", "decision"),
    [
        ("single_layer_gating", single_layer_gating.decide(gated(0.3, 0.1, 0.4))),
        ("units_without_a_role", units_without_a_role.decide(units((0.2, 0.5), (3.0, 9.0), (0.008, 0.01)))),
    ],
)
def test_a_verdict_has_a_figure_that_can_be_drawn(name: str, decision: Decision):
    finding = Finding(analysis=name, corpus="c", title="t", reading=decision.reading, tables=decision.tables)
    (figure,) = charts(finding).values()
    assert figure.rows and figure.spec()["datasets"]
