"""Associations of units with what the text says -> Finding: which units have a role (`_row`), in rows,
in words and as excerpts. Knows not how they are measured.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from rnnscope.analyses.cell_roles.association import Associations, associate
from rnnscope.analyses.cell_roles.intervals import intervals
from rnnscope.analyses.cell_roles.labels import SHIFTS
from rnnscope.analyses.cell_roles.ranks import stretch
from rnnscope.analyses.cell_roles.states import Hypothesis, UnitStates
from rnnscope.estimate import FALSE_DISCOVERIES, Interval
from rnnscope.progress import OnShare, unheard
from rnnscope.records.finding import Excerpt, Finding, Row
from rnnscope.records.roles import margin

EXCERPT_CHARS = 700
EXCERPTS_PER_RUN = 6


def cell_roles(
    networks: Iterable[UnitStates],
    hypotheses: Sequence[Hypothesis],
    corpus: str,
    part: str,
    seed: int = 0,
) -> Finding:
    """Best unit per hypothesis and network, each unit's own best hypothesis, and excerpts coloured by
    units. The networks are taken one after the other.
    """
    roles: list[Row] = []
    best: list[Row] = []
    excerpts: list[Excerpt] = []
    chars, has_untrained = 0, True
    for network in networks:
        chars = int(np.prod(network.shape))
        has_untrained &= bool(network.untrained)
        network_best, network_roles = role_rows(network, hypotheses, seed)
        best += network_best
        roles += network_roles
        shown = _worth_showing(network_best)
        by_name = {hypothesis.name: hypothesis.cut(*network.shape) for hypothesis in hypotheses}
        excerpts += [_excerpt(network, by_name[str(row["track"])], row) for row in shown]
    return Finding(
        analysis="cell_roles",
        corpus=corpus,
        title="What do single units follow?",
        reading=_reading(best, roles),
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
            f"means: beyond what {SHIFTS} shifted labelings reach (false discovery rate "
            f"{FALSE_DISCOVERIES:.0%} over all units and properties of a network), and with the "
            "whole 95 % interval above the best unit of the untrained network and above what the last "
            "character alone tells."
            if has_untrained
            else f"Chosen on the first half of each row of the {part} text and scored on the second. There "
            "was no untrained network to compare with: what is clear here is so beside shifted labels and "
            "the last character alone.",
            "A unit may follow one thing because it follows another that goes with it: indentation and "
            "bracket depth, say.",
            "To follow is not to cause: what the network loses without the unit is another question.",
        ],
    )


def role_rows(
    network: UnitStates, hypotheses: Sequence[Hypothesis], seed: int = 0
) -> tuple[list[Row], list[Row]]:
    """(a row per hypothesis with its best unit, a row per unit with the hypothesis it follows best), of the
    hypotheses that tell something apart in the network's text; none where none does.
    """
    usable = [each for each in (h.cut(*network.shape) for h in hypotheses) if each.is_usable]
    if not usable:
        return [], []
    return associated_rows(network, associate(network, usable, seed))


def associated_rows(network: UnitStates, found: Associations) -> tuple[list[Row], list[Row]]:
    """`role_rows` of associations that are worked out already."""
    of_hypotheses = list(enumerate(found.best_K.tolist()))
    of_units = [(place, unit) for unit, place in enumerate(found.picked_U.tolist())]
    known = intervals(list(network.sites.values()), found.labelings, of_hypotheses + of_units)
    best = [_row(network, found, pair, known, found.shifted_best_SK[:, pair[0]]) for pair in of_hypotheses]
    units = [_row(network, found, pair, known, found.shifted_SKU[:, pair[0], pair[1]]) for pair in of_units]
    return best, units


def ranked_for(network: UnitStates, found: Associations, place: int, told: OnShare = unheard) -> list[Row]:
    """A row for every unit against the hypothesis at `place`, in the order of the choosing half: the closest
    first. `told` hears which share is done."""
    order = np.argsort(-np.abs(found.chosen_KU[place]), kind="stable").tolist()
    pairs = [(place, unit) for unit in order]
    known = intervals(list(network.sites.values()), found.labelings, pairs, told)
    return [_row(network, found, pair, known, found.shifted_SKU[:, place, pair[1]]) for pair in pairs]


def _row(
    network: UnitStates,
    found: Associations,
    pair: tuple[int, int],
    known: Mapping[tuple[int, int], Interval],
    shifted_S: np.ndarray,
) -> Row:
    """One unit and hypothesis: score, interval and controls, all on the scale that is reported."""
    place, unit = pair
    hypothesis = found.hypotheses[place]
    sign = -1 if found.chosen_KU[place, unit] < 0 else 1
    ends = sorted(sign * end for end in known[pair][1:])
    scale = hypothesis.on_scale
    score, low, high = (scale(float(each)) for each in (found.scored_KU[place, unit], *ends))
    low, high = min(low, score), max(high, score)  # rounding may set the score just outside; nan stays
    told_S = shifted_S[~np.isnan(shifted_S)]  # shifts that leave something to tell apart
    control_high = scale(float(told_S.max(initial=0.0)))
    last, untrained = (scale(float(each[1, place])) for each in (found.last_2K, found.untrained_2K))
    has_untrained = bool(network.untrained)
    q = float(found.q_KU[place, unit])
    beaten = max(scale(0.0), last, untrained if has_untrained else last)
    # a text too short for an interval (nan) leaves the score itself to beat them
    lowest = low if low == low else score
    return {
        **_where(network, unit),
        "track": hypothesis.name,
        "title": hypothesis.title,
        "kind": "flag" if hypothesis.is_flag else "graded",
        "direction": "on" if sign > 0 else "off",
        "score": score,
        "low": low,
        "high": high,
        "bits": float(found.bits_KU[place, unit]),
        "q": q,
        "control": scale(float(told_S.mean())) if len(told_S) else None,
        "control_high": control_high,
        "untrained": untrained if has_untrained else None,
        "last_character": last,
        "is_clear": q < FALSE_DISCOVERIES and score > control_high and lowest > beaten,
    }


def _where(network: UnitStates, index: int) -> Row:
    site, unit = network.units[index]
    layer = int(site.split(".")[1]) + 1
    return {"run": network.run, "cell": network.cell, "layer": layer, "unit": unit, "site": site}


def _worth_showing(best: Sequence[Row]) -> list[Row]:
    """The clearest roles; where none is clear, the one that comes nearest."""
    ordered = sorted(best, key=margin, reverse=True)
    return [row for row in ordered if row["is_clear"]][:EXCERPTS_PER_RUN] or ordered[:1]


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
    values = stretch(network.sites[str(row["site"])], int(r), slice(start, start + window), unit)
    return Excerpt(
        title=f"{network.run}, layer {row['layer']}, unit {unit}: {hypothesis.title}",
        note=(
            f"{_measure(row)} {row['score']:.3f} on text not used to choose the unit; {_beside(row)}. "
            f"The unit goes {'up' if row['direction'] == 'on' else 'down'} with it."
            + ("" if row["is_clear"] else " No unit here is clear of its controls; this one comes nearest.")
        ),
        site=str(row["site"]),
        unit=unit,
        run=network.run,
        text=network.texts[int(r)][start : start + window],
        values=[round(float(value), 2) for value in np.clip(values, -1, 1)],
    )


def _beside(row: Row) -> str:
    """What the controls reach, in words."""
    said = f"shifted labels at most {row['control_high']:.2f}"
    if row["untrained"] is not None:
        said += f", the best unit before training {row['untrained']:.2f}"
    return f"{said}, the last character alone {row['last_character']:.2f}"


def _reading(best: list[Row], roles: list[Row]) -> str:
    clear = sorted((row for row in best if row["is_clear"]), key=margin, reverse=True)
    if not best:
        return "The text has none of the properties that units are tried against."
    if not clear:
        return "No unit follows any property of the text better than the controls do."
    row, counts = clear[0], []
    for run in dict.fromkeys(str(each["run"]) for each in roles):
        of_run = [each for each in roles if each["run"] == run]
        counts.append(f"{sum(bool(each['is_clear']) for each in of_run)} of {len(of_run)} units of {run}")
    return (
        f"The clearest: unit {row['unit']} of layer {row['layer']} in {row['run']} follows '{row['title']}' "
        f"with {_measure(row)} {row['score']:.2f} ({_beside(row)}). {' and '.join(counts)} have a role that "
        "is clear of all controls."
    )
