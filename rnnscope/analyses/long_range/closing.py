"""Closers of a part -> tables by their distance to the opener, beside what was published. Knows no words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rnnscope.analyses.long_range.places import Bin, Places, bin_rows, bounds, means, slopes
from rnnscope.analyses.long_range.published import NETWORK, NGRAM, Closing, Published, role
from rnnscope.analyses.long_range.settings import LongRangeSettings
from rnnscope.corpora.pairs import PartClosings
from rnnscope.records.finding import Row, Scalar
from rnnscope.records.surprisal import Surprisal


@dataclass(frozen=True)
class OfPair:
    """All that is told of one pair."""

    summary: Row
    """How many closers, how many whose opener was not seen."""
    closers: list[Row]
    leads: list[Row]
    far: list[Row]
    """One row for each predictor that the first is compared with."""
    published: list[Row]


def closer_places(found: PartClosings, surprisals: Sequence[Surprisal], shape: tuple[int, int]) -> Places:
    """The closers whose opener was seen, with the probability of each: that of all its characters, one after
    the other, given the text before it.
    """
    seen_K = found.is_seen_K
    rows_K, steps_K, chars_K = (each[seen_K] for each in (found.rows_K, found.steps_K, found.chars_K))
    nats_MK = np.zeros((len(surprisals), len(rows_K)))
    for char in range(chars_K.max(initial=0)):
        goes_on = np.flatnonzero(chars_K > char)
        for nats_K, surprisal in zip(nats_MK, surprisals, strict=True):
            nats_K[goes_on] += surprisal.nats_RT[rows_K[goes_on], steps_K[goes_on] + char]
    return Places(shape, rows_K, steps_K, found.distances_K[seen_K], np.exp(-nats_MK))


def of_pair(
    pair: str,
    found: PartClosings,
    surprisals: Sequence[Surprisal],
    shape: tuple[int, int],
    settings: LongRangeSettings,
    published: Published | None,
    seed: int,
) -> OfPair:
    """The tables of one pair: each predictor's probability of the closer by its distance to the opener, and
    the first predictor's lead over the others. `shape` is the part's (R, T); no row where no opener was seen.
    """
    places = closer_places(found, surprisals, shape)
    names = [surprisal.name for surprisal in surprisals]
    edges = (0, *settings.bins)
    bins = [Bin(f"{low}-{high}", low, high) for low, high in pairwise(edges)]
    bins.append(Bin(f"{edges[-1]}+", edges[-1], None))
    theirs = (published.closings if published else {}).get(pair, {})
    summary: Row = {
        "pair": pair,
        "closers": len(places),
        "opener_before_row": int((~found.is_seen_K).sum()),
        "median_distance_chars": float(np.median(places.sizes_K)) if len(places) else None,
    }
    if not len(places):
        return OfPair(summary, [], [], [], [])
    closers, leads = bin_rows(places, bins, names, settings.least_places, seed)
    published_leads = _published_leads(theirs)
    for row in leads if theirs else ():
        is_theirs = _is_as_published(names[0], str(row["against"]))
        span = (row["from_chars"], row["to_chars"])
        row["published_lead"] = published_leads.get(span) if is_theirs else None
    return OfPair(
        summary,
        [{"pair": pair, **row} for row in closers],
        [{"pair": pair, **row} for row in leads],
        [{"pair": pair, **row} for row in _far_rows(places, names, theirs, settings, seed)],
        _published_rows(pair, theirs, bins),
    )


def _far_rows(
    places: Places,
    names: Sequence[str],
    theirs: dict[str, tuple[Closing, ...]],
    settings: LongRangeSettings,
    seed: int,
) -> list[Row]:
    """Over all closers far from their opener: the mean lead, and how it changes with every doubling of the
    distance.
    """
    far = Bin("far", settings.far_chars, None)
    places = places.where(far.holds(places.sizes_K))
    if len(places) < settings.least_places:
        return []
    mean = means(places, [far], seed)[0]
    change = slopes(places, np.log2(places.sizes_K), seed)
    rows: list[Row] = []
    for index, name in enumerate(names[1:]):
        lead, by_doubling = mean.leads[index], change and change.leads[index]
        row: Row = {"from_chars": settings.far_chars, "closers": len(places), "predictor": names[0]}
        row |= {
            "against": name,
            "mean_p": mean.alone_M[0].value,
            "against_mean_p": mean.alone_M[index + 1].value,
        }
        row |= bounds("lead", lead) | {"is_clear": lead.is_clear}
        row |= bounds("lead_change_per_doubling", by_doubling, "change_")
        row |= {"change_is_clear": by_doubling and by_doubling.is_clear}
        is_theirs = theirs and _is_as_published(names[0], name)
        rows.append(row | (_published_far(theirs, settings.far_chars) if is_theirs else {}))
    return rows


def _is_as_published(first: str, against: str) -> bool:
    """Whether a lead is of the two kinds of predictor that the paper compares."""
    return role(first, True) == NETWORK and role(against, False) == NGRAM


def _published_leads(theirs: dict[str, tuple[Closing, ...]]) -> dict[tuple[Scalar, Scalar], float]:
    """(from, to) -> the network's lead over the n-gram."""
    both = zip(theirs.get(NETWORK, ()), theirs.get(NGRAM, ()), strict=True)
    return {(a.from_chars, a.to_chars): round(a.p - b.p, 3) for a, b in both}


def _published_far(theirs: dict[str, tuple[Closing, ...]], far_chars: int) -> Row:
    """Mean of the far bins' leads, and their slope over the logarithm of the bins' middles, all alike."""
    bins = [each for each in theirs.get(NETWORK, ()) if each.from_chars >= far_chars]
    if len(bins) < 2:
        return {}
    leads = [_published_leads(theirs)[each.from_chars, each.to_chars] for each in bins]
    slope = np.polyfit([np.log2((each.from_chars + each.to_chars) / 2) for each in bins], leads, 1)[0]
    return {
        "published_lead": float(np.mean(leads)),
        "published_change_per_doubling": float(slope),
    }


def _published_rows(pair: str, theirs: dict[str, tuple[Closing, ...]], bins: Sequence[Bin]) -> list[Row]:
    """The published bins that are ours too."""
    names = {(each.from_chars, each.to_chars): each.name for each in bins}
    return [
        {
            "pair": pair,
            "bin": names[each.from_chars, each.to_chars],
            "from_chars": each.from_chars,
            "to_chars": each.to_chars,
            "predictor": predictor,
            "mean_p": each.p,
            "low": each.low,
            "high": each.high,
        }
        for predictor, printed in theirs.items()
        for each in printed
        if (each.from_chars, each.to_chars) in names
    ]
