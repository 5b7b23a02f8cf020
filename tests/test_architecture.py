"""The import contracts, and that showing needs no torch."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHOWING = [
    "rnnscope",
    "rnnscope.cli.main",
    "rnnscope.records",
    "rnnscope.figures",
    "rnnscope.report",
    "rnnscope.analyses",
]
MAKING = [
    "rnnscope.corpora",
    "rnnscope.ngrams",
    "rnnscope.scoring",
    "rnnscope.counters",
    "rnnscope.estimate",
    "rnnscope.studies.study",
]


def modules_after(statement: str) -> set[str]:
    """Top-level modules that a fresh Python has loaded after `statement`."""
    script = f"{statement}\nimport sys; print(' '.join({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_import_contracts_hold():
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("module", SHOWING + MAKING)
def test_torch_is_not_loaded_by(module: str):
    assert "torch" not in modules_after(f"import {module}")


def test_help_loads_neither_torch_nor_numpy_nor_pydantic():
    loaded = modules_after("from rnnscope.cli.main import run; run(['--help'])".replace("'", '"'))
    assert loaded.isdisjoint({"torch", "numpy", "pydantic", "altair", "scipy"})


def test_help_answers_in_half_a_second():
    best = min(_seconds_of_help() for _ in range(3))
    assert best < 0.5


def _seconds_of_help() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "rnnscope", "--help"], capture_output=True, check=True)
    return time.perf_counter() - started


def test_no_file_is_longer_than_it_should_be():
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("rnnscope", "tests", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert long == {}
