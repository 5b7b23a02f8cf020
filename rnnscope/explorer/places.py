"""One place of a text: what stands there, what was expected next, what one unit did. Knows no web page."""

import math

from rnnscope.explorer.library import Library
from rnnscope.explorer.lines import check_place
from rnnscope.explorer.prediction import log_probabilities
from rnnscope.explorer.shown import Shown
from rnnscope.explorer.tiles import values_at
from rnnscope.models.sizing import check_unit
from rnnscope.records.corpus import Corpus
from rnnscope.records.trace import Trace

LIKELIEST = 5


class Symbol(Shown):
    """A character."""

    text: str
    """Itself (a byte as Latin-1)."""
    name: str
    """In words where it cannot be seen."""


class Expected(Shown):
    """A character that could come next."""

    symbol: Symbol
    probability: float
    is_true: bool


class PlaceShown(Shown):
    """What is known of a place."""

    row: int
    step: int
    read: Symbol
    """The character here, which has just been read."""
    next: Symbol
    """The true next one."""
    likeliest: list[Expected]
    """Five that the run held likeliest to come next; none where it was not traced here."""
    nats: float | None
    """How surprising the next character was, as recorded; none where the run was not scored."""
    nats_worked_out: float | None
    """The same from the traced output, rounded as that is."""
    rank: int | None
    """Of the true next character among all, from 1."""
    values: dict[str, float]
    """Site -> what the unit did there; none where the run was not traced here."""


def place_shown(
    library: Library, corpus: Corpus, part: str, row: int, step: int, run: str, layer: int, unit: int
) -> PlaceShown:
    """Raises ConfigError for a place, layer or unit that there is not, NotThere for a run."""
    rows = corpus.part(part)
    check_place(rows.rows, rows.row_chars, row, step)
    read, true = (int(each) for each in corpus.ids[rows.starts[row] + step : rows.starts[row] + step + 2])
    symbols, names = corpus.alphabet.symbols, corpus.alphabet.names

    def symbol(of: int) -> Symbol:
        return Symbol(text=symbols[of], name=names[of])

    likeliest: list[Expected] = []
    nats = worked_out = rank = None
    unit_values: dict[str, float] = {}
    if run:
        found = library.run(corpus.name, run)
        trace = library.traces(found).get(part)
        losses = library.surprisals(corpus.name, part).get(run)
        if losses and row < losses.manifest.rows and step < losses.manifest.row_chars:
            nats = float(losses.nats_RT[row, step])
        if trace and row < trace.manifest.rows and step < trace.manifest.row_chars:
            log_V = log_probabilities(found, trace, row, step)
            worked_out = float(-log_V[true])
            rank = int((log_V > log_V[true]).sum()) + 1
            likeliest = [
                Expected(symbol=symbol(int(of)), probability=math.exp(log_V[of]), is_true=bool(of == true))
                for of in (-log_V).argsort(kind="stable")[:LIKELIEST]
            ]
            unit_values = _unit(trace, found.manifest.layers, row, step, layer, unit)
    return PlaceShown(
        row=row,
        step=step,
        read=symbol(read),
        next=symbol(true),
        likeliest=likeliest,
        nats=nats if nats is None or math.isfinite(nats) else None,
        nats_worked_out=worked_out,
        rank=rank,
        values=unit_values,
    )


def _unit(trace: Trace, layers: int, row: int, step: int, layer: int, unit: int) -> dict[str, float]:
    """Site -> the unit's value. Raises ConfigError for a unit that there is not."""
    prefix = f"layers.{layer - 1}."
    sites = {name: units for name, units in trace.manifest.sites.items() if name.startswith(prefix)}
    check_unit(layer, unit, layers, min(sites.values(), default=0))
    return {
        name.removeprefix(prefix): float(values_at(trace, name, row, step, step + 1)[0, unit])
        for name in sites
    }
