"""Corpus, part -> its characters, words, how often each word was trained on, and how far back it was seen.
Knows no model.
"""

import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnnscope.analyses.error_oracles.settings import OracleSettings
from rnnscope.records.corpus import Corpus, PartRows

NEVER = np.iinfo(np.int32).max
"""The distance of a word that was not seen."""
_ASCII, _ONE_BYTE = 128, 256
_AT_ONCE = 50_000
"""Words counted at a time: what a processor keeps near."""


@dataclass(frozen=True)
class PartText:
    """The predicted characters of a part, every array of shape (R, T), and the words they stand in.

    Words at the ends of a row are whole: they are read from the text around it.
    """

    corpus: Corpus
    part: PartRows
    settings: OracleSettings

    @cached_property
    def targets_RT(self) -> np.ndarray:
        """Ids: the characters that were to be predicted."""
        return self.corpus.targets(self.part)

    @cached_property
    def before_RT(self) -> np.ndarray:
        """Ids: the character before each of them."""
        return self.corpus.inputs(self.part)

    @cached_property
    def positions_RT(self) -> np.ndarray:
        """Where each of them stands in the corpus's text."""
        return np.array(self.part.starts)[:, None] + 1 + np.arange(self.part.row_chars)

    @cached_property
    def symbols(self) -> list[str]:
        """One Python character per id."""
        return self.corpus.alphabet.symbols

    def is_any_RT(self, holds: Callable[[str], bool], ids_RT: np.ndarray | None = None) -> np.ndarray:
        """Whether `holds` says so of each character; of other ids than the targets, if given."""
        return self._by_symbol(holds)[self.targets_RT if ids_RT is None else ids_RT]

    @cached_property
    def word_RT(self) -> np.ndarray:
        """Index into `words` of the word that each character stands in; -1 between words."""
        index = np.searchsorted(self._of_part, self._of_text_RT).astype(np.int32)
        return np.where(self._of_text_RT >= 0, index, np.int32(-1))

    @cached_property
    def place_RT(self) -> np.ndarray:
        """How many characters of its word stand before each character; 0 between words too."""
        starts_RT = self._of_word(self._edges[0][self._of_part], 0)
        return np.where(self.word_RT >= 0, self.positions_RT - starts_RT, 0)

    @cached_property
    def words(self) -> list[str]:
        """The part's words in the order of the text, each as often as it occurs."""
        return [self._text[start:stop] for start, stop in self._spans(self._of_part)]

    @cached_property
    def training_count_RT(self) -> np.ndarray:
        """How often the word that each character stands in occurs in the training part; -1 between words."""
        starts = np.zeros(len(self._is_word), bool)
        train = self.corpus.part("train")
        for start in train.starts:
            starts[start : start + train.row_chars] = True
        counts: Counter[str] = Counter()
        trained = np.flatnonzero(starts[self._edges[0]])
        for first in range(0, len(trained), _AT_ONCE):
            spans = self._spans(trained[first : first + _AT_ONCE])
            counts.update(self._text[start:stop] for start, stop in spans)
        return self._of_word(np.array([counts[word] for word in self.words], np.int32), -1)

    @cached_property
    def distance_RT(self) -> np.ndarray:
        """How many characters back, from the start of the word that each character stands in, that word was
        last begun as a substring of the text before; NEVER where it was not, within the settings' longest
        memory, for words shorter than the settings' least, and between words.
        """
        most, least = max(self.settings.memory_chars, default=0), self.settings.memory_least_chars
        distances = np.full(len(self.words), NEVER, np.int32)
        starts, stops = (edges[self._of_part] for edges in self._edges)
        for row in range(self.part.rows):
            of_row = np.unique(self.word_RT[row][self.word_RT[row] >= 0])
            asked = of_row[stops[of_row] - starts[of_row] >= least]
            text, shift, first = self._memory(row)
            words = [self.words[index] for index in asked.tolist()]
            distances[asked] = last_seen(text, words, (starts[asked] + shift).tolist(), first, most)
        return self._of_word(distances, NEVER)

    def _memory(self, row: int) -> tuple[str, int, int]:
        """What the memory reads: a text, what to add to a place in the corpus's text for the place in it, and
        where it begins for this row."""
        start = self.part.starts[row]
        if self.settings.memory_reads == "rows":
            return self._joined, row * self.part.row_chars - (start + 1), 0
        return self._text, 0, start if self.settings.memory_reads == "row" else 0

    @cached_property
    def _joined(self) -> str:
        length = self.part.row_chars
        return "".join(self._text[start + 1 : start + 1 + length] for start in self.part.starts)

    @cached_property
    def _text(self) -> str:
        """The corpus's text, one character per id; in lower case where case does not count."""
        codes = self.corpus.codes
        if self.settings.ignore_case:
            lower = [symbol.lower() for symbol in self.symbols]
            kept = zip(lower, self.symbols, strict=True)
            codes = np.array([ord(low if len(low) == 1 else symbol) for low, symbol in kept], np.uint32)
        if codes.max(initial=0) < _ONE_BYTE:
            return codes.astype(np.uint8)[np.asarray(self.corpus.ids)].tobytes().decode("latin-1")
        text = codes[np.asarray(self.corpus.ids)].astype("<u4").tobytes()
        return text.decode("utf-32-le", "surrogatepass")

    @cached_property
    def _is_word(self) -> np.ndarray:
        """Whether each character of the corpus's text belongs to a word."""
        ids = np.asarray(self.corpus.ids)
        is_word = self._by_symbol(self._makes_words)[ids]
        if self.settings.joiners:
            joins = self._by_symbol(lambda symbol: symbol in self.settings.joiners)[ids]
            joins[1:] &= is_word[:-1]
            joins[:-1] &= is_word[1:]
            if len(joins):
                joins[[0, -1]] = False
            is_word |= joins
        return is_word

    @property
    def _kind(self) -> str:
        """What words are made of."""
        if self.settings.word != "by-language":
            return self.settings.word
        return "letters" if self.corpus.manifest.language == "prose" else "identifier"

    def _makes_words(self, symbol: str) -> bool:
        if self._kind == "non-space":
            return not symbol.isspace()
        if ord(symbol) >= _ASCII and self.corpus.manifest.alphabet_kind == "bytes":
            return True  # a part of a letter, most likely
        if self._kind == "identifier" and symbol == "_":
            return True
        return symbol.isalpha() if self._kind == "letters" else symbol.isalnum()

    def is_mark(self, symbol: str) -> bool:
        """Whether a character is a mark or sign (Unicode's categories P and S, in bytes the ASCII ones
        alone); the _ of an identifier is none."""
        if symbol == "_" and self._kind == "identifier":
            return False
        if ord(symbol) < _ASCII or self.corpus.manifest.alphabet_kind == "bytes":
            return symbol in string.punctuation
        return unicodedata.category(symbol)[0] in "PS"

    @cached_property
    def _edges(self) -> tuple[np.ndarray, np.ndarray]:
        """Where the words of the whole text start and stop."""
        is_word = self._is_word
        edges = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1
        if is_word[:1].any():
            edges = np.insert(edges, 0, 0)
        if is_word[-1:].any():
            edges = np.append(edges, len(is_word))
        return edges[::2], edges[1::2]

    @cached_property
    def _of_text_RT(self) -> np.ndarray:
        """Which word of the whole text each character stands in; -1 between words."""
        index = np.searchsorted(self._edges[0], self.positions_RT, side="right") - 1
        return np.where(self._is_word[self.positions_RT], index, -1)

    @cached_property
    def _of_part(self) -> np.ndarray:
        """Those of the whole text's words that reach into the part, ascending."""
        return np.unique(self._of_text_RT[self._of_text_RT >= 0])

    def _spans(self, words: np.ndarray) -> Iterator[tuple[int, int]]:
        """Start and stop in the text of some of the whole text's words."""
        starts, stops = (edges[words].tolist() for edges in self._edges)
        return zip(starts, stops, strict=True)

    def _of_word(self, values: np.ndarray, between: int) -> np.ndarray:
        """A value of each of the part's words, at each of its characters."""
        return np.append(values, values.dtype.type(between))[self.word_RT]  # -1, between words, is the last

    def _by_symbol(self, holds: Callable[[str], bool]) -> np.ndarray:
        return np.array([holds(symbol) for symbol in self.symbols], bool)


def last_seen(
    text: str, words: Sequence[str], places: Sequence[int], first: int, most_chars: int
) -> list[int]:
    """How many characters before each place its word last began in text[first:place], NEVER where not within
    `most_chars`.

    Places ascend. A word is searched for backwards from its place, at most `most_chars` far and no further
    than where it was last a word itself, so that the cost is linear in the text.
    """
    known: dict[str, int] = {}
    found = []
    for word, place in zip(words, places, strict=True):
        lowest = max(first, place - most_chars)
        before = known.get(word, -1)
        at = -1
        if len(word) <= place - lowest:
            at = text.rfind(word, max(lowest, before + 1), place)
        at = max(at, before if before >= lowest else -1)
        found.append(place - at if at >= 0 else NEVER)
        known[word] = place
    return found
