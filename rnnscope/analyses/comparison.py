"""Surprisal of many predictors -> Finding: which predicts best, by how much, how surely. Knows no kind of
predictor.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from rnnscope.estimate import BLOCK_CHARS, CONFIDENCE, RESAMPLES, mean_interval, paired_difference
from rnnscope.records.finding import Finding, Row, Scalar
from rnnscope.records.surprisal import Surprisal
from rnnscope.scoring import ERROR_PROBABILITY, trapped_rows


@dataclass(frozen=True)
class Competitor:
    """A predictor's losses and what a reader wants to know beside them."""

    surprisal: Surprisal
    family: str
    """'network' or 'n-gram'."""
    facts: dict[str, Scalar] = field(default_factory=dict)
    """cell, layers, hidden, context, parameters, epochs, train_seconds: as far as there are any."""

    @property
    def name(self) -> str:
        return self.surprisal.manifest.predictor


def compare(competitors: Sequence[Competitor], contexts: Sequence[Row]) -> Finding:
    """Test loss, error rate, intervals and paired differences of all competitors on the same characters.

    `contexts` are the n-gram's losses at every length, for the table and the figure. Intervals: block
    bootstrap, see estimate.py. Raises ValueError where two competitors were not scored on the same characters
    of one corpus.
    """
    first = competitors[0].surprisal.manifest
    for competitor in competitors:
        if competitor.surprisal.manifest.corpus_fingerprint != first.corpus_fingerprint:
            raise ValueError(f"{competitor.name} was scored on another corpus than {competitors[0].name}")
    ranked = sorted(competitors, key=lambda c: c.surprisal.manifest.mean_nats)
    models = [_model_row(competitor) for competitor in ranked]
    differences = [_difference_row(a, b) for a, b in combinations(ranked, 2)]
    ngrams = [c for c in ranked if c.family == "n-gram"]
    networks = [c for c in ranked if c.family == "network"]
    numbers: dict[str, Scalar] = {
        "best_model": ranked[0].name,
        "best_test_nats": ranked[0].surprisal.manifest.mean_nats,
        "test_chars": first.rows * first.row_chars,
    }
    if ngrams:
        numbers |= {
            "best_ngram": ngrams[0].name,
            "best_ngram_test_nats": ngrams[0].surprisal.manifest.mean_nats,
        }
    if networks:
        numbers |= {"best_network": networks[0].name}
        numbers |= {"best_network_test_nats": networks[0].surprisal.manifest.mean_nats}
    not_beating = [
        n.name for n in networks if ngrams and not _clearly_better(n.name, ngrams[0].name, differences)
    ]
    if networks and ngrams:
        numbers["networks_not_beating_best_ngram"] = ", ".join(not_beating)
    return Finding(
        analysis="comparison",
        corpus=first.corpus,
        title="Which model predicts the text best?",
        reading=_reading(networks, ngrams, not_beating, differences),
        numbers=numbers,
        tables={"models": models, "differences": differences, "contexts": list(contexts)},
        caveats=_caveats(ranked, networks),
    )


def _model_row(competitor: Competitor) -> Row:
    nats_RT = competitor.surprisal.nats_RT
    loss = mean_interval(nats_RT)
    errors = mean_interval(np.asarray(nats_RT > -np.log(ERROR_PROBABILITY), np.float64))
    row_nats = nats_RT.mean(axis=1, dtype=np.float64)
    keys = ("cell", "layers", "hidden", "context", "parameters", "epochs", "train_seconds")
    return {
        "model": competitor.name,
        "family": competitor.family,
        **{key: competitor.facts.get(key) for key in keys},
        "test_nats": loss.value,
        "low": loss.low,
        "high": loss.high,
        "test_bits": loss.value / np.log(2),
        "error_rate": errors.value,
        "error_low": errors.low,
        "error_high": errors.high,
        "worst_row_nats": float(row_nats.max()),
        "trapped_rows": len(trapped_rows(row_nats)),
    }


def _difference_row(a: Competitor, b: Competitor) -> Row:
    difference = paired_difference(a.surprisal.nats_RT, b.surprisal.nats_RT)
    return {
        "model": a.name,
        "against": b.name,
        "nats": difference.value,
        "low": difference.low,
        "high": difference.high,
        "is_clear": difference.is_clear,
    }


def _clearly_better(name: str, against: str, differences: list[Row]) -> bool:
    """Whether `name` has the lower loss with an interval that leaves out zero (rows hold the better one
    first).
    """
    return any(row["model"] == name and row["against"] == against and row["is_clear"] for row in differences)


def _reading(
    networks: list[Competitor], ngrams: list[Competitor], not_beating: list[str], differences: list[Row]
) -> str:
    if not networks or not ngrams:
        best = (networks or ngrams)[0]
        loss = best.surprisal.manifest.mean_nats
        return f"{best.name} has the lowest test loss, {loss:.3f} nats per character."
    network, ngram = networks[0], ngrams[0]
    pair = {network.name, ngram.name}
    row = next(row for row in differences if {row["model"], row["against"]} == pair)
    size = f"{abs(float(row['nats'] or 0)):.3f} nats per character"
    spread = sorted(abs(float(row[end] or 0)) for end in ("low", "high"))
    interval = f"{CONFIDENCE:.0%} interval {spread[0]:.3f} to {spread[1]:.3f}"
    losses = f"{network.surprisal.manifest.mean_nats:.3f} against {ngram.surprisal.manifest.mean_nats:.3f}"
    if np.isnan(float(row["low"] or 0)):
        return (
            f"The test text is too short for an interval, so no model is known to be better: {network.name} "
            f"and the "
            f"best n-gram, {ngram.name}, have {losses} nats per character."
        )
    if row["is_clear"] and row["model"] == ngram.name:
        return (
            f"The best n-gram, {ngram.name}, beats every network: {network.name} is {size} behind "
            f"({interval}; {losses})."
        )
    if row["is_clear"]:
        sentence = f"{network.name} beats the best n-gram, {ngram.name}, by {size} ({interval}; {losses})"
    else:
        sentence = (
            f"The best network, {network.name}, and the best n-gram, {ngram.name}, cannot be told apart on "
            f"this text "
            f"({losses} nats)"
        )
    if not_beating:
        return f"{sentence}. Not clearly better than it: {', '.join(not_beating)}."
    return (
        f"{sentence}; so does each of the {len(networks)} networks." if len(networks) > 1 else f"{sentence}."
    )


def _caveats(ranked: list[Competitor], networks: list[Competitor]) -> list[str]:
    caveats = [
        f"Intervals are of the text, not of training: {RESAMPLES} bootstrap samples of blocks of "
        f"{BLOCK_CHARS} characters. "
        "Another seed of the same network moves its loss too; one seed a cell cannot tell small differences.",
        "Losses are in nats per character; divide by 0.693 for bits.",
    ]
    if len({c.facts.get("seed") for c in networks}) <= 1 and networks:
        caveats.append("Every network here was trained once, with one seed.")
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
