"""Corpus, readings -> the class of every character predicted. Knows no losses."""

import unicodedata

import numpy as np

from rnnscope.records.context_losses import ContextLosses
from rnnscope.records.corpus import Corpus, PartRows

WORD_START = "letters that begin a word"
WITHIN_WORD = "letters within words"
CLASSES = ("letters", WORD_START, WITHIN_WORD, "digits", "spaces", "line ends", "punctuation", "other")
"""In the order of the tables; the first is the two after it together."""
_PARTS = CLASSES[1:]


def classes_of(losses: ContextLosses, corpus: Corpus, part: PartRows) -> dict[str, np.ndarray]:
    """Class -> which predicted characters are of it, bool (P, K); those with no character are left out.

    A word is letters, digits and _, as in corpora.tracks. Of an alphabet of bytes those above 127 are
    'other': they are parts of characters.
    """
    first_P = np.asarray(part.starts)[losses.rows_P] + losses.starts_P
    ids_PL = corpus.ids[first_P[:, None] + np.arange(losses.manifest.most_chars + 1)]
    symbols = [_symbol(int(code), corpus.alphabet.kind) for code in corpus.codes]
    class_PL = np.array([_class_of(symbol) for symbol in symbols])[ids_PL]
    is_word_PL = np.array([symbol.isalnum() or symbol == "_" for symbol in symbols])[ids_PL]
    class_PK = class_PL[:, 1:]
    is_letter_PK = class_PK == _PARTS.index(WITHIN_WORD)
    class_PK = np.where(is_letter_PK & ~is_word_PL[:, :-1], _PARTS.index(WORD_START), class_PK)
    found = {CLASSES[0]: is_letter_PK} | {name: class_PK == index for index, name in enumerate(_PARTS)}
    return {name: is_it_PK for name, is_it_PK in found.items() if is_it_PK.any()}


def _symbol(code: int, kind: str) -> str:
    """The character; nothing for a byte that is a part of one."""
    return "" if kind == "bytes" and code > 127 else chr(code)


def _class_of(symbol: str) -> int:
    """Index in _PARTS; every letter is taken for one within a word."""
    if symbol.isalpha():
        return _PARTS.index(WITHIN_WORD)
    if symbol.isdigit():
        return _PARTS.index("digits")
    if symbol in ("\r", "\n"):
        return _PARTS.index("line ends")
    if symbol.isspace():
        return _PARTS.index("spaces")
    is_mark = bool(symbol) and unicodedata.category(symbol)[0] in "PS"
    return _PARTS.index("punctuation" if is_mark else "other")
