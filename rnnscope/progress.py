"""How much of a long piece of work is done, told to whoever listens. Knows no work."""

from collections.abc import Callable

OnShare = Callable[[float], None]
"""Hears which share is done, 0 to 1, and never less than before; may wait, and may raise to stop the work."""


def unheard(share: float) -> None:
    """Nobody listens."""


def within(told: OnShare, first: float, last: float) -> OnShare:
    """What hears of a part of the work, which is from `first` to `last` of the whole."""
    return lambda share: told(first + (last - first) * share)
