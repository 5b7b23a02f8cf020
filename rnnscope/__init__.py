"""Look inside recurrent networks: train them, set them beside count models, open them up."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rnnscope import displays

if TYPE_CHECKING:
    from rnnscope.models.foreign import load_module
    from rnnscope.replay.scope import Scope, attach
    from rnnscope.studies.adopting import adopt

__version__ = "0.1.0"
_HOME = {
    "Scope": "rnnscope.replay.scope",
    "adopt": "rnnscope.studies.adopting",
    "attach": "rnnscope.replay.scope",
    "load_module": "rnnscope.models.foreign",
}
__all__ = ["Scope", "adopt", "attach", "load_module"]

displays.register("finding", "rnnscope.report.notebook:finding_html")
displays.register("cache", "rnnscope.report.notebook:cache_html")


def __getattr__(name: str) -> Any:
    """What loads torch, which what only shows does without."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
