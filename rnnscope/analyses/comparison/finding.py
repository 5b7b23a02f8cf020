"""Surprisal of many predictors -> Finding: which predicts best, by how much, how surely. Knows no kind of
predictor.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import combinations, product

import numpy as np

from rnnscope.analyses.comparison.competitors import Competitor, Configuration
from rnnscope.analyses.comparison.contexts import by_context
from rnnscope.analyses.comparison.effects import LADDER, effects, places_of, published_effects
from rnnscope.analyses.comparison.published import Published
from rnnscope.analyses.comparison.reading import (
    caveats_of,
    contexts_reading,
    grid_reading,
    published_caveats,
    reading_of,
)
from rnnscope.estimate import Resampled, resampled
from rnnscope.records.finding import Finding, Row, Scalar
from rnnscope.records.surprisal import Surprisal
from rnnscope.scoring import ERROR_PROBABILITY, trapped_rows


def compare(
    competitors: Sequence[Competitor],
    contexts: Sequence[Row],
    published: Published | None = None,
    same_context: Mapping[int, Surprisal] | None = None,
) -> Finding:
    """Test loss, error rate, intervals and paired differences of all competitors on the same characters.

    `contexts` are the n-gram's losses at every length; the n-NNs among the competitors stand beside them,
    with the interval of their difference where `same_context` has the n-gram's record of that length.
    `published`: what others printed of networks of the same sizes and of these lengths. Intervals: block
    bootstrap, see estimate.py, the same samples for all. Networks that differ in nothing but the seed are one
    configuration; differences are between configurations, their seeds averaged. Raises ValueError where two
    competitors were not scored on the same characters of one corpus.
    """
    first = competitors[0].surprisal.manifest
    for competitor in competitors:
        if competitor.surprisal.manifest.corpus_fingerprint != first.corpus_fingerprint:
            raise ValueError(f"{competitor.name} was scored on another corpus than {competitors[0].name}")
    ranked = sorted(competitors, key=lambda c: c.surprisal.manifest.mean_nats)
    losses = resampled([competitor.surprisal.nats_RT for competitor in ranked])
    errors = resampled([_errors(competitor) for competitor in ranked])
    models = [_model_row(ranked[index], index, losses, errors) for index in range(len(ranked))]
    configurations = _configurations(ranked, losses)
    differences = [_difference_row(a, b, losses) for a, b in combinations(configurations, 2)]
    differences += _of_single_seeds(ranked, configurations, losses)
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
    names = [c.name for c in configurations if c.facts["family"] == "network"]
    not_beating = [
        name for name in names if ngrams and not _clearly_better(name, ngrams[0].name, differences)
    ]
    if networks and ngrams:
        numbers["networks_not_beating_best_ngram"] = ", ".join(not_beating)
    windows = [c for c in ranked if c.family == "n-NN"]
    lengths = by_context(contexts, windows, same_context or {}, published)
    tables = {"models": models, "differences": differences, "contexts": lengths}
    if len(configurations) < len(ranked):
        tables["configurations"] = [_configuration_row(each, losses) for each in configurations]
    if grid := _grid_rows(configurations, losses):
        tables["effects"] = grid
    if published and (rows := _published_rows(configurations, losses, published)):
        tables["published"] = rows
        if steps := published_effects(rows):
            tables["published_effects"] = steps
        numbers |= {
            "published_cells": len(rows),
            "published_reached": sum(bool(row["is_reached"]) for row in rows),
        }
    if windows:
        numbers |= {"best_window": windows[0].name}
        numbers |= {"best_window_test_nats": windows[0].surprisal.manifest.mean_nats}
    reading = [reading_of(configurations, not_beating, differences, losses)]
    reading.append(contexts_reading(lengths))
    reading.append(
        grid_reading(*(tables.get(name, []) for name in ("effects", "published", "published_effects")))
    )
    return Finding(
        analysis="comparison",
        corpus=first.corpus,
        title="Which model predicts the text best?",
        reading=" ".join(filter(None, reading)),
        numbers=numbers,
        tables=tables,
        caveats=caveats_of(ranked, networks) + published_caveats(published),
    )


def _errors(competitor: Competitor) -> np.ndarray:
    return np.asarray(competitor.surprisal.nats_RT > -np.log(ERROR_PROBABILITY), np.float64)


def _model_row(competitor: Competitor, index: int, losses: Resampled, of_errors: Resampled) -> Row:
    loss, errors = losses.combination({index: 1.0}), of_errors.combination({index: 1.0})
    row_nats = competitor.surprisal.nats_RT.mean(axis=1, dtype=np.float64)
    keys = ("cell", "layers", "hidden", "context", "parameters", "epochs", "train_seconds", "seed")
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


def _configurations(ranked: Sequence[Competitor], losses: Resampled) -> list[Configuration]:
    """The best first, by the mean over seeds."""
    by_key: dict[tuple, list[int]] = {}
    for index, competitor in enumerate(ranked):
        facts = {name: value for name, value in competitor.facts.items() if name in _CONFIG}
        key = (competitor.name,) if competitor.facts.get("seed") is None else tuple(sorted(facts.items()))
        members = by_key.setdefault(key, [])
        seeds = {ranked[member].facts.get("seed") for member in members}
        if (
            not members or competitor.facts["seed"] not in seeds
        ):  # the same network with milestones is no seed
            members.append(index)
    found = []
    for members in by_key.values():
        first = ranked[members[0]]
        name = first.name if len(members) == 1 else re.sub(r"-s\d+$", "", first.name)
        found.append(Configuration(name, first.facts | {"family": first.family}, tuple(members)))
    return sorted(found, key=lambda each: float(losses.means_M[list(each.members)].mean()))


_CONFIG = ("cell", "context", "layers", "hidden", "parameters", "recipe", "dropout", "epochs_asked")
"""What makes two networks one configuration."""


def _configuration_row(each: Configuration, losses: Resampled) -> Row:
    nats = losses.means_M[list(each.members)]
    return {
        "model": each.name,
        **{key: each.facts.get(key) for key in ("family", "cell", "layers", "hidden", "parameters")},
        "seeds": len(nats),
        "test_nats": float(nats.mean()),
        "standard_deviation": float(nats.std(ddof=1)) if len(nats) > 1 else None,
        "least": float(nats.min()),
        "most": float(nats.max()),
    }


def _of_single_seeds(
    ranked: Sequence[Competitor], configurations: Sequence[Configuration], losses: Resampled
) -> list[Row]:
    """The best runs of one seed among several: against each other and against the n-grams."""
    several = {index for each in configurations if len(each.members) > 1 for index in each.members}
    alone = [Configuration(ranked[index].name, {}, (index,)) for index in sorted(several)]
    ngrams = [each for each in configurations if each.facts["family"] == "n-gram"]
    pairs = [*combinations(alone[:MOST_SINGLE_SEEDS], 2), *product(alone, ngrams)]
    return [_difference_row(a, b, losses) for a, b in pairs]


MOST_SINGLE_SEEDS = 8


def _difference_row(a: Configuration, b: Configuration, losses: Resampled) -> Row:
    weights = {index: 1.0 / len(a.members) for index in a.members}
    difference = losses.combination(weights | {index: -1.0 / len(b.members) for index in b.members})
    return {
        "model": a.name,
        "against": b.name,
        "nats": difference.value,
        "low": difference.low,
        "high": difference.high,
        "is_clear": difference.is_clear,
    }


def _grid_rows(configurations: Sequence[Configuration], losses: Resampled) -> list[Row]:
    """What depth, gating and size bring, where there are networks of equal size to tell."""
    known = []
    for each in configurations:
        cell, layers, parameters = (each.facts.get(key) for key in ("cell", "layers", "parameters"))
        if (
            isinstance(cell, str)
            and cell in LADDER
            and isinstance(layers, int)
            and isinstance(parameters, int)
        ):
            known.append((cell, layers, parameters, each.members))
    return effects(places_of(known), losses)


def _published_rows(
    configurations: Sequence[Configuration], losses: Resampled, published: Published
) -> list[Row]:
    rows: dict[tuple[str, int, int], Row] = {}
    for each in configurations:  # the best first, and it stands for its size
        cell, layers, parameters = (each.facts.get(key) for key in ("cell", "layers", "parameters"))
        if not (isinstance(cell, str) and isinstance(layers, int) and isinstance(parameters, int)):
            continue
        budget = published.budget_of(parameters)
        key = (cell.partition("-")[0], layers, budget or 0)
        if budget is None or key in rows or key not in published.nats:
            continue
        nats, theirs = float(losses.means_M[list(each.members)].mean()), published.nats[key]
        rows[key] = {
            "cell": key[0],
            "layers": layers,
            "budget": budget,
            "parameters": parameters,
            "model": each.name,
            "seeds": len(each.members),
            "published_nats": theirs,
            "test_nats": nats,
            "difference": nats - theirs,
            "is_reached": nats <= theirs,
        }
    return [rows[key] for key in sorted(rows)]


def _clearly_better(name: str, against: str, differences: list[Row]) -> bool:
    """Whether `name` has the lower loss with an interval that leaves out zero (rows hold the better one
    first).
    """
    return any(row["model"] == name and row["against"] == against and row["is_clear"] for row in differences)
