"""Breakdown -> rows: how much of a model's errors each slice and oracle removes, in this and any order. Knows
no wording.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rnnscope.analyses.error_oracles.breakdown import Breakdown
from rnnscope.analyses.error_oracles.published import PublishedModel
from rnnscope.estimate import Interval, Resampled, resampled
from rnnscope.records.finding import Row

HERE, PUBLISHED = "here", "published"
NO_ORACLE = "none"
"""Under this name stand errors that no oracle removes."""
Weights = Mapping[Hashable, float | int]
ERRORS = "errors"


@dataclass(frozen=True)
class Named:
    """Resampled means of series that have names."""

    resampled: Resampled
    places: Mapping[Hashable, int]

    def ratio(self, above: Weights, below: Weights) -> Interval:
        return self.resampled.ratio(self._placed(above), self._placed(below))

    def sum(self, weights: Weights) -> Interval:
        """Per character."""
        return self.resampled.combination(self._placed(weights))

    def mean(self, name: Hashable) -> float:
        return float(self.resampled.means_M[self.places[name]])

    def _placed(self, weights: Weights) -> dict[int, float]:
        return {self.places[name]: float(weight) for name, weight in weights.items()}


def named(series: Mapping[Hashable, Callable[[], np.ndarray]], seed: int) -> Named:
    """Each series is made when it is its turn, and dropped again."""
    drawn = resampled((make() for make in series.values()), seed)
    return Named(drawn, {name: place for place, name in enumerate(series)})


def slice_names(breakdown: Breakdown) -> list[tuple[str, str]]:
    """(oracle, slice) in order, and what no oracle removes where there is any."""
    names = [(breakdown.oracles[place].name, label) for place, label in breakdown.slices]
    return names + ([(NO_ORACLE, "left")] if _left(breakdown) else [])


def _left(breakdown: Breakdown) -> bool:
    return bool((breakdown.slice_RT == len(breakdown.slices)).any())


def model_tables(breakdown: Breakdown, published: PublishedModel | None, seed: int) -> dict[str, list[Row]]:
    """Rows of the tables 'slices', 'oracles' and 'overlaps'; all shares are of the model's errors."""
    series: dict[Hashable, Callable[[], np.ndarray]] = {ERRORS: lambda: breakdown.errors_RT}
    slices = slice_names(breakdown)
    for place, name in enumerate(slices):
        series["slice", *name] = lambda place=place: breakdown.slice_RT == place
    causes = {breakdown.oracles[place].name: place for place in breakdown.causes}
    for name, place in causes.items():
        series["first", name] = lambda place=place: breakdown.would_GRT[place]
        series["last", name] = lambda place=place: breakdown.alone_RT(place)
        series["shapley", name] = lambda place=place: breakdown.shapley_RT(place)
    for a, b in combinations(causes, 2):
        places = causes[a], causes[b]
        series["both", a, b] = lambda p=places: breakdown.would_GRT[p[0]] & breakdown.would_GRT[p[1]]
    drawn = named(series, seed)
    return {
        "slices": [_slice_row(breakdown, drawn, name, published) for name in slices],
        "oracles": [
            _oracle_row(breakdown, drawn, name, [each for each in slices if each[0] == name], published)
            for name in dict.fromkeys(name for name, _ in slices)
        ],
        "overlaps": sorted(
            (_overlap_row(breakdown, drawn, a, b) for a, b in combinations(causes, 2)),
            key=lambda row: -float(row["of_either"] or 0),
        ),
    }


def _slice_row(
    breakdown: Breakdown, drawn: Named, name: tuple[str, str], published: PublishedModel | None
) -> Row:
    share = drawn.ratio({("slice", *name): 1}, {ERRORS: 1})
    return {
        "model": breakdown.model,
        "whose": HERE,
        "oracle": name[0],
        "slice": name[1],
        "errors": _count(breakdown, drawn, ("slice", *name)),
        "share": share.value,
        **share.ends(),
        "paper": published.share(*name) if published else None,
    }


def _oracle_row(
    breakdown: Breakdown,
    drawn: Named,
    name: str,
    slices: list[tuple[str, str]],
    published: PublishedModel | None,
) -> Row:
    share = drawn.ratio({("slice", *each): 1 for each in slices}, {ERRORS: 1})
    row: Row = {
        "model": breakdown.model,
        "whose": HERE,
        "oracle": name,
        "errors": sum(_count(breakdown, drawn, ("slice", *each)) for each in slices),
        "share": share.value,
        **share.ends(),
        "paper": published.share(name) if published else None,
    }
    for measure in ("first", "last", "shapley"):
        there = (measure, name) in drawn.places
        of_order = drawn.ratio({(measure, name): 1}, {ERRORS: 1}) if there else None
        row[measure] = of_order.value if of_order else None
        row |= (
            of_order.ends(f"{measure}_low", f"{measure}_high")
            if of_order
            else {f"{measure}_low": None, f"{measure}_high": None}
        )
    return row


def _overlap_row(breakdown: Breakdown, drawn: Named, a: str, b: str) -> Row:
    both = ("both", a, b)
    share = drawn.ratio({both: 1}, {ERRORS: 1})
    either: Weights = {("first", a): 1, ("first", b): 1, both: -1}
    is_any = drawn.mean(("first", a)) + drawn.mean(("first", b)) > 0
    of_either = drawn.ratio({both: 1}, either) if is_any else Interval(0.0, np.nan, np.nan)
    return {
        "model": breakdown.model,
        "first": a,
        "second": b,
        "errors": _count(breakdown, drawn, both),
        "share": share.value,
        **share.ends(),
        "of_either": of_either.value,
        **of_either.ends("of_either_low", "of_either_high"),
    }


def _count(breakdown: Breakdown, drawn: Named, name: Hashable) -> int:
    return round(drawn.mean(name) * breakdown.errors_RT.size)


def published_tables(models: list[PublishedModel]) -> dict[str, list[Row]]:
    """The published models' rows of 'slices' and 'oracles'."""
    slices: list[Row] = []
    oracles: list[Row] = []
    for model in models:
        said: Row = {"model": model.name, "whose": PUBLISHED}
        for (oracle, label), percent in model.percents.items():
            slices.append(said | {"oracle": oracle, "slice": label, **_published(model, percent / 100)})
        for oracle in dict.fromkeys(oracle for oracle, _ in model.percents):
            oracles.append(said | {"oracle": oracle, **_published(model, model.share(oracle) or 0.0)})
    return {"slices": slices, "oracles": oracles}


def _published(model: PublishedModel, share: float) -> Row:
    return {"errors": round(share * model.errors), "share": share}
