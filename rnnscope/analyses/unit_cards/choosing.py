"""Rows of roles and ablation -> which units are shown, and why each. Knows no state."""

from collections.abc import Mapping, Sequence

import numpy as np

from rnnscope.analyses.unit_cards.opened import OpenedRun, Place
from rnnscope.records.finding import Row
from rnnscope.records.roles import margin, number

WITH_A_ROLE, WITH_AN_EFFECT, AT_RANDOM = 5, 3, 3
"""Cards of a run: best roles, largest changes when a unit is held, and controls without a role."""


def chosen(run: OpenedRun, seed: int) -> dict[Place, str]:
    """Unit -> why it is shown: clear roles, best first, each track's best before another of the same track;
    then the largest effects; then units without a clear role, drawn by the seed."""
    roles = by_place(run.roles)
    why = {place: ["clear role"] for place in _clear(roles)[:WITH_A_ROLE]}
    by_effect = sorted(run.ablation, key=lambda row: -abs(number(row, "change_nats") or 0))
    for row in by_effect[:WITH_AN_EFFECT]:
        why.setdefault(_place(row), []).append("large effect when held still")
    rest = [place for place in run.places if place not in why and not roles.get(place, {}).get("is_clear")]
    drawn = np.random.default_rng(seed).permutation(len(rest))[:AT_RANDOM]
    control = "control: drawn at random among units without a clear role"
    why |= {rest[index]: [control] for index in drawn}
    return {place: "; ".join(reasons) for place, reasons in why.items()}


def by_place(rows: Sequence[Row]) -> dict[Place, Row]:
    return {_place(row): row for row in rows}


def _place(row: Row) -> Place:
    return int(row["layer"] or 0), int(row["unit"] or 0)


def _clear(roles: Mapping[Place, Row]) -> list[Place]:
    clear = [place for place, row in roles.items() if row.get("is_clear")]
    clear.sort(key=lambda place: -margin(roles[place]))
    first = list({roles[place].get("track"): place for place in reversed(clear)}.values())
    first.sort(key=clear.index)
    return first + [place for place in clear if place not in first]
