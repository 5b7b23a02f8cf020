"""States -> the distribution of the next character, its entropy, and what no reader can do better than.

All in nats. `floor` is of the functional text, `control_floor` of its control.
"""

from dataclasses import dataclass

import numpy as np

from rnnscope.corpora.synthetic.language import (
    COPIED,
    DEPTH,
    LETTERS,
    OPTIONS,
    RATES,
    SHORT_CHARS,
    SYMBOLS,
    WIDTH,
    alphabet,
    filler_tables,
    option_mask,
    rate_left,
)
from rnnscope.corpora.synthetic.latents import ROUND, SQUARE, Latents

_FREE = -1


@dataclass(frozen=True)
class Floor:
    """Of T characters, each given the state before it."""

    probabilities_TV: np.ndarray
    """The exact distribution of each character, in the order of `alphabet`."""
    functional_TS: np.ndarray
    """Bool, column by column of SYMBOLS: whether that symbol's rule decides the distribution here. Brackets:
    free, and the innermost open one is of this kind; toggle: free, one of its tables holds; alternation: free
    and on; else what comes is due.
    """
    asked_TS: np.ndarray
    """Bool: where a reader who does not know that symbol's state would give the event of `event_classes`
    another probability."""

    @property
    def entropy_T(self) -> np.ndarray:
        p = self.probabilities_TV
        return -(p * np.log(p, where=p > 0, out=np.zeros_like(p))).sum(axis=1)

    def surprisal(self, places_T: np.ndarray) -> np.ndarray:
        """-ln p of the characters at these places of the alphabet."""
        return -np.log(np.take_along_axis(self.probabilities_TV, places_T[:, None], axis=1)[:, 0])


def floor(before: Latents, symbols: int, seed: int) -> Floor:
    """Of the characters that follow the states `before` in a functional text."""
    there = alphabet(symbols)
    forced_T, reasons = _forced(before, symbols)
    is_free = forced_T == _FREE
    alternates = before.part("alternation") > 0
    row_T = (before.part("toggle") + 2 * alternates) * len(LETTERS) + before.letter(COPIED - 1)
    masks, mask_T = np.unique(_masks(before, symbols), return_inverse=True)
    by_mask = np.zeros((len(masks), len(there)))
    for index, mask in enumerate(masks.tolist()):
        for place, option in enumerate(OPTIONS):
            if mask >> place & 1:
                by_mask[index, there.index(option)] = RATES[option]
    left = np.array([rate_left(mask) for mask in masks.tolist()])
    found = by_mask[mask_T]
    found[:, : len(LETTERS)] = left[mask_T, None] * filler_tables(seed).reshape(-1, len(LETTERS))[row_T]
    found[~is_free] = 0.0
    found[np.flatnonzero(~is_free), forced_T[~is_free]] = 1.0
    functional = [is_free & (before.part("innermost") == ROUND), is_free, reasons[2], reasons[3], reasons[4]]
    functional += [is_free & (before.part("innermost") == SQUARE), is_free & alternates, reasons[7]]
    unless_line = ~reasons[4]
    asked = [is_free, is_free, unless_line, reasons[3], np.ones_like(is_free)]
    asked += [is_free, is_free, unless_line]
    return Floor(
        found,
        np.stack(functional[:symbols], 1) if symbols else np.zeros((len(found), 0), bool),
        np.stack(asked[:symbols], 1) if symbols else np.zeros((len(found), 0), bool),
    )


def event_classes(symbols: int) -> list[np.ndarray]:
    """For every symbol the class of each character of the alphabet, (V,): what its rule is about. A bracket's
    closing one or not, a mark or not, the line's end or not, which letter (toggle), which half of the letters
    (alternation), which character (quote).
    """
    there = alphabet(symbols)
    each_V = np.arange(len(there))
    about = {"round": ")", "short counter": ".", "line": "\n", "square": "]", "long counter": ";"}
    found = []
    for symbol in SYMBOLS[:symbols]:
        if symbol.name in about:
            found.append((each_V == there.index(about[symbol.name])).astype(int))
        elif symbol.name == "toggle":
            found.append(np.minimum(each_V, len(LETTERS)))
        elif symbol.name == "alternation":
            found.append(np.minimum(each_V // (len(LETTERS) // 2), 2))
        else:
            found.append(each_V)
    return found


def _forced(before: Latents, symbols: int) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """(the place in the alphabet of the one character that can follow, else _FREE; place of a symbol -> where
    it is its rule that says so)."""
    there = alphabet(symbols)
    quote, letters = before.part("quote"), [before.letter(place) for place in range(COPIED)]
    copied_T = np.choose(np.clip(quote - 1, 0, COPIED - 1), letters)
    cases = [
        (4, (before.part("column") == WIDTH) & (symbols > 4), "\n"),
        (2, before.part("short") == 1, "."),
        (7, before.part("long") == 1, ";"),
        (3, quote > COPIED, '"'),
        (3, quote > 0, copied_T),
    ]
    forced_T = np.full(len(quote), _FREE)
    reasons = {place: np.zeros(len(quote), dtype=bool) for place in range(len(SYMBOLS))}
    for symbol, holds_T, what in cases:
        is_new = holds_T & (forced_T == _FREE)
        if is_new.any():
            forced_T[is_new] = there.index(what) if isinstance(what, str) else what[is_new]
        reasons[symbol] |= is_new
    return forced_T, reasons


def _masks(before: Latents, symbols: int) -> np.ndarray:
    """What is possible where the text is free."""
    innermost, depth = before.part("innermost"), before.part("round") + before.part("square")
    # counters have counted the character itself when an option is chosen
    short, long = (np.maximum(before.part(name) - 1, 0) for name in ("short", "long"))
    found = np.full(len(depth), option_mask(symbols, '@"%'))
    for characters, holds_T in (
        ("([", depth < DEPTH),
        (")", innermost == ROUND),
        ("]", innermost == SQUARE),
        ("#", (short == 0) & (long != SHORT_CHARS + 1)),
        ("&", long == 0),
    ):
        found |= np.where(holds_T, option_mask(symbols, characters), 0)
    return found


def control_floor(text: str, table: np.ndarray, symbols: int) -> np.ndarray:
    """Surprisal of every character of a control text, (T,): each symbol has the share of the text as its
    probability everywhere, and letters share the rest by the table.

    A reader who had counted what is left of every symbol would know a little more, under 0.001 nats.
    """
    there = alphabet(symbols)
    ids_T = np.array([there.index(each) for each in text])
    shares_V = np.bincount(ids_T, minlength=len(there)) / len(ids_T)
    is_letter = ids_T < len(LETTERS)
    chain = ids_T[is_letter]
    nats_T = np.empty(len(ids_T))
    nats_T[~is_letter] = -np.log(shares_V[ids_T[~is_letter]])
    nats_T[is_letter] = -np.log(is_letter.mean() * table[np.concatenate([[0], chain[:-1]]), chain])
    return nats_T


def control_table(model: str, latents: Latents, symbols: int, seed: int) -> np.ndarray:
    """The filler's table of the control of a functional text: its first one, mixed with a table that goes
    through the letters in a fixed order, so much that both floors are equal, or as near as can be.
    """
    there = alphabet(symbols)
    ids_T = np.array([there.index(each) for each in model])
    wanted = float(floor(latents.before, symbols, seed).entropy_T.mean())
    shares_V = np.bincount(ids_T, minlength=len(there)) / len(ids_T)
    letters = float(shares_V[: len(LETTERS)].sum())
    symbol_shares = shares_V[len(LETTERS) :]
    symbol_shares = np.append(symbol_shares[symbol_shares > 0], letters)
    # H(which symbol or a letter) + P(letter) H(which letter) = wanted
    per_letter = (wanted + float((symbol_shares * np.log(symbol_shares)).sum())) / letters
    low, high = 0.0, 1.0
    for _ in range(60):
        share = (low + high) / 2
        low, high = (share, high) if _entropy_rate(_mixed(seed, share)) > per_letter else (low, share)
    return _mixed(seed, (low + high) / 2 if symbols else 0.0)


def _mixed(seed: int, share: float) -> np.ndarray:
    """The first table with a share of one in which each letter has one that follows, all in one round."""
    order = np.random.default_rng([seed, 4]).permutation(len(LETTERS))
    round_trip = np.zeros((len(LETTERS), len(LETTERS)))
    round_trip[order, np.roll(order, -1)] = 1.0
    return (1 - share) * filler_tables(seed)[0] + share * round_trip


def _entropy_rate(table: np.ndarray) -> float:
    """Nats a letter of the Markov source."""
    values, vectors = np.linalg.eig(table.T)
    stationary = np.abs(np.real(vectors[:, np.argmax(np.real(values))]))
    stationary /= stationary.sum()
    logs = np.log(table, where=table > 0, out=np.zeros_like(table))
    return float(-(stationary[:, None] * table * logs).sum())
