"""Text from a corpus as text that any page, picture or spreadsheet can hold. Knows no markup: escaping is the writer's.

Corpora hold NULs, escape codes, halves of surrogate pairs and marks that turn the reading direction of what follows.
None of them may reach an SVG (XML has no place for them) or a sentence (they would reorder it).
"""

import math
import re

from rnnscope.records.finding import Row

# C0 without tab and newline, C1, soft hyphen, zero-width and direction marks, line separators, lone surrogates,
# non-characters.
UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff\ud800-\udfff]"
)
CELL_CHARS = 300


def plain(text: str, most_chars: int | None = None) -> str:
    """`text` with every unshown character as U+FFFD, cut with an ellipsis to `most_chars` where that is given."""
    if most_chars is not None and len(text) > most_chars:
        text = text[: most_chars - 1] + "…"
    return UNSHOWN.sub("\ufffd", text)


def plain_rows(rows: list[Row], most_chars: int = CELL_CHARS) -> list[Row]:
    """Rows fit to be drawn: strings plain and of at most `most_chars`, NaN and infinities None."""
    names = {name: plain(name, 80) for row in rows for name in row}
    return [{names[name]: _cell(value, most_chars) for name, value in row.items()} for row in rows]


def _cell(value: str | int | float | bool | None, most_chars: int) -> str | int | float | bool | None:
    if isinstance(value, str):
        is_fit = len(value) <= most_chars and value.isascii() and value.isprintable()
        return value if is_fit else plain(value, most_chars)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
