"""Who is compared: predictors, and the configurations that several seeds of one network make; and which of
several is chosen. Knows no statistics.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from rnnscope.records.finding import Scalar
from rnnscope.records.surprisal import Surprisal
from rnnscope.settings import as_text

SAME_SIZE = 1.05
"""Parameter counts within this factor are one size."""


@dataclass(frozen=True)
class Competitor:
    """A predictor's losses and what a reader wants to know beside them."""

    surprisal: Surprisal
    family: str
    """'network', 'n-NN' or 'n-gram'."""
    validation_nats: float
    """What it is chosen by, nats per character."""
    facts: dict[str, Scalar] = field(default_factory=dict)
    """cell, layers, hidden, context, parameters, epochs, train_seconds, seed: as far as there are any."""
    settings: Mapping[str, Scalar] = field(default_factory=dict)
    """All that its trained weights hang on but the seed; none for what is not trained."""
    asked: frozenset[str] = frozenset()
    """Those of the settings that are not its recipe's own for a network of its shape."""

    @property
    def name(self) -> str:
        return self.surprisal.manifest.predictor


@dataclass(frozen=True)
class Configuration:
    """One network, all its seeds; an n-gram is one alone."""

    name: str
    one: Competitor
    """One of its runs: but for the seed they are alike."""
    members: tuple[int, ...]
    """Places of its runs among the competitors."""
    validation_nats: float
    """Mean over its seeds."""

    @property
    def family(self) -> str:
        return self.one.family

    @property
    def shape(self) -> tuple[str, int, int] | None:
        """Cell, layers and parameters; None for what has none."""
        cell, layers, parameters = (self.one.facts.get(key) for key in ("cell", "layers", "parameters"))
        if isinstance(cell, str) and isinstance(layers, int) and isinstance(parameters, int):
            return cell, layers, parameters
        return None

    def besides(self, other: "Configuration") -> str:
        """What was asked for here and otherwise there, 'dropout 0 to 0.05'; empty where nothing was.

        Settings that both leave to their recipe may differ with the shape, as rates do, and are none of it.
        """
        here, there = self.one.settings, other.one.settings
        asked = self.one.asked | other.one.asked | {"recipe"}
        return ", ".join(
            f"{name} {as_text(here.get(name))} to {as_text(there.get(name))}"
            for name in [*here, *(name for name in there if name not in here)]
            if name in asked and here.get(name) != there.get(name)
        )


Chosen = TypeVar("Chosen", Competitor, Configuration)


def best(candidates: Sequence[Chosen]) -> Chosen:
    """The one with the lowest validation loss: nothing is chosen by what it does on the test text."""
    return min(candidates, key=lambda each: (each.validation_nats, each.name))


def configurations_of(competitors: Sequence[Competitor]) -> list[Configuration]:
    """Networks that differ in nothing but the seed are one, in the order of their first. Of runs of one seed
    (one of them kept weights on the way, say) the best stands for all.
    """
    by_key: dict[tuple, dict[Scalar, list[int]]] = {}
    for index, each in enumerate(competitors):
        key = tuple(sorted(each.settings.items())) if each.settings else (each.name,)
        by_key.setdefault((each.family, *key), {}).setdefault(each.facts.get("seed"), []).append(index)
    places = {each.name: index for index, each in enumerate(competitors)}
    found: dict[str, Configuration] = {}
    for by_seed in by_key.values():
        runs = [best([competitors[index] for index in same]) for same in by_seed.values()]
        runs.sort(key=lambda each: places[each.name])
        one = min(runs, key=lambda each: (len(each.name), each.name))
        name = one.name if len(runs) == 1 else re.sub(r"-s\d+$", "", one.name)
        name = one.name if name in found else name
        nats = float(np.mean([each.validation_nats for each in runs]))
        found[name] = Configuration(name, one, tuple(places[each.name] for each in runs), nats)
    return list(found.values())
