"""ErrorText, oracles -> which slice removes each error, and which oracles would. Knows no statistics.

Shapley values: as a game in which a set of oracles is worth the errors that any of them removes, an error
that k oracles would remove gives each of them 1/k: in a random order each of the k comes first among them
equally often.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnnscope.analyses.error_oracles.error_text import ErrorText
from rnnscope.analyses.error_oracles.oracles import Oracle, checked
from rnnscope.errors import ConfigError

NO_ERROR = -1


@dataclass(frozen=True)
class Breakdown:
    """Each error of a model once, under the slice that removes it in the order given."""

    model: str
    oracles: tuple[Oracle, ...]
    errors_RT: np.ndarray
    slice_RT: np.ndarray
    """int16: place in `slices`; len(slices) where no oracle removes the error, NO_ERROR where there is
    none."""
    would_GRT: tuple[np.ndarray, ...]
    """For every oracle the errors that it would remove if it were the only one, all its slices together."""

    @property
    def slices(self) -> list[tuple[int, str]]:
        """(place of the oracle, label), in order."""
        return [(place, label) for place, oracle in enumerate(self.oracles) for label in oracle.slices]

    @property
    def errors(self) -> int:
        return int(self.errors_RT.sum())

    def oracle_RT(self) -> np.ndarray:
        """Place of the oracle that removes each error; len(oracles) where none does, NO_ERROR where there is
        none."""
        of_slice = [place for place, _ in self.slices]
        return np.array([*of_slice, len(self.oracles), NO_ERROR], np.int16)[self.slice_RT]

    @cached_property
    def causes(self) -> list[int]:
        """Places of the oracles whose order is varied."""
        return [place for place, oracle in enumerate(self.oracles) if oracle.is_cause]

    @cached_property
    def claims_RT(self) -> np.ndarray:
        """uint8: how many of the causes would remove each error."""
        claims = np.zeros(self.errors_RT.shape, np.uint8)
        for place in self.causes:
            claims += self.would_GRT[place]
        return claims

    def alone_RT(self, place: int) -> np.ndarray:
        """Errors that this oracle removes and no other cause would: what it removes when it goes last."""
        return self.would_GRT[place] & (self.claims_RT == 1)

    def shapley_RT(self, place: int) -> np.ndarray:
        """float32: this oracle's part of each error, 1/k where k causes would remove it."""
        return self.would_GRT[place] / np.maximum(self.claims_RT, 1).astype(np.float32)


def broken_down(model: str, errors: ErrorText, oracles: Sequence[Oracle]) -> Breakdown:
    """Raises ConfigError for two oracles of one name, and for a slice that gives no yes or no per
    character."""
    names = [oracle.name for oracle in oracles]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"two oracles are called '{twice}'; give one of them another name")
    slice_RT = np.full(errors.nats_RT.shape, NO_ERROR, np.int16)
    left_RT = errors.errors_RT.copy()
    would_GRT = []
    place = 0
    for oracle in oracles:
        would_RT = np.zeros_like(left_RT)
        for label in oracle.slices:
            right_RT = checked(oracle, label, errors)
            slice_RT[left_RT & right_RT] = place
            left_RT &= ~right_RT
            would_RT |= right_RT
            place += 1
        would_GRT.append(would_RT & errors.errors_RT)
    slice_RT[left_RT] = place
    return Breakdown(model, tuple(oracles), errors.errors_RT, slice_RT, tuple(would_GRT))
