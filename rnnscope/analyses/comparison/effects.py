"""What depth, gating and size bring: paired differences along the axes of a grid of networks. Knows no
record.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product

from rnnscope.analyses.comparison.competitors import SAME_SIZE, Configuration
from rnnscope.estimate import Resampled
from rnnscope.records.finding import Row

LADDER = {"rnn": 0, "lstm": 1, "gru": 2, "gru-2015": 2}
"""Gating: from the plain cell to the gated ones, and from one of those to the other."""
NAMES = {"rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "gru-2015": "GRU"}


@dataclass(frozen=True)
class Place:
    """Where a configuration stands in the grid."""

    cell: str
    layers: int
    budget: int
    """0 for the smallest of the parameter counts that are there, and so on."""
    configuration: Configuration


@dataclass(frozen=True)
class Pair:
    """Both ends of a step."""

    lower: Place
    upper: Place
    where: str
    """The part of the grid, by a name that no other pair of the step has."""
    besides: str
    """In what they differ but for the step; empty where in nothing."""


def budgets_of(counts: Iterable[int]) -> dict[int, int]:
    """Parameter count -> which of the sizes that are there, counts within SAME_SIZE of the least brought
    together.
    """
    found: dict[int, int] = {}
    least, index = 0, -1
    for count in sorted(set(counts)):
        if count > SAME_SIZE * least:
            least, index = count, index + 1
        found[count] = index
    return found


def places_of(configurations: Sequence[Configuration]) -> list[Place]:
    """Those that are of a grid: recurrent networks, their parameter counts brought together into budgets."""
    known = [(each.shape, each) for each in configurations]
    shapes = [(shape, each) for shape, each in known if shape and shape[0] in LADDER]
    budgets = budgets_of(parameters for (_, _, parameters), _ in shapes)
    return [Place(cell, layers, budgets[parameters], each) for (cell, layers, parameters), each in shapes]


def pairs_of(places: Sequence[Place]) -> dict[tuple[str, str], list[Pair]]:
    """(axis, step) -> the pairs of places that lie that step apart: those that differ in it alone, or, where
    there is no such pair, all others.
    """
    found: dict[tuple[str, str], list[Pair]] = {}
    for lower, upper in product(places, repeat=2):
        for axis, told in _AXES.items():
            if named := told(lower, upper):
                step, where = named
                besides = lower.configuration.besides(upper.configuration)
                found.setdefault((axis, step), []).append(Pair(lower, upper, where, besides))
    order = list(_AXES)
    steps = sorted(found, key=lambda key: (order.index(key[0]), key[1]))
    return {key: _named([pair for pair in found[key] if not pair.besides] or found[key]) for key in steps}


def _named(pairs: list[Pair]) -> list[Pair]:
    """In the order of their names, which have the networks too where several are of one part of the grid."""
    often = Counter(pair.where for pair in pairs)
    named = [
        pair
        if often[pair.where] == 1
        else replace(
            pair,
            where=f"{pair.where}: {pair.lower.configuration.name} to {pair.upper.configuration.name}",
        )
        for pair in pairs
    ]
    return sorted(named, key=lambda pair: pair.where)


def effects(places: Sequence[Place], resampled: Resampled) -> list[Row]:
    """For each step along an axis one row for all pairs that differ in it alone, and one for each of them; of
    a step without such a pair a row for each pair that differs in something besides, and none for all.

    Seeds are averaged first. Negative nats: the step helps. Intervals are of the text.
    """
    rows = []
    for (axis, step), pairs in pairs_of(places).items():
        is_clean = not pairs[0].besides
        if is_clean:
            rows.append(_row(axis, step, "all", pairs, resampled))
        if len(pairs) > 1 or not is_clean:
            rows += [_row(axis, step, pair.where, [pair], resampled) for pair in pairs]
    return rows


def published_effects(beside: Sequence[tuple[Row, Configuration]]) -> list[Row]:
    """The same steps in published losses and in ours, over the pairs that both have, from the rows of the
    table 'published' and who stands there; of a step without a pair here that differs in it alone, over those
    that differ in the same besides.
    """
    budgets = sorted({int(str(row["budget"])) for row, _ in beside})
    places = [
        Place(str(row["cell"]), int(str(row["layers"])), budgets.index(int(str(row["budget"]))), each)
        for row, each in beside
    ]
    row_of = {each.name: row for row, each in beside}

    def mean(pairs: list[Pair], field: str) -> float:
        ends = [
            (row_of[pair.lower.configuration.name], row_of[pair.upper.configuration.name]) for pair in pairs
        ]
        return sum(float(upper[field] or 0) - float(lower[field] or 0) for lower, upper in ends) / len(pairs)

    rows = []
    for (axis, step), pairs in pairs_of(places).items():
        for besides in dict.fromkeys(pair.besides for pair in pairs):
            alike = [pair for pair in pairs if pair.besides == besides]
            rows.append(
                {
                    "axis": axis,
                    "step": step,
                    "besides": besides,
                    "pairs": len(alike),
                    "published_nats": mean(alike, "published_nats"),
                    "nats": mean(alike, "test_nats"),
                }
            )
    return rows


def _row(axis: str, step: str, where: str, pairs: list[Pair], resampled: Resampled) -> Row:
    weights: dict[int, float] = {}
    for pair in pairs:
        for place, sign in ((pair.upper, 1.0), (pair.lower, -1.0)):
            members = place.configuration.members
            for member in members:
                weights[member] = weights.get(member, 0.0) + sign / (len(pairs) * len(members))
    interval = resampled.combination(weights)
    return {
        "axis": axis,
        "step": step,
        "where": where,
        "besides": pairs[0].besides,
        "pairs": len(pairs),
        "nats": interval.value,
        "low": interval.low,
        "high": interval.high,
        "is_clear": interval.is_clear,
    }


def _depth(lower: Place, upper: Place) -> tuple[str, str] | None:
    if (lower.cell, lower.budget) != (upper.cell, upper.budget) or upper.layers != lower.layers + 1:
        return None
    return f"{lower.layers} to {upper.layers} layers", f"{NAMES[lower.cell]}, budget {lower.budget + 1}"


def _gating(lower: Place, upper: Place) -> tuple[str, str] | None:
    if (lower.layers, lower.budget) != (upper.layers, upper.budget):
        return None
    if LADDER[upper.cell] != LADDER[lower.cell] + 1 and not (lower.cell == "rnn" and LADDER[upper.cell] == 2):
        return None
    return (
        f"{NAMES[lower.cell]} to {NAMES[upper.cell]}",
        f"{lower.layers} layer{'s' if lower.layers > 1 else ''}, budget {lower.budget + 1}",
    )


def _size(lower: Place, upper: Place) -> tuple[str, str] | None:
    if (lower.cell, lower.layers) != (upper.cell, upper.layers) or upper.budget != lower.budget + 1:
        return None
    return (
        f"budget {lower.budget + 1} to {upper.budget + 1}",
        f"{NAMES[lower.cell]}, {lower.layers} layer{'s' if lower.layers > 1 else ''}",
    )


_AXES: dict[str, Callable[[Place, Place], tuple[str, str] | None]] = {
    "depth": _depth,
    "gating": _gating,
    "size": _size,
}
