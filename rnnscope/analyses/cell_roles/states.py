"""What is set against each other: units' values and what the text says. Knows no score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from rnnscope.analyses.cell_roles.ranks import SiteArray
from rnnscope.estimate import has_both_sides


@dataclass(frozen=True)
class Hypothesis:
    """What the text alone says of each character that a network reads."""

    name: str
    title: str
    is_flag: bool
    values_RT: np.ndarray
    """Shape (R, T), bool or whole numbers: at step t, of the character read at t."""

    def cut(self, rows: int, steps: int) -> "Hypothesis":
        return Hypothesis(self.name, self.title, self.is_flag, self.values_RT[:rows, :steps])

    @property
    def is_usable(self) -> bool:
        """Whether both halves have something to tell apart."""
        middle = self.values_RT.shape[1] // 2
        for half in (self.values_RT[:, :middle], self.values_RT[:, middle:]):
            if half.size == 0 or half.min() == half.max():
                return False
            if self.is_flag and not has_both_sides(half):
                return False
        return True

    def on_scale(self, signed: float) -> float:
        """From [-1, 1] to the score that is reported: AUC, or rho as it is."""
        return (signed + 1) / 2 if self.is_flag else signed


@dataclass(frozen=True)
class UnitStates:
    """One network's states beside the text they were read from."""

    run: str
    cell: str
    sites: Mapping[str, SiteArray]
    """'layers.{l}.tanh_c' (LSTM) or 'layers.{l}.h' -> (R, T, H), in [-1, 1], after reading the character."""
    texts: Sequence[str]
    """R strings of T characters."""
    untrained: Mapping[str, SiteArray] = field(default_factory=dict)
    """The same sites of the network before training; empty where it is not to be had."""

    @property
    def units(self) -> list[tuple[str, int]]:
        """(site, unit), in the order of all scores."""
        return [(site, unit) for site, values in self.sites.items() for unit in range(values.shape[2])]

    @property
    def shape(self) -> tuple[int, int]:
        """(R, T)."""
        rows, steps = next(iter(self.sites.values())).shape[:2]
        return rows, steps

    @cached_property
    def characters_RT(self) -> np.ndarray:
        """Which of the text's different characters was read, 0.., shape (R, T)."""
        rows, steps = self.shape
        text = "".join(self.texts[row][:steps] for row in range(rows))
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        return np.unique(codes, return_inverse=True)[1].reshape(rows, steps)
