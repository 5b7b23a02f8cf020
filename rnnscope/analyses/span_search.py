"""Units' values, spans of text -> Finding: the units that are on exactly there. Knows no network.

The search of LSTMVis (Strobelt, Gehrmann, Pfister, Rush 2018): a unit fits if its values inside the spans all
lie on one side of all its values just before and after them, and inside the counter-spans. Its gap is the
distance between the two, below zero where they overlap. Chance is the same spans moved along their rows by
random amounts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rnnscope.errors import ConfigError
from rnnscope.records.finding import Finding, Row

CONTEXT_CHARS = 30
"""On each side of a span, where the unit is to be off."""
SHIFTS = 400
SHOWN_CHARS = 60


@dataclass(frozen=True)
class Span:
    """Steps `start` to `stop`, which is not in it, of one row."""

    row: int
    start: int
    stop: int


def span_search(
    run: str,
    corpus: str,
    sites: Mapping[str, np.ndarray],
    texts: Sequence[str],
    spans: Sequence[Span],
    counter_spans: Sequence[Span] = (),
    seed: int = 0,
) -> Finding:
    """One row per unit, those that fit best first. `sites`: name -> (R, T, H); `texts`: R strings.

    Raises ConfigError for a span that the text does not have.
    """
    rows, steps = next(iter(sites.values())).shape[:2]
    for span in (*spans, *counter_spans):
        if not (0 <= span.row < rows and 0 <= span.start < span.stop <= steps):
            raise ConfigError(
                f"no characters {span.start}:{span.stop} in row {span.row} of what was traced, {rows} rows "
                f"of {steps}; more --chars trace more"
            )
    inside = _places(spans)
    around = set(_places([_widened(span, steps) for span in spans])) | set(_places(counter_spans))
    outside = sorted(around - set(inside))
    if not outside:
        raise ConfigError("the spans leave nothing around them to compare with; take shorter ones")
    shifts = np.random.default_rng(seed).integers(1, steps, size=SHIFTS)
    found: list[Row] = []
    fitting_S = np.zeros(SHIFTS, dtype=int)
    for site, values_RTH in sites.items():
        gap_H, side_H = (each[0] for each in _gaps(values_RTH, inside, outside, np.zeros(1, np.int64)))
        chance_SH, _ = _gaps(values_RTH, inside, outside, shifts)
        fitting_S += (chance_SH > 0).sum(axis=1)
        p_H = (1 + (chance_SH >= gap_H).sum(axis=0)) / (1 + SHIFTS)
        levels_H = _between(values_RTH, inside, outside, side_H)
        # row by row: a whole text in single precision fills much memory
        beyond_H = np.mean([(side_H * (row_TH - levels_H) > 0).mean(axis=0) for row_TH in values_RTH], axis=0)
        found += [
            {
                "layer": int(site.split(".")[1]) + 1,
                "unit": unit,
                "site": site,
                "direction": "on" if side_H[unit] > 0 else "off",
                "gap": float(gap_H[unit]),
                "fits": bool(gap_H[unit] > 0),
                "chance_gap": float(np.quantile(chance_SH[:, unit], 0.95)),
                "p": float(p_H[unit]),
                "share_of_text": float(beyond_H[unit]),
            }
            for unit in range(values_RTH.shape[2])
        ]
    found.sort(key=lambda row: -float(row["gap"] or 0))
    fitting = sum(bool(row["fits"]) for row in found)
    by_chance, most_by_chance = float(fitting_S.mean()), float(np.quantile(fitting_S, 0.95))
    shown = ", ".join(repr(texts[span.row][span.start : span.stop][:SHOWN_CHARS]) for span in spans)
    return Finding(
        analysis="span_search",
        corpus=corpus,
        title="Which units are on exactly there?",
        reading=_reading(run, shown, found, fitting, by_chance, most_by_chance),
        numbers={
            "spans": len(spans),
            "chars_inside": len(inside),
            "chars_outside": len(outside),
            "units": len(found),
            "units_that_fit": fitting,
            "units_that_fit_by_chance": by_chance,
            "units_that_fit_at_95_percent_of_places": most_by_chance,
            "shifted_places": SHIFTS,
        },
        tables={"units": found},
        caveats=[
            "A short span is fitted by many units. Read share_of_text, how much of all the text each takes "
            "for the same, and give more spans, or counter-spans, to tell them apart.",
            f"p is the share of {SHIFTS} random places where the same unit fits as well, unit by unit; how "
            "many units fit by chance is counted at the same places.",
        ],
    )


def _reading(
    run: str, shown: str, found: Sequence[Row], fitting: int, by_chance: float, most_by_chance: float
) -> str:
    best = found[0]
    if not fitting:
        return (
            f"No unit of {run} is on at {shown} and off around it; nearest is unit {best['unit']} of layer "
            f"{best['layer']}, whose values overlap by {-float(best['gap'] or 0):.2f}."
        )
    return (
        f"Unit {best['unit']} of layer {best['layer']} in {run} tells {shown} from what is around it best "
        f"(gap {best['gap']:.2f}; at 95 % of random places below {best['chance_gap']:.2f}). {fitting} of "
        f"{len(found)} units fit; at random places {by_chance:.1f} do, at 95 % of them at most "
        f"{most_by_chance:.0f}."
    )


def _places(spans: Sequence[Span]) -> list[tuple[int, int]]:
    return sorted({(span.row, step) for span in spans for step in range(span.start, span.stop)})


def _widened(span: Span, steps: int) -> Span:
    return Span(span.row, max(0, span.start - CONTEXT_CHARS), min(steps, span.stop + CONTEXT_CHARS))


def _gaps(
    values_RTH: np.ndarray,
    inside: Sequence[tuple[int, int]],
    outside: Sequence[tuple[int, int]],
    shifts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """(gap, side) for all places moved by each shift, shape (S, H): +1 where the unit is higher inside."""
    gaps, sides = [], []
    for shift in shifts:
        within_NH, around_NH = (_taken(values_RTH, places, int(shift)) for places in (inside, outside))
        higher_H = within_NH.min(axis=0) - around_NH.max(axis=0)
        lower_H = around_NH.min(axis=0) - within_NH.max(axis=0)
        gaps.append(np.maximum(higher_H, lower_H))
        sides.append(np.where(higher_H >= lower_H, 1, -1))
    return np.stack(gaps), np.stack(sides)


def _taken(values_RTH: np.ndarray, places: Sequence[tuple[int, int]], shift: int) -> np.ndarray:
    rows, steps = np.array(places).T
    return values_RTH[rows, (steps + shift) % values_RTH.shape[1]].astype(np.float32)


def _between(
    values_RTH: np.ndarray,
    inside: Sequence[tuple[int, int]],
    outside: Sequence[tuple[int, int]],
    side_H: np.ndarray,
) -> np.ndarray:
    """The value half-way between the inside and the outside."""
    within_NH, around_NH = (_taken(values_RTH, places, 0) for places in (inside, outside))
    higher = side_H > 0
    near_H = np.where(higher, within_NH.min(axis=0), within_NH.max(axis=0))
    far_H = np.where(higher, around_NH.max(axis=0), around_NH.min(axis=0))
    return (near_H + far_H) / 2
