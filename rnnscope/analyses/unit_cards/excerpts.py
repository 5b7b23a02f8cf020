"""A unit's values, the text -> the places that drive it most and least, coloured. Knows no role."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rnnscope.analyses.unit_cards.opened import OpenedRun, Place
from rnnscope.records.finding import Excerpt

BEFORE_CHARS, AFTER_CHARS = 36, 16
"""Text around a place."""
SHARE, LEAST = 1000, 20
"""Places are drawn from the thousandth of the text that is most extreme, from 20 characters at least: of the
very first ones many would be neighbours, and a saturated unit has no first."""
WANTED = {"highest": 3, "lowest": 3, "changes most": 2}


class Spot(NamedTuple):
    """A place that drives a unit."""

    kind: str
    """'highest', 'lowest' or 'changes most'."""
    row: int
    step: int


def excerpts_of(run: OpenedRun, place: Place, values_RT: np.ndarray, seed: int) -> Iterator[Excerpt]:
    """Where the unit's value is highest, lowest and changes most; `values_RT` in [-1, 1]."""
    for spot in spots_of(place, values_RT, seed):
        yield excerpt_at(run, place, values_RT, spot)


def spots_of(place: Place, values_RT: np.ndarray, seed: int) -> Iterator[Spot]:
    """The places of `excerpts_of`."""
    generator = np.random.default_rng([seed, *place])
    change_RT = np.abs(np.diff(values_RT, axis=1, prepend=values_RT[:, :1]))
    scores = {"highest": values_RT, "lowest": -values_RT, "changes most": change_RT}
    for kind, count in WANTED.items():
        for at in extreme(scores[kind], count, generator):
            yield Spot(kind, *divmod(at, values_RT.shape[1]))


def span_of(step: int, steps: int) -> slice:
    """The steps of a row that the excerpt around a step shows."""
    return slice(max(0, step - BEFORE_CHARS), min(steps, step + AFTER_CHARS + 1))


def excerpt_at(run: OpenedRun, place: Place, values_RT: np.ndarray, spot: Spot) -> Excerpt:
    """The text around a spot with the unit's value at each character."""
    kind, row, step = spot
    span = span_of(step, values_RT.shape[1])
    value, before = values_RT[row, step], values_RT[row, max(0, step - 1)]
    told = f"from {before:+.2f} to {value:+.2f}" if kind == "changes most" else f"{value:+.2f}"
    return Excerpt(
        title=f"{run.run}, unit {place[1]} of layer {place[0]}: {kind}",
        note=f"{told} at character {run.starts[row] + step:,}".replace("-", "−"),
        site=run.site(place[0]),
        unit=place[1],
        run=run.run,
        text=run.texts[row][span],
        values=[round(float(each), 2) for each in np.clip(values_RT[row, span], -1, 1)],
    )


def extreme(score_RT: np.ndarray, count: int, generator: np.random.Generator) -> list[int]:
    """Up to `count` places, drawn among those of the highest score (equal ones included) and no two within
    one excerpt; none where the score is the same everywhere."""
    score_N = score_RT.ravel()
    if score_N.min() == score_N.max():
        return []
    most = min(len(score_N), max(LEAST, len(score_N) // SHARE))
    threshold = np.partition(score_N, -most)[-most]
    taken: list[int] = []
    for at in generator.permutation(np.flatnonzero(score_N >= threshold)):
        if all(abs(int(at) - other) > BEFORE_CHARS + AFTER_CHARS for other in taken):
            taken.append(int(at))
        if len(taken) == count:
            break
    return taken
