"""The tracks: quotes, comments, columns, brackets, indentation, words. Knows no corpus.

Every track is causal: its value at character i depends on the text up to and with character i, as the state
of a network does that has read so far. So what opens (a quote, a bracket) is inside already, and what closes
is not. A new track is one function here; its docstring is its definition, in one line.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from rnnscope.corpora.scanning import blank_lines, c_marks, prose_marks, python_marks
from rnnscope.errors import ConfigError, did_you_mean
from rnnscope.records.corpus import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)
TAB_SPACES = 8


class AnnotatedText:
    """A text and what several tracks share, worked out when first asked for."""

    def __init__(self, text: str, language: Language) -> None:
        self.text = text
        self.language: Language = language

    def __len__(self) -> int:
        return len(self.text)

    @cached_property
    def codes(self) -> np.ndarray:
        """Code points, uint32."""
        return np.frombuffer(self.text.encode("utf-32-le", "surrogatepass"), dtype="<u4")

    @cached_property
    def marks(self) -> tuple[np.ndarray, np.ndarray]:
        """(inside quotes, inside a comment)."""
        if self.language == "prose":
            return prose_marks(self.text), np.zeros(len(self), dtype=bool)
        return python_marks(self.text) if self.language == "python" else c_marks(self.text)

    @cached_property
    def line_ends(self) -> np.ndarray:
        """Whether a character is \\n or \\r, bool: both of \\r\\n are."""
        return self.any_of("\r\n")

    @cached_property
    def line_starts(self) -> np.ndarray:
        """Index of the last line end up to and with each character, -1 on the first line."""
        return last_true(self.line_ends)

    @cached_property
    def is_code(self) -> np.ndarray:
        """Whether a bracket counts here: in code, not in a string or comment; in prose, everywhere."""
        if self.language == "prose":
            return np.ones(len(self), dtype=bool)
        quotes, comments = self.marks
        return ~(quotes | comments)

    @cached_property
    def resets(self) -> np.ndarray:
        """Where all brackets are taken to be closed, so that one that never closes does not count for ever.

        Prose: a blank line. C: a } at the start of a line, which ends a function (branches of #if open more
        braces than they close). Python: nowhere, its brackets are balanced.
        """
        if self.language == "c":
            return (self.codes == ord("}")) & self.is_code & (column(self) == 1)
        if self.language == "prose":
            return blank_lines(self.text)
        return np.zeros(len(self), dtype=bool)

    def any_of(self, characters: str) -> np.ndarray:
        found = np.zeros(len(self), dtype=bool)
        for character in characters:
            found |= self.codes == ord(character)
        return found


@dataclass(frozen=True)
class Track:
    """One thing that can be said of every character."""

    name: str
    kind: Literal["flag", "graded"]
    title: str
    """For people, e.g. 'inside quotes'."""
    languages: tuple[Language, ...]
    definition: str
    """One line."""
    compute: Callable[[AnnotatedText], np.ndarray]
    """bool for a flag, int32 for a graded track, one value per character."""


TRACKS: dict[str, Track] = {}


def track(
    kind: Literal["flag", "graded"], title: str, languages: tuple[Language, ...] = LANGUAGES
) -> Callable:
    """Registers a function as the track of its name; its docstring is the definition."""

    def register(compute: Callable[[AnnotatedText], np.ndarray]) -> Callable[[AnnotatedText], np.ndarray]:
        definition = (compute.__doc__ or "").strip()
        TRACKS[compute.__name__] = Track(compute.__name__, kind, title, languages, definition, compute)
        return compute

    return register


def tracks_of(language: str) -> list[Track]:
    """The tracks that make sense in `language`. Raises ConfigError where it is none."""
    if language not in LANGUAGES:
        raise ConfigError(f"no language '{language}'; {did_you_mean(language, LANGUAGES)}")
    return [track for track in TRACKS.values() if language in track.languages]


def describe(name: str) -> str:
    """A track's definition in one line. Raises ConfigError for a name that is none."""
    if name not in TRACKS:
        raise ConfigError(f"no track '{name}'; {did_you_mean(name, TRACKS)}")
    return TRACKS[name].definition


def last_true(flags: np.ndarray) -> np.ndarray:
    """Index of the last True up to and with each position, -1 before the first."""
    places = np.where(flags, np.arange(len(flags), dtype=np.int32), np.int32(-1))
    return np.maximum.accumulate(places)


def open_count(steps: np.ndarray, resets: np.ndarray) -> np.ndarray:
    """Running sum of `steps` (+1 opens, -1 closes, 0), never below 0, and 0 again at every reset."""
    steps = np.where(resets, 0, steps)
    # A sum clipped at 0 is the sum less its running minimum. Each reset lowers all that follows by more than
    # any sum before it, so that the running minimum starts anew there.
    level = np.cumsum(steps, dtype=np.int64) - (len(steps) + 1) * 2 * np.cumsum(resets, dtype=np.int64)
    return (level - np.minimum(np.minimum.accumulate(level), 0)).astype(np.int32)


def _brackets(text: AnnotatedText, opening: str, closing: str) -> np.ndarray:
    steps = text.any_of(opening).astype(np.int8) - text.any_of(closing).astype(np.int8)
    return open_count(steps * text.is_code, text.resets)


@track("flag", "inside quotes")
def inside_quotes(text: AnnotatedText) -> np.ndarray:
    """From the opening quote, included, to the closing one, not: dialogue in prose, literals in code."""
    return text.marks[0]


@track("flag", "inside a comment", ("python", "c"))
def inside_comment(text: AnnotatedText) -> np.ndarray:
    """From the character that makes it a comment to the end of the line, or to the * of */."""
    return text.marks[1]


@track("graded", "column")
def column(text: AnnotatedText) -> np.ndarray:
    """Characters of the current line so far, this one included; 0 at a line end (\\n, \\r, or both)."""
    return np.arange(len(text), dtype=np.int32) - text.line_starts


@track("graded", "bracket depth")
def depth(text: AnnotatedText) -> np.ndarray:
    """Brackets ( [ { opened and not yet closed, outside strings and comments."""
    return _brackets(text, "([{", ")]}")


@track("graded", "depth in ( )", ("python", "c"))
def paren_depth(text: AnnotatedText) -> np.ndarray:
    """Brackets ( opened and not yet closed, outside strings and comments."""
    return _brackets(text, "(", ")")


@track("graded", "depth in [ ]", ("python", "c"))
def bracket_depth(text: AnnotatedText) -> np.ndarray:
    """Brackets [ opened and not yet closed, outside strings and comments."""
    return _brackets(text, "[", "]")


@track("graded", "depth in { }", ("python", "c"))
def brace_depth(text: AnnotatedText) -> np.ndarray:
    """Brackets { opened and not yet closed, outside strings and comments."""
    return _brackets(text, "{", "}")


@track("graded", "indentation", ("python", "c"))
def indentation(text: AnnotatedText) -> np.ndarray:
    """Spaces before the first other character of the current line, as far as read; a tab counts 8."""
    is_space, is_tab = text.codes == ord(" "), text.codes == ord("\t")
    is_leading = last_true(~(is_space | is_tab | text.line_ends)) <= text.line_starts
    widths = np.where(is_leading, is_space + TAB_SPACES * is_tab.astype(np.int32), 0)
    total = np.cumsum(widths, dtype=np.int32)
    before_line = np.where(text.line_starts >= 0, total[text.line_starts], 0)
    return total - before_line


@track("graded", "position in word")
def position_in_word(text: AnnotatedText) -> np.ndarray:
    """Letters, digits and _ of the current word so far, this one included; 0 between words."""
    is_word = np.zeros(int(text.codes.max(initial=0)) + 1, dtype=bool)
    seen = is_word.copy()
    seen[text.codes] = True
    codes = np.flatnonzero(seen)
    is_word[codes] = [chr(code).isalnum() or code == ord("_") for code in codes]
    return np.arange(len(text), dtype=np.int32) - last_true(~is_word[text.codes])
