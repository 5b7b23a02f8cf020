"""What depth, gating and size bring: paired differences along the axes of a grid of networks. Knows no
record.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rnnscope.estimate import Resampled
from rnnscope.records.finding import Row

SAME_SIZE = 1.05
"""Parameter counts within this factor are one budget."""
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
    members: tuple[int, ...]
    """Its seeds' places among the series of the Resampled."""


def places_of(configurations: Sequence[tuple[str, int, int, tuple[int, ...]]]) -> list[Place]:
    """(cell, layers, parameters, members) -> places, parameter counts brought together into budgets."""
    budgets: list[int] = []
    for count in sorted(count for _, _, count, _ in configurations):
        if not budgets or count > SAME_SIZE * budgets[-1]:
            budgets.append(count)

    def budget_of(count: int) -> int:
        return max(index for index, least in enumerate(budgets) if count >= least)

    return [Place(cell, layers, budget_of(count), members) for cell, layers, count, members in configurations]


def effects(places: Sequence[Place], resampled: Resampled) -> list[Row]:
    """One row for each step along an axis, over all parts of the grid that hold both of its ends, and one
    for each part.

    Seeds are averaged first. Negative nats: the step helps. Intervals are of the text.
    """
    steps: dict[tuple[str, str], list[tuple[str, Place, Place]]] = {}
    for lower in places:
        for upper in places:
            for axis, told in _AXES.items():
                if found := told(lower, upper):
                    step, where = found
                    steps.setdefault((axis, step), []).append((where, lower, upper))
    rows = []
    for (axis, step), pairs in steps.items():
        rows.append(_row(axis, step, "all", [(lower, upper) for _, lower, upper in pairs], resampled))
        if len(pairs) > 1:
            rows += [_row(axis, step, where, [(lower, upper)], resampled) for where, lower, upper in pairs]
    order = list(_AXES)
    return sorted(
        rows, key=lambda row: (order.index(str(row["axis"])), str(row["step"]), row["where"] != "all")
    )


def published_effects(rows: Sequence[Row]) -> list[Row]:
    """The same steps in published losses and in ours, over the pairs that both have, from the rows of the
    table 'published'.
    """
    budgets = sorted({int(str(row["budget"])) for row in rows})
    placed = [
        (Place(str(row["cell"]), int(str(row["layers"])), budgets.index(int(str(row["budget"]))), ()), row)
        for row in rows
    ]
    pairs: dict[tuple[str, str], list[tuple[Row, Row]]] = {}
    for lower, of_lower in placed:
        for upper, of_upper in placed:
            for axis, told in _AXES.items():
                if found := told(lower, upper):
                    pairs.setdefault((axis, found[0]), []).append((of_lower, of_upper))

    def mean(pairs: list[tuple[Row, Row]], field: str) -> float:
        return sum(float(upper[field] or 0) - float(lower[field] or 0) for lower, upper in pairs) / len(pairs)

    return [
        {
            "axis": axis,
            "step": step,
            "pairs": len(found),
            "published_nats": mean(found, "published_nats"),
            "nats": mean(found, "test_nats"),
        }
        for (axis, step), found in sorted(
            pairs.items(), key=lambda item: (list(_AXES).index(item[0][0]), item[0][1])
        )
    ]


def _row(axis: str, step: str, where: str, pairs: list[tuple[Place, Place]], resampled: Resampled) -> Row:
    weights: dict[int, float] = {}
    for lower, upper in pairs:
        for place, sign in ((upper, 1.0), (lower, -1.0)):
            for member in place.members:
                share = sign / (len(pairs) * len(place.members))
                weights[member] = weights.get(member, 0.0) + share
    interval = resampled.combination(weights)
    return {
        "axis": axis,
        "step": step,
        "where": where,
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
