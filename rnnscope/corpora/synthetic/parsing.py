"""A text -> its latent states, from the characters alone. Knows no generator.

Every character moves the state in one way, in any text: what breaks the rules, as a control text does all the
time, is passed over (a closing bracket that does not match, a counter's sign while it counts). So a control
has states of the same kinds, which decide nothing in it.
"""

import numpy as np

from rnnscope.corpora.synthetic.language import COPIED, DEPTH, LETTERS, LONG_CHARS, SHORT_CHARS
from rnnscope.corpora.synthetic.latents import BITS, OFFSETS, ROUND, SQUARE, START, Latents

_OPEN = {"(": ROUND, "[": SQUARE}
_CLOSE = {")": ROUND, "]": SQUARE}
_MOST_COLUMN = (1 << BITS["column"]) - 1


def parse(text: str) -> Latents:
    """The state after every character of a text read from its beginning; symbols that do not occur in it do
    nothing.
    """
    has_lines = "\n" in text
    at = OFFSETS
    letters_mask = (1 << BITS["letters"]) - 1
    brackets, depths = [], {ROUND: 0, SQUARE: 0}
    toggle = alternation = short = long = quote = column = nesting = 0
    letters = START >> at["letters"]
    states = []
    for each in text:
        if each == "\n":
            column = 0
        else:
            column += has_lines and column < _MOST_COLUMN
            short = short and short - 1
            long = long and long - 1
            if each in LETTERS:
                if quote:
                    quote = min(quote + 1, COPIED + 1)
                else:
                    letters = (letters << 4 | LETTERS.index(each)) & letters_mask
            elif each in _OPEN and len(brackets) < DEPTH:
                brackets.append(_OPEN[each])
                depths[_OPEN[each]] += 1
            elif each in _CLOSE and brackets and brackets[-1] == _CLOSE[each]:
                depths[brackets.pop()] -= 1
            elif each == "@":
                toggle = 1 - toggle
            elif each == '"':
                quote = 0 if quote else 1
            elif each == "%":
                alternation = 1 - alternation
            elif each == "#" and not short:
                short = SHORT_CHARS + 1
            elif each == "&" and not long:
                long = LONG_CHARS + 1
            nesting = depths[ROUND] | depths[SQUARE] << at["square"]
            nesting |= (brackets[-1] if brackets else 0) << at["innermost"]
        states.append(
            nesting
            | toggle << at["toggle"]
            | short << at["short"]
            | quote << at["quote"]
            | column << at["column"]
            | alternation << at["alternation"]
            | long << at["long"]
            | letters << at["letters"]
        )
    return Latents(np.array(states, dtype=np.int64))
