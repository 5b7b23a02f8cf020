"""What a user says of a network -> its TrainConfig and its run's name. Knows recipes by name."""

from collections.abc import Mapping

from pydantic import ValidationError

from rnnscope.errors import ConfigError
from rnnscope.records.folder import checked_name
from rnnscope.recurrence.kinds import kind_named
from rnnscope.training.config import TrainConfig, with_settings
from rnnscope.training.recipes import recipe_named


def train_config(
    recipe: str, cell: str, layers: int, hidden: int, seed: int, settings: Mapping[str, object] | None = None
) -> TrainConfig:
    """A recipe's config for one network, with some settings changed. Raises ConfigError that names what is
    wrong.
    """
    make = recipe_named(recipe)
    kind_named(cell)
    try:
        config = make(cell, layers, hidden, seed=seed)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{first['loc'][0]} {first['input']}: {first['msg'].lower()}") from None
    return with_settings(config, settings or {})


def run_name(config: TrainConfig) -> str:
    """'lstm-1x128-s0'; another recipe than fast, and every setting that is not the recipe's own, are named
    too.
    """
    usual = recipe_named(config.recipe)(config.cell, config.layers, config.hidden, seed=config.seed)
    words = [config.cell, f"{config.layers}x{config.hidden}"]
    if config.recipe != "fast":
        words.append(config.recipe)
    for field, value in config.model_dump(mode="json").items():
        if value != getattr(usual, field):
            shown = f"{value:g}" if isinstance(value, float) else f"{value}"
            words.append(f"e{shown}" if field == "epochs" else f"{field}={shown}")
    return checked_name("-".join([*words, f"s{config.seed}"]), "run")
