"""What an overlap of errors says in words. Knows tables, runs no statistics."""

from collections.abc import Mapping, Sequence

from rnnscope.estimate import BLOCK_CHARS, CONFIDENCE, RESAMPLES
from rnnscope.records.finding import Row, Scalar

MOST_NAMES = 4
"""Models whose error rates one sentence names."""


def reading_of(tables: Mapping[str, Sequence[Row]], error_probability: float, chars: int) -> str:
    """How many errors the models share, and how that compares with chance; no tables, no errors."""
    if not tables:
        return (
            f"None of the models gives any of the {chars:,} characters less than {error_probability:g}: "
            "there is no error to share."
        )
    any_wrong, all_wrong = tables["together"][:2]
    ranked = sorted(tables["models"], key=lambda row: float(row["error_rate"] or 0))
    them = "both" if len(ranked) == 2 else f"all {len(ranked)}"
    told = (
        f"At least one of the models is wrong on {_percent(any_wrong['text_share'])} of characters"
        f"{_interval(any_wrong, f'{CONFIDENCE:.0%} interval ')}, {them} on "
        f"{_percent(all_wrong['text_share'])}{_interval(all_wrong)}: {_rates(ranked)}."
    )
    best = next(row["model"] for row in ranked if row["errors"])
    return f"{told} {_least_shared([row for row in tables['pairs'] if row['model'] == best])}"


def _rates(ranked: Sequence[Row]) -> str:
    rates = [f"{row['model']} on {_percent(row['error_rate'])}" for row in ranked]
    return ", ".join(rates) if len(rates) <= MOST_NAMES else f"from {rates[0]} to {rates[-1]}"


def _least_shared(pairs: Sequence[Row]) -> str:
    """Who could help a model most: the one that makes the fewest of its errors."""
    row = min(pairs, key=lambda row: float(row["shared_share"] or 0))
    return (
        f"Of the errors that {row['model']} makes, {row['also_wrong']} makes {_percent(row['shared_share'])} "
        f"too{_interval(row)}; independent errors would share {_percent(row['independent_share'])}."
    )


def _interval(row: Row, what: str = "") -> str:
    if row["low_share"] is None:
        return ""
    return f" ({what}{_percent(row['low_share'])} to {_percent(row['high_share'])})"


def _percent(value: Scalar) -> str:
    return f"{float(value or 0):.1%}"


def caveats_of(error_probability: float, published: str | None) -> list[str]:
    """How the numbers can be misread, and where the published ones are from."""
    caveats = [
        f"An error is a character that got less than {error_probability:g}; a model just under it and one "
        "far under it are counted alike.",
        "Errors shared beyond chance need no shared mechanism: some characters are hard for any model, the "
        "first of a word above all.",
        f"Intervals are of the text, not of training: {RESAMPLES} bootstrap samples of blocks of "
        f"{BLOCK_CHARS} characters. Another seed of the same network errs on other characters too. A subset "
        "that never occurs has none.",
    ]
    return [*caveats, f"Published values: {published}"] if published else caveats
