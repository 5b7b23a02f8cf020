"""What requests may ask with: names, numbers and their bounds. Knows no view."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request
from pydantic import Field

from rnnscope.explorer.indexing import Indexes
from rnnscope.explorer.library import Library, NotThere
from rnnscope.explorer.opening import Opening
from rnnscope.explorer.shown import Shown

MOST_CHARS = 20_000
"""Characters that one request gives at most."""


def _library(request: Request) -> Library:
    return request.app.state.library


def _opening(request: Request) -> Opening:
    return request.app.state.opening


def _indexes(request: Request) -> Indexes:
    return request.app.state.indexes


LibraryHere = Annotated[Library, Depends(_library)]
IndexesHere = Annotated[Indexes, Depends(_indexes)]
OpeningHere = Annotated[Opening, Depends(_opening)]
CorpusName = Annotated[str, Path(max_length=120, description="Name of a corpus in the work folder.")]
RunName = Annotated[str, Path(max_length=120, description="Name of a finished run on the corpus.")]
PredictorName = Annotated[str, Path(max_length=200, description="A run, an n-gram, or a run in a memory.")]
PartName = Annotated[str, Path(max_length=20, description="train, validation or test.")]
AnalysisName = Annotated[str, Path(max_length=80, description="An analysis that left a finding.")]
PartAsked = Annotated[str, Query(max_length=20, description="train, validation or test.")]
LayerNumber = Annotated[int, Path(ge=1, le=99, description="Layer, from 1.")]
UnitNumber = Annotated[int, Path(ge=0, le=999_999, description="Unit, from 0.")]
LayerAsked = Annotated[int, Query(ge=1, le=99, description="Layer, from 1.")]
UnitAsked = Annotated[int, Query(ge=0, le=999_999, description="Unit, from 0.")]
RowNumber = Annotated[int, Query(ge=0, le=10_000_000, description="Row of the part, from 0.")]
Step = Annotated[int, Query(ge=0, le=2**40, description="Step of the row, from 0.")]


class MakingShown(Shown):
    """What a process makes just now: how far it is, /api/library says at any time."""

    corpus: str
    run: str
    part: str
    share: float = Field(description="Made of it, 0 to 1; 0 also while it begins.")


class Refusal(Shown):
    """Why a request cannot be answered, in one line."""

    error: str
    command: str = Field(
        default="", description="The command that makes what is missing; empty where none does."
    )
    making: MakingShown | None = Field(default=None, description="What is missing is being made.")


def refusal(library: Library, error: Exception) -> Refusal:
    """How it is told."""
    if not isinstance(error, NotThere):
        return Refusal(error=str(error))
    making = MakingShown(**vars(error.making)) if error.making else None
    return Refusal(error=str(error), command=library.said(error.command), making=making)


REFUSALS: dict[int | str, dict] = {
    404: {"model": Refusal, "description": "Not in the work folder."},
    422: {"model": Refusal, "description": "Cannot be asked so."},
}
"""What every route may answer besides."""
BINARY: dict[int | str, dict] = {
    200: {
        "description": "Bytes; the headers say what they are.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""Of a route that answers in bytes."""
