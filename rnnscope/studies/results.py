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

KEY = ("cell", "layers", "hidden", "seed", "recipe", "epochs_asked", "dropout")
"""What makes a run another one; a run measured again takes the place of its old row."""


def write_results(
    path: Path,
    corpus: str,
    planned: Sequence[PlannedRun],
    runs: Mapping[str, Run],
    failures: Mapping[str, Exception],
    command: str,
) -> int:
    """Adds the runs (name -> run) to the file, or begins it; how many runs it then holds.

    Raises RecordError where the file is there and is no such file, or is of another corpus.
    """
    rows = {_key(row): row for row in _known(path, corpus)}
    for plan in planned:
        if plan.name in runs:
            row = _row(plan, runs[plan.name], command)
            rows[_key(row)] = row
    order = ("cell", "layers", "parameters", "seed")
    ordered = sorted(rows.values(), key=lambda row: [row[field] for field in order])
    content = {
        "corpus": corpus,
        "rnnscope": __version__,
        "commit": _commit(),
        "runs": ordered,
        "failed": {name: str(error) for name, error in sorted(failures.items())},
    }
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return len(ordered)


def _row(plan: PlannedRun, run: Run, command: str) -> dict:
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
        "trapped_rows": {"validation": len(health.validation), "test": len(health.test)},
        "machine": manifest.machine,
        "command": command,
    }


def _key(row: Mapping) -> tuple:
    return tuple(row[field] for field in KEY)


def _known(path: Path, corpus: str) -> list[dict]:
    if not path.exists():
        return []
    try:
        content = json.loads(path.read_bytes())
        rows, of = content["runs"], content["corpus"]
        for row in rows:
            _key(row)
    except (OSError, ValueError, KeyError, TypeError):
        raise RecordError(f"'{path}' holds no results of a grid; name another file") from None
    if of != corpus:
        raise RecordError(f"'{path}' holds results of '{of}', not of '{corpus}'; name another file")
    return rows


def _commit() -> str | None:
    """Of the checkout that this package lies in, if it lies in one."""
    here = Path(__file__).parent
    try:
        asked = ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=12"]
        said = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True).stdout
        return said.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None
