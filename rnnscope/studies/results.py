"""Finished runs of a grid -> results/CORPUS/grid.json: one committed file of what was measured. Trains
nothing."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from rnnscope import __version__
from rnnscope.errors import RecordError
from rnnscope.records.folder import write_text
from rnnscope.records.run import Run
from rnnscope.records.surprisal import Surprisal
from rnnscope.studies.grid import PlannedRun
from rnnscope.studies.health import health_of


def write_results(
    path: Path,
    corpus: str,
    planned: Sequence[PlannedRun],
    runs: Mapping[str, Run],
    failures: Mapping[str, Exception],
    command: str,
) -> int:
    """Adds the runs (name -> run) to the file, or begins it; how many runs it then holds.

    A run's name holds all its settings: trained again it takes the place of its old row, and one that is the
    same keeps the commit and the command that made it. A failure stays until its run is there. Raises
    RecordError where the file is there and is no such file, or is of another corpus.
    """
    known, failed = known_results(path, corpus)
    rows = {row["name"]: row for row in known}
    commit = _commit()
    for plan in planned:
        if plan.name in runs:
            row = _row(plan, runs[plan.name], command, commit)
            before = rows.get(plan.name)
            if before and before["fingerprint"] == row["fingerprint"]:
                row |= {field: before[field] for field in ("commit", "command") if field in before}
            rows[plan.name] = row
    failed = {name: reason for name, reason in failed.items() if name not in rows}
    failed |= {name: str(error) for name, error in failures.items()}
    order = ("cell", "layers", "parameters", "seed", "name")
    content = {
        "corpus": corpus,
        "rnnscope": __version__,
        "runs": sorted(rows.values(), key=lambda row: [row[field] for field in order]),
        "failed": dict(sorted(failed.items())),
    }
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return len(rows)


def _row(plan: PlannedRun, run: Run, command: str, commit: str | None) -> dict:
    manifest = run.manifest
    test = Surprisal.read(run.replay_folder("test", "surprisal"))
    health = health_of(run)
    return {
        "name": manifest.name,
        "cell": manifest.cell,
        "layers": manifest.layers,
        "budget": plan.budget.label if plan.budget else None,
        "hidden": manifest.hidden,
        "parameters": manifest.parameters,
        "seed": manifest.seed,
        "recipe": manifest.recipe,
        "dropout": plan.config.dropout,
        "epochs_asked": plan.config.epochs,
        "epochs": manifest.epochs,
        "chars_seen": manifest.chars_seen,
        "train_seconds": manifest.train_seconds,
        "threads": manifest.machine.get("threads"),
        "validation_nats": manifest.validation_nats,
        "test_nats": test.manifest.mean_nats,
        "error_rate": test.manifest.error_rate,
        "is_sound": health.is_sound,
        "fell_apart_nats": round(health.fell_apart_nats, 4),
        "trapped_rows": {"validation": len(health.validation), "test": len(health.test)},
        "machine": manifest.machine,
        "commit": commit,
        "command": manifest.command or command,
        "fingerprint": manifest.fingerprint,
    }


def known_results(path: Path, corpus: str) -> tuple[list[dict], dict[str, str]]:
    """The rows that the file holds, and what failed; nothing where there is no file. Raises RecordError where
    it is no such file, or is of another corpus.
    """
    if not path.exists():
        return [], {}
    try:
        content = json.loads(path.read_bytes())
        rows, failed, of = content["runs"], dict(content["failed"]), content["corpus"]
        if not all({"name", "fingerprint"} <= row.keys() for row in rows):
            raise ValueError("rows without a name")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise RecordError(f"'{path}' holds no results of a grid; name another file") from None
    if of != corpus:
        raise RecordError(f"'{path}' holds results of '{of}', not of '{corpus}'; name another file")
    return rows, failed


def _commit() -> str | None:
    """Of the checkout that this module is a part of, if it is a part of one."""
    here = Path(__file__)
    asks = (["ls-files", "--error-unmatch", here.name], ["describe", "--always", "--dirty", "--abbrev=12"])
    said = ""
    try:
        for ask in asks:
            asked = ["git", "-C", str(here.parent), *ask]
            said = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return said.strip() or None
