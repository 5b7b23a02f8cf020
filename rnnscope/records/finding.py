"""Finding: what an analysis found, as numbers, tables and coloured text. Knows no analysis and no chart.

A finding is one JSON file, `findings/ANALYSIS.json`; it is all that report, explorer and notebook read.
"""

import json
import math
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from rnnscope import displays
from rnnscope.errors import RecordError, did_you_mean
from rnnscope.records.folder import Manifest, write_text

Scalar = str | int | float | bool | None
Row = dict[str, Scalar]


def number(value: Scalar) -> float | None:
    """`value` if it is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


class Excerpt(BaseModel):
    """A piece of text with one value per character, to be shown coloured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    """What is shown, e.g. 'lstm-1x128-s0, layer 1, unit 37: inside quotes'."""
    note: str
    """One sentence with the score and its control."""
    site: str
    """'layers.0.tanh_c', say, with `unit` the value's source."""
    unit: int
    run: str
    text: str
    values: list[float]
    """One per character of `text`, in [-1, 1], rounded to two decimals."""


class Finding(Manifest):
    kind: Literal["finding"] = "finding"
    analysis: str
    """comparison, saturation, cell_roles, training_curves, samples, ..."""
    corpus: str
    title: str
    """What was asked."""
    reading: str
    """The answer in one sentence, with its numbers."""
    numbers: dict[str, Scalar] = {}
    """The few numbers that a reader or a program wants first; names carry units."""
    tables: dict[str, list[Row]] = {}
    excerpts: list[Excerpt] = []
    caveats: list[str] = []
    """What the numbers do not say, and how they may mislead."""

    @classmethod
    def load(cls, path: Path) -> "Finding":
        """Raises RecordError where the file is missing or is no finding."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            there = [p.stem for p in path.parent.glob("*.json")]
            raise RecordError(
                f"no finding '{path.stem}' in '{path.parent}'; {did_you_mean(path.stem, there)}"
            ) from None
        except ValidationError as error:
            raise RecordError(
                f"'{path}' is not a finding: {error.errors()[0]['msg']}; remove it and run the study again"
            ) from None

    def plain(self) -> dict[str, Any]:
        """All of it as its file has it: NaN and infinity are None."""
        return json.loads(self.model_dump_json())

    def __repr__(self) -> str:
        """Short: a notebook keeps it beside the HTML, and a finding of many units has megabytes."""
        rows = ", ".join(f"{name} ({len(table):,})" for name, table in self.tables.items())
        said = [self.title, self.reading, f"tables: {rows}" if rows else ""]
        return f"<Finding {self.analysis} of '{self.corpus}': {' '.join(each for each in said if each)}>"

    def _repr_html_(self) -> str | None:
        """What a notebook shows: the finding as the report has it, figures too, in a frame."""
        return displays.html("finding", self)

    def save(self, findings: Path) -> Path:
        """Writes findings/ANALYSIS.json, whole or not at all; NaN and infinity become null."""
        path = findings / f"{self.analysis}.json"
        write_text(path, self.model_dump_json(indent=1) + "\n")
        return path
