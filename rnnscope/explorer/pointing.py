"""What a request points at: a network's units, spans of its text. Knows no search."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from rnnscope.analyses.span_search import Span
from rnnscope.errors import ConfigError
from rnnscope.explorer.library import Library
from rnnscope.records.corpus import Corpus, PartRows
from rnnscope.records.run import Run
from rnnscope.records.trace import Trace
from rnnscope.studies.unit_states import state_sites

MOST_SPANS = 50
MOST_SPAN_CHARS = 5_000
"""Of all spans of a search together: what 400 random places can be read for in a second."""
MOST_UNITS = 20
Name = Annotated[str, Field(max_length=200)]


class SpanAsked(BaseModel):
    """Characters of a row, `stop` left out."""

    model_config = ConfigDict(frozen=True)

    row: int = Field(ge=0, le=10_000_000)
    start: int = Field(ge=0, le=2**40)
    stop: int = Field(ge=0, le=2**40)


class SpansAsked(BaseModel):
    """A traced network, and what is pointed at in its text."""

    model_config = ConfigDict(frozen=True)

    corpus: Name
    run: Name
    part: str = Field("test", max_length=20)
    spans: list[SpanAsked] = Field(min_length=1, max_length=MOST_SPANS)
    counter_spans: list[SpanAsked] = Field([], max_length=MOST_SPANS)

    def given(self) -> tuple[list[Span], list[Span]]:
        """(spans, counter-spans). Raises ConfigError for too many characters."""
        both = [
            [Span(each.row, each.start, each.stop) for each in some]
            for some in (self.spans, self.counter_spans)
        ]
        chars = sum(span.stop - span.start for some in both for span in some)
        if chars > MOST_SPAN_CHARS:
            raise ConfigError(f"the spans have {chars:,} characters; give {MOST_SPAN_CHARS:,} at most")
        return both[0], both[1]


@dataclass(frozen=True)
class Traced:
    """A run, its trace of a part and the text that was read."""

    corpus: Corpus
    run: Run
    part: str
    trace: Trace

    @classmethod
    def find(cls, library: Library, corpus: str, run: str, part: str) -> "Traced":
        """Raises NotThere."""
        trace = library.trace(corpus, run, part)
        return cls(library.corpus(corpus), library.run(corpus, run), part, trace)

    @property
    def rows(self) -> PartRows:
        return self.corpus.part(self.part)

    @property
    def sites(self) -> list[str]:
        """Those that stand for the units, layer by layer."""
        return state_sites(self.run.manifest.cell, self.run.manifest.layers)

    def text(self, row: int, start: int, stop: int) -> str:
        """What was read there, cut at the ends of the row; one character per id."""
        first = self.rows.starts[row]
        steps = self.trace.manifest.row_chars
        return self.corpus.text(first + max(0, start), first + min(stop, steps))


class RowText(Sequence):
    """The traced text, row by row as it is asked for."""

    def __init__(self, traced: Traced) -> None:
        self._traced = traced

    def __len__(self) -> int:
        return self._traced.trace.manifest.rows

    def __getitem__(self, row):
        return self._traced.text(row, 0, self._traced.trace.manifest.row_chars)
