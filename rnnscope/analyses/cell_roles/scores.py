"""Units, labelings -> how closely each unit follows each. Knows no verdict.

2 AUC - 1 for a flag (AUC: area under the ROC curve, Hanley and McNeil 1982), Spearman's rho for a graded
label, both in [-1, 1]; and for both the bits that a unit tells of the label.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from rnnscope.analyses.cell_roles.labels import SHIFTS, Labelings
from rnnscope.analyses.cell_roles.ranks import Ranks, SiteArray, groups
from rnnscope.analyses.cell_roles.states import UnitStates
from rnnscope.estimate import RAREST
from rnnscope.progress import OnShare, unheard, within

BINS = 8
"""Of a unit's ranks and of a graded label's, for the bits."""
BITS_CHARS = 1 << 16
"""Characters that the bits are counted over, evenly spread over the scoring half."""
READING = 0.4
"""Of the time, what reading the values takes."""


@dataclass(frozen=True)
class Scores:
    """Of U units against K hypotheses, signed, on the choosing half [0] and on the scoring half [1]."""

    true_2KU: np.ndarray
    shifted_2SKU: np.ndarray
    is_told_2SK: np.ndarray
    """Whether a shifted label tells anything apart in a half; where not, its scores say nothing."""
    bits_KU: np.ndarray
    """Mutual information on the scoring half, less its bias for independent characters (Miller 1955)."""


def scores(
    sites: Sequence[SiteArray],
    labelings: Labelings,
    *,
    with_shifts: bool = True,
    with_bits: bool = True,
    told: OnShare = unheard,
) -> Scores:
    """All of it group after group and half after half, so that memory is that of a group's levels in a half.
    `told` hears which share is done."""
    flags_K = np.array([hypothesis.is_flag for hypothesis in labelings.hypotheses])
    count = len(flags_K)
    units = sum(site.shape[2] for site in sites)
    labelings_of_each = 1 + SHIFTS * with_shifts
    is_flag_M = np.tile(flags_K, labelings_of_each)
    found = np.zeros((2, labelings_of_each * count, units))
    is_told = np.ones((2, labelings_of_each * count), dtype=bool)
    bits_KU = np.zeros((count, units))
    classes = _classes(labelings) if with_bits else None
    for group, half in product(groups(sites), (0, 1)):
        share = (group.units.start + group.count * half / 2) / units
        told_here = within(told, share, share + group.count / (2 * units))
        ranks = Ranks(group.levels(labelings.halves[half], within(told_here, 0.0, READING)))
        sums_MU, moments_2M = _summed(ranks, half, labelings, with_shifts, within(told_here, READING, 1.0))
        is_told[half] = _tells(moments_2M, ranks.chars, is_flag_M)
        # of areas under a curve the squares are no part
        squares_U = np.zeros(group.count) if flags_K.all() else ranks.squares()
        found[half, :, group.units] = _normalised(sums_MU, moments_2M, squares_U, ranks.chars, is_flag_M)
        if half == 1 and classes is not None:
            for some, ranks_uN in ranks.every(classes.every):
                first = group.units.start
                bits_KU[:, first + some.start : first + some.stop] = _bits(ranks_uN, classes)
        del ranks  # before the next are read: they are what fills memory
    by_shift = found.reshape(2, labelings_of_each, count, units)
    told_by_shift = is_told.reshape(2, labelings_of_each, count)
    return Scores(by_shift[:, 0], by_shift[:, 1:], told_by_shift[:, 1:], bits_KU)


def _summed(
    ranks: Ranks, half: int, labelings: Labelings, with_shifts: bool, told: OnShare
) -> tuple[np.ndarray, np.ndarray]:
    """(sums of label times rank (M, U), sums and sums of squares of the labels (2, M)) over a half."""
    sums_MU, moments_2M = np.zeros(()), np.zeros(())
    for piece in labelings.pieces(half, with_shifts=with_shifts):
        labels_MN = piece.labels_MN
        sums_MU = sums_MU + labels_MN @ ranks.piece(piece.rows, piece.steps).T
        squares_M = np.einsum("mn,mn->m", labels_MN, labels_MN)
        moments_2M = moments_2M + np.stack([labels_MN.sum(axis=1), squares_M])
        told(piece.share)
    return sums_MU, moments_2M


def _tells(moments_2M: np.ndarray, chars: int, is_flag_M: np.ndarray) -> np.ndarray:
    """Whether flags hold often enough, and often enough not; whether graded labels vary at all."""
    total_M, squares_M = moments_2M
    share_M = total_M / chars
    varies_M = squares_M - total_M**2 / chars > 1e-6 * chars
    return np.where(is_flag_M, (share_M >= RAREST) & (share_M <= 1 - RAREST), varies_M)


def _normalised(
    sums_MU: np.ndarray, moments_2M: np.ndarray, squares_U: np.ndarray, chars: int, is_flag_M: np.ndarray
) -> np.ndarray:
    """Sums of label times centred rank -> scores, 0 where a label or a unit does not vary.

    With ranks over n centred on zero, AUC - 1/2 = n (sum over positives) / (positives x negatives).
    """
    total_M, squares_M = moments_2M
    pairs_M = total_M * (chars - total_M)
    auc_MU = np.divide(2 * chars * sums_MU, pairs_M[:, None], where=pairs_M[:, None] > 0.5, out=0 * sums_MU)
    spread_M = np.maximum(squares_M - total_M**2 / chars, 0)
    scale_MU = np.sqrt(spread_M[:, None] * squares_U)
    rho_MU = np.divide(sums_MU, scale_MU, where=scale_MU > 1e-9 * chars, out=0 * sums_MU)
    return np.clip(np.where(is_flag_M[:, None], auc_MU, rho_MU), -1, 1)


@dataclass(frozen=True)
class _Classes:
    """Every hypothesis as a few classes, over characters spread over the scoring half."""

    every: int
    """One of so many characters is taken."""
    one_hot_CN: np.ndarray
    """float32, the classes of all hypotheses, one after the other."""
    firsts_K: np.ndarray
    """First class of each hypothesis."""


def _classes(labelings: Labelings) -> _Classes:
    chars = labelings.true(1)[0].size
    every = max(1, chars // BITS_CHARS)
    rows, firsts = [], []
    for hypothesis, labels_Rt in zip(labelings.hypotheses, labelings.true(1), strict=True):
        labels_N = labels_Rt.ravel()[::every]
        # flags are 0 and 1, graded labels ranks in (-1/2, 1/2): equal labels stay together
        bins_N = labels_N > 0.5 if hypothesis.is_flag else np.floor((labels_N + 0.5) * BINS)
        firsts.append(len(rows))
        rows += [bins_N == each for each in np.unique(bins_N)]
    return _Classes(every, np.array(rows, dtype=np.float32), np.array(firsts))


def _bits(ranks_UN: np.ndarray, classes: _Classes) -> np.ndarray:
    """Mutual information of each hypothesis (K) and each unit's rank in BINS (U), bits, over the characters
    of the classes."""
    bins_UN = np.floor((ranks_UN + 0.5) * BINS)
    chars = bins_UN.shape[1]
    counts_BUC = np.stack(
        [(bins_UN == each).astype(np.float32) @ classes.one_hot_CN.T for each in range(BINS)]
    ).astype(np.float64)
    units_BU1 = counts_BUC[:, :, : _second(classes)].sum(axis=2, keepdims=True)
    labels_C = classes.one_hot_CN.sum(axis=1, dtype=np.float64)
    expected = units_BU1 * labels_C / chars
    terms = np.zeros_like(counts_BUC)
    np.log2(counts_BUC / np.maximum(expected, 1e-300), where=counts_BUC > 0, out=terms)
    per_class_UC = (counts_BUC * terms).sum(axis=0) / chars
    bits_UK = np.add.reduceat(per_class_UC, classes.firsts_K, axis=1)
    sizes_K = np.diff(np.append(classes.firsts_K, len(labels_C)))
    taken_U1 = (units_BU1[:, :, 0] > 0).sum(axis=0)[:, None]
    bias_UK = (taken_U1 - 1) * (sizes_K - 1) / (2 * chars * np.log(2))
    return np.maximum(bits_UK - bias_UK, 0).T


def _second(classes: _Classes) -> int:
    """Where the first hypothesis's classes end: each hypothesis's classes take every character once."""
    return int(classes.firsts_K[1]) if len(classes.firsts_K) > 1 else len(classes.one_hot_CN)


def last_character(network: UnitStates, labelings: Labelings) -> np.ndarray:
    """Scores (2, K) of the mean label of each character on the choosing half, as a predictor on both: what
    needs no memory."""
    kinds_RT, count = network.characters_RT, int(network.characters_RT.max()) + 1
    first = labelings.halves[0]
    seen = np.bincount(kinds_RT[:, first].ravel(), minlength=count)
    guesses_RTK = np.empty((*kinds_RT.shape, len(labelings.hypotheses)), dtype=np.float16)
    for place in range(len(labelings.hypotheses)):
        # of graded labels their ranks, as these are what is scored
        labels_N = labelings.true(0)[place].ravel().astype(np.float64)
        sums = np.bincount(kinds_RT[:, first].ravel(), weights=labels_N, minlength=count)
        means = np.where(seen > 0, sums / np.maximum(seen, 1), labels_N.mean())
        # only their order counts, and half precision holds whole numbers to 2048
        order = np.unique(means, return_inverse=True)[1]
        guesses_RTK[:, :, place] = (order * min(1, 2048 / count))[kinds_RT]
    found = scores([guesses_RTK], labelings, with_shifts=False, with_bits=False)
    return np.diagonal(found.true_2KU, axis1=1, axis2=2)
