"""Surprisal of some predictors, text -> Finding. Knows no kind of predictor."""

from collections.abc import Sequence

from rnnscope.analyses.long_range.closing import OfPair, of_pair
from rnnscope.analyses.long_range.lines import LINE_END, Lines, of_lines
from rnnscope.analyses.long_range.published import PUBLISHED
from rnnscope.analyses.long_range.reading import caveats, closing_reading, lines_reading
from rnnscope.analyses.long_range.settings import LongRangeSettings
from rnnscope.corpora.pairs import PAIRS, closings_part, pair_from
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Finding, Row, Scalar
from rnnscope.records.surprisal import Surprisal, rows_scored

AS_PUBLISHED = LongRangeSettings()
"""The paper's bins, and the pairs of the corpus's language."""


def long_range(
    surprisals: Sequence[Surprisal],
    corpus: Corpus,
    settings: LongRangeSettings = AS_PUBLISHED,
    paper: str | None = None,
    seed: int = 0,
) -> Finding:
    """Mean probability of true closers by the distance to what they close, and of true line ends and spaces
    by the length of the line so far (Karpathy, Johnson, Li 2015, section 4.3), of every predictor; and by how
    much the first one leads the others there, on the same characters.

    A closer of several characters has the product of their probabilities, each given all before it. `paper`:
    'war-and-peace' or 'linux-kernel', whose published values stand beside ours. Intervals: block bootstrap,
    see estimate.py. Raises RecordError where the predictors were not scored on one part of this corpus.
    """
    part = rows_scored(surprisals, corpus)
    published = PUBLISHED.get(paper or "")
    shape = (part.rows, part.row_chars)
    pairs = [pair_from(text) for text in settings.pairs or PAIRS[corpus.manifest.language]]
    found = closings_part(corpus, part, pairs)
    of_pairs = [
        of_pair(name, closings, surprisals, shape, settings, published, seed)
        for name, closings in found.items()
    ]
    lines = of_lines(surprisals, corpus, part, settings, published, seed)
    tables = _tables(of_pairs, lines)
    summaries = [each.summary for each in of_pairs]
    words = closing_reading(summaries, tables.get("far", []), tables.get("closers", []), settings.far_chars)
    return Finding(
        analysis="long_range",
        corpus=corpus.name,
        title="How far back does what a predictor knows come from?",
        reading=f"{words} {lines_reading(lines)}",
        numbers=_numbers(summaries, tables),
        tables=tables,
        caveats=caveats(summaries, lines, published),
    )


def _tables(of_pairs: Sequence[OfPair], lines: Lines) -> dict[str, list[Row]]:
    tables = {
        "pairs": [each.summary for each in of_pairs],
        "far": [row for each in of_pairs for row in each.far],
        "closers": [row for each in of_pairs for row in each.closers],
        "leads": [row for each in of_pairs for row in each.leads],
        "published": [row for each in of_pairs for row in each.published],
        "counting": lines.counting,
        "lines": lines.lines,
        "line_leads": lines.leads,
    }
    return {name: rows for name, rows in tables.items() if rows}


def _numbers(summaries: Sequence[Row], tables: dict[str, list[Row]]) -> dict[str, Scalar]:
    numbers: dict[str, Scalar] = {f"closers of {row['pair']}": row["closers"] for row in summaries}
    for row in tables.get("far", [])[:1]:
        numbers |= {"far_from_chars": row["from_chars"], "far_lead": row["lead"]}
        numbers["far_lead_change_per_doubling"] = row["lead_change_per_doubling"]
    for row in tables.get("counting", [])[:2]:
        if row["at"] == LINE_END:
            numbers[f"line_end_rise of {row['predictor']}"] = row["rise"]
    return numbers
