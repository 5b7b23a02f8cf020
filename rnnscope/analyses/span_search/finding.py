"""Units' values, spans of text -> Finding: the units that are on exactly there. Knows no network.

The search of LSTMVis (Strobelt, Gehrmann, Pfister, Rush 2018): a unit fits if its values inside the spans all
lie on one side of all its values just before and after them, and inside the counter-spans. Its gap is the
distance between the two, below zero where they overlap. Chance is the same spans moved along their rows by
random amounts.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from rnnscope.analyses.span_search.spans import Pointed, Span, fit, pointed
from rnnscope.analyses.span_search.values import InMemory, SiteValues
from rnnscope.records.finding import Finding, Row

SHIFTS = 400
SHOWN_CHARS = 60


def span_search(
    run: str,
    corpus: str,
    sites: Mapping[str, np.ndarray | SiteValues],
    texts: Sequence[str],
    spans: Sequence[Span],
    counter_spans: Sequence[Span] = (),
    seed: int = 0,
) -> Finding:
    """One row per unit, those that fit best first. `sites`: name -> (R, T, H), as an array or as what reads
    one from disk; `texts`: R strings.

    Raises ConfigError for a span that the text does not have.
    """
    read = {name: InMemory(each) if isinstance(each, np.ndarray) else each for name, each in sites.items()}
    shape = next(iter(read.values())).shape[:2]
    places = pointed(shape, spans, counter_spans)
    shifts = np.random.default_rng(seed).integers(1, shape[1], size=SHIFTS)
    found: list[Row] = []
    fitting_S = np.zeros(SHIFTS, dtype=int)
    for name, site in read.items():
        rows, fits_S = _of_site(name, site, places, shifts)
        found += rows
        fitting_S += fits_S
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
            "chars_inside": len(places.inside),
            "chars_outside": len(places.outside),
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


def _of_site(
    name: str, site: SiteValues, places: Pointed, shifts: np.ndarray
) -> tuple[list[Row], np.ndarray]:
    """(a row for every unit, how many units fit at each shift)."""
    true, chance = fit(site, places, np.zeros(1, np.int64)), fit(site, places, shifts)
    gap_H, side_H = true.gap_SH[0], true.side_SH[0]
    p_H = (1 + (chance.gap_SH >= gap_H).sum(axis=0)) / (1 + len(shifts))
    chance_H = np.quantile(chance.gap_SH, 0.95, axis=0)
    beyond_H = site.share_beyond(true.halfway_SH[0], side_H)
    rows: list[Row] = [
        {
            "layer": int(name.split(".")[1]) + 1,
            "unit": unit,
            "site": name,
            "direction": "on" if side_H[unit] > 0 else "off",
            "gap": float(gap_H[unit]),
            "fits": bool(gap_H[unit] > 0),
            "chance_gap": float(chance_H[unit]),
            "p": float(p_H[unit]),
            "share_of_text": float(beyond_H[unit]),
        }
        for unit in range(site.shape[2])
    ]
    return rows, (chance.gap_SH > 0).sum(axis=1)


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
