"""Excerpt -> coloured text as static spans, readable without any script.

Values are rounded to 21 classes and neighbours of one class share a span. Every character is one code point
of the text content, so that a script can tell which character the pointer is on: those that cannot be shown
stand as a zero-width space inside a <b> that names them.
"""

import math
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from markupsafe import Markup, escape

from rnnscope.figures import plain
from rnnscope.figures.plain import UNSHOWN
from rnnscope.records import Excerpt
from rnnscope.records.corpus import WHITE
from rnnscope.report.limits import Limits
from rnnscope.report.tables import as_json

STEPS = 10
"""Classes on either side of zero."""


@dataclass(frozen=True)
class ExcerptView:
    """An excerpt for the page."""

    id: str
    title: str
    note: str
    source: str
    spans: Markup
    values: Markup
    """JSON of hundredths, one per character."""
    cut: str
    """What is not shown, if anything."""


def view(id: str, excerpt: Excerpt, limits: Limits) -> ExcerptView:
    """The excerpt's first characters, coloured; what has no value (or no character) is left out."""
    whole = min(len(excerpt.text), len(excerpt.values))
    chars = min(whole, limits.excerpt_chars)
    text = excerpt.text[:chars]
    hundredths = [round(100 * max(-1, min(1, v))) if math.isfinite(v) else 0 for v in excerpt.values[:chars]]
    return ExcerptView(
        id=id,
        title=plain(excerpt.title, limits.cell_chars),
        note=plain(excerpt.note, limits.sentence_chars),
        source=plain(f"{excerpt.run} · {excerpt.site} · unit {excerpt.unit}", limits.cell_chars),
        spans=spans(text, hundredths),
        values=as_json(hundredths),
        cut=f"The first {chars:,} of {whole:,} characters." if chars < whole else "",
    )


def spans(text: str, hundredths: list[int]) -> Markup:
    """`text` in <i> elements of class n10 (-1) ... n1, none (0), p1 ... p10 (+1)."""
    shown = {character: _character(character) for character in set(text)}
    steps = (math.floor(abs(value) * STEPS / 100 + 0.5) * (1 if value > 0 else -1) for value in hundredths)
    parts = []
    for step, group in groupby(zip(steps, text, strict=True), key=itemgetter(0)):
        name = f" class={'n' if step < 0 else 'p'}{abs(step)}" if step else ""
        parts.append(f"<i{name}>{''.join(shown[character] for _, character in group)}</i>")
    return Markup("".join(parts))


def _character(character: str) -> str:
    mark = WHITE.get(character)
    if mark:
        # the HTML parser would turn a carriage return into a line feed
        content = "\u200b" if character == "\r" else character
        return f'<b class=w data-w="{mark}">{content}</b>'
    if UNSHOWN.match(character):
        return f'<b class=x data-w="{ord(character):X}">\u200b</b>'
    return str(escape(character))
