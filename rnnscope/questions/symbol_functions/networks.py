"""Measurements of networks on synthetic texts -> counts, slopes and tables. Knows no verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from rnnscope.estimate import over_seeds
from rnnscope.questions.question import Measurement
from rnnscope.records.finding import Row

SATURATED = 0.5
"""Of the steps, for a unit's gate to count as saturated."""
MOSTLY = 0.9
"""Of the steps, by the stricter count."""
STRONG = 0.5
"""Of 2 AUC - 1 or of the rank correlation, by the stricter count."""
KEEPS = {"lstm": "saturated_f", "gru": "saturated_z"}


@dataclass(frozen=True)
class MeasuredNetwork:
    """What decides of one network."""

    cell: str
    shape: str
    seed: int
    symbols: int
    is_control: bool
    measurement: Measurement
    shares: Mapping[str, float]
    """Shares of its units, by the counts of SHARES and those beside them."""

    @classmethod
    def of(cls, each: Measurement) -> "MeasuredNetwork":
        facts, units = rows_of(each, "network")[0], rows_of(each, "unit")
        return cls(
            each.cell,
            f"{each.layers}x{facts['hidden']}",
            each.seed,
            int(facts["symbols"] or 0),
            bool(facts["is_control"]),
            each,
            {
                "specialised": mean([bool(row["has_role"]) for row in units]),
                "saturated": mean([number(row, "saturated") > SATURATED for row in units]),
                "strongly specialised": mean([_is_strong(row) for row in units]),
                "saturated in nine steps of ten": mean([number(row, "saturated") > MOSTLY for row in units]),
                "keeping gate saturated": mean([number(row, KEEPS[each.cell]) > SATURATED for row in units]),
                "saturated steps of the keeping gate": mean([number(row, KEEPS[each.cell]) for row in units]),
            },
        )

    @property
    def setting(self) -> tuple[str, str]:
        return self.cell, self.shape

    @property
    def learned(self) -> float:
        """Mean over the symbols of its text."""
        return mean([number(row, "learned") for row in rows_of(self.measurement, "symbol")])


SIDES = ("functional", "control")
SHARES = ("specialised", "saturated")
BESIDE = (
    "strongly specialised",
    "saturated in nine steps of ten",
    "keeping gate saturated",
    "saturated steps of the keeping gate",
)
"""Counted too, without a say."""


FIRST = {"specialised": 1, "strongly specialised": 1}
"""The least S that a slope begins at, if not 0: with no symbols there is no state to specialise in."""


def slope(
    networks: Sequence[MeasuredNetwork], what: str, side: str, seed: int, first: int | None = None
) -> float:
    """Per symbol from `first` on, by least squares, mean over cells and shapes; S = 0 is on both sides."""
    least = FIRST.get(what, 0) if first is None else first
    found = []
    for setting in sorted({each.setting for each in networks}):
        own = [each for each in on_side(networks, side) if each.setting == setting and each.seed == seed]
        those = [each for each in own if each.symbols >= least]
        found.append(
            np.polyfit([each.symbols for each in those], [each.shares[what] for each in those], 1)[0]
        )
    return mean(found)


def beyond(networks: Sequence[MeasuredNetwork], what: str, seed: int, first: int | None = None) -> float:
    """The functional slope less the control's."""
    functional, control = (slope(networks, what, side, seed, first) for side in SIDES)
    return functional - control


def on_side(networks: Sequence[MeasuredNetwork], side: str) -> list[MeasuredNetwork]:
    return [each for each in networks if not each.symbols or each.is_control == (side == "control")]


def rows_of(each: Measurement, what: str) -> list[Row]:
    return [row for row in each.rows if row["what"] == what]


def mean(values: Sequence[float | int]) -> float:
    return float(np.mean(values))


def number(row: Row, column: str) -> float:
    return float(row.get(column) or 0)


def _is_strong(row: Row) -> bool:
    """Whether its role is one that it follows closely."""
    return bool(row["has_role"]) and number(row, f"score_{row['track']}") > STRONG


def curves(networks: Sequence[MeasuredNetwork], seeds: Sequence[int]) -> list[Row]:
    """Mean share over shapes, with its interval over seeds: what the figure draws."""
    rows: list[Row] = []
    for what, side, cell in product(SHARES, SIDES, sorted({each.cell for each in networks})):
        there = [each for each in on_side(networks, side) if each.cell == cell]
        for symbols in sorted({each.symbols for each in there}):
            each = over_seeds(
                [
                    mean([n.shares[what] for n in there if n.symbols == symbols and n.seed == seed])
                    for seed in seeds
                ]
            )
            rows.append(
                {"what": what, "side": side, "cell": cell, "symbols": symbols}
                | {"share": each.value, "low": each.low, "high": each.high}
            )
    return rows


def settings_table(networks: Sequence[MeasuredNetwork], seeds: Sequence[int]) -> list[Row]:
    """The effects of every cell and shape by itself."""
    rows: list[Row] = []
    for setting, what in product(sorted({each.setting for each in networks}), SHARES):
        those = [each for each in networks if each.setting == setting]
        each = over_seeds([beyond(those, what, seed) for seed in seeds])
        rows.append(
            {"cell": setting[0], "shape": setting[1], "what": what, "value": each.value} | each.ends()
        )
    return rows


def symbols_table(functional: Sequence[MeasuredNetwork]) -> list[Row]:
    """How well every symbol was learned, by cell and shape, mean over texts and seeds."""
    found: dict[tuple[str, str, str], list[Row]] = {}
    for each in functional:
        for row in rows_of(each.measurement, "symbol"):
            found.setdefault((*each.setting, str(row["symbol"])), []).append(row)
    columns = ("learned", "nats", "floor_nats", "last_nats", "accuracy", "best_accuracy")
    table: list[Row] = []
    for (cell, shape, symbol), rows in found.items():
        told: Row = {"cell": cell, "shape": shape, "symbol": symbol}
        told |= {name: mean([number(row, name) for row in rows]) for name in columns}
        table.append(told)
    return table


def sharing_table(functional: Sequence[MeasuredNetwork]) -> list[Row]:
    """Who shares, who splits: means over seeds, by cell, shape and number of symbols."""
    found: dict[tuple[str, str, int], list[tuple[float, ...]]] = {}
    for each in functional:
        units = [row for row in rows_of(each.measurement, "unit") if row["has_role"]]
        own = [str(row["symbol"]) for row in units]
        several = sum(int(row["functions"] or 0) > 1 for row in units)
        found.setdefault((*each.setting, each.symbols), []).append(
            (len(units), several, len(set(own)), each.symbols - len(set(own)))
        )
    columns = ("units", "units_with_several", "symbols_with_units", "symbols_without")
    table: list[Row] = []
    for (cell, shape, symbols), counts in sorted(found.items()):
        told: Row = {"cell": cell, "shape": shape, "symbols": symbols}
        told |= {name: float(each) for name, each in zip(columns, np.mean(counts, axis=0), strict=True)}
        table.append(told)
    return table


def shown_units(functional: Sequence[MeasuredNetwork]) -> list[Row]:
    """Every unit of one network a cell, the first seed's with most symbols, against every state."""
    rows: list[Row] = []
    for cell in sorted({each.cell for each in functional}):
        there = [each for each in functional if each.cell == cell]
        shown = min(there, key=lambda each: (-each.symbols, each.seed, each.shape))
        for unit in rows_of(shown.measurement, "unit"):
            scores = {n: v for n, v in unit.items() if n.startswith("score_")}
            rows += [
                {"run": shown.measurement.run, "cell": cell, "shape": shown.shape, "layer": unit["layer"]}
                | {"unit": unit["unit"], "track": unit["track"], "has_role": unit["has_role"]}
                | {"state": name.removeprefix("score_"), "score": score}
                for name, score in scores.items()
            ]
    return rows


def network_row(each: MeasuredNetwork) -> Row:
    """A row for every network."""
    facts = rows_of(each.measurement, "network")[0]
    return {
        "corpus": each.measurement.corpus,
        "run": each.measurement.run,
        "cell": each.cell,
        "shape": each.shape,
        "seed": each.seed,
        "symbols": each.symbols,
        "is_control": each.is_control,
        "test_nats": each.measurement.test_nats,
        "floor_nats": facts["floor_nats"],
        **each.shares,
        "learned": each.learned if each.symbols and not each.is_control else None,
    }
