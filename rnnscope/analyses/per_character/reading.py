"""What a comparison by character says in words. Knows tables, runs no statistics."""

from collections.abc import Mapping, Sequence

from rnnscope.estimate import BLOCK_CHARS, CONFIDENCE, RESAMPLES, Interval
from rnnscope.records.finding import Row, Scalar

MOST_NAMED = 3
"""Characters that one sentence names."""


def reading_of(
    tables: Mapping[str, Sequence[Row]], numbers: Mapping[str, Scalar], whole: Interval, least_count: int
) -> str:
    """Where each of the two is ahead, the gap over all characters, and what was published beside."""
    network, ngram = (str(row["model"]) for row in tables["models"])
    best = tables["best"]
    if not best:
        return (
            f"No character that occurs {least_count} times or more is predicted better by one of {network} "
            f"and {ngram} than by the other."
        )
    sides = [_ahead(network, [r for r in best if r["better"] == "network"], "network", "ngram")]
    sides.append(_ahead(ngram, [r for r in best if r["better"] == "n-gram"], "ngram", "network"))
    told = f"{'; '.join(sides)}. {_gap(tables['characters'], whole, network, ngram)}"
    return told + _published(tables["published"], numbers, least_count)


def _ahead(name: str, rows: Sequence[Row], its: str, others: str) -> str:
    if not rows:
        return f"{name} is ahead on no character"
    row = rows[0]
    mine, theirs = (float(row[f"{side}_probability"] or 0) for side in (its, others))
    return (
        f"{name} is furthest ahead on {quoted(row)} (mean probability {mine:.3f} against {theirs:.3f}, "
        f"difference {mine - theirs:.3f}{_interval(row, 1 if its == 'network' else -1)})"
    )


def quoted(row: Row) -> str:
    """The character so that a lone mark is not lost in a sentence."""
    name = str(row["character"])
    return f"'{name}'" if len(name) == 1 else name


def _interval(row: Row, sign: int) -> str:
    """Of the difference, network less n-gram times `sign`."""
    if row["low"] is None:
        return ", no interval"
    low, high = sorted((sign * float(row["low"] or 0), sign * float(row["high"] or 0)))
    told = f"{low:.3f} to {high:.3f}" if row["is_clear"] else f"{low:+.3f} to {high:+.3f}"
    return f", {CONFIDENCE:.0%} interval {told}"


def _gap(rows: Sequence[Row], whole: Interval, network: str, ngram: str) -> str:
    """Which characters make the difference in loss."""
    sign = -1.0 if whole.value <= 0 else 1.0
    lower, higher = (network, ngram) if whole.value <= 0 else (ngram, network)
    ranked = sorted(rows, key=lambda row: -sign * float(row["contribution_nats"] or 0))
    gained = [row for row in ranked if sign * float(row["contribution_nats"] or 0) > 0]
    lost = [row for row in reversed(ranked) if sign * float(row["contribution_nats"] or 0) < 0]
    told = f"{lower} has the lower loss, by {abs(whole.value):.3f} nats per character"
    if whole.low == whole.low and not whole.is_clear:
        told += f", not clearly ({CONFIDENCE:.0%} interval {whole.low:+.3f} to {whole.high:+.3f})"
    if gained:
        told += f": it gains {_sum(gained, sign):.3f}, most on {_named(gained, sign)}"
    if lost:
        told += f", and {higher} {_sum(lost, -sign):.3f}, most on {_named(lost, -sign)}"
    return f"{told}."


def _sum(rows: Sequence[Row], sign: float) -> float:
    return sign * sum(float(row["contribution_nats"] or 0) for row in rows)


def _named(rows: Sequence[Row], sign: float) -> str:
    told = [f"{quoted(row)} ({_sum([row], sign):.3f})" for row in rows[:MOST_NAMED]]
    return told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"


def _published(rows: Sequence[Row], numbers: Mapping[str, Scalar], least_count: int) -> str:
    """What of the published bars can be seen here."""
    if not rows:
        return ""
    rare = [row for row in rows if int(row["count"] or 0) < least_count]
    told = (
        f"Of {len(rows)} characters with published values {numbers['published_same_side']} have the same "
        "side ahead here; the n-gram's probabilities are at most "
        f"{numbers['published_ngram_most_apart']:.3f} apart"
    )
    if rare:
        most = max(int(row["count"] or 0) for row in rare)
        named = ", ".join(map(quoted, rare))
        told += f"; {len(rare)} of them occur no more than {most} times in this text: {named}"
    return f" {told}."


def caveats_of(least_count: int, published: str | None) -> list[str]:
    """How the numbers can be misread, and where the published ones are from."""
    caveats = [
        "A mean probability tells little of a loss: 0.9 instead of 0.8 saves less than 0.02 instead of 0.01, "
        "and common characters weigh more. What a character contributes to the difference in nats "
        "tells both.",
        f"Characters that occur fewer than {least_count} times are not ranked. The best of many differences "
        "are partly luck; those whose interval holds zero may be no difference.",
        f"Intervals are of the text, not of training: {RESAMPLES} bootstrap samples of blocks of "
        f"{BLOCK_CHARS} characters. A rare character that clusters in a few blocks has too narrow a one.",
    ]
    told = f"Published values: {published} The paper knows no least count."
    return [*caveats, told] if published else caveats
