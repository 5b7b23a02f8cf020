"""Surprisal of many predictors -> Finding: which predicts best, by how much, how surely. Knows no kind of
predictor.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations, product

import numpy as np

from rnnscope.analyses.comparison.competitors import Competitor, Configuration, best, configurations_of
from rnnscope.analyses.comparison.contexts import by_context
from rnnscope.analyses.comparison.effects import budgets_of, effects, places_of, published_effects
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
from rnnscope.scoring import is_error, trapped_rows


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
    configuration; differences are between configurations, their seeds averaged. Tables are in the order of
    test loss; whatever is called the best, or stands for others of its size, is chosen by validation loss.
    Raises ValueError where two competitors were not scored on the same characters of one corpus.
    """
    first = competitors[0].surprisal.manifest
    for competitor in competitors:
        if competitor.surprisal.manifest.corpus_fingerprint != first.corpus_fingerprint:
            raise ValueError(f"{competitor.name} was scored on another corpus than {competitors[0].name}")
    ranked = sorted(competitors, key=lambda c: c.surprisal.manifest.mean_nats)
    losses = resampled([competitor.surprisal.nats_RT for competitor in ranked])
    errors = resampled([_errors(competitor) for competitor in ranked])
    configurations = sorted(configurations_of(ranked), key=lambda each: _test_nats(each, losses))
    standing = {index for each in _standing_for_sizes(configurations) for index in each.members}
    models = [_model_row(ranked, index, losses, errors, index in standing) for index in range(len(ranked))]
    differences = [_difference_row(a, b, losses) for a, b in combinations(configurations, 2)]
    differences += _of_single_runs(ranked, configurations, losses)
    numbers: dict[str, Scalar] = {
        "best_model": best(ranked).name,
        "best_test_nats": best(ranked).surprisal.manifest.mean_nats,
        "test_chars": first.rows * first.row_chars,
    }
    for told, family in (("ngram", "n-gram"), ("network", "network"), ("window", "n-NN")):
        if of_family := [each for each in ranked if each.family == family]:
            numbers |= {f"best_{told}": best(of_family).name}
            numbers |= {f"best_{told}_test_nats": best(of_family).surprisal.manifest.mean_nats}
    networks = [each for each in configurations if each.family == "network"]
    ngrams = [each for each in configurations if each.family == "n-gram"]
    not_beating = []
    if networks and ngrams:
        clear = _clearly_better_than(best(ngrams).name, differences)
        not_beating = [each.name for each in networks if each.name not in clear]
        numbers["networks_not_beating_best_ngram"] = ", ".join(not_beating)
    windows = [each for each in ranked if each.family == "n-NN"]
    lengths = by_context(contexts, windows, same_context or {}, published)
    tables = {"models": models, "differences": differences, "contexts": lengths}
    if len(configurations) < len(ranked):
        tables["configurations"] = [_configuration_row(each, losses) for each in configurations]
    if grid := effects(places_of(configurations), losses):
        tables["effects"] = grid
    if published and (beside := _beside_published(configurations, losses, published)):
        rows = tables["published"] = [row for row, _ in beside]
        if steps := published_effects(beside):
            tables["published_effects"] = steps
        numbers |= {
            "published_cells": len(rows),
            "published_reached": sum(bool(row["is_reached"]) for row in rows),
        }
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
        caveats=caveats_of(ranked) + published_caveats(published),
    )


def _errors(competitor: Competitor) -> np.ndarray:
    return is_error(competitor.surprisal.nats_RT).astype(np.float64)


def _model_row(
    ranked: Sequence[Competitor], index: int, losses: Resampled, of_errors: Resampled, stands: bool
) -> Row:
    competitor = ranked[index]
    loss, errors = losses.combination({index: 1.0}), of_errors.combination({index: 1.0})
    row_nats = competitor.surprisal.nats_RT.mean(axis=1, dtype=np.float64)
    keys = ("cell", "layers", "hidden", "context", "parameters", "epochs", "train_seconds", "seed")
    return {
        "model": competitor.name,
        "family": competitor.family,
        **{key: competitor.facts.get(key) for key in keys},
        "recipe": competitor.settings.get("recipe"),
        "validation_nats": competitor.validation_nats,
        "test_nats": loss.value,
        "low": loss.low,
        "high": loss.high,
        "test_bits": loss.value / np.log(2),
        "error_rate": errors.value,
        "error_low": errors.low,
        "error_high": errors.high,
        "worst_row_nats": float(row_nats.max()),
        "trapped_rows": len(trapped_rows(row_nats)),
        "stands_for_size": stands,
    }


def _test_nats(each: Configuration, losses: Resampled) -> float:
    """Mean over its seeds."""
    return float(losses.means_M[list(each.members)].mean())


def _standing_for_sizes(configurations: Sequence[Configuration]) -> list[Configuration]:
    """Of several of one cell, depth and size the best."""
    shapes = [(each.shape, each) for each in configurations if each.family == "network"]
    budgets = budgets_of(shape[2] for shape, _ in shapes if shape)
    by_place: dict[tuple, list[Configuration]] = {}
    for shape, each in shapes:
        if shape:
            by_place.setdefault((*shape[:2], budgets[shape[2]]), []).append(each)
    return [best(several) for several in by_place.values()]


def _configuration_row(each: Configuration, losses: Resampled) -> Row:
    nats = losses.means_M[list(each.members)]
    return {
        "model": each.name,
        "family": each.family,
        **{key: each.one.facts.get(key) for key in ("cell", "layers", "hidden", "parameters")},
        "seeds": len(nats),
        "validation_nats": each.validation_nats,
        "test_nats": float(nats.mean()),
        "standard_deviation": float(nats.std(ddof=1)) if len(nats) > 1 else None,
        "least": float(nats.min()),
        "most": float(nats.max()),
    }


def _of_single_runs(
    ranked: Sequence[Competitor], configurations: Sequence[Configuration], losses: Resampled
) -> list[Row]:
    """Runs that are no configuration by themselves: the best against each other, all against the n-grams."""
    named = {each.name for each in configurations}
    alone = [
        Configuration(each.name, each, (index,), each.validation_nats)
        for index, each in enumerate(ranked)
        if each.name not in named
    ]
    leading = sorted(alone, key=lambda each: each.validation_nats)[:MOST_SINGLE_RUNS]
    leading.sort(key=lambda each: each.members)
    ngrams = [each for each in configurations if each.family == "n-gram"]
    pairs = [*combinations(leading, 2), *product(alone, ngrams)]
    return [_difference_row(a, b, losses) for a, b in pairs]


MOST_SINGLE_RUNS = 8


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


def _beside_published(
    configurations: Sequence[Configuration], losses: Resampled, published: Published
) -> list[tuple[Row, Configuration]]:
    """Published losses beside ours, and who of ours stands there: of several of a cell, depth and budget the
    best.
    """
    by_place: dict[tuple[str, int, int], list[Configuration]] = {}
    for each in configurations:
        if each.shape is None or (budget := published.budget_of(each.shape[2])) is None:
            continue
        key = (each.shape[0].partition("-")[0], each.shape[1], budget)
        if key in published.nats:
            by_place.setdefault(key, []).append(each)
    found: list[tuple[Row, Configuration]] = []
    for (cell, layers, budget), several in sorted(by_place.items()):
        each = best(several)
        nats, theirs = _test_nats(each, losses), published.nats[cell, layers, budget]
        row: Row = {
            "cell": cell,
            "layers": layers,
            "budget": budget,
            "parameters": each.one.facts.get("parameters"),
            "model": each.name,
            "seeds": len(each.members),
            "published_nats": theirs,
            "test_nats": nats,
            "difference": nats - theirs,
            "is_reached": nats <= theirs,
        }
        found.append((row, each))
    return found


def _clearly_better_than(name: str, differences: list[Row]) -> set[Scalar]:
    """Who has a lower loss than `name`, with an interval that leaves out zero (rows hold the better one
    first).
    """
    return {row["model"] for row in differences if row["against"] == name and row["is_clear"]}
