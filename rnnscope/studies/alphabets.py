"""An alphabet of others, a corpus -> the others' id of every symbol of the corpus. Knows no network."""

import numbers
import operator
from collections.abc import Collection, Iterable, Mapping

from rnnscope.errors import ConfigError
from rnnscope.records.corpus import Corpus

Symbols = Iterable[object]
"""Characters, or byte values, in the order of their ids, or a mapping between them and ids. Strings that are
longer, and None, stand for something else than a character."""
MOST_NAMED = 8
LAST_ASCII = 127
"""Bytes up to here are characters; those of a text beyond are parts of them."""
_KINDS = {"bytes": "bytes (numbers)", "chars": "characters (strings)"}


def ids_of(alphabet: Symbols | None, corpus: Corpus, most: int) -> list[int]:
    """The network's id of every symbol of the corpus; it has `most`. Raises ConfigError for symbols that it
    lacks.
    """
    symbols = corpus.alphabet.symbols
    if alphabet is None:
        if most != len(symbols):
            raise ConfigError(
                f"the network has {most} symbols and '{corpus.name}' {len(symbols)}; give the network's "
                "alphabet"
            )
        return list(range(most))
    places = _places(alphabet, symbols)
    kind = "bytes" if any(isinstance(each, int) for each in places) else "chars"
    if kind != corpus.manifest.alphabet_kind and corpus.codes[-1] > LAST_ASCII:
        raise ConfigError(
            f"the network's symbols are {_KINDS[kind]}, and those of '{corpus.name}' are not; build the "
            f"corpus with --alphabet {kind}"
        )
    ids = {_character(each): place for each, place in places.items()}
    named = dict(zip(symbols, corpus.alphabet.names, strict=True))
    lacking = [named[symbol] for symbol in symbols if symbol not in ids]
    if lacking == ["carriage return"]:
        raise ConfigError(
            f"the network's alphabet lacks the carriage returns of '{corpus.name}': Python's open() reads "
            "\\r\\n as \\n; build the corpus of the text without them (tr -d '\\r')"
        )
    if lacking:
        names = ", ".join(lacking[:MOST_NAMED]) + (", ..." if len(lacking) > MOST_NAMED else "")
        raise ConfigError(
            f"the network's alphabet lacks {len(lacking)} of the {len(symbols)} symbols of '{corpus.name}' "
            f"({names}); build the corpus of a text without them"
        )
    chosen = [ids[symbol] for symbol in symbols]
    if wrong := [each for each in chosen if not 0 <= each < most]:
        raise ConfigError(f"the alphabet has id {wrong[0]}, and the network's go from 0 to {most - 1}")
    if len(set(chosen)) < len(chosen):
        raise ConfigError("the alphabet gives one id to several symbols; every symbol needs its own")
    return chosen


def _places(alphabet: Symbols, asked: Collection[str]) -> dict[str | int, int]:
    """Symbol -> id; a mapping from id to symbol is turned round. Raises ConfigError where one of those that
    are asked for is there twice, for numbers that are no bytes and ids that are no numbers.
    """
    is_mapping = isinstance(alphabet, Mapping)
    pairs: list = list(alphabet.items()) if is_mapping else [(each, n) for n, each in enumerate(alphabet)]
    if isinstance(alphabet, Mapping) and all(isinstance(place, str) for place in alphabet.values()):
        pairs = [(symbol, place) for place, symbol in pairs]
    places: dict[str | int, int] = {}
    for given, place in pairs:
        symbol = _symbol(given)
        if isinstance(symbol, int) and not 0 <= symbol <= 255:
            raise ConfigError(f"the alphabet has the number {symbol}; numbers are bytes, from 0 to 255")
        if symbol in places and _character(symbol) in asked:
            raise ConfigError(
                f"the alphabet has {symbol!r} twice; give the symbol of every id once, with nothing between"
            )
        try:
            places[symbol] = int(place) if isinstance(place, str) else operator.index(place)
        except (TypeError, ValueError):
            raise ConfigError(f"the alphabet has {place!r} for {symbol!r}; ids are whole numbers") from None
    return places


def _symbol(given: object) -> str | int:
    """A character, a byte's number, or what stands for something else."""
    if isinstance(given, bytes) and len(given) == 1:
        return given[0]
    return int(given) if isinstance(given, numbers.Integral) else str(given)


def _character(symbol: str | int) -> str:
    return chr(symbol) if isinstance(symbol, int) else symbol
