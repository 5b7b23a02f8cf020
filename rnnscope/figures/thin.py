"""Fewer rows that still show the same picture."""

from collections.abc import Callable, Hashable
from itertools import groupby

from rnnscope.records.finding import Row


def needed(rows: list[Row], *columns: str) -> list[Row]:
    """The rows that have a value in every named column."""
    return [row for row in rows if all(row.get(column) is not None for column in columns)]


def evenly(rows: list[Row], most: int) -> list[Row]:
    """At most `most` rows at even steps, the first and the last among them."""
    if len(rows) <= most:
        return rows
    if most < 2:
        return rows[:most]
    return [rows[round(index * (len(rows) - 1) / (most - 1))] for index in range(most)]


def evenly_by(rows: list[Row], key: Callable[[Row], Hashable], most: int) -> list[Row]:
    """`evenly` within each group, all cut alike: none vanishes unless there are more groups than `most`."""
    if len(rows) <= most:
        return rows
    order = {group: index for index, group in enumerate(dict.fromkeys(key(row) for row in rows))}
    grouped = groupby(sorted(rows, key=lambda row: order[key(row)]), key=key)
    share = most / len(rows)
    return evenly([row for _, group in grouped for row in _share(list(group), share)], most)


def _share(rows: list[Row], share: float) -> list[Row]:
    return evenly(rows, max(1, int(len(rows) * share)))


def left_out(drawn: int, total: int, what: str) -> str:
    """A sentence for a figure's note, or nothing where all are drawn."""
    if drawn >= total:
        return ""
    return f"{drawn:,} of {total:,} {what} are drawn, at even steps; the finding's file holds all."
