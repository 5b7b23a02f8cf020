"""What a run is called: short, and different for every difference that its user made. Knows recipes by name."""

from collections.abc import Mapping

from rnnscope.records.folder import checked_name


def run_name(cell: str, layers: int, hidden: int, seed: int, recipe: str, settings: Mapping[str, str]) -> str:
    """'lstm-1x128-s0'; another recipe than fast and each setting that was given are named too."""
    words = [cell, f"{layers}x{hidden}"]
    if recipe != "fast":
        words.append(recipe)
    words += [f"{name}={value}" for name, value in sorted(settings.items())]
    return checked_name("-".join([*words, f"s{seed}"]), "run")
