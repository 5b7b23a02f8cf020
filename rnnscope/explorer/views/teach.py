"""What the view 'Teach' shows: one step of one unit along a part's text, with its equations' numbers.

The step starts from h', c' and the layer below as the trace holds them; all that follows is worked out from
the saved weights in float64, so that what is shown adds up. Runs no network.
"""

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query

from rnnscope.errors import ConfigError, RecordError
from rnnscope.explorer.cell_step import Before, Gate, LayerArrays, Term, UnitStep, unit_step
from rnnscope.explorer.kept import Kept
from rnnscope.explorer.lines import check_place
from rnnscope.explorer.parameters import (
    REFUSALS,
    CorpusName,
    LayerNumber,
    LibraryHere,
    PartName,
    RowNumber,
    RunName,
    UnitNumber,
)
from rnnscope.explorer.shown import Shown
from rnnscope.models.sizing import check_unit
from rnnscope.records.corpus import Corpus
from rnnscope.records.run import Run
from rnnscope.records.trace import Trace
from rnnscope.recurrence.kinds import KINDS

router = APIRouter(tags=["teach"], responses=REFUSALS)
PAST_STEPS = 60
"""Steps of the unit's life that are drawn."""
AHEAD_CHARS = 24
MOST_LOGITS = 6
MOST_WEIGHTS = 4
"""Networks whose weights are held in memory."""


class TermShown(Shown):
    """One unit's share of a sum."""

    unit: str
    weight: float
    value: float
    product: float


class GateShown(Shown):
    """pre = input + factor * (recurrent + inner_bias) + bias; value = squash(pre)."""

    name: str
    squash: str
    input: float
    inputs: list[TermShown]
    recurrent: float
    recurrents: list[TermShown]
    factor: float
    bias: float
    inner_bias: float
    pre: float
    value: float


class LogitShown(Shown):
    """What the unit adds to a symbol's logit: weight * h."""

    symbol: str
    weight: float
    product: float


class StepShown(Shown):
    """One step of one unit."""

    cell: str
    layers: int
    hidden: int
    rows: int
    steps: int
    row: int
    step: int
    text: str
    """Characters around the step, one per step."""
    text_first: int
    """Step of the first of them."""
    symbol: str
    """The input at this step, in words where it cannot be seen."""
    target: str
    """The character that follows."""
    gates: list[GateShown]
    before: dict[str, float]
    after: dict[str, float]
    recorded: dict[str, float]
    """The same as the trace has it: from the network itself, rounded on disk."""
    past: dict[str, list[float]]
    """Site -> its last values, up to this step, as the trace has them."""
    logits: list[LogitShown]
    """Of the top layer: the symbols that its weights reach most."""


@router.get("/teach/{corpus}/{run}/{part}/{layer}/{unit}")
def step(
    library: LibraryHere,
    corpus: CorpusName,
    run: RunName,
    part: PartName,
    layer: LayerNumber,
    unit: UnitNumber,
    row: RowNumber = 0,
    step: Annotated[int, Query(ge=0, le=2**40, description="Step of the row, from 0.")] = 0,
) -> StepShown:
    """One step of one unit: every gate's parts, the new state, what it adds to the logits."""
    found, text = library.run(corpus, run), library.corpus(corpus)
    if found.manifest.cell not in KINDS:
        raise ConfigError(
            f"'{run}' ({found.manifest.cell}) has no gates to step through; choose an LSTM or GRU"
        )
    trace = library.trace(corpus, run, part)
    _check(trace, found, layer, unit, row, step)
    arrays = weights_of(found)
    before = _before(trace, text, part, layer, unit, row, step)
    made = unit_step(found.manifest.cell, unit, _layer(arrays, layer), before)
    return _shown(found, trace, text, part, layer, unit, row, step, made, arrays)


def _check(trace: Trace, run: Run, layer: int, unit: int, row: int, step: int) -> None:
    """Raises ConfigError for a unit or a place that there is not, RecordError for a site not traced."""
    manifest = run.manifest
    check_unit(layer, unit, manifest.layers, manifest.hidden)
    check_place(trace.manifest.rows, trace.manifest.row_chars, row, step)
    missing = [
        site for site in ("h", *(["c"] if manifest.cell == "lstm" else [])) if not _has(trace, layer, site)
    ]
    if missing:
        raise RecordError(
            f"the trace has no '{missing[0]}' of layer {layer}; trace the run again with all sites"
        )


def _has(trace: Trace, layer: int, site: str) -> bool:
    return f"layers.{layer - 1}.{site}" in trace.manifest.sites


def _values(trace: Trace, layer: int, site: str, row: int, steps: range, unit: int | slice) -> np.ndarray:
    rows_N = np.full(len(steps), row)
    found = trace.at(f"layers.{layer - 1}.{site}", rows_N, np.array(steps), unit)
    return found.astype(np.float64)


def _before(trace: Trace, corpus: Corpus, part: str, layer: int, unit: int, row: int, step: int) -> Before:
    every = slice(None)
    is_first = step == 0
    hidden_H = np.zeros(trace.manifest.sites[f"layers.{layer - 1}.h"])
    cell = 0.0
    if not is_first:
        before = range(step - 1, step)
        hidden_H = _values(trace, layer, "h", row, before, every)[0]
        if trace.manifest.cell == "lstm":
            cell = float(_values(trace, layer, "c", row, before, unit)[0])
    if layer == 1:
        return Before(int(corpus.ids[corpus.part(part).starts[row] + step]), hidden_H, cell)
    return Before(_values(trace, layer - 1, "h", row, range(step, step + 1), every)[0], hidden_H, cell)


def _shown(
    run: Run,
    trace: Trace,
    corpus: Corpus,
    part: str,
    layer: int,
    unit: int,
    row: int,
    step: int,
    made: UnitStep,
    arrays: dict[str, np.ndarray],
) -> StepShown:
    start = corpus.part(part).starts[row]
    first, last = max(0, step - PAST_STEPS + 1), min(trace.manifest.row_chars, step + AHEAD_CHARS)
    sites = [site for site in KINDS[run.manifest.cell].sites if _has(trace, layer, site)]
    past = {site: _values(trace, layer, site, row, range(first, step + 1), unit) for site in sites}
    names = corpus.alphabet.names
    is_top = layer == run.manifest.layers
    return StepShown(
        cell=run.manifest.cell,
        layers=run.manifest.layers,
        hidden=run.manifest.hidden,
        rows=trace.manifest.rows,
        steps=trace.manifest.row_chars,
        row=row,
        step=step,
        text=corpus.text(start + first, start + last),
        text_first=first,
        symbol=names[int(corpus.ids[start + step])],
        target=names[int(corpus.ids[start + step + 1])],
        gates=[_gate(each, layer) for each in made.gates],
        before=made.before,
        after=made.after,
        recorded={site: float(values[-1]) for site, values in past.items()},
        past={site: values.tolist() for site, values in past.items()},
        logits=_logits(arrays["decoder_VH"][:, unit], made.after["h"], names) if is_top else [],
    )


def _logits(weights_V: np.ndarray, h: float, names: list[str]) -> list[LogitShown]:
    order = np.argsort(-np.abs(weights_V), kind="stable")[:MOST_LOGITS]
    chosen = [(names[i], float(weights_V[i])) for i in order]
    return [LogitShown(symbol=name, weight=weight, product=weight * h) for name, weight in chosen]


def _gate(gate: Gate, layer: int) -> GateShown:
    fields: dict[str, Any] = vars(gate) | {
        "inputs": [_term(each, layer - 1) for each in gate.inputs],
        "recurrents": [_term(each, layer) for each in gate.recurrents],
    }
    return GateShown(**fields)


def _term(term: Term, layer: int) -> TermShown:
    return TermShown(unit=f"{layer}.{term.unit}", weight=term.weight, value=term.value, product=term.product)


_held: Kept[dict[str, np.ndarray]] = Kept(MOST_WEIGHTS)


def weights_of(run: Run) -> dict[str, np.ndarray]:
    """The run's tensors by name. Raises RecordError."""
    return _held.get(run.manifest.fingerprint, run.weights)


def _layer(arrays: dict[str, np.ndarray], layer: int) -> LayerArrays:
    names = ("w_input_GI", "w_hidden_GH", "b_input_G", "b_hidden_G")
    try:
        return LayerArrays(*(arrays[f"layers.{layer - 1}.{name}"] for name in names))
    except KeyError as missing:
        raise RecordError(f"the weights have no tensor {missing}; train the run again") from None
