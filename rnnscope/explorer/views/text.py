"""What the view 'Text' shows: lines of a part, and what was expected at a place. Colours: text_colours."""

from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Response

from rnnscope.explorer.library import NotThere, checked_part
from rnnscope.explorer.lines import LEAST_COLUMNS, MOST_COLUMNS, check_place, lines_of
from rnnscope.explorer.parameters import (
    BINARY,
    REFUSALS,
    CorpusName,
    LayerAsked,
    LibraryHere,
    PartName,
    RowNumber,
    Step,
    UnitAsked,
)
from rnnscope.explorer.places import PlaceShown, place_shown
from rnnscope.explorer.shown import Shown

MOST_LINES = 500
router = APIRouter(tags=["text"], responses=REFUSALS)

Columns = Annotated[int, Query(ge=LEAST_COLUMNS, le=MOST_COLUMNS, description="Characters of a line.")]


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
    layer: LayerAsked = 1,
    unit: UnitAsked = 0,
) -> PlaceShown:
    """A place: the character, the true next one, what the run expected, and one unit's every site."""
    return place_shown(library, library.corpus(corpus), checked_part(part), row, step, run, layer, unit)
