"""States of units, what the text says of each character -> how closely each unit follows it. Knows no
finding.

For every hypothesis (inside quotes, column, ...) the unit that follows it best is CHOSEN on the first half of
every row and SCORED on the second half. Score: area under the ROC curve for yes/no hypotheses (0.5 is chance,
1 perfect; Hanley and McNeil 1982), absolute Spearman rank correlation for graded ones (0 is chance). The sign
is taken from the first half.

Two controls. Shifted labels: the same choice and score with the labels moved along each row by a random
amount, many times; they have the labels' own rhythm and nothing of the text's. The last character alone: the
mean label of each character on the first half, as a predictor on the second; what it reaches needs no memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from rnnscope.estimate import has_both_sides

SHIFTS = 20
"""Shifted labelings per hypothesis: the largest of their scores is about the 95th percentile of chance."""


@dataclass(frozen=True)
class Hypothesis:
    """What the text alone says of each character that a network reads."""

    name: str
    title: str
    is_flag: bool
    values_RT: np.ndarray
    """Shape (R, T): at step t, of the character read at t."""

    def cut(self, rows: int, steps: int) -> "Hypothesis":
        return Hypothesis(self.name, self.title, self.is_flag, self.values_RT[:rows, :steps])

    @property
    def is_usable(self) -> bool:
        """Whether both halves have something to tell apart."""
        middle = self.values_RT.shape[1] // 2
        for half in (self.values_RT[:, :middle], self.values_RT[:, middle:]):
            if half.size == 0 or half.min() == half.max():
                return False
            if self.is_flag and not has_both_sides(half):
                return False
        return True

    def on_scale(self, signed: float) -> float:
        """From [-1, 1] to the score that is reported: AUC, or rho as it is."""
        return (signed + 1) / 2 if self.is_flag else signed


@dataclass(frozen=True)
class UnitStates:
    """One network's states beside the text they were read from."""

    run: str
    cell: str
    sites: dict[str, np.ndarray]
    """'layers.{l}.tanh_c' (LSTM) or 'layers.{l}.h' -> (R, T, H), in [-1, 1], after reading the character."""
    texts: Sequence[str]
    """R strings of T characters."""

    @property
    def units(self) -> list[tuple[str, int]]:
        """(site, unit), in the order of all scores."""
        return [(site, unit) for site, values in self.sites.items() for unit in range(values.shape[2])]


@dataclass(frozen=True)
class Scores:
    """Scores of all units for one labeling, in [-1, 1]: 2 AUC - 1, or rho."""

    chosen_U: np.ndarray
    """Signed, on the choosing half."""
    scored_U: np.ndarray
    """On the scoring half, times the sign of the choosing half."""

    @property
    def best(self) -> int:
        """The unit chosen."""
        return int(np.argmax(np.abs(self.chosen_U)))


@dataclass(frozen=True)
class Association:
    """One hypothesis against all units of one network."""

    hypothesis: Hypothesis
    true: Scores
    shifted: list[Scores]
    last_character: float
    """What the last character alone reaches, in [-1, 1]."""

    def controls(self, unit: int | None) -> list[float]:
        """Scores with shifted labels, on the reported scale: of one unit, or (None) of the unit then
        chosen.
        """
        return [
            self.hypothesis.on_scale(float(s.scored_U[s.best if unit is None else unit]))
            for s in self.shifted
        ]


class RankedStates:
    """Mid-ranks of every unit on both halves, so that one matrix product gives AUC or Spearman's rho."""

    def __init__(self, network: UnitStates) -> None:
        values_RTU = np.concatenate(list(network.sites.values()), axis=2)
        self.middle = values_RTU.shape[1] // 2
        self.halves = tuple(
            centred_ranks(half_RtU)
            for half_RtU in (values_RTU[:, : self.middle], values_RTU[:, self.middle :])
        )
        rows = ["".join(text)[: values_RTU.shape[1]] for text in network.texts[: len(values_RTU)]]
        self.characters_RT = np.array([[ord(character) for character in row] for row in rows])

    def associate(self, hypothesis: Hypothesis, generator: np.random.Generator) -> Association:
        """Scores with the true labels, with shifted ones, and of the last character alone."""
        steps = hypothesis.values_RT.shape[1]
        least = max(1, steps // 10)
        shifts = generator.integers(least, max(least + 1, steps - least), size=SHIFTS)
        moved = [np.roll(hypothesis.values_RT, shift, axis=1) for shift in shifts]
        true, *shifted = self.scores(hypothesis.is_flag, np.stack([hypothesis.values_RT, *moved]))
        return Association(hypothesis, true, shifted, self._last_character(hypothesis))

    def scores(self, is_flag: bool, labelings_KRT: np.ndarray) -> list[Scores]:
        """For every labeling the score of every unit on both halves, 0 where a half does not vary."""
        chosen_KU = signed_scores(self.halves[0], is_flag, labelings_KRT[:, :, : self.middle])
        scored_KU = signed_scores(self.halves[1], is_flag, labelings_KRT[:, :, self.middle :])
        return [Scores(c, s * np.where(c < 0, -1, 1)) for c, s in zip(chosen_KU, scored_KU, strict=True)]

    def _last_character(self, hypothesis: Hypothesis) -> float:
        _, kinds = np.unique(self.characters_RT, return_inverse=True)
        kinds_RT = kinds.reshape(self.characters_RT.shape)
        first, labels = kinds_RT[:, : self.middle].ravel(), hypothesis.values_RT[:, : self.middle].ravel()
        seen = np.bincount(first, minlength=kinds.max() + 1)
        sums = np.bincount(first, weights=labels.astype(np.float64), minlength=kinds.max() + 1)
        means = np.where(seen > 0, sums / np.maximum(seen, 1), labels.mean())
        guess_RtU = means[kinds_RT[:, self.middle :]][:, :, None]
        later_KRt = hypothesis.values_RT[None, :, self.middle :]
        return float(signed_scores(centred_ranks(guess_RtU), hypothesis.is_flag, later_KRt)[0, 0])


def signed_scores(ranks_NU: np.ndarray, is_flag: bool, labelings_KRt: np.ndarray) -> np.ndarray:
    """Shape (K, U), in [-1, 1]: 2 AUC - 1 for yes/no labels, Spearman's rho for graded ones."""
    labels_KN = labelings_KRt.reshape(len(labelings_KRt), -1)
    if is_flag:
        # Mann-Whitney with ranks centred on zero: AUC - 1/2 = (sum of the positives' ranks) / (their pairs)
        positives_K1 = labels_KN.sum(axis=1, dtype=np.float64)[:, None]
        pairs_K1 = positives_K1 * (labels_KN.shape[1] - positives_K1)
        sums_KU = labels_KN.astype(np.float32) @ ranks_NU
        return np.divide(2 * sums_KU, pairs_K1, where=pairs_K1 > 0, out=np.zeros(sums_KU.shape))
    labels_NK = centred_ranks(labels_KN.T[None])
    scale_KU = np.linalg.norm(labels_NK, axis=0)[:, None] * np.linalg.norm(ranks_NU, axis=0)[None]
    return np.divide(labels_NK.T @ ranks_NU, scale_KU, where=scale_KU > 0, out=np.zeros_like(scale_KU))


def centred_ranks(values_RtU: np.ndarray) -> np.ndarray:
    """Mid-ranks over all characters, centred on zero, shape (R t, U), float32."""
    values_NU = np.asarray(values_RtU).reshape(-1, values_RtU.shape[-1])
    # column by column: rankdata over axis 0 of a row-major array would stride through memory
    ranks_UN = np.stack(
        [stats.rankdata(np.ascontiguousarray(values_NU[:, u])) for u in range(values_NU.shape[1])]
    )
    return np.ascontiguousarray((ranks_UN - (len(values_NU) + 1) / 2).T.astype(np.float32))
