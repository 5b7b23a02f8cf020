"""The tracks: quotes, comments, conditions, lines, brackets, words, sentences, characters. Knows no corpus.

All but `chars_to_line_end` are causal (`Track.is_causal`). So what opens (a quote, a bracket) is inside
already, and what closes is not. A new track is one function here; its docstring is its definition, in one
line.
"""

import keyword
from collections.abc import Callable

import numpy as np

from rnnscope.corpora.scanning import conditions, sentences
from rnnscope.corpora.tracks.annotated import (
    AnnotatedText,
    before,
    closing_places,
    covered,
    last_true,
    marked,
)
from rnnscope.corpora.tracks.track import LANGUAGES, Kind, Track
from rnnscope.errors import ConfigError, did_you_mean
from rnnscope.records.corpus import Language

TAB_SPACES = 8
CODE: tuple[Language, ...] = ("python", "c")
PROSE: tuple[Language, ...] = ("prose",)
# C17, section 6.4.1
C_KEYWORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if inline int "
    "long register restrict return short signed sizeof static struct switch typedef union unsigned void "
    "volatile while _Alignas _Alignof _Atomic _Bool _Complex _Generic _Imaginary _Noreturn _Static_assert "
    "_Thread_local".split()
)
KEYWORDS: dict[Language, frozenset[str]] = {"python": frozenset(keyword.kwlist), "c": C_KEYWORDS}

TRACKS: dict[str, Track] = {}


def track(
    kind: Kind, title: str, languages: tuple[Language, ...] = LANGUAGES, is_causal: bool = True
) -> Callable:
    """Registers a function as the track of its name; its docstring is the definition."""

    def register(compute: Callable[[AnnotatedText], np.ndarray]) -> Callable[[AnnotatedText], np.ndarray]:
        name, definition = compute.__name__, " ".join((compute.__doc__ or "").split())
        TRACKS[name] = Track(name, kind, title, languages, definition, compute, is_causal)
        return compute

    return register


def tracks_of(language: str) -> list[Track]:
    """The tracks that make sense in `language`. Raises ConfigError where it is none."""
    if language not in LANGUAGES:
        raise ConfigError(f"no language '{language}'; {did_you_mean(language, LANGUAGES)}")
    return [track for track in TRACKS.values() if language in track.languages]


@track("flag", "inside quotes")
def inside_quotes(text: AnnotatedText) -> np.ndarray:
    """From the opening quote, included, to the closing one, not: dialogue in prose, literals in code."""
    return text.marks[0]


@track("flag", "inside a comment", CODE)
def inside_comment(text: AnnotatedText) -> np.ndarray:
    """From the character that makes it a comment to the end of the line, or to the * of */."""
    return text.marks[1]


@track("flag", "inside a condition", CODE)
def inside_condition(text: AnnotatedText) -> np.ndarray:
    """C: from the ( of `if (` or `while (`, but not `#if (`, to its ), not included. Python: from the
    character after an `if`, `elif` or `while` that begins a statement to its :, not included.
    """
    first, start = (np.array(places, dtype=np.int64) for places in conditions(text.text, text.language))
    if text.language == "c":
        start = start[text.is_code[first]]
        return covered(len(text), start, closing_places(text.bracket_steps("(", ")"), text.resets)[start])
    is_plain = text.is_code & (text.depth("([{", ")]}") == 0)
    line_start = text.line_starts[first]
    is_continued = (line_start >= 0) & text.joined_ends[line_start]
    start = start[is_plain[first] & ~is_continued]
    # := does not end a condition, but that is known at its = only
    colons, is_walrus = is_plain & text.any_of(":"), np.append(text.any_of("=")[1:], False)
    ends = np.flatnonzero((colons & ~is_walrus) | (is_plain & text.line_ends & ~text.joined_ends))
    return covered(len(text), start, _first_from(ends, start, len(text))) & ~colons


@track("flag", "inside a preprocessor line", ("c",))
def inside_preprocessor(text: AnnotatedText) -> np.ndarray:
    """From a # that begins a line to the line end, not included, that no backslash or comment takes away."""
    starts = text.any_of("#") & text.is_code & before(text.is_leading, first=True)
    ends = text.line_ends & ~text.joined_ends & ~text.marks[1]
    return last_true(starts) > last_true(ends)


@track("flag", "after a keyword", CODE)
def after_keyword(text: AnnotatedText) -> np.ndarray:
    """Between a keyword of Python or of C17, outside strings and comments, and the next word or line end."""
    starts = np.flatnonzero(text.word_starts)
    stops = _first_from(np.flatnonzero(~text.is_word), starts, len(text))
    keywords = KEYWORDS[text.language]
    words = zip(starts.tolist(), stops.tolist(), strict=True)
    is_keyword = np.array([text.text[start:stop] in keywords for start, stop in words], dtype=bool)
    stops = stops[is_keyword & text.is_code[starts]]
    ends = np.flatnonzero(text.word_starts | text.line_ends)
    return covered(len(text), stops, _first_from(ends, stops, len(text)))


@track("graded", "column")
def column(text: AnnotatedText) -> np.ndarray:
    """Length of the current line so far: its characters, this one included; 0 at a line end (\\n, \\r, or
    both).
    """
    return np.arange(len(text), dtype=np.int32) - text.line_starts


@track("graded", "characters to the line's end", is_causal=False)
def chars_to_line_end(text: AnnotatedText) -> np.ndarray:
    """Characters from this one to the next line end (\\n or \\r) or the end of the text; 0 at a line end."""
    here = np.arange(len(text), dtype=np.int32)
    ends = np.where(text.line_ends, here, np.int32(len(text)))
    return np.minimum.accumulate(ends[::-1])[::-1] - here


@track("graded", "words in the line")
def words_in_line(text: AnnotatedText) -> np.ndarray:
    """Words begun in the current line; a word is letters, digits and _."""
    return _since(text.word_starts, text.line_starts)


@track("graded", "line of the paragraph", PROSE)
def line_in_paragraph(text: AnnotatedText) -> np.ndarray:
    """Line ends since the last one of an empty line, this character included; \\r\\n is one."""
    return _since(text.lines_ended, last_true(text.blank_ends))


@track("graded", "indentation", CODE)
def indentation(text: AnnotatedText) -> np.ndarray:
    """Spaces before the first other character of the current line, as far as read; a tab counts 8."""
    widths = text.any_of(" ") + TAB_SPACES * text.any_of("\t").astype(np.int32)
    return _since(np.where(text.is_leading, widths, 0), text.line_starts)


@track("graded", "bracket depth")
def depth(text: AnnotatedText) -> np.ndarray:
    """Brackets ( [ { opened and not yet closed, outside strings and comments."""
    return text.depth("([{", ")]}")


@track("graded", "depth in ( )", CODE)
def paren_depth(text: AnnotatedText) -> np.ndarray:
    """Brackets ( opened and not yet closed, outside strings and comments."""
    return text.depth("(", ")")


@track("graded", "depth in [ ]", CODE)
def bracket_depth(text: AnnotatedText) -> np.ndarray:
    """Brackets [ opened and not yet closed, outside strings and comments."""
    return text.depth("[", "]")


@track("graded", "depth in { }", CODE)
def brace_depth(text: AnnotatedText) -> np.ndarray:
    """Brackets { opened and not yet closed, outside strings and comments."""
    return text.depth("{", "}")


@track("graded", "position in word")
def position_in_word(text: AnnotatedText) -> np.ndarray:
    """Length of the current word so far: its letters, digits and _, this one included; 0 between words."""
    return np.arange(len(text), dtype=np.int32) - last_true(~text.is_word)


@track("graded", "characters since white space")
def chars_since_space(text: AnnotatedText) -> np.ndarray:
    """Characters since the last white space (space, \\t, \\n, \\r, \\v, \\f), this one included; 0 at it."""
    return np.arange(len(text), dtype=np.int32) - last_true(text.is_white)


@track("graded", "words in the sentence", PROSE)
def words_in_sentence(text: AnnotatedText) -> np.ndarray:
    """Words begun in the current sentence. One begins with the text, after an empty line, and after . ! or ?,
    closing quotes and brackets if any, and white space, unless with a lower-case letter.
    """
    is_black = ~text.is_white
    last_empty, last_black = last_true(text.blank_ends), last_true(before(is_black)) - 1
    starts = is_black & (last_empty > last_black) | marked(len(text), sentences(text.text))
    return _since(text.word_starts, last_true(starts) - 1)


@track("flag", "first word of a sentence", PROSE)
def first_word(text: AnnotatedText) -> np.ndarray:
    """The letters, digits and _ of the first word of a sentence, as words_in_sentence has it."""
    return text.is_word & (words_in_sentence(text) == 1)


@track("flag", "capital letter")
def capital(text: AnnotatedText) -> np.ndarray:
    """A capital letter."""
    return text.where(str.isupper)


@track("flag", "digit")
def digit(text: AnnotatedText) -> np.ndarray:
    """A digit, 0 to 9."""
    return text.is_digit


@track("flag", "after a letter")
def after_letter(text: AnnotatedText) -> np.ndarray:
    """The character before this one is a letter."""
    return before(text.is_letter)


@track("flag", "after a digit")
def after_digit(text: AnnotatedText) -> np.ndarray:
    """The character before this one is a digit, 0 to 9."""
    return before(text.is_digit)


@track("flag", "after white space")
def after_space(text: AnnotatedText) -> np.ndarray:
    """The character before this one is white space (space, \\t, \\n, \\r, \\v, \\f)."""
    return before(text.is_white)


@track("flag", "after punctuation")
def after_punctuation(text: AnnotatedText) -> np.ndarray:
    """The character before this one is no letter, digit or white space."""
    return before(~(text.is_letter | text.is_digit | text.is_white))


def _since(counts: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Sum of `counts` over the characters after `places` (-1: from the beginning) up to each one, int32."""
    total = np.cumsum(counts, dtype=np.int32)
    return total - np.where(places >= 0, total[np.maximum(places, 0)], 0)


def _first_from(places: np.ndarray, starts: np.ndarray, otherwise: int) -> np.ndarray:
    """The first of the ascending `places` at or after each start, `otherwise` where none is."""
    return np.append(places, otherwise)[np.searchsorted(places, starts)]
