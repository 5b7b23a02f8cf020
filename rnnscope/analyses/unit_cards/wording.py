"""Numbers of a unit -> the sentences and facts of its card. Knows no array of states."""

import math

from rnnscope.analyses.unit_cards.measuring import MOST_CHARS
from rnnscope.analyses.unit_cards.opened import OpenedRun, Place
from rnnscope.records.finding import Row
from rnnscope.records.roles import number

_MEASURES = {"flag": "AUC", "graded": "rank correlation"}
_BESIDE = {
    "control_high": "shifted labels reach {:.3f}",
    "last_character": "the last character alone {:.3f}",
    "untrained": "an untrained network {:.3f}",
}
"""Columns that stand beside a score, those that a row has."""


def heading(run: OpenedRun, place: Place, role: Row | None) -> str:
    what = f"follows {_title(run, role)}" if role and role.get("is_clear") else "no clear role"
    return f"Unit {place[1]} of layer {place[0]}: {what if role else 'its role was not looked for'}"


def role_sentence(run: OpenedRun, role: Row | None) -> str:
    """The score with its controls, whatever of them the row has."""
    if role is None:
        corpus = run.reference.partition("/")[0]
        return f"'rnnscope study {corpus}' looks for the roles of units in the networks that it opens."
    score = number(role, "score")
    told = f"{_MEASURES.get(str(role.get('kind')), 'score')} {0.0 if score is None else score:.3f}"
    low, high = number(role, "low"), number(role, "high")
    if low is not None and high is not None:
        told += f" (95 % {low:.3f} to {high:.3f})"
    told += " on text not used to choose it"
    beside = [words.format(at) for name, words in _BESIDE.items() if (at := number(role, name)) is not None]
    if (q := number(role, "q")) is not None:
        beside.append(f"q {q:.2g}")
    if (bits := number(role, "bits")) is not None:
        beside.append(f"{bits:.3f} bits")
    told += f"; {', '.join(beside)}" if beside else ""
    if role.get("is_clear"):
        return f"{told}."
    return f"It fits {_title(run, role)} best, not above its controls: {told}."


def _title(run: OpenedRun, role: Row) -> str:
    track = str(role.get("track"))
    return run.titles.get(track, track.replace("_", " "))


def values_fact(mean: float, deviation: float, near_minus: float, near_plus: float) -> str:
    return (
        f"mean {_signed(mean, 2)}, standard deviation {deviation:.2f}; {_percent(near_minus)} of the time "
        f"below −0.9, {_percent(near_plus)} above +0.9"
    )


def kept_fact(kept: float) -> str:
    """By the gate."""
    return "no gate keeps its state" if math.isnan(kept) else f"1/e is left after {chars(kept)}"


def value_fact(lag: float, most: int) -> str:
    """By the values."""
    if math.isnan(lag):
        return "it never changes"
    return f"{chars(lag, most)} until its autocorrelation is under 1/e"


def chars(time: float, most: int = MOST_CHARS) -> str:
    """A time in words; `most` is as far as could be told."""
    if time >= most:
        return f"{most:,} characters or more"
    shown = f"{time:.1f}" if time < 10 and time != round(time) else f"{time:,.0f}"
    return f"{shown} character{'' if shown == '1' else 's'}"


def gates_fact(rows: list[Row]) -> str:
    """Every gate's share of steps above 0.9 and below 0.1."""
    told = [
        f"{row.get('gate')} open {_percent(number(row, 'right') or 0.0)}, "
        f"shut {_percent(number(row, 'left') or 0.0)}" + (" (never moves)" if row.get("never_moves") else "")
        for row in rows
    ]
    return "; ".join(told)


def neighbours_fact(near: list[tuple[Place, float]]) -> str:
    return ", ".join(f"{layer}.{unit} ({_signed(at, 2)})" for (layer, unit), at in near)


def ablation_fact(run: OpenedRun, row: Row | None) -> str:
    """What is lost without the unit, or how to find out."""
    if row is None:
        return f"not measured: rnnscope ablate {run.reference}"
    told = f"{_signed(number(row, 'change_nats') or 0, 4)} nats a character"
    low, high = number(row, "low"), number(row, "high")
    if low is not None and high is not None:
        told += f" (95 % {_signed(low, 4)} to {_signed(high, 4)})"
    inside, outside = number(row, "inside_nats"), number(row, "outside_nats")
    if row.get("track") and inside is not None and outside is not None:
        told += f"; {row['track']} {_signed(inside, 4)}, elsewhere {_signed(outside, 4)}"
        told += "" if row.get("is_specific") else " (no clear difference)"
    return told


def _signed(value: float, decimals: int) -> str:
    return f"{value:+.{decimals}f}".replace("-", "−")


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", "\N{NO-BREAK SPACE}%")
