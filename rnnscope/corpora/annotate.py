"""text -> what the text alone says of each character, by track. Knows no network."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

import numpy as np

from rnnscope.corpora.tracks import AnnotatedText, Track, tracks_of
from rnnscope.errors import ConfigError
from rnnscope.records.corpus import Corpus, Language, PartRows

LEAD_CHARS = 500_000
"""Text that is read before a row, since the row may begin inside a string or bracket."""
TAIL_CHARS = 1_000
"""Text that is read after a row at least, where a track looks ahead: for a match that goes on there."""
_OUTSIDE: dict[Language, re.Pattern[str]] = {
    "python": re.compile(r"(?<=\n)(?:def|class) \w+"),
    "c": re.compile(r"(?<=\n\})\r?\n"),
    "prose": re.compile(r"(?<=\n)\r?\n"),
}
"""Where a text can be begun in its midst: nothing is open there."""


def annotate(text: str, language: Language, tracks: Sequence[Track] | None = None) -> dict[str, np.ndarray]:
    """`tracks` (default: all of `language`) by name: bool (flags) or int32 (graded), one value per character
    of `text`.

    Raises ConfigError where there is no such language, where a track is not for it, and for two of one name.
    """
    annotated = AnnotatedText(text, language)
    return {track.name: track.compute(annotated) for track in _chosen(tracks, language)}


def annotate_part(
    corpus: Corpus, part: PartRows, rows: slice = slice(None), tracks: Sequence[Track] | None = None
) -> dict[str, np.ndarray]:
    """`tracks` (default: all of the corpus's language) at the INPUTS of some rows of a part, shape (R, T).

    Row r at step t is about input t, which the network has just read. Text before a row is read too, from its
    beginning or from a place up to LEAD_CHARS before the row where nothing is open (the start of a top-level
    definition, the end of a function, a blank line). For tracks that look ahead the text after a row is read
    as well, TAIL_CHARS and to the line end that follows them, LEAD_CHARS at most.

    Raises ConfigError as `annotate` does.
    """
    language = corpus.manifest.language
    chosen = _chosen(tracks, language)
    looks_ahead = not all(track.is_causal for track in chosen)
    pieces: list[dict[str, np.ndarray]] = []
    for first, text, starts in stretches(corpus, part, rows, looks_ahead):
        annotated = annotate(text, language, chosen)
        for start in starts:
            span = slice(start - first, start - first + part.row_chars)
            pieces.append({name: values[span] for name, values in annotated.items()})
    return {name: np.stack([piece[name] for piece in pieces]) for name in pieces[0]}


def stretches(
    corpus: Corpus, part: PartRows, rows: slice = slice(None), looks_ahead: bool = False
) -> Iterator[tuple[int, str, list[int]]]:
    """(place of its first character, text, starts of the rows in it) of pieces of the text that hold some
    rows of a part, in their order, with the text before them and, where it is asked for, after them, as
    `annotate_part` has it.
    """
    waiting = list(part.starts[rows])
    while waiting:
        start = waiting[0]
        first = _outside(corpus, start)
        stop = max(other + part.row_chars for other in waiting if start <= other <= start + LEAD_CHARS)
        starts = list(takewhile(lambda other: first <= other <= stop - part.row_chars, waiting))  # noqa: B023
        yield first, corpus.text(first, _line_end(corpus, stop) if looks_ahead else stop), starts
        waiting = waiting[len(starts) :]


def _chosen(tracks: Sequence[Track] | None, language: Language) -> list[Track]:
    known = tracks_of(language)
    if tracks is None:
        return known
    names, there = [track.name for track in tracks], ", ".join(track.name for track in known)
    for track in tracks:
        if language not in track.languages:
            raise ConfigError(f"track '{track.name}' is not for {language}; there is: {there}")
        if names.count(track.name) > 1:
            raise ConfigError(f"two tracks are called '{track.name}'; give one of them another name")
    return list(tracks)


def _outside(corpus: Corpus, start: int) -> int:
    """A place before `start` to read from."""
    if start <= LEAD_CHARS:
        return 0
    lead = corpus.text(start - LEAD_CHARS, start)
    found = _OUTSIDE[corpus.manifest.language].search(lead)
    return start - LEAD_CHARS + (found.start() if found else 0)


def _line_end(corpus: Corpus, stop: int) -> int:
    """A place after `stop` to read to."""
    tail = corpus.text(stop, min(stop + LEAD_CHARS, corpus.manifest.ids_chars))
    found = re.compile("[\r\n]").search(tail, TAIL_CHARS)
    return stop + (found.end() if found else len(tail))
