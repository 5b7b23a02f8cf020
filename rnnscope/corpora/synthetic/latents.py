"""The latent state of every character of a synthetic text. Knows no text.

A state is held in one whole number, a few bits for each of its parts, since a million are kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rnnscope.corpora.synthetic.language import COPIED, FIRST_LETTER, SYMBOLS

BITS = {
    "round": 3,
    "square": 3,
    "innermost": 2,
    "toggle": 1,
    "short": 4,
    "quote": 3,
    "column": 16,
    "alternation": 1,
    "long": 4,
    "letters": 4 * COPIED,
}
"""Part of a state -> its bits, the lowest first."""
OFFSETS = dict(zip(BITS, np.cumsum([0, *BITS.values()][:-1]).tolist(), strict=True))
ROUND, SQUARE = 1, 2
"""Kinds of the innermost open bracket; 0 where none is open."""
START = sum(FIRST_LETTER << (OFFSETS["letters"] + 4 * place) for place in range(COPIED))
"""The state before a text's first character."""


@dataclass(frozen=True)
class Latents:
    """States, shape (T,), int64: those after reading each of T characters, or before."""

    packed_T: np.ndarray

    def part(self, name: str) -> np.ndarray:
        """int32: 'round', 'square' (open brackets), 'innermost' (0, ROUND, SQUARE), 'toggle', 'alternation'
        (0, 1), 'short', 'long' (characters to the mark, itself included; 0: does not run), 'quote' (0
        outside, else the place of what is next inside), 'column'.
        """
        return ((self.packed_T >> OFFSETS[name]) & ((1 << BITS[name]) - 1)).astype(np.int32)

    def letter(self, place: int) -> np.ndarray:
        """One of the last COPIED drawn letters, 0 the oldest of them; as indices."""
        shift = OFFSETS["letters"] + 4 * (COPIED - 1 - place)
        return ((self.packed_T >> shift) & 15).astype(np.int32)

    @property
    def before(self) -> "Latents":
        """The states before each character, where these are those after it."""
        return Latents(np.concatenate([[START], self.packed_T[:-1]]))

    def __getitem__(self, places: slice | np.ndarray) -> "Latents":
        return Latents(self.packed_T[places])


@dataclass(frozen=True)
class LatentState:
    """One thing that is so or not of a state, or of how much there is in it."""

    name: str
    symbol: str
    """Whose it is."""
    kind: Literal["flag", "graded"]
    title: str
    of: Callable[[Latents], np.ndarray]


STATES = (
    LatentState("round_depth", "round", "graded", "depth of ( )", lambda s: s.part("round")),
    LatentState("round_innermost", "round", "flag", "innermost is (", lambda s: s.part("innermost") == ROUND),
    LatentState("toggle_on", "toggle", "flag", "after an odd @", lambda s: s.part("toggle") > 0),
    LatentState("short_running", "short counter", "flag", "counting from #", lambda s: s.part("short") > 0),
    LatentState("short_left", "short counter", "graded", "characters to .", lambda s: s.part("short")),
    LatentState("inside_quote", "quote", "flag", "inside a quote", lambda s: s.part("quote") > 0),
    LatentState("quote_place", "quote", "graded", "place in a quote", lambda s: s.part("quote")),
    LatentState("column", "line", "graded", "column", lambda s: s.part("column")),
    LatentState("square_depth", "square", "graded", "depth of [ ]", lambda s: s.part("square")),
    LatentState(
        "square_innermost", "square", "flag", "innermost is [", lambda s: s.part("innermost") == SQUARE
    ),
    LatentState("alternating", "alternation", "flag", "after an odd %", lambda s: s.part("alternation") > 0),
    LatentState("long_running", "long counter", "flag", "counting from &", lambda s: s.part("long") > 0),
    LatentState("long_left", "long counter", "graded", "characters to ;", lambda s: s.part("long")),
)


def states_of(symbols: int) -> list[LatentState]:
    """Those of the first S symbols."""
    names = [symbol.name for symbol in SYMBOLS[:symbols]]
    return [state for state in STATES if state.symbol in names]
