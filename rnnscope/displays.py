"""How a notebook is shown what a record holds: kind -> the function that makes HTML of it. Knows no record.

What shows lies above what is shown, so that records do not import it: the package names its place, and it is
imported when a notebook asks.
"""

from importlib import import_module
from typing import Any

_places: dict[str, str] = {}


def register(kind: str, place: str) -> None:
    """`place` is 'module:function'; the function takes what `html` is given."""
    _places[kind] = place


def html(kind: str, *shown: Any) -> str | None:
    """HTML for a notebook; None where nothing shows this kind, and the notebook takes the text."""
    if kind not in _places:
        return None
    module, _, function = _places[kind].partition(":")
    return getattr(import_module(module), function)(*shown)
