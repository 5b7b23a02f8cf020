"""What there is to look at: corpora, runs, traces, losses, findings."""

from fastapi import APIRouter, Request

from rnnscope.corpora.tracks import tracks_of
from rnnscope.explorer.library import Library
from rnnscope.explorer.parameters import REFUSALS, LibraryHere, Refusal, refusal
from rnnscope.explorer.shown import Shown
from rnnscope.records.corpus import PARTS, Corpus
from rnnscope.records.run import Run

router = APIRouter(tags=["library"], responses=REFUSALS)


class TracedPart(Shown):
    """What was traced of a run on one part."""

    rows: int
    row_chars: int
    sites: dict[str, int]
    """'layers.{l}.{site}' -> units."""


class RunShown(Shown):
    """A finished run."""

    name: str
    cell: str
    layers: int
    hidden: int
    parameters: int
    validation_nats: float
    traces: dict[str, TracedPart]
    """By part."""
    untraced: dict[str, Refusal]
    """Every other part, and why there is no trace of it."""


class TrackShown(Shown):
    """What the text alone says of each character."""

    name: str
    kind: str
    title: str
    definition: str


class FindingShown(Shown):
    """An analysis that left something."""

    analysis: str
    title: str


class CorpusShown(Shown):
    """A text and all that is known of it."""

    name: str
    language: str
    symbols: list[str]
    """Names of the alphabet's symbols, by id."""
    parts: dict[str, tuple[int, int]]
    """Part -> rows, characters of each."""
    tracks: list[TrackShown]
    runs: list[RunShown]
    losses: dict[str, list[str]]
    """Part -> predictors whose losses there are."""
    findings: list[FindingShown]


class LibraryShown(Shown):
    """The work folder."""

    corpora: list[CorpusShown]
    is_live: bool
    """Whether a network can be run."""


@router.get("/library")
def shown(library: LibraryHere, request: Request) -> LibraryShown:
    """All that is in the work folder now."""
    corpora = [_corpus(library, corpus) for corpus in library.corpora().values()]
    return LibraryShown(corpora=corpora, is_live=request.app.state.live is not None)


def _corpus(library: Library, corpus: Corpus) -> CorpusShown:
    manifest = corpus.manifest
    return CorpusShown(
        name=corpus.name,
        language=manifest.language,
        symbols=corpus.alphabet.names,
        parts={name: (part.rows, part.row_chars) for name, part in manifest.parts.items()},
        tracks=[
            TrackShown(name=each.name, kind=each.kind, title=each.title, definition=each.definition)
            for each in tracks_of(manifest.language)
        ],
        runs=[_run(library, corpus.name, run) for run in library.runs(corpus.name).values()],
        losses={part: sorted(library.surprisals(corpus.name, part)) for part in PARTS},
        findings=[
            FindingShown(analysis=name, title=finding.title)
            for name, finding in library.findings(corpus.name).items()
        ],
    )


def _run(library: Library, corpus: str, run: Run) -> RunShown:
    manifest, traces = run.manifest, library.traces(run)
    return RunShown(
        name=run.name,
        cell=manifest.cell,
        layers=manifest.layers,
        hidden=manifest.hidden,
        parameters=manifest.parameters,
        validation_nats=manifest.validation_nats,
        traces={
            part: TracedPart(
                rows=trace.manifest.rows, row_chars=trace.manifest.row_chars, sites=trace.manifest.sites
            )
            for part, trace in traces.items()
        },
        untraced={
            part: refusal(library, library.untraced(corpus, run, part))
            for part in PARTS
            if part not in traces
        },
    )
