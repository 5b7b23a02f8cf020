"""Surprisal of many predictors -> Finding: a map on which models lie close that predict alike. Knows no loss.

Two models agree on a character where both hold the same symbol most likely; the share of characters is what
Karpathy, Johnson, Li 2015, section 4.1, laid out with t-SNE. A map in two dimensions cannot keep all
distances, and t-SNE ends elsewhere with another seed, so it is made with several and both are measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial import procrustes
from scipy.stats import spearmanr
from sklearn.manifold import TSNE, trustworthiness

from rnnscope.records.finding import Finding, Row, Scalar
from rnnscope.records.surprisal import Surprisal

FAITHFUL = 0.5
"""Least rank correlation of map distances with disagreement, for the map to be called a picture of it."""
SEEDS = 10
LEAST_MODELS = 5
"""Fewer have no map worth the name."""
MOST_PERPLEXITY = 10.0
NEIGHBOURS = 3
STABLE = 0.6
"""What two seeds' maps must share of neighbours, beyond chance, for the map to be called stable."""


@dataclass(frozen=True)
class Mapped:
    """A predictor and what a reader wants to know of it."""

    surprisal: Surprisal
    family: str
    """'network' or 'n-gram'."""
    facts: dict[str, Scalar] = field(default_factory=dict)
    """cell, layers, hidden, parameters: as far as there are any."""

    @property
    def name(self) -> str:
        return self.surprisal.manifest.predictor


def model_map(models: Sequence[Mapped]) -> Finding:
    """Agreement of every two models, and the map that t-SNE makes of it.

    Raises ValueError where two models were not scored on the same characters of one corpus.
    """
    first = models[0].surprisal.manifest
    if any(model.surprisal.manifest.corpus_fingerprint != first.corpus_fingerprint for model in models):
        raise ValueError("models of a map must be scored on one corpus")
    shares_MM = agreement([model.surprisal.likeliest_RT for model in models])
    nearest = [_nearest_row(models, shares_MM, index) for index in range(len(models))]
    finding = Finding(
        analysis="model_map",
        corpus=first.corpus,
        title="Which models predict alike?",
        reading=_alike(models, shares_MM),
        numbers={"models": len(models)},
        tables={"nearest": nearest},
        caveats=[
            "Agreement is on the likeliest symbol, right or wrong; good models agree because both are right."
        ],
    )
    if len(models) < LEAST_MODELS:
        return finding.model_copy(
            update={
                "reading": f"{finding.reading} A map needs {LEAST_MODELS} models; here are {len(models)}."
            }
        )
    places, quality = _mapped(1 - shares_MM)
    rows: list[Row] = [
        {
            "model": model.name,
            "family": model.family,
            **{key: model.facts.get(key) for key in ("cell", "layers", "hidden", "parameters")},
            "x": round(float(x), 4),
            "y": round(float(y), 4),
            "nearest": row["nearest"],
            "agreement": row["agreement"],
        }
        for model, (x, y), row in zip(models, places, nearest, strict=True)
    ]
    told = (
        f"Over {SEEDS} seeds of t-SNE two maps share {quality['neighbours_shared']:.0%} of each model's "
        f"nearest neighbours beyond chance"
    )
    told += f", and map distance follows disagreement with rank correlation {quality['rank_correlation']:.2f}"
    is_sound = quality["neighbours_shared"] >= STABLE and quality["rank_correlation"] >= FAITHFUL
    told += "." if is_sound else ": read no more into it than who is far from whom."
    return finding.model_copy(
        update={
            "reading": f"{finding.reading} {told}",
            "numbers": finding.numbers | {key: round(value, 4) for key, value in quality.items()},
            "tables": finding.tables | {"places": rows},
            "caveats": [
                *finding.caveats,
                "Axes of a t-SNE map mean nothing, and distances between far groups little.",
            ],
        }
    )


def agreement(likeliest: Sequence[np.ndarray]) -> np.ndarray:
    """Share of characters on which two models hold the same symbol most likely, shape (M, M); `likeliest`
    are each model's, (R, T). Raises ValueError where they are not of the same characters."""
    flat = [np.ascontiguousarray(each).ravel() for each in likeliest]
    if len({each.shape for each in flat}) != 1:
        raise ValueError("models of a map must be scored on the same characters")
    shares_MM = np.eye(len(flat))
    for a in range(len(flat)):
        for b in range(a):
            shares_MM[a, b] = shares_MM[b, a] = np.mean(flat[a] == flat[b])
    return shares_MM


def _mapped(distances_MM: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
    """Places of the seed with the least loss, and how stable and how faithful the map is."""
    count = len(distances_MM)
    perplexity = min(MOST_PERPLEXITY, (count - 1) / 3)
    maps = []
    for seed in range(SEEDS):
        made = TSNE(
            metric="precomputed", init="random", perplexity=perplexity, random_state=seed, max_iter=1000
        )
        places = np.asarray(made.fit_transform(distances_MM), np.float64)
        maps.append((float(made.kl_divergence_), places))
    best = min(maps, key=lambda each: each[0])[1]
    others = [places for _, places in maps if places is not best]
    neighbours = min(NEIGHBOURS, count - 2)
    upper = np.triu_indices(count, 1)
    apart = np.linalg.norm(best[:, None] - best[None], axis=-1)
    found = {
        "neighbours_shared": float(np.mean([_shared(best, other, neighbours) for other in others])),
        "procrustes_disparity": float(np.mean([procrustes(best, other)[2] for other in others])),
        "rank_correlation": _rank_correlation(apart[upper], distances_MM[upper]),
        "perplexity": perplexity,
    }
    if neighbours < count / 2:
        found["trustworthiness"] = float(
            trustworthiness(distances_MM, best, n_neighbors=neighbours, metric="precomputed")
        )
    return best, found


def _rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(spearmanr(a, b).statistic)  # pyright: ignore[reportAttributeAccessIssue]


def _shared(a: np.ndarray, b: np.ndarray, neighbours: int) -> float:
    """Mean share of a point's nearest neighbours that two maps have in common, beyond chance: 0 for maps that
    have nothing to do with each other, 1 for the same.
    """
    sets = []
    for places in (a, b):
        apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
        np.fill_diagonal(apart, np.inf)
        sets.append(np.argsort(apart, axis=1)[:, :neighbours])
    shared = float(np.mean([len(set(x) & set(y)) / neighbours for x, y in zip(*sets, strict=True)]))
    chance = neighbours / (len(a) - 1)
    return (shared - chance) / (1 - chance)


def _nearest_row(models: Sequence[Mapped], shares_MM: np.ndarray, index: int) -> Row:
    others = shares_MM[index].copy()
    others[index] = -1
    nearest = int(others.argmax())
    return {
        "model": models[index].name,
        "nearest": models[nearest].name if len(models) > 1 else None,
        "agreement": float(others[nearest]) if len(models) > 1 else None,
        "mean_agreement": float(np.delete(shares_MM[index], index).mean()) if len(models) > 1 else None,
    }


def _alike(models: Sequence[Mapped], shares_MM: np.ndarray) -> str:
    if len(models) < 2:
        return "There is one model, and nothing to compare it with."
    masked = shares_MM - 2 * np.eye(len(models))
    a, b = divmod(int(masked.argmax()), len(models))
    words = f"{models[a].name} and {models[b].name} agree most, on {masked[a, b]:.0%} of characters"
    networks = [index for index, model in enumerate(models) if model.family == "network"]
    counts = [index for index, model in enumerate(models) if model.family == "n-gram"]
    if len(networks) > 1 and counts:
        within = shares_MM[np.ix_(networks, networks)][~np.eye(len(networks), dtype=bool)].mean()
        across = shares_MM[np.ix_(networks, counts)].mean()
        words += f"; two networks on {within:.0%}, a network and an n-gram on {across:.0%}"
    return words + "."
