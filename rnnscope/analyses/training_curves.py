"""Logs of runs -> Finding: how each network learned, and which n-grams it passed on the way. Knows no
training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rnnscope.records.finding import Finding, Row
from rnnscope.records.run import Run, read_jsonl

MOST_NAMED = 6
"""Runs that one sentence names."""
POINTS_PER_RUN = 200


@dataclass(frozen=True)
class _Crossing:
    context: int
    chars_seen: int


def training_curves(runs: Sequence[Run], ngram_validation_nats: Mapping[int, float], corpus: str) -> Finding:
    """Training and validation loss along training, and when the validation loss passed each n-gram's."""
    points: list[Row] = []
    crossings: list[Row] = []
    for run in runs:
        rows = _points(run)
        points += rows
        for crossing in _crossings(rows, ngram_validation_nats):
            crossings.append(
                {
                    "run": run.name,
                    "cell": run.manifest.cell,
                    "context": crossing.context,
                    "chars_seen": crossing.chars_seen,
                }
            )
    return Finding(
        analysis="training_curves",
        corpus=corpus,
        title="How did each network learn?",
        reading=_reading(runs, crossings, ngram_validation_nats),
        numbers={
            "runs": len(runs),
            "train_seconds": sum(run.manifest.train_seconds for run in runs),
        },
        tables={
            "points": points,
            "contexts": [
                {"context": n, "validation_nats": nats} for n, nats in sorted(ngram_validation_nats.items())
            ],
            "crossings": crossings,
        },
        caveats=[
            "Training losses are running means over text that the network has often seen before; compare "
            "validation losses.",
            "Seconds are of one process with the threads named in each run's manifest, beside whatever else "
            "the machine did.",
        ],
    )


def _points(run: Run) -> list[Row]:
    """The log as rows, thinned evenly; validations are all kept."""
    seconds = {row["step"]: row.get("seconds") for row in read_jsonl(run.folder / "timing.jsonl")}
    log = run.log()
    trains = [row for row in log if row.get("train_nats") is not None and row.get("validation_nats") is None]
    keep = {row["step"] for row in trains[:: max(1, len(trains) // POINTS_PER_RUN)]}
    return [
        {
            "run": run.name,
            "cell": run.manifest.cell,
            "step": row["step"],
            "chars_seen": row.get("chars_seen"),
            "epoch": row.get("epoch"),
            "seconds": seconds.get(row["step"]),
            "train_nats": row.get("train_nats"),
            "validation_nats": row.get("validation_nats"),
        }
        for row in log
        if row.get("validation_nats") is not None or row["step"] in keep
    ]


def _crossings(points: Sequence[Row], ngram_validation_nats: Mapping[int, float]) -> list[_Crossing]:
    """For every n-gram that was beaten: characters seen at the first validation below its loss."""
    found = []
    for context, nats in sorted(ngram_validation_nats.items()):
        for point in points:
            if point["validation_nats"] is not None and float(point["validation_nats"]) < nats:
                found.append(_Crossing(context, int(point["chars_seen"] or 0)))
                break
    return found


def _reading(runs: Sequence[Run], crossings: list[Row], ngram_validation_nats: Mapping[int, float]) -> str:
    clauses = []
    for run in _named(runs):
        beaten = {int(row["context"] or 0) for row in crossings if row["run"] == run.name}
        nats, seconds = run.manifest.validation_nats, run.manifest.train_seconds
        clause = f"{run.name} reached {nats:.3f} validation nats in {seconds:.0f} s"
        if ngram_validation_nats:
            best = min(ngram_validation_nats, key=lambda n: ngram_validation_nats[n])
            clause += f" ({_place(beaten, best)})"
        clauses.append(clause)
    if not clauses:
        return "No network was trained here."
    others = len(runs) - len(clauses)
    opening = f"Of {len(runs)} networks the best of each cell: " if others else ""
    return f"{opening}{'; '.join(clauses)}."


def _named(runs: Sequence[Run]) -> list[Run]:
    """The runs that a reading names: all, or of many the best of each cell by validation."""
    if len(runs) <= MOST_NAMED:
        return list(runs)
    best: dict[str, Run] = {}
    for run in sorted(runs, key=lambda run: run.manifest.validation_nats):
        best.setdefault(run.manifest.cell, run)
    return list(best.values())


def _place(beaten: set[int], best: int) -> str:
    """Where a network stands among the n-grams, by their context lengths."""
    if best in beaten:
        return f"below the best n-gram, of {best} characters"
    if not beaten:
        return "below none of the n-grams"
    return f"below the {max(beaten)}-gram"
