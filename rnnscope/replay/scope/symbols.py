"""A text, or ids -> ids that a network can read. Knows no network."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from rnnscope.errors import ConfigError, CorpusError


class Symbols:
    """An alphabet: symbol number i has id i."""

    def __init__(self, alphabet: Sequence[str], encode: Callable[[str], Sequence[int]] | None = None) -> None:
        """`encode` makes ids of a text where a character is not one symbol, as in an alphabet of bytes.

        Raises ConfigError where a symbol is there twice, or is longer than one character.
        """
        self._encode = encode
        self._ids = {symbol: place for place, symbol in enumerate(alphabet)}
        if len(self._ids) != len(alphabet):
            twice = next(symbol for symbol in alphabet if list(alphabet).count(symbol) > 1)
            raise ConfigError(f"the alphabet has {twice!r} twice; give every symbol once")
        if long := [symbol for symbol in alphabet if len(symbol) != 1]:
            raise ConfigError(
                f"the alphabet has {long[0]!r}, which is no single character; encode such texts yourself and "
                "give ids"
            )

    def __len__(self) -> int:
        return len(self._ids)

    def ids(self, text: str) -> list[int]:
        """Raises CorpusError where the text has a symbol that the alphabet lacks, or none at all."""
        if not text:
            raise CorpusError("the text is empty; give at least one character")
        if self._encode is not None:
            return list(self._encode(text))
        if unknown := sorted(set(text) - self._ids.keys()):
            raise CorpusError(
                f"{unknown[0]!r} is not in the alphabet of {len(self)} symbols; leave it out of the text"
            )
        return [self._ids[symbol] for symbol in text]


def ids_BT(texts: str | list[str], alphabet: Symbols | None) -> Tensor:
    """(batch, time), one row a text. Raises ConfigError without an alphabet or for texts of unequal length,
    CorpusError for symbols that are not in it."""
    if alphabet is None:
        raise ConfigError("a text needs an alphabet; give attach alphabet='...', or give ids")
    rows = [alphabet.ids(text) for text in ([texts] if isinstance(texts, str) else texts)]
    if len({len(row) for row in rows}) != 1:
        raise ConfigError(
            f"texts of {sorted({len(row) for row in rows})} characters make no batch; cut them to one "
            "length, or give a PackedSequence"
        )
    return torch.tensor(rows)


def check_ids(ids: Tensor, symbols: int, what: str) -> None:
    """Raises ConfigError for ids that `what`, of `symbols` symbols, does not have."""
    if ids.numel() and not 0 <= (wrong := int(ids.max() if ids.max() >= symbols else ids.min())) < symbols:
        raise ConfigError(f"id {wrong} is outside {what}, whose ids go from 0 to {symbols - 1}")
