"""The rules of the synthetic language: its letters, its symbols, what each of them does. Draws nothing.

A text is filler, letters from a Markov source of order one, with S of eight functional symbols in it, the
first S of SYMBOLS. At every character exactly one of these is so, the first that holds:

1. The line is full: `\\n`. Every character but `\\n` counts for the width, and `\\n` counts for nothing else:
   counters and copies go on behind it as if it was not there.
2. A counter has run out: its mark. Counters count characters of all kinds but `\\n`, so also those inside
   brackets and quotes, and each other's marks. Two never run out at once: the one that would make them do so
   is not begun there.
3. Inside a quote: the next of the copied letters, then the closing quote. What is copied are the last
   COPIED letters that were drawn before the opening quote, brackets and all other symbols left out. Nothing
   else happens inside a quote but 1 and 2.
4. Free: one of the options, each at its own rate wherever it is possible, or else a letter. Brackets of both
   kinds nest in one another to DEPTH together; a closing one is possible where the innermost open one is of
   its kind. A counter can be begun where it does not run. Toggles and quotes can always be turned. Where
   letters alternate, the next one is of the other half of the alphabet than the last drawn one: the row of
   the table that the other toggle chose, cut to that half.

The next state follows from the state and the character alone, and the first state is known (nothing open,
column 0, the letters before the text are FIRST_LETTER). So whoever reads the text from its beginning and
knows the rules knows the state, and no reader can do better than the generator's own probabilities.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from pydantic import Field

from rnnscope.settings import Settings

LANGUAGE_VERSION = 1
"""Counted up with every change of a rule or a rate: corpora of another version are not of this language."""
LETTERS = "abcdefghijkl"
FIRST_LETTER = 0
CONCENTRATION = 0.5
"""Of the Dirichlet distribution that the rows of a filler's table are drawn from: about 1.8 nats a letter."""
UNIFORM_SHARE = 0.02
"""Of every row, so that no letter is impossible."""
DEPTH = 4
"""Brackets open at once, of both kinds together."""
SHORT_CHARS = 5
"""Characters between a short counter and its mark."""
LONG_CHARS = 7
COPIED = 2
"""Letters that a quote copies."""
WIDTH = 20
"""Characters of a line."""


@dataclass(frozen=True)
class Symbol:
    """A functional symbol."""

    name: str
    characters: str
    """All that it brings into the alphabet."""
    rule: str


SYMBOLS = (
    Symbol("round", "()", f"brackets that nest to depth {DEPTH}; each closes what it opened"),
    Symbol("toggle", "@", "changes the filler's table, until the next one"),
    Symbol("short counter", "#.", f"after # exactly {SHORT_CHARS} characters, then the mark ."),
    Symbol("quote", '"', f"between quotes the last {COPIED} letters before them"),
    Symbol("line", "\n", f"ends every line of {WIDTH} characters"),
    Symbol("square", "[]", "brackets of a second kind, nested with the first"),
    Symbol("alternation", "%", "letters alternate between a-f and g-l, until the next one"),
    Symbol("long counter", "&;", f"after & exactly {LONG_CHARS} characters, then the mark ;"),
)
"""In the order in which they come into the language."""

OPTIONS = '()@#"[]%&'
"""What can be chosen where the text is free; each is a bit in a mask, the first the lowest."""
RATES = {"(": 0.03, ")": 0.15, "@": 0.02, "#": 0.02, '"': 0.015, "[": 0.03, "]": 0.15, "%": 0.02, "&": 0.015}
"""Probability of each option wherever it is possible.

Brackets are the hardest to learn: that none may close is told by what does not happen, so that closing must
be frequent. Symbols must be rare, since those of a control lie where nobody can know, and its letters have to
make up for it: with twice these rates the letters of a control of eight symbols had to be all but certain for
its floor to be that of the functional text (0.6 nats a letter in place of 1.9; now 0.8).
"""


class SyntheticSettings(Settings):
    """What makes one synthetic text."""

    symbols: int = Field(default=8, ge=0, le=len(SYMBOLS))
    """S, functional symbols in the text: the first S of the list."""
    control: bool = False
    """The same symbols as often, each at a random place and without its function."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """Decides the filler's tables and all that is drawn."""


def alphabet(symbols: int) -> str:
    """All characters of the language with S symbols: letters first."""
    return LETTERS + "".join(symbol.characters for symbol in SYMBOLS[:symbols])


def option_mask(symbols: int, characters: str = OPTIONS) -> int:
    """The bits of those of `characters` that are options of the language with S symbols."""
    there = alphabet(symbols)
    return sum(1 << place for place, each in enumerate(OPTIONS) if each in there and each in characters)


@cache
def filler_tables(seed: int) -> np.ndarray:
    """Probability of each letter after each, shape (4, letters, letters): toggle off and on, then the same
    where letters alternate.
    """
    count = len(LETTERS)
    generator = np.random.default_rng([seed, 1])
    drawn = generator.dirichlet(np.full(count, CONCENTRATION), size=(2, count))
    plain = (1 - UNIFORM_SHARE) * drawn + UNIFORM_SHARE / count
    half = np.arange(count) < count // 2
    alternating = plain * (half[:, None] != half)
    tables = np.concatenate([plain, alternating / alternating.sum(axis=2, keepdims=True)])
    tables.flags.writeable = False
    return tables


def rate_left(mask: int) -> float:
    """What the options of a mask leave to letters."""
    return 1.0 - sum(RATES[each] for place, each in enumerate(OPTIONS) if mask >> place & 1)
