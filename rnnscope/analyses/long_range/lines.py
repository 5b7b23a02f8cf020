"""Line ends and spaces of a part -> tables by the length of the line so far. Knows no words."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rnnscope.analyses.long_range.places import Bin, Places, bin_rows, bounds, slopes
from rnnscope.analyses.long_range.published import Published, role
from rnnscope.analyses.long_range.settings import LongRangeSettings
from rnnscope.records.corpus import Corpus, PartRows
from rnnscope.records.finding import Row
from rnnscope.records.surprisal import Surprisal

LINE_END, SPACE = "line end", "space"
MOST_BINS = 60
"""Of line lengths; what is longer is one bin."""


@dataclass(frozen=True)
class Lines:
    lines: list[Row] = field(default_factory=list)
    leads: list[Row] = field(default_factory=list)
    counting: list[Row] = field(default_factory=list)
    """For line ends and spaces, predictor by predictor: the rise from short lines to usual ones."""
    short_chars: int = 0
    """Longest line so far that is short: half the usual one."""
    usual_chars: int = 0
    """The median of lines that are not empty."""


def of_lines(
    surprisals: Sequence[Surprisal],
    corpus: Corpus,
    part: PartRows,
    settings: LongRangeSettings,
    published: Published | None,
    seed: int,
) -> Lines:
    """Empty where fewer line ends than a bin needs are there."""
    at = {each: _places(corpus, part, each, surprisals) for each in (LINE_END, SPACE)}
    lengths = at[LINE_END].sizes_K[at[LINE_END].sizes_K > 0]
    if len(lengths) < settings.least_places:
        return Lines()
    usual = int(np.median(lengths))
    short = usual // 2
    names = [surprisal.name for surprisal in surprisals]
    found = Lines(short_chars=short, usual_chars=usual)
    for each, places in at.items():
        rows, leads = bin_rows(places, _bins(places, settings), names, settings.least_places, seed)
        found.lines.extend({"at": each, **row} for row in rows)
        found.leads.extend({"at": each, **row} for row in leads)
        found.counting.extend(_counting_rows(each, places, names, short, usual, published, settings, seed))
    return found


def _places(corpus: Corpus, part: PartRows, what: str, surprisals: Sequence[Surprisal]) -> Places:
    """Targets that are line ends (of \\r\\n the first, since the second is sure) or spaces, where the line
    begins in the row: who starts with the row cannot count from before it.
    """
    inputs_RT, targets_RT = corpus.inputs(part), corpus.targets(part)
    ends_at_RT = _any_of(corpus, "\r\n")[inputs_RT]
    steps = np.arange(part.row_chars, dtype=np.int32)
    line_start_RT = np.maximum.accumulate(np.where(ends_at_RT, steps, np.int32(-1)), axis=1)
    if what == LINE_END:
        is_second = _any_of(corpus, "\r")[inputs_RT] & _any_of(corpus, "\n")[targets_RT]
        is_it = _any_of(corpus, "\r\n")[targets_RT] & ~is_second
    else:
        is_it = _any_of(corpus, " ")[targets_RT]
    rows_K, steps_K = np.nonzero(is_it & (line_start_RT >= 0))
    p_MK = np.exp(-np.stack([each.nats_RT[rows_K, steps_K].astype(np.float64) for each in surprisals]))
    lengths_K = steps_K - line_start_RT[rows_K, steps_K]
    return Places((part.rows, part.row_chars), rows_K, steps_K, lengths_K, p_MK)


def _any_of(corpus: Corpus, characters: str) -> np.ndarray:
    """Which symbols are among the characters, shape (V,)."""
    return np.isin(corpus.codes, [ord(each) for each in characters])


def _bins(places: Places, settings: LongRangeSettings) -> list[Bin]:
    """Empty lines by themselves, then bins of one width; only those with enough places."""
    width = settings.line_bin_chars
    longest = int(places.sizes_K.max(initial=0))
    full = min(-(-longest // width), MOST_BINS)
    firsts = range(1, 1 + full * width, width)
    bins = [Bin("0", 0, 1)]
    bins += [Bin(f"{first}-{first + width - 1}", first, first + width) for first in firsts]
    if longest > full * width:
        bins.append(Bin(f"{1 + full * width}+", 1 + full * width, None))
    return [each for each in bins if each.holds(places.sizes_K).sum() >= settings.least_places]


def _counting_rows(
    at: str,
    places: Places,
    names: Sequence[str],
    short: int,
    usual: int,
    published: Published | None,
    settings: LongRangeSettings,
    seed: int,
) -> list[Row]:
    """The mean over lines of the usual length or more, less that over short ones, empty ones left out."""
    is_short_K = (places.sizes_K >= 1) & (places.sizes_K <= short)
    is_usual_K = places.sizes_K >= usual
    printed = (published.means if published else {}).get(at, {})
    few = min(is_short_K.sum(), is_usual_K.sum()) < settings.least_places
    either = places.where(is_short_K | is_usual_K)
    rise = None if few else slopes(either, (either.sizes_K >= usual).astype(np.float64), seed)
    rows: list[Row] = []
    for index, name in enumerate(names):
        p_K = places.p_MK[index]
        row: Row = {"at": at, "predictor": name, "places": len(places)}
        row |= {"mean_p": float(p_K.mean()) if len(p_K) else None}
        if printed:
            row["published_mean_p"] = printed.get(role(name, index == 0) or "")
        row |= {"short_to_chars": short, "usual_from_chars": usual}
        row |= {"short_places": int(is_short_K.sum()), "usual_places": int(is_usual_K.sum())}
        row |= {"short_mean_p": None if few else float(p_K[is_short_K].mean())}
        row |= {"usual_mean_p": None if few else float(p_K[is_usual_K].mean())}
        row |= bounds("rise", rise and rise.alone_M[index])
        row |= bounds("rise_lead_of_first", rise and rise.leads[index - 1] if index else None, "lead_")
        rows.append(row)
    return rows
