"""What the view 'Text' shows: lines of a part, colours for them, and what was expected at a place.

Values at (row, step) are of the network that has just read the character there; its surprise at a step is at
the character after it. Tiles are bytes; every tile's numbers are to be had as JSON too.
"""

from itertools import groupby
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Response

from rnnscope.corpora.tracks import tracks_of
from rnnscope.errors import ConfigError
from rnnscope.explorer.library import NotThere, checked_part
from rnnscope.explorer.lines import LEAST_COLUMNS, MOST_COLUMNS, check_place, lines_of
from rnnscope.explorer.parameters import (
    REFUSALS,
    CorpusName,
    IndexesHere,
    LibraryHere,
    PartName,
    PredictorName,
    RowNumber,
    RunName,
    Step,
)
from rnnscope.explorer.places import PlaceShown, place_shown
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
from rnnscope.records.corpus import Corpus
from rnnscope.records.trace import Trace

MOST_LINES = 500
MOST_TILE_STEPS = 16_384
MOST_TILE_BYTES = 8 << 20
BINARY: dict[int | str, dict] = {
    200: {
        "description": "Bytes; the headers say what they are.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
router = APIRouter(tags=["text"], responses=REFUSALS)

Columns = Annotated[int, Query(ge=LEAST_COLUMNS, le=MOST_COLUMNS, description="Characters of a line.")]
Steps = Annotated[int, Query(ge=1, le=MOST_TILE_STEPS, description="Steps, at most to the row's end.")]
Site = Annotated[str, Query(max_length=40, description="'tanh_c', 'h', 'f', ...: without its layer.")]
Layer = Annotated[int, Query(ge=1, le=99, description="Layer, from 1.")]
Unit = Annotated[int, Query(ge=0, le=999_999, description="Unit, from 0.")]
TrackName = Annotated[str, Query(max_length=80, description="A track of the corpus's language.")]


class LinesShown(Shown):
    """Some lines of a part."""

    total: int
    """Lines of the whole part."""
    first: int
    """The number of the first of these lines, from 0."""
    rows: list[int]
    """Of each line's first character."""
    steps: list[int]
    text: list[str]
    """One code point a character, the newline included (bytes as Latin-1)."""


class LineShown(Shown):
    """Where a place stands."""

    line: int
    column: int


class FoundShown(Shown):
    """Where a text stands."""

    row: int
    step: int
    chars: int
    is_from_start: bool
    """Whether it was found only after the part's end, from its start on."""


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


@router.get("/text/{corpus}/{part}/layout", response_class=Response, responses=BINARY)
def layout(library: LibraryHere, corpus: CorpusName, part: PartName, columns: Columns) -> Response:
    """Where every line of a part begins: little-endian uint32, places row * row_chars + step."""
    lines = lines_of(library.corpus(corpus), checked_part(part), columns)
    headers = {"X-Rows": str(lines.rows), "X-Row-Chars": str(lines.row_chars)}
    content = lines.starts.astype("<u4").tobytes()
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.get("/text/{corpus}/{part}/lines")
def lines(
    library: LibraryHere,
    corpus: CorpusName,
    part: PartName,
    columns: Columns = 80,
    first: Annotated[int, Query(ge=0, le=2**32, description="Line, from 0.")] = 0,
    lines: Annotated[int, Query(ge=1, le=MOST_LINES, description="How many, at most to the end.")] = 100,
) -> LinesShown:
    """Lines of a part, whose rows stand one after another and share no line."""
    found = library.corpus(corpus)
    laid = lines_of(found, checked_part(part), columns)
    starts, chars = found.part(part).starts, laid.row_chars
    places = [int(place) for place in laid.starts[first : first + lines]]
    stops = [laid.stop(line) for line in range(first, first + len(places))]
    whole: dict[int, tuple[int, str]] = {}
    for row, of_row in groupby(range(len(places)), lambda line: places[line] // chars):
        of = list(of_row)  # decoded at once: line by line takes ten times as long
        begin, stop = places[of[0]], stops[of[-1]]
        whole[row] = (
            begin,
            found.text(starts[row] + begin % chars, starts[row] + begin % chars + stop - begin),
        )
    shown = []
    for place, stop in zip(places, stops, strict=True):
        begin, text = whole[place // chars]
        shown.append(text[place - begin : stop - begin])
    return LinesShown(
        total=len(laid.starts),
        first=first,
        rows=[place // chars for place in places],
        steps=[place % chars for place in places],
        text=shown,
    )


@router.get("/text/{corpus}/{part}/line")
def line(
    library: LibraryHere,
    corpus: CorpusName,
    part: PartName,
    row: RowNumber,
    step: Step,
    columns: Columns = 80,
) -> LineShown:
    """The line that a place is in."""
    laid = lines_of(library.corpus(corpus), checked_part(part), columns)
    number = laid.line_of(row, step)
    return LineShown(line=number, column=row * laid.row_chars + step - int(laid.starts[number]))


@router.get("/text/{corpus}/{part}/find")
def find(
    library: LibraryHere,
    corpus: CorpusName,
    part: PartName,
    text: Annotated[str, Query(min_length=1, max_length=200, description="Letter for letter.")],
    row: RowNumber = 0,
    step: Step = 0,
) -> FoundShown:
    """The next place after (row, step) where a text stands in one row, from the start again after the end."""
    found = library.corpus(corpus)
    rows = found.part(checked_part(part))
    check_place(rows.rows, rows.row_chars, row, step)
    sought = (
        text.encode(errors="replace").decode("latin-1") if found.manifest.alphabet_kind == "bytes" else text
    )
    for turn in range(rows.rows + 1):
        here = (row + turn) % rows.rows
        start = rows.starts[here]
        at = found.text(start, start + rows.row_chars).find(sought, step + 1 if turn == 0 else 0)
        if at >= 0:
            is_from_start = (here, at) <= (row, step)
            return FoundShown(row=here, step=at, chars=len(sought), is_from_start=is_from_start)
    raise NotThere("the text does not stand in this part", "")


@router.get("/text/{corpus}/{part}/at")
def at(
    library: LibraryHere,
    corpus: CorpusName,
    part: PartName,
    row: RowNumber,
    step: Step,
    run: Annotated[str, Query(max_length=120, description="A finished run; none: the text alone.")] = "",
    layer: Layer = 1,
    unit: Unit = 0,
) -> PlaceShown:
    """A place: the character, the true next one, what the run expected, and one unit's every site."""
    return place_shown(library, library.corpus(corpus), checked_part(part), row, step, run, layer, unit)


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
    layer: Layer = 1,
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
        check_unit(trace, name, only)
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
    layer: Layer = 1,
    unit: Unit = 0,
    steps: Steps = 256,
) -> ValuesShown:
    """One unit at one site, as the trace has it."""
    trace = library.trace(corpus, run, part)
    name = f"layers.{layer - 1}.{site}"
    check_unit(trace, name, unit)
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


def check_unit(trace: Trace, site: str, unit: int) -> None:
    """Raises ConfigError for a unit that the layer has not."""
    units = trace.manifest.sites.get(site)
    if units is not None and unit >= units:
        raise ConfigError(f"unit {unit} is beyond the layer's {units}, numbered from 0")
