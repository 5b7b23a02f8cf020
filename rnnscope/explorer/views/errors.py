"""What the view 'Errors' shows: what would remove a predictor's errors, and those errors in their text."""

from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request

from rnnscope.analyses.error_oracles import check_name
from rnnscope.analyses.error_oracles.listing import error_row
from rnnscope.errors import ConfigError
from rnnscope.explorer.breakdowns import ANALYSIS, Breakdowns, BrokenDown
from rnnscope.explorer.drawn import FigureShown, figures_of
from rnnscope.explorer.parameters import REFUSALS, CorpusName, LibraryHere, PartName, PredictorName
from rnnscope.explorer.shown import Shown
from rnnscope.records.finding import Finding

router = APIRouter(tags=["errors"], responses=REFUSALS)
PAGE = 20
"""Errors that a page of them shows."""
AROUND_CHARS = 70
TITLE = "What would remove the errors"


class ErrorsShown(Shown):
    """One predictor's errors, each once, under the first oracle that removes it."""

    predictor: str
    part: str
    errors: int
    chars: int
    error_rate: float
    threshold: float
    """A character is an error where its probability was less."""
    slices: list[dict[str, Any]]
    """oracle, slice, errors, share of the errors with its interval (low, high)."""
    oracles: list[dict[str, Any]]
    """The same of each oracle, and what it removes first, last and on average."""
    figures: list[FigureShown]
    """The predictor's bar above those of the finding, and what the order does."""
    is_in_finding: bool
    """Whether the corpus's finding is of this predictor, too."""


class ErrorShown(Shown):
    """One error in its text."""

    row: int
    step: int
    """Of the character read before it: `at` in the view of text."""
    character: str
    """Name of the true character."""
    probability: float
    nats: float
    """Surprisal of the true character."""
    likeliest: str
    """Name of the character held likeliest."""
    oracle: str
    slice: str
    would_remove: str
    """Oracles that would remove it if they came first."""
    text: str
    """Text of the row around, one character for each that was predicted."""
    at: int
    """Place of the error in `text`."""
    values: list[float]
    """Surprisal of each character of `text`, nats."""


class PlacesShown(Shown):
    """Errors of one kind."""

    count: int
    page: int
    pages: int
    places: list[ErrorShown]


@router.get("/errors/{corpus}/{predictor}/{part}")
def errors(
    library: LibraryHere, request: Request, corpus: CorpusName, predictor: PredictorName, part: PartName
) -> ErrorsShown:
    """What would remove a predictor's errors. It takes seconds the first time."""
    found = _broken_down(request, library, corpus, predictor, part)
    made, stored = found.errors, library.findings(corpus).get(ANALYSIS)
    models = {row.get("model") for row in stored.tables.get("models", [])} if stored else set()
    return ErrorsShown(
        predictor=found.model.name,
        part=part,
        errors=made.errors,
        chars=made.errors_RT.size,
        error_rate=made.errors / made.errors_RT.size,
        threshold=found.settings.threshold,
        slices=[_finite(row) for row in found.tables.get("slices", [])],
        oracles=[_finite(row) for row in found.tables.get("oracles", [])],
        figures=figures_of(_beside(found, stored)) if made.errors else [],
        is_in_finding=part == "test" and found.model.name in models,
    )


@router.get("/errors/{corpus}/{predictor}/{part}/places")
def places(
    library: LibraryHere,
    request: Request,
    corpus: CorpusName,
    predictor: PredictorName,
    part: PartName,
    oracle: Annotated[str, Query(max_length=80, description="n-gram, say; all where empty.")] = "",
    slice: Annotated[
        str, Query(max_length=80, description="One of the oracle's slices; all where empty.")
    ] = "",
    order: Annotated[Literal["text", "random", "surprise"], Query()] = "random",
    seed: Annotated[int, Query(ge=0, le=2**31 - 1, description="Of the random order.")] = 0,
    page: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> PlacesShown:
    """Errors that one slice removes, each in its text: drawn at random, as the text has them, or the most
    surprising first."""
    found = _broken_down(request, library, corpus, predictor, part)
    if oracle:
        check_name(oracle, found.errors.oracles)
    labels = [label for name, label in found.slices if oracle in ("", name)]
    if slice and slice not in labels:
        raise ConfigError(
            f"no slice '{slice}' of {oracle or 'any oracle'}; it has {', '.join(labels) or 'none'}"
        )
    chosen = found.chosen(oracle, slice)
    if order == "random":
        chosen = np.random.default_rng(seed).permutation(chosen)
    elif order == "surprise":
        chosen = chosen[np.argsort(-found.model.nats_RT.reshape(-1)[chosen], kind="stable")]
    pages = max(1, -(-len(chosen) // PAGE))
    page = min(page, pages - 1)
    steps = found.model.manifest.row_chars
    shown = [_error(found, *divmod(int(at), steps)) for at in chosen[page * PAGE : (page + 1) * PAGE]]
    return PlacesShown(count=len(chosen), page=page, pages=pages, places=shown)


def _broken_down(
    request: Request, library: LibraryHere, corpus: str, predictor: str, part: str
) -> BrokenDown:
    breakdowns: Breakdowns = request.app.state.breakdowns
    return breakdowns.of(library, corpus, predictor, part)


def _beside(found: BrokenDown, stored: Finding | None) -> Finding:
    """The predictor's tables, above the finding's of other predictors."""
    tables = {name: found.tables[name] for name in ("slices", "oracles")}
    if stored is not None:
        others = [row for row in stored.tables.get("slices", []) if row.get("model") != found.model.name]
        tables["slices"] = tables["slices"] + others
    return Finding(analysis=ANALYSIS, corpus=found.corpus.name, title=TITLE, reading="", tables=tables)


def _error(found: BrokenDown, row: int, step: int) -> ErrorShown:
    corpus, part = found.corpus, found.corpus.part(found.model.manifest.part)
    told = error_row(found.errors, found.model, corpus, corpus.alphabet.names, (row, step), 0)
    first, stop = max(0, step - AROUND_CHARS), min(part.row_chars, step + AROUND_CHARS + 1)
    start = part.starts[row] + 1
    return ErrorShown(
        row=row,
        step=step,
        character=str(told["character"]),
        probability=float(told["probability"] or 0),
        nats=float(found.model.nats_RT[row, step]),
        likeliest=str(told["likeliest"]),
        oracle=str(told["oracle"]),
        slice=str(told["slice"]),
        would_remove=str(told["would_remove"]),
        text=corpus.text(start + first, start + stop),
        at=step - first,
        values=[round(float(each), 2) for each in found.model.nats_RT[row, first:stop]],
    )


def _finite(row: dict) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and not np.isfinite(value) else value
        for name, value in row.items()
    }
