"""What a user says of a network -> its TrainConfig and its run's name. Knows recipes by name."""

from collections.abc import Mapping

from pydantic import ValidationError

from rnnscope.errors import ConfigError
from rnnscope.models.sizing import WINDOW, check_model_name
from rnnscope.records.finding import Scalar
from rnnscope.records.folder import checked_name
from rnnscope.settings import as_text, first_error
from rnnscope.training.config import TrainConfig, with_settings
from rnnscope.training.recipes import recipe_named


def train_config(
    recipe: str,
    cell: str,
    layers: int,
    hidden: int,
    seed: int,
    settings: Mapping[str, object] | None = None,
    context: int = 0,
) -> TrainConfig:
    """A recipe's config for one network, with some settings changed. Raises ConfigError that names what is
    wrong.
    """
    make = recipe_named(recipe)
    check_model_name(cell)
    try:
        config = make(cell, layers, hidden, context=context, seed=seed)
    except ValidationError as error:
        raise ConfigError(first_error(error)) from None
    return with_settings(config, settings or {})


def asked_settings(config: TrainConfig) -> dict[str, Scalar]:
    """The settings that are not the recipe's own for a network of this shape, in the config's order.

    Raises ConfigError where there is no such recipe.
    """
    make = recipe_named(config.recipe)
    context = config.context if config.cell == WINDOW else 0
    usual = make(config.cell, config.layers, config.hidden, context=context, seed=config.seed)
    settings = config.model_dump(mode="json").items()
    return {field: value for field, value in settings if value != getattr(usual, field)}


def run_name(config: TrainConfig) -> str:
    """'lstm-1x128-s0', or '3-nn-256-s0' for 256 units on the last 3 characters; another recipe than fast, and
    every setting that is not the recipe's own, are named too.
    """
    shape = [config.cell, f"{config.layers}x{config.hidden}"]
    words = [f"{config.context}-nn", f"{config.hidden}"] if config.cell == WINDOW else shape
    if config.recipe != "fast":
        words.append(config.recipe)
    for field, value in asked_settings(config).items():
        shown = as_text(value)
        words.append(f"e{shown}" if field == "epochs" else f"{field}={shown}")
    return checked_name("-".join([*words, f"s{config.seed}"]), "run")
