"""Trace and what the text alone says -> Finding: which unit follows what, with a control. Knows no network.

For every hypothesis (inside quotes, column, ...) the unit that follows it best is CHOSEN on the first half of
every row and SCORED on the second half. Score: area under the ROC curve for yes/no hypotheses (0.5 is chance,
1 perfect; Hanley and McNeil 1982), absolute Spearman rank correlation for graded ones (0 is chance). The sign
is taken from the first half. Control: the same choice and score with the labels shifted along each row by a
random amount, many times. It has the labels' own statistics and nothing of the text's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from rnnscope.records.finding import Excerpt, Finding, Row

SHIFTS = 20
"""Shifted labelings per hypothesis: the largest of their scores is about the 95th percentile of chance."""
RAREST = 0.005
"""A yes/no hypothesis that holds for less than this share of characters (or for more than the rest) is left
out.
"""
EXCERPT_CHARS = 700
EXCERPTS_PER_RUN = 6


@dataclass(frozen=True)
class Hypothesis:
    """What the text alone says of each character that a network reads."""

    name: str
    title: str
    is_flag: bool
    values_RT: np.ndarray
    """Shape (R, T): at step t, of the character read at t."""


@dataclass(frozen=True)
class UnitStates:
    """One network's states beside the text they were read from."""

    run: str
    cell: str
    sites: dict[str, np.ndarray]
    """'layers.{l}.tanh_c' (LSTM) or 'layers.{l}.h' -> (R, T, H), in [-1, 1]: after reading the character at
    t.
    """
    texts: Sequence[str]
    """R strings of T characters."""


@dataclass(frozen=True)
class _Scores:
    """Scores of all units for one labeling: signed on the choosing half, sign-corrected on the scoring
    half.
    """

    chosen_U: np.ndarray
    scored_U: np.ndarray

    @property
    def best(self) -> int:
        return int(np.argmax(np.abs(self.chosen_U)))


def cell_roles(
    networks: Sequence[UnitStates],
    hypotheses: Sequence[Hypothesis],
    corpus: str,
    part: str,
    seed: int = 0,
) -> Finding:
    """Best unit per hypothesis and network, each unit's own best hypothesis, and excerpts coloured by the
    clearest.
    """
    roles: list[Row] = []
    best: list[Row] = []
    excerpts: list[Excerpt] = []
    chars = 0
    for network in networks:
        rows, columns = next(iter(network.sites.values())).shape[:2]
        chars = rows * columns
        cut = [_cut(hypothesis, rows, columns) for hypothesis in hypotheses]
        usable = [hypothesis for hypothesis in cut if _is_usable(hypothesis)]
        units = [(site, unit) for site, values in network.sites.items() for unit in range(values.shape[2])]
        ranked = _RankedStates(network)
        found = [
            _evaluate(ranked, hypothesis, np.random.default_rng([seed, n]))
            for n, hypothesis in enumerate(usable)
        ]
        network_best = [_best_row(network, units, *pair) for pair in zip(usable, found, strict=True)]
        best += network_best
        roles += _unit_rows(network, units, usable, found)
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
            f"Chosen on the first half of each row of the {part} text and scored on the second; the control "
            f"does the same with "
            "shifted labels.",
            "A unit may follow one thing because it follows another that goes with it: indentation and "
            "bracket depth, say.",
            "A unit above its control among very many units and hypotheses may still be there by chance, "
            "and an untrained network "
            "of the same shape is not among the controls here.",
        ],
    )


class _RankedStates:
    """Mid-ranks of every unit on both halves, centred and scaled so that one product gives AUC or Spearman's
    rho.
    """

    def __init__(self, network: UnitStates) -> None:
        values_RTU = np.concatenate(list(network.sites.values()), axis=2)
        middle = values_RTU.shape[1] // 2
        self.halves = tuple(_ranks(half_RtU) for half_RtU in (values_RTU[:, :middle], values_RTU[:, middle:]))
        self.middle = middle

    def scores(self, hypothesis: Hypothesis, labelings_KRT: np.ndarray) -> list[_Scores]:
        """For every labeling the score of every unit on both halves, 0 where a half does not vary."""
        chosen_KU = self._half(0, hypothesis.is_flag, labelings_KRT[:, :, : self.middle])
        scored_KU = self._half(1, hypothesis.is_flag, labelings_KRT[:, :, self.middle :])
        return [_Scores(c, s * np.where(c < 0, -1, 1)) for c, s in zip(chosen_KU, scored_KU, strict=True)]

    def _half(self, half: int, is_flag: bool, labelings_KRt: np.ndarray) -> np.ndarray:
        """Signed score in [-1, 1] of labeling by unit: 2 AUC - 1, or rho."""
        ranks_NU = self.halves[half]
        labels_KN = labelings_KRt.reshape(len(labelings_KRt), -1)
        if is_flag:
            positives_K1 = labels_KN.sum(axis=1, dtype=np.float64)[:, None]
            negatives_K1 = labels_KN.shape[1] - positives_K1
            # Mann-Whitney with ranks centred on zero: AUC - 1/2 = (sum of the positives' ranks) / (positives
            # * negatives)
            pairs_K1 = positives_K1 * negatives_K1
            sums_KU = labels_KN.astype(np.float32) @ ranks_NU
            return np.divide(2 * sums_KU, pairs_K1, where=pairs_K1 > 0, out=np.zeros(sums_KU.shape))
        labels_NK = _ranks(labels_KN.T[None])
        norms_U, norms_K = np.linalg.norm(ranks_NU, axis=0), np.linalg.norm(labels_NK, axis=0)
        scale_KU = norms_K[:, None] * norms_U[None]
        return np.divide(labels_NK.T @ ranks_NU, scale_KU, where=scale_KU > 0, out=np.zeros_like(scale_KU))


def _ranks(values_RtU: np.ndarray) -> np.ndarray:
    """Mid-ranks over all characters, centred on zero, shape (R t, U), float32."""
    values_NU = np.asarray(values_RtU).reshape(-1, values_RtU.shape[-1])
    # column by column: rankdata over axis 0 of a row-major array would stride through memory
    ranks_UN = np.stack(
        [stats.rankdata(np.ascontiguousarray(values_NU[:, u])) for u in range(values_NU.shape[1])]
    )
    return np.ascontiguousarray((ranks_UN - (len(values_NU) + 1) / 2).T.astype(np.float32))


def _evaluate(
    ranked: _RankedStates, hypothesis: Hypothesis, generator: np.random.Generator
) -> tuple[_Scores, list[_Scores]]:
    """Scores with the true labels and with each shifted labeling."""
    columns = hypothesis.values_RT.shape[1]
    least = max(1, columns // 10)
    shifts = generator.integers(least, max(least + 1, columns - least), size=SHIFTS)
    labelings_KRT = np.stack(
        [hypothesis.values_RT, *(np.roll(hypothesis.values_RT, shift, axis=1) for shift in shifts)]
    )
    true, *shifted = ranked.scores(hypothesis, labelings_KRT)
    return true, shifted


def _on_scale(is_flag: bool, signed: float) -> float:
    """From [-1, 1] to the score that is reported: AUC, or rho as it is."""
    return (signed + 1) / 2 if is_flag else signed


def _best_row(
    network: UnitStates,
    units: list[tuple[str, int]],
    hypothesis: Hypothesis,
    found: tuple[_Scores, list[_Scores]],
) -> Row:
    """The unit chosen for a hypothesis: its score, and what the same choice reaches with shifted labels."""
    true, shifted = found
    control = [_on_scale(hypothesis.is_flag, float(s.scored_U[s.best])) for s in shifted]
    score = _on_scale(hypothesis.is_flag, float(true.scored_U[true.best]))
    site, unit = units[true.best]
    return {
        **_where(network, site, unit),
        "track": hypothesis.name,
        "title": hypothesis.title,
        "kind": "flag" if hypothesis.is_flag else "graded",
        "direction": "on" if true.chosen_U[true.best] > 0 else "off",
        "score": score,
        "control": float(np.mean(control)),
        "control_high": float(np.max(control)),
        "is_clear": score > float(np.max(control)),
    }


def _unit_rows(
    network: UnitStates,
    units: list[tuple[str, int]],
    hypotheses: Sequence[Hypothesis],
    found: Sequence[tuple[_Scores, list[_Scores]]],
) -> list[Row]:
    """One row per unit: the hypothesis it follows best, chosen on the first half, with its own shifted labels
    beside.
    """
    if not hypotheses:
        return []
    chosen_KU = np.stack([np.abs(true.chosen_U) for true, _ in found])
    control_KSU = np.stack([[s.scored_U for s in shifted] for _, shifted in found])
    picked_U = chosen_KU.argmax(axis=0)
    rows: list[Row] = []
    for u, (site, unit) in enumerate(units):
        hypothesis = hypotheses[picked_U[u]]
        control_S = [_on_scale(hypothesis.is_flag, float(value)) for value in control_KSU[picked_U[u], :, u]]
        score = _on_scale(hypothesis.is_flag, float(found[picked_U[u]][0].scored_U[u]))
        rows.append(
            {
                **_where(network, site, unit),
                "track": hypothesis.name,
                "kind": "flag" if hypothesis.is_flag else "graded",
                "score": score,
                "control": float(np.mean(control_S)),
                "control_high": float(np.max(control_S)),
                "is_clear": score > float(np.max(control_S)),
            }
        )
    return rows


def _where(network: UnitStates, site: str, unit: int) -> Row:
    return {
        "run": network.run,
        "cell": network.cell,
        "layer": int(site.split(".")[1]) + 1,
        "unit": unit,
        "site": site,
    }


def _cut(hypothesis: Hypothesis, rows: int, columns: int) -> Hypothesis:
    values_RT = hypothesis.values_RT[:rows, :columns]
    return Hypothesis(hypothesis.name, hypothesis.title, hypothesis.is_flag, values_RT)


def _is_usable(hypothesis: Hypothesis) -> bool:
    """Whether both halves have something to tell apart."""
    middle = hypothesis.values_RT.shape[1] // 2
    for half in (hypothesis.values_RT[:, :middle], hypothesis.values_RT[:, middle:]):
        if half.size == 0 or half.min() == half.max():
            return False
        if hypothesis.is_flag and not RAREST <= half.mean() <= 1 - RAREST:
            return False
    return True


def _margin(row: Row) -> float:
    """How far above its control, on one scale for flags (AUC 0.5..1) and graded (0..1)."""
    stretch = 2 if row["kind"] == "flag" else 1
    return stretch * (float(row["score"] or 0) - float(row["control_high"] or 0))


def _excerpt(network: UnitStates, hypothesis: Hypothesis, row: Row) -> Excerpt:
    """The stretch of the scoring half in which the hypothesis changes most, coloured by the unit."""
    values_RT = hypothesis.values_RT
    rows, columns = values_RT.shape
    middle, window = columns // 2, min(EXCERPT_CHARS, columns - columns // 2)
    starts = np.arange(middle, columns - window + 1, max(1, window // 2))
    spread = np.array(
        [[values_RT[r, s : s + window].astype(np.float64).std() for s in starts] for r in range(rows)]
    )
    r, s = np.unravel_index(int(spread.argmax()), spread.shape)
    start = int(starts[s])
    unit = int(row["unit"] or 0)
    values = network.sites[str(row["site"])][r, start : start + window, unit]
    measure = "AUC" if hypothesis.is_flag else "rank correlation"
    return Excerpt(
        title=f"{network.run}, layer {row['layer']}, unit {unit}: {hypothesis.title}",
        note=(
            f"{measure} {row['score']:.3f} on text not used to choose the unit; with shifted labels "
            f"{row['control']:.3f} "
            f"on average, at most {row['control_high']:.3f}. The unit goes "
            f"{'up' if row['direction'] == 'on' else 'down'} with it."
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
        return "No unit follows any property of the text better than it follows the same labels shifted."
    row = clear[0]
    measure = "AUC" if row["kind"] == "flag" else "rank correlation"
    return (
        f"The clearest: unit {row['unit']} of layer {row['layer']} in {row['run']} follows '{row['title']}' "
        f"with {measure} "
        f"{row['score']:.2f} (shifted labels: at most {row['control_high']:.2f}); {len(clear)} of "
        f"{len(best)} pairs of network and "
        "property have a unit above their control."
    )
