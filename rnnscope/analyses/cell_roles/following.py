"""Roles that units have -> how closely other states of the same units follow them. Knows no finding."""

from collections.abc import Sequence

import numpy as np

from rnnscope.analyses.cell_roles.labels import Labelings
from rnnscope.analyses.cell_roles.ranks import of_units
from rnnscope.analyses.cell_roles.scores import scores
from rnnscope.analyses.cell_roles.states import Hypothesis, UnitStates
from rnnscope.records.finding import Row


def followed(network: UnitStates, hypotheses: Sequence[Hypothesis], roles: Sequence[Row]) -> np.ndarray:
    """Score of each role's unit for its track, shape (K,): on the scoring half, on the scale that is
    reported, with the sign (`direction`) that the role has. `roles` are rows of `role_rows`.
    """
    wanted = {str(role["track"]) for role in roles}
    cut = (h.cut(*network.shape) for h in hypotheses if h.name in wanted)
    usable = [each for each in cut if each.is_usable]
    # only the units that have a role, a site after the other
    pairs = [(str(role["site"]), int(role["unit"] or 0)) for role in roles]
    units = {site: sorted({unit for at, unit in pairs if at == site}) for site in network.sites}
    found = np.full(len(roles), np.nan)
    if not usable or not any(units.values()):
        return found
    values = [of_units(network.sites[site], some) for site, some in units.items() if some]
    labelings = Labelings(usable, np.random.default_rng(0))
    true_KU = scores(values, labelings, with_shifts=False, with_bits=False).true_2KU[1]
    places = {hypothesis.name: place for place, hypothesis in enumerate(usable)}
    columns = {pair: n for n, pair in enumerate((site, unit) for site in units for unit in units[site])}
    for index, (role, pair) in enumerate(zip(roles, pairs, strict=True)):
        place = places.get(str(role["track"]))
        if pair in columns and place is not None:
            sign = 1 if role["direction"] == "on" else -1
            found[index] = usable[place].on_scale(sign * float(true_KU[place, columns[pair]]))
    return found
