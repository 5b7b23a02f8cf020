"""Text from a corpus as text that any page, picture or spreadsheet can hold. Knows no markup.

Corpora hold NULs, escape codes, halves of surrogate pairs and marks that turn the direction of what follows.
None of them may reach an SVG (XML has no place for them) or a sentence (they would reorder it). Escaping is
the writer's.
"""

import math
import re

from rnnscope.records.finding import Row

# C0 without tab and newline, C1, soft hyphen, zero-width and direction marks, line separators, lone
# surrogates, non-characters.
UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff\ud800-\udfff]"
)
CELL_CHARS = 300


def plain(text: str, most_chars: int | None = None) -> str:
    """`text` with every unshown character as U+FFFD, cut with an ellipsis to `most_chars` if given."""
    if most_chars is not None and len(text) > most_chars:
        text = text[: most_chars - 1] + "…"
    return UNSHOWN.sub("\ufffd", text)


def plain_rows(rows: list[Row], most_chars: int = CELL_CHARS) -> list[Row]:
    """Rows fit to be drawn: strings plain and of at most `most_chars`, NaN and infinities None."""
    # Each name and each text once: tables have many rows, and few different texts in them.
    shown: dict[str, str] = {}
    for row in rows:
        for value in (*row, *row.values()):
            if isinstance(value, str) and value not in shown:
                shown[value] = plain(value, most_chars)
    return [
        {
            shown[name]: shown[value]
            if isinstance(value, str)
            else None
            if isinstance(value, float) and not math.isfinite(value)
            else value
            for name, value in row.items()
        }
        for row in rows
    ]
