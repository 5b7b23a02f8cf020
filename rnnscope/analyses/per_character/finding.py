"""Which characters a network predicts better than an n-gram, and which worse -> Finding."""

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from rnnscope.analyses.per_character.measuring import ByCharacter, by_character
from rnnscope.analyses.per_character.published import PUBLISHED, SOURCE, Published
from rnnscope.analyses.per_character.reading import caveats_of, reading_of
from rnnscope.records.corpus import Alphabet, Corpus
from rnnscope.records.finding import Finding, Row, Scalar
from rnnscope.records.surprisal import Surprisal, rows_scored
from rnnscope.settings import Settings


class PerCharacterSettings(Settings):
    least_count: int = Field(default=50, ge=1)
    """Characters that occur less often in the part are in the table, and among the best of neither side."""
    best: int = Field(default=10, ge=1)
    """Characters shown of each side."""


def per_character(
    network: Surprisal,
    ngram: Surprisal,
    corpus: Corpus,
    settings: PerCharacterSettings = PerCharacterSettings(),  # noqa: B008 (frozen)
    paper: str | None = None,
    seed: int = 0,
) -> Finding:
    """Mean probability of the true character by which it is, under both, and what each character contributes
    to the difference of their losses.

    Differences are network less n-gram: more probability and fewer nats are better. Intervals: block
    bootstrap, see estimate.py, of differences at the same characters. Raises RecordError where the two were
    not scored on one text.
    """
    part = rows_scored([network, ngram], corpus)
    found = by_character(
        corpus.targets(part), network.nats_RT, ngram.nats_RT, corpus.symbols, settings.least_count, seed
    )
    published = PUBLISHED.get(paper or "")
    rows = _rows(found, corpus.alphabet, published)
    tables = {
        "models": [_model_row(network, "network"), _model_row(ngram, "n-gram")],
        "characters": rows,
        "best": _best(rows, settings),
        "published": [
            _published_row(row) for row in rows if row.get("paper_network_probability") is not None
        ],
    }
    numbers: dict[str, Scalar] = {
        "network": network.name,
        "ngram": ngram.name,
        "test_chars": int(found.counts.sum()),
        "difference_nats": found.whole.value,
        "characters": sum(1 for row in rows if _is_counted(row, settings)),
        **_agreement(tables["published"]),
    }
    return Finding(
        analysis="per_character",
        corpus=corpus.name,
        title=f"Which characters does {network.name} predict better than {ngram.name}?",
        reading=reading_of(tables, numbers, found.whole, settings.least_count),
        numbers=numbers,
        tables={name: table for name, table in tables.items() if table},
        caveats=caveats_of(settings.least_count, published and f"{SOURCE}. {published.text}."),
    )


def _model_row(surprisal: Surprisal, family: str) -> Row:
    return {
        "model": surprisal.name,
        "family": family,
        "test_nats": float(surprisal.nats_RT.mean(dtype=np.float64)),
    }


def _rows(found: ByCharacter, alphabet: Alphabet, published: Published | None) -> list[Row]:
    """One for each character of the part, by its difference of probability, the network's best first."""
    names, symbols, chars = alphabet.names, alphabet.symbols, int(found.counts.sum())
    rows: list[Row] = []
    for symbol in np.flatnonzero(found.counts).tolist():
        difference, contribution = found.difference(symbol), found.contribution(symbol)
        theirs = published.probabilities.get(symbols[symbol]) if published else None
        rows.append(
            {
                "character": names[symbol],
                "count": int(found.counts[symbol]),
                "text_share": float(found.counts[symbol]) / chars,
                "network_probability": float(found.network[symbol]),
                "ngram_probability": float(found.ngram[symbol]),
                "difference": difference.value,
                **difference.ends(),
                "is_clear": difference.is_clear,
                "network_nats": float(found.network_nats[symbol]),
                "ngram_nats": float(found.ngram_nats[symbol]),
                "contribution_nats": contribution.value,
                **contribution.ends("contribution_low", "contribution_high"),
            }
            | _beside(theirs, published)
        )
    return sorted(rows, key=lambda row: -float(row["difference"] or 0))


def _beside(theirs: tuple[float, float] | None, published: Published | None) -> Row:
    if published is None:
        return {}
    network, ngram = theirs or (None, None)
    return {"paper_network_probability": network, "paper_ngram_probability": ngram}


def _published_row(row: Row) -> Row:
    columns = ("character", "count", "network_probability", "ngram_probability", "difference", "low", "high")
    theirs = ("paper_network_probability", "paper_ngram_probability")
    network, ngram = (float(row[name] or 0) for name in theirs)
    return {name: row[name] for name in (*columns, *theirs)} | {"paper_difference": network - ngram}


def _agreement(published: Sequence[Row]) -> dict[str, Scalar]:
    """How near the n-gram here is to the published one, and how often the same side is ahead."""
    if not published:
        return {}
    apart = [
        abs(float(row["ngram_probability"] or 0) - float(row["paper_ngram_probability"] or 0))
        for row in published
    ]
    same = [float(row["difference"] or 0) * float(row["paper_difference"] or 0) > 0 for row in published]
    return {
        "published_characters": len(published),
        "published_same_side": sum(same),
        "published_ngram_most_apart": max(apart),
    }


def _best(rows: Sequence[Row], settings: PerCharacterSettings) -> list[Row]:
    """The best of the network, then those of the n-gram, the furthest ahead first."""
    counted = [row for row in rows if _is_counted(row, settings)]
    ahead = [row for row in counted if float(row["difference"] or 0) > 0]
    behind = [row for row in reversed(counted) if float(row["difference"] or 0) < 0]
    return [
        {"better": side, **row}
        for side, best in (("network", ahead), ("n-gram", behind))
        for row in best[: settings.best]
    ]


def _is_counted(row: Row, settings: PerCharacterSettings) -> bool:
    return int(row["count"] or 0) >= settings.least_count
