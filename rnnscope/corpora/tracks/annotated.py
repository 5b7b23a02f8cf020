"""A text and what several tracks share of it. Knows no track."""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from rnnscope.corpora.scanning import c_marks, function_heads, prose_marks, python_marks
from rnnscope.records.corpus import Language

WHITE_SPACE = " \t\n\r\v\f"
"""Of ASCII alone: over bytes others are parts of letters."""


class AnnotatedText:
    """A text and what several tracks share, worked out when first asked for. All arrays have one value per
    character.
    """

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
    def symbols(self) -> np.ndarray:
        """The code points that occur, ascending."""
        seen = np.zeros(int(self.codes.max(initial=0)) + 1, dtype=bool)
        seen[self.codes] = True
        return np.flatnonzero(seen)

    def where(self, holds: Callable[[str], bool]) -> np.ndarray:
        """Where `holds` is true of the character, bool; it is asked once for every symbol."""
        table = np.zeros(int(self.codes.max(initial=0)) + 1, dtype=bool)
        table[self.symbols] = [holds(chr(code)) for code in self.symbols]
        return table[self.codes]

    def any_of(self, characters: str) -> np.ndarray:
        return self.where(lambda character: character in characters)

    @cached_property
    def marks(self) -> tuple[np.ndarray, np.ndarray]:
        """(inside quotes, inside a comment)."""
        if self.language == "prose":
            return prose_marks(self.text), np.zeros(len(self), dtype=bool)
        return python_marks(self.text) if self.language == "python" else c_marks(self.text)

    @cached_property
    def is_code(self) -> np.ndarray:
        """Whether a bracket counts here: in code, not in a string or comment; in prose, everywhere."""
        if self.language == "prose":
            return np.ones(len(self), dtype=bool)
        quotes, comments = self.marks
        return ~(quotes | comments)

    @cached_property
    def is_white(self) -> np.ndarray:
        return self.any_of(WHITE_SPACE)

    @cached_property
    def is_letter(self) -> np.ndarray:
        return self.where(str.isalpha)

    @cached_property
    def is_digit(self) -> np.ndarray:
        return self.any_of("0123456789")

    @cached_property
    def is_word(self) -> np.ndarray:
        """Whether a character belongs to a word: letters, digits and _."""
        return self.where(lambda character: character.isalnum() or character == "_")

    @cached_property
    def word_starts(self) -> np.ndarray:
        return self.is_word & ~before(self.is_word)

    @cached_property
    def line_ends(self) -> np.ndarray:
        """Whether a character is \\n or \\r, bool: both of \\r\\n are."""
        return self.any_of("\r\n")

    @cached_property
    def line_starts(self) -> np.ndarray:
        """Index of the last line end up to and with each character, -1 on the first line."""
        return last_true(self.line_ends)

    @cached_property
    def lines_ended(self) -> np.ndarray:
        """Where a line ends, counted once: at \\n or \\r, of \\r\\n at the \\r."""
        return self.line_ends & ~(before(self.any_of("\r")) & self.any_of("\n"))

    @cached_property
    def is_leading(self) -> np.ndarray:
        """Where nothing but spaces and tabs was in the line up to and with each character; at a line end too,
        which belongs to the line that it begins.
        """
        return last_true(~(self.any_of(" \t") | self.line_ends)) <= self.line_starts

    @cached_property
    def blank_ends(self) -> np.ndarray:
        """The line ends of empty lines, which have spaces and tabs at most."""
        is_empty = before(self.is_leading)
        is_empty[:1] = True
        return self.lines_ended & is_empty

    @cached_property
    def joined_ends(self) -> np.ndarray:
        """The line ends that a backslash takes away, both of \\r\\n."""
        backslash = self.any_of("\\")
        if self.language == "python":
            backslash &= self.is_code
        first = before(backslash) & self.line_ends
        return first | (before(first & self.any_of("\r")) & self.any_of("\n"))

    @cached_property
    def resets(self) -> np.ndarray:
        """Where all brackets are taken to be closed, so that one that never closes does not count for ever.

        Prose: a blank line. C: a } at the start of a line, which ends a function (branches of #if open more
        braces than they close). Python: after the def or class that begins a line.
        """
        if self.language == "prose":
            return self.blank_ends
        if self.language == "c":
            return (self.codes == ord("}")) & self.is_code & before(self.line_ends, first=True)
        return marked(len(self), function_heads(self.text)) & self.is_code

    def depth(self, opening: str, closing: str) -> np.ndarray:
        """Brackets opened and not yet closed, int32."""
        return open_count(self.bracket_steps(opening, closing), self.resets)

    def bracket_steps(self, opening: str, closing: str) -> np.ndarray:
        """+1 where one of `opening` opens, -1 where one of `closing` closes, else 0; int8."""
        steps = self.any_of(opening).astype(np.int8) - self.any_of(closing).astype(np.int8)
        return steps * self.is_code


def before(flags: np.ndarray, first: bool = False) -> np.ndarray:
    """The flag of the character before each one; `first` for the first character."""
    moved = np.empty_like(flags)
    moved[:1] = first
    moved[1:] = flags[:-1]
    return moved


def last_true(flags: np.ndarray) -> np.ndarray:
    """Index of the last True up to and with each position, -1 before the first."""
    places = np.where(flags, np.arange(len(flags), dtype=np.int32), np.int32(-1))
    return np.maximum.accumulate(places)


def marked(chars: int, places: list[int]) -> np.ndarray:
    """True at `places` (those beyond the end are left out), bool, shape (chars,)."""
    flags = np.zeros(chars + 1, dtype=bool)
    flags[np.minimum(np.array(places, dtype=np.int64), chars)] = True
    return flags[:chars]


def covered(chars: int, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """True in every span start..stop, stop not included, bool, shape (chars,). Spans may overlap."""
    steps = np.bincount(starts, minlength=chars + 1) - np.bincount(stops, minlength=chars + 1)
    return np.cumsum(steps[:chars]) > 0


def open_count(steps: np.ndarray, resets: np.ndarray) -> np.ndarray:
    """Running sum of `steps` (+1 opens, -1 closes, 0), never below 0, and 0 again at every reset."""
    steps = np.where(resets, 0, steps)
    # A sum clipped at 0 is the sum less its running minimum. Each reset lowers all that follows by more than
    # any sum before it, so that the running minimum starts anew there.
    level = np.cumsum(steps, dtype=np.int64) - (len(steps) + 1) * 2 * np.cumsum(resets, dtype=np.int64)
    return (level - np.minimum(np.minimum.accumulate(level), 0)).astype(np.int32)


def closing_places(steps: np.ndarray, resets: np.ndarray) -> np.ndarray:
    """Where what opens at each position is closed, by its own -1 or by a reset; len(steps) where it is not
    or nothing opens.
    """
    closed_at = np.full(len(steps), len(steps), dtype=np.int32)
    still_open: list[int] = []
    for place in np.flatnonzero((steps != 0) | resets).tolist():
        if resets[place]:
            closed_at[still_open] = place
            still_open.clear()
        elif steps[place] > 0:
            still_open.append(place)
        elif still_open:
            closed_at[still_open.pop()] = place
    return closed_at
