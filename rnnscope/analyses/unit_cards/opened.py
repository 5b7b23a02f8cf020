"""OpenedRun: a network's states on some text, its output weights, and rows that other findings have of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rnnscope.records.finding import Row

GROUP_NUMBERS = 16_000_000
"""Values of some units over all of the text that are held at a time, 64 MB."""
Place = tuple[int, int]
"""Layer from 1, unit from 0."""


@dataclass(frozen=True)
class OpenedRun:
    """What the cards of one network are made from. Layers count from 1 in rows, from 0 in names of sites."""

    run: str
    reference: str
    """'CORPUS/NAME', what commands take."""
    cell: str
    layers: int
    units: int
    """H, of each layer."""
    state: str
    """The site that colours text: 'tanh_c' or 'h'."""
    texts: Sequence[str]
    """R strings of T characters, those read."""
    starts: Sequence[int]
    """Place of each row's first character in the corpus."""
    blocks: Callable[[list[str]], Iterator[Mapping[str, np.ndarray]]]
    """Sites -> block after block in time, site -> (R, t, H): a Trace's `blocks`."""
    decoder_VH: np.ndarray
    symbols: Sequence[str]
    """V names fit to be read: 'space', 'newline', 'a'."""
    roles: Sequence[Row] = ()
    """Of this run, as `cell_roles` has them; columns that are not there are not told."""
    gates: Sequence[Row] = ()
    """Of this run, as `saturation` has them."""
    ablation: Sequence[Row] = ()
    """Of this run, as `ablation` has them; empty where no unit was held."""
    titles: Mapping[str, str] = field(default_factory=dict)
    """What tracks are called for people."""

    @property
    def places(self) -> list[Place]:
        """Every unit, layer by layer: the order of all arrays over units."""
        return [(layer, unit) for layer in range(1, self.layers + 1) for unit in range(self.units)]

    @property
    def chars(self) -> int:
        return sum(len(text) for text in self.texts)

    def site(self, layer: int, name: str | None = None) -> str:
        """A site's full name; by default the state's."""
        return f"layers.{layer - 1}.{name or self.state}"

    def columns(self, site: str, units: slice | list[int]) -> np.ndarray:
        """Some units of a site over all of the text, (R, T, units) float32."""
        blocks = [block[site][:, :, units].astype(np.float32) for block in self.blocks([site])]
        return np.concatenate(blocks, axis=1)

    @property
    def groups(self) -> list[slice]:
        """Units of a layer in groups that memory holds whole."""
        size = max(1, GROUP_NUMBERS // max(1, self.chars))
        return [slice(first, min(first + size, self.units)) for first in range(0, self.units, size)]
