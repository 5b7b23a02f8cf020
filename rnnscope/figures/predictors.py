"""Predictors of one chart told apart: by the colour of their family, by name where two are of one family."""

import json
from collections import Counter
from collections.abc import Mapping

from rnnscope.figures.theme import family_of
from rnnscope.records.finding import Row


def told_apart(rows: list[Row]) -> list[Row]:
    """Rows with a `model` each, and its family or its own name as `family`."""
    families = [_family(row) for row in rows]
    several = Counter(families)
    return [
        {**row, "family": str(row["model"]) if several[family] > 1 else family}
        for row, family in zip(rows, families, strict=True)
    ]


def _family(row: Row) -> str:
    family = row.get("family")
    return "n-NN" if family == "n-NN" else family_of({"family": family, "cell": row["model"]})


def legend_labels(by_family: Mapping[str, str]) -> str:
    """An expression for a legend that says something else than the family's name."""
    return f"{json.dumps(dict(by_family))}[datum.value] || datum.label"
