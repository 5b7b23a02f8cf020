"""text -> what closes, and how far before it what it closes was opened. Knows no predictor.

A pair is an opener and a closer: brackets, quotes (both the same), longer ones such as /* */, or XML's tags.
Strings and comments of code are those of `scanning.py`: brackets inside them do not count.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rnnscope.corpora.annotate import stretches
from rnnscope.corpora.scanning import literals
from rnnscope.corpora.tracks import AnnotatedText
from rnnscope.corpora.tracks.annotated import closing_places, marked
from rnnscope.errors import ConfigError
from rnnscope.records.corpus import AlphabetKind, Corpus, Language, PartRows

TAGS = "tags"
PAIRS: dict[Language, tuple[str, ...]] = {
    "c": ("{ }",),
    "python": ("( )", "[ ]", "{ }"),
    "prose": ('" "', "“ ”", "( )"),
}
"""Those of a language, where none are named."""
_LITERALS: dict[Language, dict[str, str]] = {
    "c": {'"': '"', "'": "'", "/*": "*/"},
    "python": {'"': '"', "'": "'", '"""': '"""', "'''": "'''"},
    "prose": {},
}
"""Opener -> closer of what `literals` finds."""
# No text is read twice (possessive, and no attribute's value holds a <), so that no text takes long.
_TAG = re.compile(
    r"<!--(?>[^-]++|-(?!->))*+(?:-->)?+"
    r"|<!\[CDATA\[(?>[^\]]++|\](?!\]>))*+(?:\]\]>)?+"
    r"|<(?P<close>/)?+(?P<name>[A-Za-z_:][\w:.-]*+)"
    r"(?>\s++|\"[^\"<]*+\"|'[^'<]*+'|/(?!>)|[^\s\"'<>/]++)*+(?P<empty>/)?+>",
    re.ASCII,
)


@dataclass(frozen=True)
class Pair:
    """An opener and what closes it."""

    name: str
    """As it was written: '{ }', '/* */', 'tags'."""
    opener: str = ""
    """Empty for tags, as the closer is: <a ...> is closed by </a>."""
    closer: str = ""
    is_reset: bool = False
    """Whether it is taken to be closed where `AnnotatedText.resets` has all brackets closed: a blank line of
    prose, the end of a function of C. For openers of one character.
    """

    def over(self, alphabet: AlphabetKind) -> "Pair":
        """As the pair shows in the text of a corpus: over bytes “ is three characters."""
        if alphabet == "chars":
            return self
        opener, closer = (each.encode().decode("latin-1") for each in (self.opener, self.closer))
        return replace(self, opener=opener, closer=closer)


@dataclass(frozen=True)
class Closings:
    """What closes in a text, in its order: every closer whose opener is in the text too. Shape (K,) each."""

    places_K: np.ndarray
    """Of the closer's first character."""
    chars_K: np.ndarray
    """The closer's length."""
    distances_K: np.ndarray
    """Characters from the opener's first one to the closer's first one."""


@dataclass(frozen=True)
class PartClosings:
    """What closes at the targets of a part's rows, row by row. Shape (K,) each."""

    rows_K: np.ndarray
    steps_K: np.ndarray
    """The step whose target is the closer's first character."""
    chars_K: np.ndarray
    """The closer's length: so many targets, all in the row."""
    distances_K: np.ndarray
    """Characters from the opener's first one to the closer's first one."""

    @property
    def is_seen_K(self) -> np.ndarray:
        """Whether the opener lies in the row: one before it was never read by who starts with the row."""
        return self.distances_K <= self.steps_K + 1


def pair_from(text: str) -> Pair:
    """'{ }' -> a pair. Raises ConfigError where the text is no pair."""
    pieces = text.split()
    if pieces == [TAGS]:
        return Pair(TAGS)
    if len(pieces) != 2:
        raise ConfigError(
            f"no pair {text!r}; write opener and closer with a space between, such as {{ }} or /* */, or "
            f"'{TAGS}' for <a> </a>"
        )
    return Pair(" ".join(pieces), *pieces, is_reset=len(pieces[0]) == len(pieces[1]) == 1)


def closings(text: AnnotatedText, pair: Pair) -> Closings:
    """What closes in the text.

    A closer closes the nearest opener that is still open. In C a } that begins a line ends a function, and
    closes the outermost { that is open. Where opener and closer are the same they take turns; quotes of code
    are those that begin and end its strings. A closing tag closes the nearest open one of its name, and with
    it those inside that were never closed; <a/> opens nothing, nor does what is in <!-- --> or CDATA.
    """
    if pair.name == TAGS:
        return _of_tags(text.text)
    if _LITERALS[text.language].get(pair.opener) == pair.closer:
        return _of_literals(text, pair)
    steps = _turns(text, pair) if pair.opener == pair.closer else _steps(text, pair)
    resets = text.resets if pair.is_reset else np.zeros(len(text), dtype=bool)
    closed_at = closing_places(steps, resets)
    openers = np.flatnonzero(closed_at < len(text))
    openers = openers[steps[closed_at[openers]] < 0]  # not by a reset that closes nothing of its own
    # of several that one place closes, the first is the outermost
    places, first = np.unique(closed_at[openers], return_index=True)
    return _closings(places, np.full(len(places), len(pair.closer)), openers[first])


def closings_part(
    corpus: Corpus, part: PartRows, pairs: Sequence[Pair], rows: slice = slice(None)
) -> dict[str, PartClosings]:
    """For each pair by name, what closes at the TARGETS of some rows of a part, with text before the rows
    read as `annotate_part` does.

    A closer of which a character is no target of the row, at its beginning or end, is left out.
    """
    with_targets = part.model_copy(update={"row_chars": part.row_chars + 1})
    found: dict[str, list[np.ndarray]] = {pair.name: [] for pair in pairs}
    row = 0
    for first, text, starts in stretches(corpus, with_targets, rows):
        annotated = AnnotatedText(text, corpus.manifest.language)
        for pair in pairs:
            all_of = closings(annotated, pair.over(corpus.manifest.alphabet_kind))
            for index, start in enumerate(starts, row):
                found[pair.name].append(_in_row(all_of, index, start - first, part.row_chars))
        row += len(starts)
    return {name: PartClosings(*np.concatenate(pieces, axis=1)) for name, pieces in found.items()}


def _in_row(all_of: Closings, row: int, start: int, row_chars: int) -> np.ndarray:
    """Rows, steps, lengths, distances of what closes in a row that begins at `start` of the text; (4, K)."""
    first, stop = np.searchsorted(all_of.places_K, [start + 1, start + 1 + row_chars])
    places, chars, distances = (
        each[first:stop] for each in (all_of.places_K, all_of.chars_K, all_of.distances_K)
    )
    found = np.stack([np.full_like(places, row), places - start - 1, chars, distances])
    return found[:, places + chars <= start + 1 + row_chars]


def _closings(places: np.ndarray, chars: np.ndarray, openers: np.ndarray) -> Closings:
    places_K, chars_K, openers_K = (np.asarray(each, np.int64) for each in (places, chars, openers))
    return Closings(places_K, chars_K, places_K - openers_K)


def _steps(text: AnnotatedText, pair: Pair) -> np.ndarray:
    """+1 where the opener begins, -1 where the closer does, else 0."""
    if len(pair.opener) == len(pair.closer) == 1:
        return text.bracket_steps(pair.opener, pair.closer)
    opens, closes = (
        marked(len(text), [start for start, found in _found(text, pair) if found == each])
        for each in (pair.opener, pair.closer)
    )
    return (opens.astype(np.int8) - closes.astype(np.int8)) * text.is_code


def _turns(text: AnnotatedText, pair: Pair) -> np.ndarray:
    """+1 and -1 in turn where the mark is, with +1 again after every reset."""
    places = np.array([start for start, _ in _found(text, pair)], dtype=np.int64)
    places = places[text.is_code[places]]
    steps = np.zeros(len(text), dtype=np.int8)
    since = np.cumsum(text.resets if pair.is_reset else np.zeros(len(text), dtype=bool))[places]
    turn = np.arange(len(places)) - np.searchsorted(since, since)
    steps[places] = 1 - 2 * (turn % 2)
    return steps


def _found(text: AnnotatedText, pair: Pair) -> Iterator[tuple[int, str]]:
    """(place, which) of every opener and closer; none inside another, no word in a longer one."""
    longest_first = sorted({pair.opener, pair.closer}, key=len, reverse=True)
    pattern = "|".join(
        (r"(?<!\w)" if re.match(r"\w", each, re.ASCII) else "")
        + re.escape(each)
        + (r"(?!\w)" if re.match(r"\w", each[-1], re.ASCII) else "")
        for each in longest_first
    )
    return ((match.start(), match[0]) for match in re.finditer(pattern, text.text, re.ASCII))


def _of_literals(text: AnnotatedText, pair: Pair) -> Closings:
    """Strings or comments of code that begin with the opener and have their closing mark."""
    assert text.language != "prose"
    longer = pair.opener * 3 if pair.opener in ("'", '"') and text.language == "python" else None
    spans = [
        (start, stop)
        for start, stop, is_closed in literals(text.text, text.language)
        if is_closed
        and text.text.startswith(pair.opener, start)
        and not (longer and text.text.startswith(longer, start))
    ]
    starts, stops = np.array(spans, dtype=np.int64).reshape(-1, 2).T
    chars = np.full(len(spans), len(pair.closer))
    return _closings(stops - chars, chars, starts)


def _of_tags(text: str) -> Closings:
    still_open: list[tuple[str, int]] = []
    open_of: dict[str, int] = {}
    found: list[tuple[int, int, int]] = []
    for tag in _TAG.finditer(text):
        name = tag["name"]
        if name is None or (tag["empty"] and not tag["close"]):
            continue
        if not tag["close"]:
            still_open.append((name, tag.start()))
            open_of[name] = open_of.get(name, 0) + 1
        elif open_of.get(name):
            opened = ""
            while opened != name:
                opened, place = still_open.pop()
                open_of[opened] -= 1
            found.append((tag.start(), len(tag[0]), place))
    return _closings(*np.array(found, dtype=np.int64).reshape(-1, 3).T)
