"""Settings -> a synthetic text: the automaton drawn from, and its control. Knows no corpus."""

from bisect import bisect_right
from functools import cache

import numpy as np

from rnnscope.corpora.synthetic.floor import control_table
from rnnscope.corpora.synthetic.language import (
    COPIED,
    DEPTH,
    LETTERS,
    LONG_CHARS,
    OPTIONS,
    RATES,
    SHORT_CHARS,
    WIDTH,
    filler_tables,
    option_mask,
    rate_left,
)
from rnnscope.corpora.synthetic.latents import OFFSETS, ROUND, SQUARE, START, Latents

_LETTER_BITS = (1 << 4 * COPIED) - 1


def functional_text(symbols: int, chars: int, seed: int) -> tuple[str, Latents]:
    """A text of the language with S symbols, and its state after every character, as the rules of
    language.py have them.
    """
    rows = [np.cumsum(row).tolist() for row in filler_tables(seed).reshape(-1, len(LETTERS))]
    lasts = [int(np.flatnonzero(row)[-1]) for row in filler_tables(seed).reshape(-1, len(LETTERS))]
    always, shorts, longs = (option_mask(symbols, which) for which in ('@"%', "#", "&"))
    opening = option_mask(symbols, "([")
    closings = {ROUND: option_mask(symbols, ")"), SQUARE: option_mask(symbols, "]")}
    width = WIDTH if symbols >= 5 else -1
    text: list[str] = []
    states: list[int] = []
    stack: list[int] = []
    toggle = alternation = short = long = quote = column = 0
    at, letters = OFFSETS, START >> OFFSETS["letters"]
    for u in np.random.default_rng([seed, 2, symbols]).random(chars).tolist():
        if column == width:
            column, drawn = 0, "\n"
        else:
            column += width > 0
            is_mark = short == 1 or long == 1
            if is_mark:
                drawn = "." if short == 1 else ";"
            short -= short > 0
            long -= long > 0
            if is_mark:
                pass
            elif quote:
                is_closing = quote > COPIED
                drawn = '"' if is_closing else LETTERS[letters >> 4 * (COPIED - quote) & 15]
                quote = 0 if is_closing else quote + 1
            else:
                mask = always
                if stack:
                    mask |= closings[stack[-1]]
                if len(stack) < DEPTH:
                    mask |= opening
                if not short and long != SHORT_CHARS + 1:
                    mask |= shorts
                if not long:
                    mask |= longs
                limits, options, left = _choices(mask)
                choice = bisect_right(limits, u)
                if choice == len(options):
                    row = (toggle + 2 * alternation) * len(LETTERS) + (letters & 15)
                    # rounding may take the last step of a row, which then falls to its last possible letter
                    letter = min(bisect_right(rows[row], (u + left - 1) / left), lasts[row])
                    letters = (letters << 4 | letter) & _LETTER_BITS
                    drawn = LETTERS[letter]
                else:
                    drawn = options[choice]
                    if drawn in "([":
                        stack.append(ROUND if drawn == "(" else SQUARE)
                    elif drawn in ")]":
                        stack.pop()
                    elif drawn == "@":
                        toggle ^= 1
                    elif drawn == "#":
                        short = SHORT_CHARS + 1
                    elif drawn == '"':
                        quote = 1
                    elif drawn == "%":
                        alternation ^= 1
                    else:
                        long = LONG_CHARS + 1
        text.append(drawn)
        round_depth = stack.count(ROUND)
        states.append(
            round_depth
            | len(stack) - round_depth << at["square"]
            | (stack[-1] if stack else 0) << at["innermost"]
            | toggle << at["toggle"]
            | short << at["short"]
            | quote << at["quote"]
            | column << at["column"]
            | alternation << at["alternation"]
            | long << at["long"]
            | letters << at["letters"]
        )
    return "".join(text), Latents(np.array(states, dtype=np.int64))


@cache
def _choices(mask: int) -> tuple[list[float], str, float]:
    """(upper limits of the options' shares of [0, 1), the options, what is left to letters)."""
    options = "".join(each for place, each in enumerate(OPTIONS) if mask >> place & 1)
    return np.cumsum([RATES[each] for each in options]).tolist(), options, rate_left(mask)


def control_text(symbols: int, chars: int, seed: int) -> tuple[str, np.ndarray]:
    """A text with every symbol as often as in the functional one of these settings, each at a place drawn at
    random, and the filler's table, (letters, letters).

    All letters come from one table, the functional text's first, mixed with a fixed order of the letters so
    much that the floors of both texts are equal: where rules decide, less is left to chance.
    """
    model, latents = functional_text(symbols, chars, seed)
    symbols_there = [each for each in model if each not in LETTERS]
    generator = np.random.default_rng([seed, 3, symbols])
    table = control_table(model, latents, symbols, seed)
    places = generator.permutation(chars)[: len(symbols_there)]
    text = np.empty(chars, dtype="<U1")
    is_symbol = np.zeros(chars, dtype=bool)
    is_symbol[places] = True
    text[places] = symbols_there
    text[~is_symbol] = _letters(table, int(chars - len(symbols_there)), generator)
    return "".join(text.tolist()), table


def _letters(table: np.ndarray, count: int, generator: np.random.Generator) -> list[str]:
    rows = [np.cumsum(row).tolist() for row in table]
    letter, drawn = 0, []
    for u in generator.random(count).tolist():
        letter = min(bisect_right(rows[letter], u), len(LETTERS) - 1)
        drawn.append(LETTERS[letter])
    return drawn
