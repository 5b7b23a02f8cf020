"""What the view 'Search' shows: units that are on exactly there, where else, and which follow what."""

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from rnnscope.analyses.span_search import places_of, span_search
from rnnscope.corpora.tracks import Track, find_track, track_from_regex, tracks_of
from rnnscope.errors import ConfigError, did_you_mean
from rnnscope.explorer.indexing import Indexes
from rnnscope.explorer.library import NotThere
from rnnscope.explorer.parameters import (
    MOST_CHARS,
    REFUSALS,
    CorpusName,
    IndexesHere,
    LibraryHere,
    PartName,
    RowNumber,
    RunName,
    Step,
)
from rnnscope.explorer.pointing import MOST_UNITS, RowText, SpansAsked, Traced
from rnnscope.explorer.rankings import Rankings
from rnnscope.explorer.shown import Shown
from rnnscope.progress import OnShare
from rnnscope.records.columns import Columns, fingerprint
from rnnscope.studies.ranked_units import as_told, ranked_by_track
from rnnscope.studies.unit_states import UNTRAINED, current_trace, unit_states

router = APIRouter(tags=["search"], responses=REFUSALS)
PATTERN_S = 1.0
"""A pattern may search so long."""
AROUND_CHARS = 60
PAGE = 12
"""Places that a page of them shows."""
TrackAsked = Annotated[str, Query(max_length=120, description="Name of a track.")]
PatternAsked = Annotated[str, Query(max_length=500, description="A regular expression.")]
UnitName = Annotated[str, Field(pattern=r"^\d{1,2}\.\d{1,6}$", description="LAYER.UNIT, from 1 and from 0.")]


class Ranking(Shown):
    """Units as `rnnscope units --json` ranks them."""

    run: str
    part: str
    reading: str
    caveats: list[str]
    units: list[dict[str, Any]]
    """One row for every unit, the best first."""


class SpansFound(Ranking):
    """Units that are on in the spans and off around them, beside what chance gives."""

    spans: int
    chars_inside: int
    chars_outside: int
    units_that_fit: int
    units_that_fit_by_chance: float
    units_that_fit_at_95_percent_of_places: float
    shifted_places: int


class HypothesisFound(Ranking):
    """Units that follow a track or a pattern, beside shifted labels, the untrained network and the last
    character."""

    hypothesis: str
    definition: str
    kind: str
    text_chars: int
    on_share: float | None
    units_clear: int
    shifted_labelings: int


class ShareShown(Shown):
    """How far something is that a search waits for."""

    share: float = Field(description="0 to 1: how much is done.")


class TextShown(Shown):
    """A stretch of a row."""

    row: int
    step: int
    text: str
    """One character per step."""
    rows: int
    row_chars: int


class PlacesAsked(SpansAsked):
    """Units out of a search, to be found elsewhere."""

    units: list[UnitName] = Field(min_length=1, max_length=MOST_UNITS)
    coloured: UnitName | None = Field(None, description="The unit that colours; the first one otherwise.")
    page: int = Field(0, ge=0, le=1_000_000)


class PlaceShown(Shown):
    """A run of characters where the units are on, and the text around it."""

    row: int
    start: int
    stop: int
    first: int
    """Step of the first character of `text`."""
    text: str
    values: list[float]
    """Of the unit that colours, one per character, within 1/254 of its largest size."""


class PlacesFound(Shown):
    """Where else, those that fit the spans' length best first."""

    count: int
    chars: int
    """Characters in all of them."""
    share_of_text: float
    needed: int
    """How many of the units are on at every character of a place."""
    units: list[dict[str, Any]]
    """layer, unit, level, direction: when each counts as on."""
    coloured: str
    page: int
    pages: int
    places: list[PlaceShown]


def _rankings(request: Request) -> Rankings[HypothesisFound]:
    return request.app.state.rankings


def _traced(library: LibraryHere, corpus: CorpusName, run: RunName, part: PartName) -> Traced:
    return Traced.find(library, corpus, run, part)


TracedHere = Annotated[Traced, Depends(_traced)]
RankingsHere = Annotated[Rankings[HypothesisFound], Depends(_rankings)]


@router.post("/search/spans")
def spans(library: LibraryHere, indexes: IndexesHere, asked: SpansAsked) -> SpansFound:
    """Units that are on exactly in the spans.

    Body: {"corpus": "tales", "run": "lstm-1x128-s0", "part": "test", "spans": [{"row": 0, "start": 120,
    "stop": 140}], "counter_spans": []}; `stop` is left out of a span. The first search of a network makes its
    index, which GET /api/search/index tells of; later ones find it.
    """
    traced = Traced.find(library, asked.corpus, asked.run, asked.part)
    given, against = asked.given()
    sites = _columns(indexes, traced)
    finding = span_search(traced.run.name, traced.corpus.name, sites, RowText(traced), given, against)
    return SpansFound.model_validate(as_told(finding, traced.run, traced.part))


@router.get("/search/index/{corpus}/{run}/{part}")
def index(traced: TracedHere, indexes: IndexesHere) -> ShareShown:
    """How far the index of a network's units is. The first search starts it."""
    return ShareShown(share=float(np.mean([indexes.share(traced.trace, site) for site in traced.sites])))


@router.get("/search/text/{corpus}/{run}/{part}")
def text(
    traced: TracedHere,
    row: RowNumber = 0,
    step: Step = 0,
    chars: Annotated[int, Query(ge=1, le=MOST_CHARS)] = 1200,
) -> TextShown:
    """A stretch of the text that was traced, to point at."""
    of = traced.trace.manifest
    if row >= of.rows or step >= of.row_chars:
        raise ConfigError(f"no character {row}.{step}; what was traced has {of.rows} rows of {of.row_chars}")
    return TextShown(
        row=row,
        step=step,
        text=traced.text(row, step, step + chars),
        rows=of.rows,
        row_chars=of.row_chars,
    )


@router.post("/search/places")
def places(library: LibraryHere, indexes: IndexesHere, asked: PlacesAsked) -> PlacesFound:
    """Where else the units are on together, each beyond the value half-way between its values inside the
    spans and outside. Body: that of /api/search/spans with "units": ["1.37", "1.90"]."""
    traced = Traced.find(library, asked.corpus, asked.run, asked.part)
    given, against = asked.given()
    units = [_site_unit(traced, name) for name in asked.units]
    sites = _columns(indexes, traced)
    found = places_of(sites, units, given, against)
    coloured = asked.coloured or asked.units[0]
    site, unit = _site_unit(traced, coloured)
    rows, steps, _ = sites[site].shape
    if unit >= sites[site].shape[2]:
        raise ConfigError(f"no unit {coloured}")
    count = len(found.runs_N3)
    pages = max(1, -(-count // PAGE))
    page = min(asked.page, pages - 1)
    shown = found.spans(slice(page * PAGE, (page + 1) * PAGE))
    return PlacesFound(
        count=count,
        chars=found.chars,
        share_of_text=found.chars / (rows * steps),
        needed=found.needed,
        units=[
            {
                "layer": traced.sites.index(each.site) + 1,
                "unit": each.unit,
                "level": each.level,
                "direction": "on" if each.side > 0 else "off",
            }
            for each in found.thresholds
        ],
        coloured=coloured,
        page=page,
        pages=pages,
        places=[_place(traced, sites[site], unit, each) for each in shown],
    )


@router.get("/search/hypothesis/{corpus}/{run}/{part}")
async def hypothesis(
    traced: TracedHere,
    rankings: RankingsHere,
    request: Request,
    track: TrackAsked = "",
    pattern: PatternAsked = "",
) -> HypothesisFound:
    """Units that follow a track or a pattern most closely; one of the two is given.

    The answer comes once all is ranked, meanwhile /progress tells the share; the ranking ends when the
    request is given up.
    """
    chosen = await run_in_threadpool(_track, traced, track, pattern)

    def ranked(told: OnShare) -> HypothesisFound:
        states = unit_states(traced.run, traced.corpus, traced.part)
        finding = ranked_by_track(traced.run, traced.corpus, traced.part, states, chosen, seed=0, told=told)
        return HypothesisFound.model_validate(as_told(finding, traced.run, traced.part))

    return await rankings.of(_key(traced, track, pattern), ranked, request.is_disconnected)


@router.get("/search/hypothesis/{corpus}/{run}/{part}/progress")
def progress(
    traced: TracedHere, rankings: RankingsHere, track: TrackAsked = "", pattern: PatternAsked = ""
) -> ShareShown:
    """How much of a ranking is done that somebody waits for."""
    return ShareShown(share=rankings.share(_key(traced, track, pattern)))


def _key(traced: Traced, track: str, pattern: str) -> tuple:
    """What a ranking depends on."""
    corpus = traced.corpus.manifest.fingerprint
    before = current_trace(traced.run, traced.part, UNTRAINED)
    of_hypothesis = (bool(track), track or pattern)
    of_traces = (fingerprint(traced.trace), None if before is None else before.model_dump_json())
    return *of_traces, corpus, traced.run.name, traced.part, *of_hypothesis


def _track(traced: Traced, track: str, pattern: str) -> Track:
    """Raises ConfigError, NotThere."""
    if bool(track) == bool(pattern):
        raise ConfigError("give a track or a pattern, one of the two")
    if pattern:
        return track_from_regex(pattern, most_s=PATTERN_S)
    language = traced.corpus.manifest.language
    names = [each.name for each in tracks_of(language)]
    if track not in names:
        raise NotThere(f"no track '{track}' for {language}; {did_you_mean(track, names)}", "")
    return find_track(track, language)


def _columns(indexes: Indexes, traced: Traced) -> dict[str, Columns]:
    return {site: indexes.ready(traced.trace, site) for site in traced.sites}


def _site_unit(traced: Traced, name: str) -> tuple[str, int]:
    """'2.37' -> its site and unit. Raises ConfigError for a layer that there is not."""
    layer, _, unit = name.partition(".")
    if not 1 <= int(layer) <= len(traced.sites):
        raise ConfigError(f"no layer {int(layer)}; {traced.run.name} has {len(traced.sites)}")
    return traced.sites[int(layer) - 1], int(unit)


def _place(traced: Traced, columns: Columns, unit: int, span) -> PlaceShown:
    first = max(0, span.start - AROUND_CHARS)
    stop = min(
        columns.shape[1],
        span.start + max(AROUND_CHARS, min(span.stop - span.start, 4 * AROUND_CHARS)) + AROUND_CHARS,
    )
    values = columns.unit(unit, span.row, slice(first, stop))
    return PlaceShown(
        row=span.row,
        start=span.start,
        stop=span.stop,
        first=first,
        text=traced.text(span.row, first, stop),
        values=[round(float(each), 2) for each in values],
    )
