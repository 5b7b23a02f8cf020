"""Look inside recurrent networks: train them, set them beside count models, open them up."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnscope.replay.scope import Scope, attach

__version__ = "0.1.0"
__all__ = ["Scope", "attach"]


def __getattr__(name: str) -> Any:
    """`attach` and `Scope` load torch, which what only shows does without."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("rnnscope.replay.scope"), name)
