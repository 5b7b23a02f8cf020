"""Two Breakdowns -> rows: which errors a larger model makes no more, by oracle, and which it alone makes.
Knows no wording.

The net change of an oracle's errors hides the turnover: with s and l the errors of the small and the large
model that the oracle removes, s - l = mended - new + moved, where mended ones are the small model's alone,
new ones the large model's alone, and moved ones are made by both and removed by another oracle in the large
one.
"""

from collections.abc import Callable, Hashable
from itertools import groupby

import numpy as np

from rnnscope.analyses.error_oracles.breakdown import Breakdown
from rnnscope.analyses.error_oracles.published import PublishedModel
from rnnscope.analyses.error_oracles.shares import (
    ERRORS,
    HERE,
    PUBLISHED,
    Named,
    Weights,
    named,
    slice_names,
)
from rnnscope.estimate import Interval
from rnnscope.records.finding import Row

ALL = "all"


def scaling_rows(large: Breakdown, small: Breakdown, seed: int) -> list[Row]:
    """One row for all errors, then one for every oracle (slice 'all') and each of its slices.

    Shares are of all errors gone; they are None where it is not clear that the larger model makes fewer.
    """
    models = {"large": large, "small": small}
    slices = slice_names(large)
    slices += [name for name in slice_names(small) if name not in slices]
    series: dict[Hashable, Callable[[], np.ndarray]] = {}
    for side, model in models.items():
        series[side, ERRORS] = lambda model=model: model.errors_RT
        for place, name in enumerate(slices):
            series[side, name] = lambda model=model, place=place: model.slice_RT == place
    drawn = named(series, seed)
    gone = drawn.sum({("small", ERRORS): 1, ("large", ERRORS): -1})
    rows = [_row(models, drawn, ALL, ALL, [ERRORS], gone, _turnover(models, None))]
    for oracle, of_oracle in groupby(enumerate(slices), key=lambda each: each[1][0]):
        placed = list(of_oracle)
        first, stop = placed[0][0], placed[-1][0] + 1
        names = [name for _, name in placed]
        rows.append(_row(models, drawn, oracle, ALL, names, gone, _turnover(models, (first, stop))))
        if len(names) > 1:
            rows += [
                _row(models, drawn, *name, [name], gone, _turnover(models, (place, place + 1)))
                for place, name in placed
            ]
    return rows


def _row(
    models: dict[str, Breakdown],
    drawn: Named,
    oracle: str,
    label: str,
    names: list,
    gone: Interval,
    turnover: Row,
) -> Row:
    chars = models["large"].errors_RT.size
    counts = {side: round(sum(drawn.mean((side, name)) for name in names) * chars) for side in models}
    above: Weights = {(side, name): sign for side, sign in (("small", 1), ("large", -1)) for name in names}
    below: Weights = {("small", ERRORS): 1, ("large", ERRORS): -1}
    share = drawn.ratio(above, below) if _is_fewer(gone) else None
    return {
        "large": models["large"].model,
        "small": models["small"].model,
        "whose": HERE,
        "oracle": oracle,
        "slice": label,
        "errors_small": counts["small"],
        "errors_large": counts["large"],
        "errors_gone": counts["small"] - counts["large"],
        "share_of_gone": share.value if share else None,
        **(share.ends() if share else {"low": None, "high": None}),
        **turnover,
    }


def _is_fewer(gone: Interval) -> bool:
    return bool(gone.low > 0 or (np.isnan(gone.low) and gone.value > 0))


def _turnover(models: dict[str, Breakdown], span: tuple[int, int] | None) -> Row:
    """Errors of slices first..stop (all, for None): mended, new, moved, see above."""
    large, small = models["large"], models["small"]
    if span is None:
        of_small, of_large = small.errors_RT, large.errors_RT
    else:
        of_small, of_large = (
            (each.slice_RT >= span[0]) & (each.slice_RT < span[1]) for each in (small, large)
        )
    mended, new = (of_small & ~large.errors_RT).sum(), (of_large & ~small.errors_RT).sum()
    return {
        "mended": int(mended),
        "new": int(new),
        "moved": int(of_small.sum()) - int(of_large.sum()) - int(mended) + int(new),
    }


def published_scaling(models: list[PublishedModel]) -> list[Row]:
    """The same rows of the paper's two models; it tells no turnover and no intervals."""
    if len(models) != 2:
        return []
    large, small = models
    gone = small.errors - large.errors
    names = [(ALL, ALL)]
    for oracle, of_oracle in groupby(large.percents, key=lambda each: each[0]):
        labels = [label for _, label in of_oracle]
        names += [(oracle, ALL), *((oracle, label) for label in labels if len(labels) > 1)]
    rows: list[Row] = []
    for oracle, label in names:
        of_small, of_large = (_errors(model, oracle, label) for model in (small, large))
        rows.append(
            {
                "large": large.name,
                "small": small.name,
                "whose": PUBLISHED,
                "oracle": oracle,
                "slice": label,
                "errors_small": round(of_small),
                "errors_large": round(of_large),
                "errors_gone": round(of_small) - round(of_large),
                "share_of_gone": (of_small - of_large) / gone,
            }
        )
    return rows


def _errors(model: PublishedModel, oracle: str, label: str) -> float:
    if oracle == ALL:
        return float(model.errors)
    return (model.share(oracle, None if label == ALL else label) or 0.0) * model.errors
