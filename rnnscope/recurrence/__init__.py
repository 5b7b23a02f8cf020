"""inputs, state, weights -> hidden states of one recurrent layer, and every gate behind them.

Names load on first use, so that what needs only the table of kinds does without torch. The door itself is
`recurrence.scan.scan`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnscope.recurrence.cells import DEFINITIONS, LayerWeights
    from rnnscope.recurrence.kinds import KINDS, CellKind, kind_named
    from rnnscope.recurrence.recording import record
    from rnnscope.recurrence.scan import backend_for

_HOME = {
    "DEFINITIONS": "cells",
    "LayerWeights": "cells",
    "KINDS": "kinds",
    "CellKind": "kinds",
    "kind_named": "kinds",
    "record": "recording",
    "backend_for": "scan",
}
__all__ = [
    "DEFINITIONS",
    "KINDS",
    "CellKind",
    "LayerWeights",
    "backend_for",
    "kind_named",
    "record",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
