"""What the view 'Models' shows: who predicts best, and findings with the figures of the report."""

import shlex
from typing import Annotated, Any

from fastapi import APIRouter, Path

from rnnscope.explorer.drawn import FigureShown, figures_of
from rnnscope.explorer.learning import Learning, learning
from rnnscope.explorer.library import QUESTIONS, Library
from rnnscope.explorer.parameters import REFUSALS, AnalysisName, CorpusName, LibraryHere
from rnnscope.explorer.shown import Shown
from rnnscope.figures import config, plain
from rnnscope.records.finding import Finding
from rnnscope.report.answer import Standing, answer
from rnnscope.report.limits import Limits
from rnnscope.report.tables import label, shown_number
from rnnscope.report.write import ORDER, tables_beside

router = APIRouter(tags=["findings"], responses=REFUSALS)
QuestionName = Annotated[str, Path(max_length=120, description="A question that was answered here.")]


class FindingListed(Shown):
    """An analysis, and whether it has been made."""

    name: str
    label: str
    title: str
    """What was asked; empty where it is not made."""
    reading: str
    verdict: str
    """Of a question."""
    is_there: bool
    command: str
    """Makes it."""


class ModelsShown(Shown):
    """The answer, and what else was found."""

    headline: str
    sentences: list[str]
    standings: list[Standing]
    """Best first."""
    reference: str
    """The best n-gram, which the others are set against; empty where there is none."""
    note: str
    findings: list[FindingListed]
    """In the report's order, those not made among them."""
    questions: list[FindingListed]


class FindingWhole(Shown):
    """A finding and its figures."""

    finding: dict[str, Any]
    """As its file has it."""
    numbers: list[tuple[str, str]]
    """Name and value for people, as the report has them."""
    beside: list[str]
    """Tables that no figure draws whole."""
    figures: list[FigureShown]


@router.get("/models/{corpus}")
def models(library: LibraryHere, corpus: CorpusName) -> ModelsShown:
    """Which model predicts the text best, by how much and how surely; and which findings there are."""
    found = library.findings(library.corpus(corpus).name)
    said = answer(list(found.values()), plain(corpus, 120))
    if "comparison" not in found:
        said = type(said)(said.headline, [])
    return ModelsShown(
        headline=said.headline,
        sentences=said.sentences,
        standings=said.standings,
        reference=said.reference,
        note=said.note,
        findings=_findings(library, corpus, found),
        questions=_questions(library),
    )


@router.get("/models/{corpus}/learning")
def learned(library: LibraryHere, corpus: CorpusName) -> Learning:
    """The network at each checkpoint: which predictor it is most like, which it has passed."""
    return learning(library.finding(corpus, "training_dynamics"))


@router.get("/findings/{corpus}/{analysis}")
def finding(library: LibraryHere, corpus: CorpusName, analysis: AnalysisName) -> FindingWhole:
    """One finding, with the figures that the report draws of it."""
    return _whole(library.finding(corpus, analysis))


@router.get("/questions/{question}")
def question(library: LibraryHere, question: QuestionName) -> FindingWhole:
    """An open question's claim, rule, verdict and figures; 'NAME-small' is a look at a small scale."""
    return _whole(library.question(question))


@router.get("/theme")
def theme() -> dict[str, Any]:
    """The charts' looks, light and dark: Vega-Lite configs."""
    return {scheme: config(scheme) for scheme in ("light", "dark")}


def _whole(found: Finding) -> FindingWhole:
    limits = Limits()
    figures = figures_of(found)
    return FindingWhole(
        finding=found.plain(),
        numbers=[
            (plain(label(name), 80), shown_number(name, value, limits.sentence_chars))
            for name, value in found.numbers.items()
        ],
        beside=tables_beside(found, [_rows(figure) for figure in figures]),
        figures=figures,
    )


def _rows(figure: FigureShown) -> list[dict[str, Any]]:
    return [dict(zip(figure.columns, row, strict=True)) for row in figure.rows]


def _findings(library: Library, corpus: str, found: dict[str, Finding]) -> list[FindingListed]:
    names = [*ORDER, *(name for name in found if name not in ORDER)]
    return [
        _listed(name, found.get(name), library.said(f"rnnscope analyse {name} {shlex.quote(corpus)}"))
        for name in names
    ]


def _questions(library: Library) -> list[FindingListed]:
    found = library.questions()
    # a look at a small scale stands in for a verdict that is not there
    missing = [name for name in QUESTIONS if name not in found and f"{name}-small" not in found]
    names = [*sorted(found, key=_place), *missing]
    return [
        _listed(name, found.get(name), library.said(f"rnnscope question {name} --scale full"))
        for name in names
    ]


def _place(name: str) -> tuple[int, str]:
    known = name.removesuffix("-small")
    return (QUESTIONS.index(known) if known in QUESTIONS else len(QUESTIONS), name)


def _listed(name: str, found: Finding | None, command: str) -> FindingListed:
    return FindingListed(
        name=name,
        label=plain(label(name).capitalize(), 60),
        title=plain(found.title, 300) if found else "",
        reading=plain(found.reading, 1500) if found else "",
        verdict=plain(str(found.numbers.get("verdict") or ""), 40) if found else "",
        is_there=found is not None,
        command=plain(found.command, 500) if found and found.command else command,
    )
