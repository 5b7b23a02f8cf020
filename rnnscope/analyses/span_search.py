"""Units' values, spans of text -> Finding: the units that are on exactly there. Knows no network.

The search of LSTMVis (Strobelt, Gehrmann, Pfister, Rush 2018): a unit fits if its values inside the spans all
lie on one side of all its values just before and after them, and inside the counter-spans. Its gap is the
distance between the two, below zero where they overlap. Chance is the same spans moved along their rows by
random amounts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from rnnscope.errors import ConfigError
from rnnscope.estimate import FALSE_DISCOVERIES
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
                f"no characters {span.start}:{span.stop} in row {span.row}; there are {rows} rows of {steps}"
            )
    inside = _places(spans)
    around = set(_places([_widened(span, steps) for span in spans])) | set(_places(counter_spans))
    outside = sorted(around - set(inside))
    if not outside:
        raise ConfigError("the spans leave nothing around them to compare with; take shorter ones")
    shifts = np.random.default_rng(seed).integers(1, steps, size=SHIFTS)
    found: list[Row] = []
    for site, values_RTH in sites.items():
        gap_H, side_H = _gaps(values_RTH, inside, outside, np.zeros(1, dtype=np.int64))
        chance_SH, _ = _gaps(values_RTH, inside, outside, shifts)
        p_H = (1 + (chance_SH >= gap_H).sum(axis=0)) / (1 + SHIFTS)
        levels_H = _between(values_RTH, inside, outside, side_H[0])
        beyond_H = (side_H[0] * (values_RTH - levels_H) > 0).mean(axis=(0, 1))
        found += [
            {
                "layer": int(site.split(".")[1]) + 1,
                "unit": unit,
                "site": site,
                "direction": "on" if side_H[0, unit] > 0 else "off",
                "gap": float(gap_H[0, unit]),
                "chance_gap": float(np.quantile(chance_SH[:, unit], 0.95)),
                "p": float(p_H[unit]),
                "share_of_text": float(beyond_H[unit]),
            }
            for unit in range(values_RTH.shape[2])
        ]
    q_U = stats.false_discovery_control([float(row["p"] or 1) for row in found])
    found = [
        row | {"q": float(q), "fits": float(row["gap"] or 0) > 0} for row, q in zip(found, q_U, strict=True)
    ]
    found.sort(key=lambda row: -float(row["gap"] or 0))
    fitting = [row for row in found if row["fits"]]
    clear = [row for row in fitting if float(row["q"] or 1) < FALSE_DISCOVERIES]
    shown = ", ".join(repr(texts[span.row][span.start : span.stop][:SHOWN_CHARS]) for span in spans)
    return Finding(
        analysis="span_search",
        corpus=corpus,
        title="Which units are on exactly there?",
        reading=_reading(run, shown, found, fitting, clear),
        numbers={
            "spans": len(spans),
            "chars_inside": len(inside),
            "chars_outside": len(outside),
            "units": len(found),
            "units_that_fit": len(fitting),
            "units_clear_of_chance": len(clear),
            "shifted_places": SHIFTS,
        },
        tables={"units": found},
        caveats=[
            "A short span is fitted by many units. Read share_of_text, how much of all the text each takes "
            "for the same, and give more spans, or counter-spans, to tell them apart.",
            f"p is the share of {SHIFTS} random places where the same unit fits as well; q is its false "
            "discovery rate over the units.",
        ],
    )


def _reading(run: str, shown: str, found: Sequence[Row], fitting: Sequence[Row], clear: Sequence[Row]) -> str:
    best = found[0]
    if not fitting:
        return (
            f"No unit of {run} is on at {shown} and off around it; nearest is unit {best['unit']} of layer "
            f"{best['layer']}, whose values overlap by {-float(best['gap'] or 0):.2f}."
        )
    return (
        f"Unit {best['unit']} of layer {best['layer']} in {run} tells {shown} from what is around it best "
        f"(gap {best['gap']:.2f}; at 95 % of random places below {best['chance_gap']:.2f}); {len(fitting)} "
        f"of {len(found)} units fit, {len(clear)} of them beyond chance."
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
