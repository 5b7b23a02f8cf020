"""Rows -> what a reader sees: names for columns, sensible decimals, as many rows as there is room for."""

import json
import math
from dataclasses import dataclass

from markupsafe import Markup

from rnnscope.figures import plain
from rnnscope.figures.plain import CELL_CHARS
from rnnscope.records.finding import Row, Scalar
from rnnscope.report.limits import Limits

_PERCENTS = ("_rate", "_share")
_LABELS = {"nats": "nats", "is_clear": "clear?", "low": "from", "high": "to", "chars_per_s": "characters/s"}


@dataclass(frozen=True)
class Column:
    """One column, all of its cells shown alike."""

    name: str
    label: str
    is_number: bool
    decimals: int | None
    """Of its floats; None where there are none."""

    def shown(self, value: Scalar) -> str:
        if value is None:
            return "–"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, float | int) and not math.isfinite(value):
            return "–"
        if isinstance(value, str):
            return value
        if self.name.endswith(_PERCENTS):
            return f"{value:.1%}".replace("%", " %")
        return f"{value:,.{self.decimals or 0}f}" if self.decimals is not None else f"{value:,}"


@dataclass(frozen=True)
class TableView:
    """A table for the page: its first rows to be read, and the rows that its CSV holds."""

    id: str
    caption: str
    file_name: str
    columns: list[Column]
    shown: list[list[str]]
    held: Markup
    """JSON of {columns, rows}."""
    note: str
    """What is not shown or not held."""


def label(name: str) -> str:
    """A column's or a number's name for people."""
    return _LABELS.get(name, name.replace("_", " "))


def view(
    id: str, caption: str, file_name: str, rows: list[Row], limits: Limits, is_drawn: bool = False
) -> TableView:
    """`rows` as a table; those of a figure (`is_drawn`) are held whole, for the chart is made from them."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    # what a chart draws is fit for it already, and its order may hang on whole names
    kept, most_chars = (names, CELL_CHARS) if is_drawn else (names[: limits.columns], limits.cell_chars)
    held = _that_fit(rows, kept, most_chars, None if is_drawn else limits.table_bytes)
    columns = [_column(name, [row[index] for row in held]) for index, name in enumerate(kept)]
    shown = [
        [c.shown(value) for c, value in zip(columns, row, strict=True)] for row in held[: limits.rows_shown]
    ]
    notes = []
    if len(held) > len(shown):
        notes.append(f"The first {len(shown):,} rows are shown; the CSV has {len(held):,}.")
    if len(rows) > len(held) or len(names) > len(kept):
        notes.append(
            f"The page holds {len(held):,} of {len(rows):,} rows and {len(kept)} of {len(names)} columns."
        )
    data = {"columns": [plain(name, most_chars) for name in kept], "rows": held}
    return TableView(
        id, plain(caption, limits.cell_chars), file_name, columns, shown, as_json(data), " ".join(notes)
    )


def shown_number(name: str, value: Scalar, most_chars: int) -> str:
    """One number of a finding, as a table would show it."""
    value = _cell(value, most_chars)
    return _column(name, [value]).shown(value)


def as_json(value: object) -> Markup:
    """JSON for a <script> element: no character in it can end the element, open a comment or break a line."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _cell(value: Scalar, most_chars: int) -> Scalar:
    if isinstance(value, str):
        return plain(value, most_chars)
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return str(value)[:most_chars]  # JavaScript would round it
    return value


def _column(name: str, values: list[Scalar]) -> Column:
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    floats = [abs(value) for value in numbers if isinstance(value, float) and math.isfinite(value)]
    is_number = bool(numbers) and all(value is None or not isinstance(value, str) for value in values)
    decimals = None
    if floats:
        largest = max(floats)
        decimals = 4 if largest < 10 else 2 if largest < 100 else 1 if largest < 10_000 else 0
        if all(value == int(value) for value in floats):
            decimals = 0 if largest >= 10 else 1
    return Column(name, plain(label(name), 60), is_number, decimals)


def _that_fit(
    rows: list[Row], names: list[str], most_chars: int, most_bytes: int | None
) -> list[list[Scalar]]:
    """The first rows as cells, that together take no more than `most_bytes` as JSON."""
    held: list[list[Scalar]] = []
    used = 0
    for row in rows:
        cells = [_cell(row.get(name), most_chars) for name in names]
        if most_bytes is not None:
            used += len(json.dumps(cells)) + 1
            if used > most_bytes:
                break
        held.append(cells)
    return held
