"""How much of the findings a page holds. It does not grow with its corpus; it says what it leaves out."""

from dataclasses import dataclass, fields, replace

MOST_BYTES = 5_000_000
"""The page's size at most, whatever it is made from."""


@dataclass(frozen=True)
class Limits:
    """What one page shows at most; `halved` is the next page to try when the last one was too large."""

    findings: int = 60
    figure_rows: int = 4000
    """Rows that one figure draws, and that its CSV holds."""
    tables: int = 12
    """Tables of one finding, beside those of its figures."""
    table_bytes: int = 120_000
    """Of one table's rows, for its CSV."""
    rows_shown: int = 60
    """Rows of one table that are laid out for reading."""
    columns: int = 24
    numbers: int = 40
    caveats: int = 20
    excerpts: int = 36
    excerpt_chars: int = 2000
    cards: int = 36
    """Units with a card each."""
    card_excerpts: int = 12
    samples: int = 24
    sample_chars: int = 1500
    sentence_chars: int = 1500
    cell_chars: int = 200

    def halved(self) -> "Limits":
        """Half of everything but the findings, which are never dropped to make room."""
        return replace(
            self,
            **{
                field.name: max(least, getattr(self, field.name) // 2)
                for field in fields(self)
                if (least := _LEAST.get(field.name, 1)) and field.name != "findings"
            },
        )


_LEAST = {
    "figure_rows": 30,
    "table_bytes": 1000,
    "rows_shown": 5,
    "sentence_chars": 300,
    "cell_chars": 40,
    "columns": 8,
}
