"""text -> what the text alone says of each character, by track. Knows no network."""

import re

import numpy as np

from rnnscope.corpora.tracks import AnnotatedText, tracks_of
from rnnscope.records.corpus import Corpus, Language, PartRows

LEAD_CHARS = 500_000
"""Text that is read before a row, since the row may begin inside a string or bracket."""
_OUTSIDE: dict[Language, re.Pattern[str]] = {
    "python": re.compile(r"(?<=\n)(?:def|class) \w+"),
    "c": re.compile(r"(?<=\n\})\r?\n"),
    "prose": re.compile(r"(?<=\n)\r?\n"),
}
"""Where a text can be begun in its midst: nothing is open there."""


def annotate(text: str, language: Language) -> dict[str, np.ndarray]:
    """Every track of `language`, by name: bool (flags) or int32 (graded), one value per character of `text`.

    Raises ConfigError where there is no such language.
    """
    annotated = AnnotatedText(text, language)
    return {track.name: track.compute(annotated) for track in tracks_of(language)}


def annotate_part(corpus: Corpus, part: PartRows, rows: slice = slice(None)) -> dict[str, np.ndarray]:
    """Every track of the corpus's language at the INPUTS of some rows of a part, shape (R, T).

    Row r at step t is about input t, which the network has just read. Text before a row is read too, from its
    beginning or from a place up to LEAD_CHARS before the row where nothing is open (the start of a top-level
    definition, the end of a function, a blank line).
    """
    starts = part.starts[rows]
    pieces: list[dict[str, np.ndarray]] = []
    first, stop, tracks = 0, -1, {}
    for start in starts:
        if not first <= start < start + part.row_chars <= stop:
            first = _outside(corpus, start)
            stop = max(other + part.row_chars for other in starts if start <= other <= start + LEAD_CHARS)
            tracks = annotate(corpus.text(first, stop), corpus.manifest.language)
        span = slice(start - first, start - first + part.row_chars)
        pieces.append({name: values[span] for name, values in tracks.items()})
    return {name: np.stack([piece[name] for piece in pieces]) for name in pieces[0]}


def _outside(corpus: Corpus, start: int) -> int:
    """A place before `start` to read from."""
    if start <= LEAD_CHARS:
        return 0
    lead = corpus.text(start - LEAD_CHARS, start)
    found = _OUTSIDE[corpus.manifest.language].search(lead)
    return start - LEAD_CHARS + (found.start() if found else 0)
