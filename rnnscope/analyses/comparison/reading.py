"""What a comparison says in words. Knows tables, runs no statistics."""

from collections.abc import Sequence

import numpy as np

from rnnscope.analyses.comparison.competitors import Competitor, Configuration, best
from rnnscope.analyses.comparison.published import SOURCE, Published
from rnnscope.estimate import BLOCK_CHARS, CONFIDENCE, RESAMPLES, Resampled
from rnnscope.records.finding import Row
from rnnscope.records.run import ADOPTED
from rnnscope.scoring import trapped_rows

MOST_NAMES = 8
"""Networks that one sentence names."""


def published_caveats(published: Published | None) -> list[str]:
    if published is None:
        return []
    same = (
        "on the same text, split and protocol"
        if published.is_same_text
        else "on another text of the same length and making, so that losses are not to be compared in detail"
    )
    return [
        f"Published losses are of {SOURCE}, {published.text}, {same}; that paper's GRU resets before the "
        "product, and its n-grams read the rows of the test text as one."
    ]


def reading_of(
    configurations: Sequence[Configuration], not_beating: list[str], differences: list[Row], losses: Resampled
) -> str:
    def nats(each: Configuration) -> float:
        return float(losses.means_M[list(each.members)].mean())

    networks = [each for each in configurations if each.family == "network"]
    ngrams = [each for each in configurations if each.family == "n-gram"]
    if not networks or not ngrams:
        chosen = best(configurations)
        return f"{chosen.name} is best by validation; its test loss is {nats(chosen):.3f} nats per character."
    network, ngram = best(networks), best(ngrams)
    pair = {network.name, ngram.name}
    row = next(row for row in differences if {row["model"], row["against"]} == pair)
    size = f"{abs(float(row['nats'] or 0)):.3f} nats per character"
    spread = sorted(abs(float(row[end] or 0)) for end in ("low", "high"))
    interval = f"{CONFIDENCE:.0%} interval {spread[0]:.3f} to {spread[1]:.3f}"
    both = f"{nats(network):.3f} against {nats(ngram):.3f}"
    if np.isnan(float(row["low"] or 0)):
        return (
            f"The test text is too short for an interval, so no model is known to be better: {network.name} "
            f"and the "
            f"best n-gram, {ngram.name}, have {both} nats per character."
        )
    if row["is_clear"] and row["model"] == ngram.name:
        beaten = {row["against"] for row in differences if row["model"] == ngram.name and row["is_clear"]}
        whom = "every network" if all(each.name in beaten for each in networks) else "the best network"
        return (
            f"The best n-gram, {ngram.name}, beats {whom}: {network.name} is {size} behind "
            f"({interval}; {both})."
        )
    if row["is_clear"]:
        sentence = f"{network.name} beats the best n-gram, {ngram.name}, by {size} ({interval}; {both})"
    else:
        sentence = (
            f"The best network, {network.name}, and the best n-gram, {ngram.name}, cannot be told apart on "
            f"this text "
            f"({both} nats)"
        )
    if len(not_beating) > MOST_NAMES:
        return (
            f"{sentence}. {len(not_beating)} of the {len(networks)} networks are not clearly better than it."
        )
    if not_beating:
        return f"{sentence}. Not clearly better than it: {', '.join(not_beating)}."
    return (
        f"{sentence}; so does each of the {len(networks)} networks." if len(networks) > 1 else f"{sentence}."
    )


def contexts_reading(lengths: Sequence[Row]) -> str:
    """How n-NNs compare with n-grams that see as much; the best of each by validation loss."""
    both = [row for row in lengths if row.get("window_test_nats") is not None]
    if not both:
        return ""
    nearest = min(both, key=lambda row: float(row["window_validation_nats"] or 0))
    least = min(lengths, key=lambda row: float(row["validation_nats"] or 0))
    window, ngram = float(nearest["window_test_nats"] or 0), float(least["test_nats"] or 0)
    told = (
        f"Of {len(both)} n-NNs (a tanh layer on the last n characters) the best sees {nearest['context']}: "
        f"{window:.3f} nats; the best n-gram sees {least['context']}: {ngram:.3f}."
    )
    ahead = [row for row in both if _end(row, "high") < 0]
    behind = [row for row in both if _end(row, "low") > 0]
    if ahead or behind:
        told += f" Beside the n-gram that sees as much n-NNs are clearly better at {_lengths(ahead)}"
        told += f", clearly worse at {_lengths(behind)}."
    return told


def _end(row: Row, which: str) -> float:
    value = row.get(f"window_less_ngram_{which}")
    return float("nan") if value is None else float(value)


def _lengths(rows: Sequence[Row]) -> str:
    return f"n = {', '.join(str(row['context']) for row in rows)}" if rows else "no n"


def grid_reading(effects: Sequence[Row], published: Sequence[Row], published_steps: Sequence[Row]) -> str:
    """What one step of depth and of gating brings, and how many published losses are reached."""
    theirs = {row["step"]: row for row in published_steps if not row["besides"]}
    told = []
    for row in effects:
        if row["where"] != "all" or row["axis"] == "size" or np.isnan(float(row["low"] or 0)):
            continue
        interval = f"{float(row['low'] or 0):+.3f} to {float(row['high'] or 0):+.3f}"
        beside = ""
        if (step := theirs.get(row["step"])) is not None:
            printed, ours = (float(step[field] or 0) for field in ("published_nats", "nats"))
            beside = f"; published {printed:+.3f}"
            if f"{ours:+.3f}" != f"{float(row['nats'] or 0):+.3f}":  # the grid has pairs that they have not
                beside += f", and {ours:+.3f} in the same pairs here"
        told.append(f"{row['step']} {float(row['nats'] or 0):+.3f} ({interval}{beside})")
    sentences = []
    if told:
        sentences.append(f"At equal size, in nats per character, less is better: {', '.join(told)}.")
    sentences += _never_alone(effects)
    if published:
        reached = sum(bool(row["is_reached"]) for row in published)
        sentences.append(f"{reached} of {len(published)} published losses are reached or beaten.")
    return " ".join(sentences)


def _never_alone(effects: Sequence[Row]) -> list[str]:
    """Steps that no pair of networks here differs in alone."""
    steps: dict[str, dict[str, None]] = {}
    for row in effects:
        if row["besides"]:
            steps.setdefault(str(row["step"]), {})[str(row["besides"])] = None
    return [
        f"No two networks here differ in {step} alone; those that do differ in more: "
        + "; or ".join(list(others)[:MOST_NAMES])
        + ("; or others." if len(others) > MOST_NAMES else ".")
        for step, others in steps.items()
    ]


def caveats_of(ranked: Sequence[Competitor]) -> list[str]:
    networks = [each for each in ranked if each.family == "network"]
    caveats = [
        f"Intervals are of the text, not of training: {RESAMPLES} bootstrap samples of blocks of "
        f"{BLOCK_CHARS} characters. "
        "Another seed of the same network moves its loss too; one seed a cell cannot tell small differences.",
        "Losses are in nats per character; divide by 0.693 for bits.",
        "What is called best, and which of several stands for its size, is chosen by validation loss, never "
        "by test loss.",
    ]
    trained = [each for each in networks if each.settings.get("recipe") != ADOPTED]
    if len({each.facts.get("seed") for each in trained}) == 1:
        whose = "here" if len(trained) == len(networks) else "that was trained here"
        caveats.append(f"Every network {whose} was trained once, with one seed.")
    for competitor in ranked:
        row = _trapped(competitor)
        if row:
            caveats.append(row)
    return caveats


def _trapped(competitor: Competitor) -> str:
    row_nats = competitor.surprisal.nats_RT.mean(axis=1, dtype=np.float64)
    trapped = trapped_rows(row_nats)
    if not trapped:
        return ""
    return (
        f"{competitor.name}: {len(trapped)} of {len(row_nats)} rows cost far more a character than the "
        f"median row "
        f"({np.median(row_nats):.3f}), up to {row_nats.max():.3f}; the network fell into a bad state there "
        f"and its "
        "mean loss says little."
    )
