"""Units and what the text says -> how closely each unit follows each hypothesis, and what chance, no training
and no memory reach. Knows no finding.

For every hypothesis (inside quotes, column, ...) the unit that follows it best is CHOSEN on the first half of
every row and SCORED on the second half; the sign is that of the first half. Three controls:

- shifted labels: the same with the labels moved along each row by a random amount, many times; they have the
  labels' own rhythm and nothing of the text's. From the spread of its scores with shifted labels every unit
  and hypothesis gets a p-value (Student's t), and from all of them its q-value (false discovery rate,
  Benjamini and Hochberg 1995).
- the untrained network: the best unit of the same shape before training, chosen and scored alike.
- the last character alone: the mean label of each character on the first half, as a predictor on the second;
  what it reaches needs no memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from rnnscope.analyses.cell_roles.labels import Labelings
from rnnscope.analyses.cell_roles.scores import last_character, scores
from rnnscope.analyses.cell_roles.states import Hypothesis, UnitStates
from rnnscope.progress import OnShare, unheard, within

FEWEST_SHIFTS = 8
"""Shifted labelings that must tell something apart in both halves, for chance to be known."""
TRAINED = 0.65
"""Of the time for one hypothesis, what the trained network takes where there is an untrained one."""


@dataclass(frozen=True)
class Associations:
    """K hypotheses against the U units of one network. Scores are in [-1, 1]: 2 AUC - 1, or rho."""

    hypotheses: Sequence[Hypothesis]
    labelings: Labelings
    chosen_KU: np.ndarray
    """Signed, on the choosing half."""
    scored_KU: np.ndarray
    """On the scoring half, times the sign of the choosing half."""
    shifted_SKU: np.ndarray
    """`scored_KU` with shifted labels; nan for a shift that leaves a half with nothing to tell apart."""
    shifted_best_SK: np.ndarray
    """With shifted labels, of the unit then chosen; nan likewise."""
    bits_KU: np.ndarray
    q_KU: np.ndarray
    last_2K: np.ndarray
    """What the last character alone reaches on the choosing and on the scoring half."""
    untrained_2K: np.ndarray
    """The untrained network's best unit on the choosing half, and what it reaches on the scoring half; -1
    where there is no untrained network."""

    @property
    def best_K(self) -> np.ndarray:
        """The unit chosen for each hypothesis."""
        return np.abs(self.chosen_KU).argmax(axis=1)

    @property
    def picked_U(self) -> np.ndarray:
        """The hypothesis that each unit follows furthest beyond the controls, on the choosing half."""
        controls_K = np.maximum(self.untrained_2K[0], np.abs(self.last_2K[0]))
        return (np.abs(self.chosen_KU) - np.maximum(controls_K, 0)[:, None]).argmax(axis=0)


def associate(
    network: UnitStates, hypotheses: Sequence[Hypothesis], seed: int = 0, told: OnShare = unheard
) -> Associations:
    """All units of `network` against hypotheses that are usable and have its (R, T). `told` hears which share
    is done."""
    labelings = Labelings(hypotheses, np.random.default_rng(seed))
    trained = TRAINED if network.untrained else 1.0
    found = scores(list(network.sites.values()), labelings, told=within(told, 0.0, trained))
    sign_KU = np.where(found.true_2KU[0] < 0, -1, 1)
    scored_KU = found.true_2KU[1] * sign_KU
    chosen_SKU, scored_SKU = found.shifted_2SKU
    is_told_SK1 = (found.is_told_2SK[0] & found.is_told_2SK[1])[:, :, None]
    shifted_SKU = np.where(is_told_SK1, scored_SKU * np.where(chosen_SKU < 0, -1, 1), np.nan)
    best_SK1 = np.abs(chosen_SKU).argmax(axis=2)[:, :, None]
    return Associations(
        hypotheses=hypotheses,
        labelings=labelings,
        chosen_KU=found.true_2KU[0],
        scored_KU=scored_KU,
        shifted_SKU=shifted_SKU,
        shifted_best_SK=np.take_along_axis(shifted_SKU, best_SK1, axis=2)[:, :, 0],
        bits_KU=found.bits_KU,
        q_KU=_q_values(scored_KU, shifted_SKU),
        last_2K=last_character(network, labelings),
        untrained_2K=_untrained(network, labelings, within(told, trained, 1.0)),
    )


def _q_values(scored_KU: np.ndarray, shifted_SKU: np.ndarray) -> np.ndarray:
    """One-sided: how far a score is beyond those with shifted labels, as a draw from the same normal; 1 where
    too few shifts tell anything.
    """
    p_KU = np.ones(scored_KU.shape)
    for place, shifted_SU in enumerate(np.moveaxis(shifted_SKU, 1, 0)):
        told_SU = shifted_SU[~np.isnan(shifted_SU).any(axis=1)]
        if (count := len(told_SU)) >= FEWEST_SHIFTS:
            spread_U = told_SU.std(axis=0, ddof=1) * np.sqrt(1 + 1 / count)
            t_U = (scored_KU[place] - told_SU.mean(axis=0)) / np.maximum(spread_U, 1e-9)
            p_KU[place] = stats.t.sf(t_U, count - 1)
    return stats.false_discovery_control(p_KU.ravel()).reshape(p_KU.shape)


def _untrained(network: UnitStates, labelings: Labelings, told: OnShare) -> np.ndarray:
    count = len(labelings.hypotheses)
    if not network.untrained:
        return np.full((2, count), -1.0)
    sites = list(network.untrained.values())
    chosen_KU, later_KU = scores(sites, labelings, with_shifts=False, with_bits=False, told=told).true_2KU
    best_K = np.abs(chosen_KU).argmax(axis=1)
    signed_K, places = chosen_KU[np.arange(count), best_K], np.arange(count)
    return np.stack([np.abs(signed_K), later_KU[places, best_K] * np.where(signed_K < 0, -1, 1)])
