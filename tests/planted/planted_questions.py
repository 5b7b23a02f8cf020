# pyright: reportArgumentType=false
"""Measurements and findings of questions made up so that the verdict is known."""

import numpy as np

from rnnscope.questions import single_layer_gating, symbol_functions, units_without_a_role
from rnnscope.questions.question import Measurement
from rnnscope.records.finding import Finding, Row

CELLS = {"lstm": ("f", "i", "o"), "gru": ("z", "r")}


def measurement(cell: str, layers: int, seed: int, rows: list[Row], nats: float = 1.2) -> Measurement:
    return Measurement(
        question="q",
        version=1,
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


STATES = (("toggle_on", "toggle"), ("column", "line"))


def symbols(
    special: tuple,
    saturated: tuple,
    learned: float = 0.9,
    noise: float = 0.01,
    seeds: int = 5,
    step: float = 0.0,
) -> list[Measurement]:
    """Networks of 200 units; each pair is the share of units a symbol adds, (with a function, without);
    `step` is what the first one adds besides to those that specialise, with a function.
    """
    generator, found = np.random.default_rng(0), []
    for cell, gates in CELLS.items():
        for seed in range(seeds):
            for count, is_control in ((0, False), (3, False), (3, True), (8, False), (8, True)):
                having, shut = (
                    int(200 * np.clip(start + each[is_control] * count + generator.normal() * noise, 0, 1))
                    for start, each in ((step * (count > 0 and not is_control), special), (0.2, saturated))
                )
                rows: list[Row] = [
                    {"what": "network", "hidden": 200, "symbols": count, "is_control": is_control}
                    | {"floor_nats": 1.8}
                ]
                for name in [] if is_control else ["toggle", "line"][:count]:
                    rows.append(
                        {"what": "symbol", "symbol": name, "learned": learned, "accuracy": 0.9}
                        | {"best_accuracy": 1.0, "nats": 0.2, "floor_nats": 0.1, "last_nats": 1.1}
                    )
                for unit in range(200):
                    state, symbol = STATES[unit % 2]
                    share = 0.7 if unit < shut else 0.1
                    rows.append(
                        {"what": "unit", "layer": 1, "unit": unit, "track": state, "symbol": symbol}
                        | {"has_role": bool(count) and unit < having, "functions": unit % 3}
                        | {"saturated": share, "untrained": 0.05}
                        | {f"saturated_{gate}": share for gate in gates}
                        | ({f"score_{name}": 0.9 * (name == state) for name, _ in STATES} if count else {})
                    )
                each = measurement(cell, 1, seed, rows, 1.9)
                found.append(each.model_copy(update={"run": f"{each.run}-{count}-{is_control}"}))
    return found


def findings() -> list[Finding]:
    """A verdict of each question."""
    decisions = {
        "single_layer_gating": single_layer_gating.decide(gated(0.3, 0.1, 0.4)),
        "units_without_a_role": units_without_a_role.decide(units((0.2, 0.5), (3.0, 9.0), (0.008, 0.01))),
        "symbol_functions": symbol_functions.decide(symbols((0.08, 0.0), (0.03, 0.0))),
    }
    return [
        Finding(analysis=name, corpus="c", title=name, reading=each.reading, tables=each.tables)
        for name, each in decisions.items()
    ]
