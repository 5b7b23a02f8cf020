"""Roles that units have -> how closely other states of the same units follow them. Knows no finding."""

from collections.abc import Sequence

import numpy as np

from rnnscope.analyses.cell_roles.labels import Labelings
from rnnscope.analyses.cell_roles.scores import scores
from rnnscope.analyses.cell_roles.states import Hypothesis, UnitStates
from rnnscope.records.finding import Row


def followed(network: UnitStates, hypotheses: Sequence[Hypothesis], roles: Sequence[Row]) -> np.ndarray:
    """Score of each role's unit for its track, shape (K,): on the scoring half, on the scale that is
    reported, with the sign (`direction`) that the role has. `roles` are rows of `role_rows`.
    """
    usable = [each for each in (h.cut(*network.shape) for h in hypotheses) if each.is_usable]
    places = {hypothesis.name: place for place, hypothesis in enumerate(usable)}
    units = {unit: index for index, unit in enumerate(network.units)}
    if not places:
        return np.full(len(roles), np.nan)
    labelings = Labelings(usable, np.random.default_rng(0))
    true_KU = scores(list(network.sites.values()), labelings, with_shifts=False, with_bits=False).true_2KU[1]
    found = np.full(len(roles), np.nan)
    for index, role in enumerate(roles):
        unit = units.get((str(role["site"]), int(role["unit"] or 0)))
        place = places.get(str(role["track"]))
        if unit is not None and place is not None:
            sign = 1 if role["direction"] == "on" else -1
            found[index] = usable[place].on_scale(sign * float(true_KU[place, unit]))
    return found
