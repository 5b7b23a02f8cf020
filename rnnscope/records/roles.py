"""Rows of a finding that say which role a unit has -> one scale for all kinds of tracks."""

from rnnscope.records import finding
from rnnscope.records.finding import Row

CONTROLS = ("control_high", "last_character", "untrained")
"""Columns of what the score has to beat."""


def number(row: Row, name: str) -> float | None:
    """A finite number of a row; None where there is none."""
    return finding.number(row.get(name))


def margin(row: Row) -> float:
    """How far above its controls, on one scale for flags (AUC 0.5 to 1) and graded tracks (0 to 1)."""
    controls = [known for name in CONTROLS if (known := number(row, name)) is not None]
    return _stretch(row) * ((number(row, "score") or 0) - max(controls, default=0))


def strength(row: Row) -> float | None:
    """The score on that scale: 0 is chance, 1 is perfect."""
    score = number(row, "score")
    return None if score is None else 1 - _stretch(row) * (1 - score)


def _stretch(row: Row) -> int:
    return 2 if row.get("kind") == "flag" else 1
