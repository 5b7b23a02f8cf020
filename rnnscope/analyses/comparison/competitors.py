"""Who is compared: predictors, and the configurations that several seeds of one network make. Knows no
statistics.
"""

from dataclasses import dataclass, field

from rnnscope.records.finding import Scalar
from rnnscope.records.surprisal import Surprisal


@dataclass(frozen=True)
class Competitor:
    """A predictor's losses and what a reader wants to know beside them."""

    surprisal: Surprisal
    family: str
    """'network' or 'n-gram'."""
    facts: dict[str, Scalar] = field(default_factory=dict)
    """cell, layers, hidden, context, parameters, epochs, train_seconds: as far as there are any."""

    @property
    def name(self) -> str:
        return self.surprisal.manifest.predictor


@dataclass(frozen=True)
class Configuration:
    """One network, all its seeds; an n-gram is one alone."""

    name: str
    facts: dict[str, Scalar]
    members: tuple[int, ...]
    """Places of its runs among the competitors."""
