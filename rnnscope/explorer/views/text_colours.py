"""Colours of the view 'Text': what a unit did, what surprised a predictor, what the text alone says.

Values at (row, step) are of the network that has just read the character there; its surprise at a step is at
the character after it. Tiles are bytes; every tile's numbers are to be had as JSON too.
"""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Response

from rnnscope.corpora.tracks import tracks_of
from rnnscope.errors import ConfigError
from rnnscope.explorer.library import checked_part
from rnnscope.explorer.lines import check_place
from rnnscope.explorer.parameters import (
    BINARY,
    REFUSALS,
    CorpusName,
    IndexesHere,
    LayerAsked,
    LibraryHere,
    PartName,
    PredictorName,
    RowNumber,
    RunName,
    Step,
    UnitAsked,
)
from rnnscope.explorer.shown import Shown
from rnnscope.explorer.tiles import (
    FULL_NATS,
    Tile,
    check_traced,
    is_scattered,
    scale_of,
    site_tile,
    surprise_tile,
    track_named,
    track_tile,
    turned_tile,
    values_at,
)
from rnnscope.models.sizing import check_unit
from rnnscope.records.corpus import Corpus
from rnnscope.records.trace import Trace

MOST_TILE_STEPS = 16_384
MOST_TILE_BYTES = 8 << 20
router = APIRouter(tags=["text"], responses=REFUSALS)

Steps = Annotated[int, Query(ge=1, le=MOST_TILE_STEPS, description="Steps, at most to the row's end.")]
Site = Annotated[str, Query(max_length=40, description="'tanh_c', 'h', 'f', ...: without its layer.")]
TrackName = Annotated[str, Query(max_length=80, description="A track of the corpus's language.")]


class ValuesShown(Shown):
    """Numbers of one row, step after step."""

    row: int
    step: int
    """Of the first value."""
    values: list[float]
    scale: float
    """The size that has the full colour."""


class LossesShown(Shown):
    """What a predictor lost, step after step."""

    row: int
    step: int
    nats: list[float]
    """At each step, of the character after it."""
    likeliest: list[str]
    """What was held likeliest there, by name."""
    scale: float


@router.get("/text/{corpus}/{part}/units/{run}/tile", response_class=Response, responses=BINARY)
def tile(
    library: LibraryHere,
    indexes: IndexesHere,
    corpus: CorpusName,
    run: RunName,
    part: PartName,
    site: Site,
    row: RowNumber,
    step: Step,
    layer: LayerAsked = 1,
    steps: Steps = 2048,
    only: Annotated[int | None, Query(ge=0, le=999_999, description="A unit; none: all of them.")] = None,
) -> Response:
    """All units of a site, or one: int8, step after step, in 127ths of the header X-Scale; larger values are
    cut."""
    trace = library.trace(corpus, run, part)
    name = f"layers.{layer - 1}.{site}"
    units = trace.manifest.sites.get(name, 0) if only is None else 1
    if units * steps > MOST_TILE_BYTES:
        raise ConfigError(f"{steps} steps of {units} units are too many at once; ask for fewer steps")
    check_traced(trace, name, row, step)
    if only is not None:
        _check_unit(trace, name, layer, only)
    some = slice(None) if only is None else slice(only, only + 1)
    if is_scattered(trace) and (columns := indexes.at_hand(trace, name)):
        return _bytes(turned_tile(columns, row, step, step + steps, some))
    return _bytes(site_tile(trace, name, row, step, step + steps, some))


@router.get("/text/{corpus}/{part}/units/{run}")
def values(
    library: LibraryHere,
    corpus: CorpusName,
    run: RunName,
    part: PartName,
    site: Site,
    row: RowNumber,
    step: Step,
    layer: LayerAsked = 1,
    unit: UnitAsked = 0,
    steps: Steps = 256,
) -> ValuesShown:
    """One unit at one site, as the trace has it."""
    trace = library.trace(corpus, run, part)
    name = f"layers.{layer - 1}.{site}"
    check_traced(trace, name, row, step)
    _check_unit(trace, name, layer, unit)
    found = values_at(trace, name, row, step, step + steps)[:, unit]
    return ValuesShown(row=row, step=step, values=found.tolist(), scale=scale_of(trace, name))


@router.get("/text/{corpus}/{part}/surprise/{predictor}")
def surprise(
    library: LibraryHere,
    corpus: CorpusName,
    part: PartName,
    predictor: PredictorName,
    row: RowNumber,
    step: Step,
    steps: Steps = 256,
) -> LossesShown:
    """What a predictor lost on the character after each step, and what it held likeliest there."""
    losses = library.surprisal(corpus, predictor, part)
    check_place(losses.manifest.rows, losses.manifest.row_chars, row, step)
    names = library.corpus(corpus).alphabet.names
    likeliest = losses.likeliest_RT[row, step : step + steps]
    nats = losses.nats_RT[row, step : step + steps].astype(float)
    return LossesShown(
        row=row,
        step=step,
        nats=np.nan_to_num(nats, posinf=1e9).tolist(),
        likeliest=[names[each] for each in likeliest],
        scale=FULL_NATS,
    )


@router.get("/text/{corpus}/{part}/surprise/{predictor}/tile", response_class=Response, responses=BINARY)
def surprise_bytes(
    library: LibraryHere,
    corpus: CorpusName,
    part: PartName,
    predictor: PredictorName,
    row: RowNumber,
    step: Step,
    steps: Steps = 2048,
) -> Response:
    """How surprising each character was where it stands: int8; -128 for one that was not predicted."""
    losses = library.surprisal(corpus, predictor, part)
    return _bytes(surprise_tile(losses, row, step, step + steps))


@router.get("/text/{corpus}/{part}/track")
def track(
    library: LibraryHere,
    corpus: CorpusName,
    part: PartName,
    track: TrackName,
    row: RowNumber,
    step: Step,
    steps: Steps = 256,
) -> ValuesShown:
    """What the text alone says of each character, in parts of the scale: steps of 1/127 of it."""
    found = _track(library.corpus(corpus), part, track, row, step, steps)
    numbers = found.values_TH[:, 0].astype(float) / 127 * found.scale
    return ValuesShown(row=row, step=step, values=numbers.tolist(), scale=found.scale)


@router.get("/text/{corpus}/{part}/track/tile", response_class=Response, responses=BINARY)
def track_bytes(
    library: LibraryHere,
    corpus: CorpusName,
    part: PartName,
    track: TrackName,
    row: RowNumber,
    step: Step,
    steps: Steps = 2048,
) -> Response:
    """What the text alone says of each character: int8, in 127ths of the header X-Scale."""
    return _bytes(_track(library.corpus(corpus), part, track, row, step, steps))


def _track(corpus: Corpus, part: str, name: str, row: int, step: int, steps: int) -> Tile:
    track = track_named(tracks_of(corpus.manifest.language), name)
    return track_tile(corpus, checked_part(part), track, row, step, step + steps)


def _bytes(tile: Tile) -> Response:
    steps, units = tile.values_TH.shape
    headers = {"X-Scale": repr(tile.scale), "X-Steps": str(steps), "X-Units": str(units)}
    return Response(tile.values_TH.tobytes(), media_type="application/octet-stream", headers=headers)


def _check_unit(trace: Trace, site: str, layer: int, unit: int) -> None:
    """Raises ConfigError for a unit that a site has not, of a layer that was traced."""
    check_unit(layer, unit, layer, trace.manifest.sites[site])
