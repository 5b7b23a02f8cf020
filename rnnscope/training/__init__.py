"""Corpus, TrainConfig -> Run.

Names load on first use, so that configs and recipes are had without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnscope.training.config import TrainConfig, with_settings
    from rnnscope.training.loop import train
    from rnnscope.training.progress import Progress
    from rnnscope.training.recipes import RECIPES, fast, paper_2015, recipe_named

_HOME = {
    "RECIPES": "recipes",
    "Progress": "progress",
    "TrainConfig": "config",
    "fast": "recipes",
    "paper_2015": "recipes",
    "recipe_named": "recipes",
    "train": "loop",
    "with_settings": "config",
}
__all__ = [
    "RECIPES",
    "Progress",
    "TrainConfig",
    "fast",
    "paper_2015",
    "recipe_named",
    "train",
    "with_settings",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
