"""Associations of units with what the text says -> Finding. Knows how to tell them, not how they are
measured.
"""

from collections.abc import Sequence

import numpy as np

from rnnscope.analyses.cell_roles.association import (
    SHIFTS,
    Association,
    Hypothesis,
    RankedStates,
    UnitStates,
)
from rnnscope.records.finding import Excerpt, Finding, Row

EXCERPT_CHARS = 700
EXCERPTS_PER_RUN = 6


def cell_roles(
    networks: Sequence[UnitStates],
    hypotheses: Sequence[Hypothesis],
    corpus: str,
    part: str,
    seed: int = 0,
) -> Finding:
    """Best unit per hypothesis and network, each unit's own best hypothesis, and excerpts coloured by
    units.
    """
    roles: list[Row] = []
    best: list[Row] = []
    excerpts: list[Excerpt] = []
    chars = 0
    for network in networks:
        rows, steps = next(iter(network.sites.values())).shape[:2]
        chars = rows * steps
        usable = [h for h in (hypothesis.cut(rows, steps) for hypothesis in hypotheses) if h.is_usable]
        ranked = RankedStates(network)
        found = [ranked.associate(h, np.random.default_rng([seed, n])) for n, h in enumerate(usable)]
        network_best = [_best_row(network, association) for association in found]
        best += network_best
        roles += _unit_rows(network, found)
        clear = sorted((row for row in network_best if row["is_clear"]), key=_margin, reverse=True)
        by_name = {hypothesis.name: hypothesis for hypothesis in usable}
        excerpts += [_excerpt(network, by_name[str(row["track"])], row) for row in clear[:EXCERPTS_PER_RUN]]
    return Finding(
        analysis="cell_roles",
        corpus=corpus,
        title="What do single units follow?",
        reading=_reading(best),
        numbers={
            "text_chars": chars,
            "units": len(roles),
            "units_with_a_clear_role": sum(bool(row["is_clear"]) for row in roles),
            "shifted_labelings": SHIFTS,
        },
        tables={"roles": roles, "best": best},
        excerpts=excerpts,
        caveats=[
            f"Chosen on the first half of each row of the {part} text and scored on the second. Clear "
            f"means: above "
            f"all {SHIFTS} controls with shifted labels, and above what the last character alone tells.",
            "A unit may follow one thing because it follows another that goes with it: indentation and "
            "bracket "
            "depth, say.",
            "Among very many units and hypotheses some are clear by chance, and an untrained network of the "
            "same "
            "shape is not among the controls here.",
        ],
    )


def _best_row(network: UnitStates, association: Association) -> Row:
    """The unit chosen for a hypothesis, and what the same choice reaches with shifted labels."""
    true, hypothesis = association.true, association.hypothesis
    return {
        **_where(network, true.best),
        "track": hypothesis.name,
        "title": hypothesis.title,
        "kind": "flag" if hypothesis.is_flag else "graded",
        "direction": "on" if true.chosen_U[true.best] > 0 else "off",
        **_judged(association, true.best, association.controls(None)),
    }


def _unit_rows(network: UnitStates, found: Sequence[Association]) -> list[Row]:
    """One row per unit: the hypothesis it follows best, chosen on the first half, with its own controls."""
    if not found:
        return []
    picked_U = np.stack([np.abs(association.true.chosen_U) for association in found]).argmax(axis=0)
    rows: list[Row] = []
    for unit, picked in enumerate(picked_U):
        association = found[picked]
        rows.append(
            {
                **_where(network, unit),
                "track": association.hypothesis.name,
                "kind": "flag" if association.hypothesis.is_flag else "graded",
                **_judged(association, unit, association.controls(unit)),
            }
        )
    return rows


def _judged(association: Association, unit: int, controls: list[float]) -> Row:
    """A unit's score on the scoring half beside the controls."""
    scale = association.hypothesis.on_scale
    score, last = scale(float(association.true.scored_U[unit])), scale(association.last_character)
    return {
        "score": score,
        "control": float(np.mean(controls)),
        "control_high": float(np.max(controls)),
        "last_character": last,
        "is_clear": score > max(float(np.max(controls)), last),
    }


def _where(network: UnitStates, index: int) -> Row:
    site, unit = network.units[index]
    layer = int(site.split(".")[1]) + 1
    return {"run": network.run, "cell": network.cell, "layer": layer, "unit": unit, "site": site}


def _margin(row: Row) -> float:
    """How far above its controls, on one scale for flags (AUC 0.5..1) and graded (0..1)."""
    stretch = 2 if row["kind"] == "flag" else 1
    control = max(float(row["control_high"] or 0), float(row["last_character"] or 0))
    return stretch * (float(row["score"] or 0) - control)


def _measure(row: Row) -> str:
    return "AUC" if row["kind"] == "flag" else "rank correlation"


def _excerpt(network: UnitStates, hypothesis: Hypothesis, row: Row) -> Excerpt:
    """The stretch of the scoring half in which the hypothesis changes most, coloured by the unit."""
    values_RT = hypothesis.values_RT
    rows, steps = values_RT.shape
    middle, window = steps // 2, min(EXCERPT_CHARS, steps - steps // 2)
    starts = np.arange(middle, steps - window + 1, max(1, window // 2))
    spread = np.array(
        [[values_RT[r, s : s + window].astype(np.float64).std() for s in starts] for r in range(rows)]
    )
    r, s = np.unravel_index(int(spread.argmax()), spread.shape)
    start, unit = int(starts[s]), int(row["unit"] or 0)
    values = network.sites[str(row["site"])][r, start : start + window, unit]
    return Excerpt(
        title=f"{network.run}, layer {row['layer']}, unit {unit}: {hypothesis.title}",
        note=(
            f"{_measure(row)} {row['score']:.3f} on text not used to choose the unit; with shifted labels "
            f"at most "
            f"{row['control_high']:.3f}, from the last character alone {row['last_character']:.3f}. "
            f"The unit goes {'up' if row['direction'] == 'on' else 'down'} with it."
        ),
        site=str(row["site"]),
        unit=unit,
        run=network.run,
        text=network.texts[int(r)][start : start + window],
        values=[round(float(value), 2) for value in np.clip(values, -1, 1)],
    )


def _reading(best: list[Row]) -> str:
    clear = sorted((row for row in best if row["is_clear"]), key=_margin, reverse=True)
    if not best:
        return "The text has none of the properties that units are tried against."
    if not clear:
        return "No unit follows any property of the text better than the controls do."
    row = clear[0]
    return (
        f"The clearest: unit {row['unit']} of layer {row['layer']} in {row['run']} follows '{row['title']}' "
        f"with "
        f"{_measure(row)} {row['score']:.2f} (shifted labels: at most {row['control_high']:.2f}; the last "
        f"character "
        f"alone: {row['last_character']:.2f}); {len(clear)} of {len(best)} pairs of network and property "
        f"have a unit "
        "above both controls."
    )
