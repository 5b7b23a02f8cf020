"""Finding with cards -> what the page shows of single units. Knows tables and excerpts, not what they mean.

Tables `cards`, `facts`, `symbols` and the excerpts belong together by run, layer and unit. Any row may lack
any column, and any text may mean harm: all is plain here and escaped by the template.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from rnnscope.figures import plain
from rnnscope.records import Excerpt, Finding
from rnnscope.records.finding import Row, number
from rnnscope.report.coloured import spans
from rnnscope.report.limits import Limits

Key = tuple[str, str, str]
"""Run, layer, unit."""
TALLEST = 20
"""A bar's height is one of 0 ... TALLEST classes: the page's policy allows no style of an element's own."""


@dataclass(frozen=True)
class SymbolView:
    name: str
    logits: str


@dataclass(frozen=True)
class ExcerptLine:
    """One short excerpt."""

    kind: str
    note: str
    spans: Markup


@dataclass(frozen=True)
class CardView:
    """A unit for the page."""

    heading: str
    why: str
    is_control: bool
    sentence: str
    state: str
    bars: list[int]
    bars_label: str
    facts: list[tuple[str, str]]
    raised: list[SymbolView]
    lowered: list[SymbolView]
    excerpts: list[ExcerptLine]


@dataclass(frozen=True)
class RunOfCards:
    """A run and the cards of its units."""

    run: str
    cards: list[CardView]


def by_run(finding: Finding, limits: Limits) -> list[RunOfCards]:
    """The cards, run by run; where there are too many, the first ones of every run."""
    rows: dict[str, list[Row]] = {}
    for row in finding.tables.get("cards", []):
        rows.setdefault(str(row.get("run")), []).append(row)
    if not rows:
        return []
    room = max(1, limits.cards // len(rows))
    excerpts: dict[Key, list[Excerpt]] = {}
    for excerpt in finding.excerpts:
        excerpts.setdefault(_key_of(excerpt), []).append(excerpt)
    facts, symbols = (_by_unit(finding.tables.get(name, [])) for name in ("facts", "symbols"))
    return [
        RunOfCards(
            plain(run, limits.cell_chars),
            [
                _card(row, facts.get(_key(row), []), symbols.get(_key(row), []), excerpts, limits)
                for row in of_run[:room]
            ],
        )
        for run, of_run in list(rows.items())[: limits.cards]
    ]


def _key(row: Row) -> Key:
    return str(row.get("run")), str(row.get("layer")), str(row.get("unit"))


def _key_of(excerpt: Excerpt) -> Key:
    layer = excerpt.site.split(".")[1:2]
    return excerpt.run, str(int(layer[0]) + 1) if layer and layer[0].isdecimal() else "", str(excerpt.unit)


def _by_unit(rows: Sequence[Row]) -> dict[Key, list[Row]]:
    return {key: list(group) for key, group in groupby(sorted(rows, key=_key), key=_key)}


def _card(
    row: Row, facts: list[Row], symbols: list[Row], excerpts: dict[Key, list[Excerpt]], limits: Limits
) -> CardView:
    def text(value: object, most: int = limits.cell_chars) -> str:
        return plain("" if value is None else str(value), most)

    bars = _bars(str(row.get("histogram") or ""))
    strengths = [(text(each.get("symbol"), 24), number(each.get("logits")) or 0.0) for each in symbols]
    lines = excerpts.get(_key(row), [])
    return CardView(
        heading=text(row.get("heading")),
        why=text(row.get("why")),
        is_control=str(row.get("why")).startswith("control"),
        sentence=text(row.get("sentence"), limits.sentence_chars),
        state=text(row.get("state"), 24),
        bars=bars,
        bars_label=_in_words(str(row.get("histogram") or "")),
        facts=[(text(each.get("fact"), 40), text(each.get("value"))) for each in facts[:12]],
        raised=[_symbol(name, logits) for name, logits in strengths if logits > 0],
        lowered=[_symbol(name, logits) for name, logits in strengths if logits < 0],
        excerpts=[_line(excerpt, limits) for excerpt in lines[: limits.card_excerpts]],
    )


def _symbol(name: str, logits: float) -> SymbolView:
    return SymbolView(name, f"{logits:+.2f}".replace("-", "−"))


def _line(excerpt: Excerpt, limits: Limits) -> ExcerptLine:
    chars = min(len(excerpt.text), len(excerpt.values), limits.cell_chars)
    hundredths = [round(100 * max(-1, min(1, v))) if math.isfinite(v) else 0 for v in excerpt.values[:chars]]
    return ExcerptLine(
        kind=plain(excerpt.title.rpartition(": ")[2], 40),
        note=plain(excerpt.note, limits.cell_chars),
        spans=spans(excerpt.text[:chars], hundredths),
    )


def _thousandths(histogram: str) -> list[int]:
    return [int(word) for word in histogram.split()[:40] if word.isascii() and word.isdecimal()]


def _bars(histogram: str) -> list[int]:
    """Heights as classes, the tallest bar TALLEST; a bar that is not empty is seen."""
    shares = _thousandths(histogram)
    most = max(shares, default=0)
    return [max(1, round(TALLEST * share / most)) if share else 0 for share in shares] if most else []


def _in_words(histogram: str) -> str:
    """The histogram for who cannot see it: the share of each of four quarters of its axis."""
    shares = _thousandths(histogram)
    total, quarter = sum(shares), max(1, len(shares) // 4)
    if not total:
        return ""
    parts = [sum(shares[first : first + quarter]) / total for first in range(0, 4 * quarter, quarter)]
    ends = ("−1 to −0.5", "−0.5 to 0", "0 to 0.5", "0.5 to 1")
    return "Time spent from " + ", ".join(
        f"{end}: {part:.0%}".replace("%", " %") for end, part in zip(ends, parts, strict=True)
    )
