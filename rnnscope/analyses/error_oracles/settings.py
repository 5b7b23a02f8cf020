"""OracleSettings: what the 2015 paper leaves open of its oracles, each with the reading taken here. Knows no
text.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveInt

from rnnscope.scoring import ERROR_PROBABILITY
from rnnscope.settings import Numbers, Settings

WordKind = Literal["by-language", "letters", "letters-and-digits", "identifier", "non-space"]


def _shares(value: object) -> object:
    """'0.1, 0.2' -> (0.1, 0.2); anything but text goes on as it is."""
    if not isinstance(value, str):
        return value
    try:
        return tuple(float(piece) for piece in value.split(","))
    except ValueError:
        raise ValueError("write it as 0.1,0.2,0.3") from None


Probability = Annotated[float, Field(gt=0, le=1)]
Probabilities = Annotated[tuple[Probability, ...], BeforeValidator(_shares)]
Counts = Annotated[Numbers, Field(max_length=100)]


class OracleSettings(Settings):
    """Where the paper's text leaves a choice, the one whose slices on War and Peace come nearest its
    figure."""

    threshold: float = Field(default=ERROR_PROBABILITY, gt=0, lt=1)
    """A character is an error where the model gave it less; an n-gram is right where it gave it more."""
    contexts: Counts = tuple(range(1, 10))
    """Context lengths of the n-gram oracle, in characters, as far as there are n-grams."""
    memory_chars: Counts = (100, 500, 1000, 5000)
    """How far back each slice of the memory oracle looks, in characters."""
    rare_counts: Counts = tuple(range(6))
    """A slice of the rare-words oracle takes words that occur at most so often in the training part."""
    boosts: Probabilities = (0.1, 0.2, 0.3, 0.4, 0.5)
    """What each slice of the boost oracle adds to the true character's probability."""
    word: WordKind = "by-language"
    """What a word is made of: letters in prose and an identifier's characters in code, unless told."""
    joiners: str = ""
    """Characters that belong to a word where both neighbours do, such as ' and - in prose."""
    ignore_case: bool = False
    """Whether 'The' is the word 'the', for the memory and for counts."""
    memory_reads: Literal["rows", "row", "book"] = "rows"
    """What the memory holds: the part's rows one after the other, the row alone, or the text as it stood."""
    memory_window: Literal["word", "character"] = "word"
    """Whether the window ends where the word starts or goes along with each of its characters."""
    memory_from: PositiveInt = 2
    """The first character of a remembered word that the memory gets right, from 1."""
    memory_least_chars: NonNegativeInt = 5
    """Shorter words are not looked up: two or three letters are somewhere in any 100 characters by chance."""
    blanks: str = " \t"
    """What stands between words and indents lines; a line end is one besides."""
    quotes: str = "\"'“”‘’«»„`"
    """What the word model counts as a quote, where it is no joiner inside a word."""
    after_space: Literal["any", "word"] = "any"
    """Whether whatever follows a blank or quote is taken, or the first character of a word alone."""
    after_newline: Literal["run", "character", "word"] = "run"
    """Of a line's first word: its errors up to the first character that was right, its first character, or
    all of it. Indentation before it is taken with it."""
    punctuation: str | None = None
    """Characters of the punctuation oracle; None for all marks and signs, but for the _ of code."""


AS_IN_2015 = OracleSettings()
"""The defaults."""
