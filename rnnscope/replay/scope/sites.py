"""THE table of sites: what can be recorded and changed, its name, its shape, its formula. Knows no tensor."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from rnnscope.errors import ConfigError, did_you_mean
from rnnscope.recurrence.kinds import CellKind

Names = str | Iterable[str] | Callable[[str], bool] | None
"""Which sites: a name or a pattern ('layers.*.f'), several of them, a function of a name; None: all."""

FORMULAS = {
    "rnn": {"pre_h": "W x + b + U h' + b'", "h": "tanh(pre_h)"},
    "rnn-relu": {"pre_h": "W x + b + U h' + b'", "h": "max(0, pre_h)"},
    "lstm": {
        "pre_i": "the input gate before its sigmoid",
        "pre_f": "the forget gate before its sigmoid",
        "pre_g": "the candidate before its tanh",
        "pre_o": "the output gate before its sigmoid",
        "i": "sigmoid(pre_i): how much of the candidate is written",
        "f": "sigmoid(pre_f): how much of the old cell state is kept",
        "g": "tanh(pre_g): the candidate",
        "o": "sigmoid(pre_o): how much of the cell state is shown",
        "c": "f c' + i g: the cell state",
        "tanh_c": "tanh(c)",
        "h": "o tanh_c: the output",
    },
    "gru": {
        "pre_r": "the reset gate before its sigmoid",
        "pre_z": "the update gate before its sigmoid",
        "pre_n": "W x + b + r (U h' + b'): the candidate before its tanh",
        "r": "sigmoid(pre_r): how much of the old state the candidate sees",
        "z": "sigmoid(pre_z): how much of the old state is KEPT (not the paper's sense)",
        "n": "tanh(pre_n): the candidate",
        "h": "(1 - z) n + z h': the output",
    },
}
"""Kind of cell -> site -> what it is. x: the layer's input; h', c': the step before; W, U, b, b': weights."""
FORMULAS["gru-2015"] = FORMULAS["gru"] | {
    "pre_n": "W x + b + U (r h') + b': the candidate before its tanh",
    "z": "sigmoid(pre_z): how much of the old state is OVERWRITTEN (the paper's sense)",
    "h": "(1 - z) h' + z n: the output",
}
FORMULAS["gru-reset-before"] = FORMULAS["gru"] | {"pre_n": FORMULAS["gru-2015"]["pre_n"]}
FORMULAS["lstm-projected"] = FORMULAS["lstm"] | {
    "m": "o tanh_c: the output before it is projected",
    "h": "P m: the output",
}


@dataclass(frozen=True)
class Site:
    """One thing that can be recorded or changed at every step."""

    name: str
    """'layers.{l}.{site}', or 'layers.{l}.reverse.{site}' where time is read backwards."""
    units: int
    """Its array has shape (batch, time, units)."""
    formula: str


class SiteTable(tuple[Site, ...]):
    """All sites of a network, in the order in which they are made; printed, it is a table."""

    @property
    def names(self) -> list[str]:
        return [site.name for site in self]

    def chosen(self, names: Names) -> list[str]:
        """The names that are asked for. Raises ConfigError where one, or a pattern, fits no site."""
        if names is None:
            return self.names
        if callable(names):
            return [name for name in self.names if names(name)]
        patterns = [names] if isinstance(names, str) else list(names)
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in self.names):
                raise ConfigError(f"no site '{pattern}'; {did_you_mean(pattern, self.names)}")
        return [name for name in self.names if any(fnmatchcase(name, pattern) for pattern in patterns)]

    def __str__(self) -> str:
        widths = (max(len(name) for name in self.names), max(len(_shape(site)) for site in self))
        return "\n".join(
            f"{site.name:{widths[0]}}  {_shape(site):{widths[1]}}  {site.formula}" for site in self
        )

    __repr__ = __str__


def site_table(kind: CellKind, layers: int, directions: int, units: Callable[[str], int]) -> SiteTable:
    """All sites of a stack of layers; `units`: site -> its width."""
    return SiteTable(
        Site(prefix_of(layer, bool(reverse)) + site, units(site), FORMULAS[kind.name][site])
        for layer in range(layers)
        for reverse in range(directions)
        for site in kind.sites
    )


def prefix_of(layer: int, reverse: bool) -> str:
    """What comes before a site's own name."""
    return f"layers.{layer}.{'reverse.' if reverse else ''}"


def own_names(names: Sequence[str], layer: int, reverse: bool) -> set[str]:
    """Of full names, those of one layer and direction, without what comes before them."""
    prefix = prefix_of(layer, reverse)
    rest = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
    return {name for name in rest if "." not in name}


def _shape(site: Site) -> str:
    return f"(batch, time, {site.units})"
