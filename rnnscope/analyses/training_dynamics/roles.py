"""Scores of units over training -> when each role appeared. Knows no network."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnscope.records.finding import Row


@dataclass(frozen=True)
class RoleHistory:
    """The roles that one network ends with, and how closely their units followed them on the way."""

    run: str
    epochs: Sequence[float]
    """Of the milestones, in order; M of them."""
    roles: Sequence[Row]
    """As the analysis of roles has them, K of them: layer, unit, track, title, kind, and what is to be
    beaten.
    """
    scores_KM: np.ndarray
    """On the scale of the roles' scores (AUC, or rank correlation), with the sign that the unit ends with."""


def appearances(history: RoleHistory) -> list[Row]:
    """A row per role: the first milestone from which on its score beats every control of the final role."""
    rows: list[Row] = []
    for role, scores_M in zip(history.roles, history.scores_KM, strict=True):
        bar = max(float(role[name] or 0) for name in ("control_high", "untrained", "last_character"))
        first = first_for_good(scores_M > bar)
        rows.append(
            {
                "run": history.run,
                **{name: role[name] for name in ("layer", "unit", "track", "title", "kind")},
                "controls": bar,
                "score_first": float(scores_M[0]),
                "score_last": float(scores_M[-1]),
                "epoch": None if first is None else float(history.epochs[first]),
            }
        )
    return sorted(rows, key=lambda row: (row["epoch"] is None, row["epoch"] or 0.0))


def first_for_good(holds_M: np.ndarray) -> int | None:
    """The first place from which on all hold; None where the last does not."""
    broken = np.flatnonzero(~holds_M)
    first = int(broken[-1]) + 1 if len(broken) else 0
    return first if first < len(holds_M) else None
