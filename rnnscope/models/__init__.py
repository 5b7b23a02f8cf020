"""ids -> log-probabilities, and every gate on the way: networks as predictors, their sizes, their files.

Names load on first use, so that sizes are had without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnscope.models.initial import initialise
    from rnnscope.models.network import Network
    from rnnscope.models.saved import load_model, load_network, save_model
    from rnnscope.models.sizing import NetworkConfig, WindowConfig, matched_hidden, parameters
    from rnnscope.models.window import WindowNetwork

_HOME = {
    "Network": "network",
    "NetworkConfig": "sizing",
    "WindowConfig": "sizing",
    "WindowNetwork": "window",
    "initialise": "initial",
    "load_model": "saved",
    "load_network": "saved",
    "matched_hidden": "sizing",
    "parameters": "sizing",
    "save_model": "saved",
}
__all__ = [
    "Network",
    "NetworkConfig",
    "WindowConfig",
    "WindowNetwork",
    "initialise",
    "load_model",
    "load_network",
    "matched_hidden",
    "parameters",
    "save_model",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
