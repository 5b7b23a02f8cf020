"""The import contracts, and that showing needs no torch."""

import resource
import subprocess
import sys
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


def test_help_takes_hardly_longer_than_the_help_of_an_empty_typer_app():
    """A quarter of a second on a desk; the time itself is no test: it says how busy the machine is."""
    empty = "import typer; app = typer.Typer(); app.command()(lambda: None); app(['--help'])"
    pairs = [(_seconds("-m", "rnnscope", "--help"), _seconds("-c", empty)) for _ in range(5)]
    ours, bare = (min(times) for times in zip(*pairs, strict=True))
    assert ours < 2.5 * bare


def _seconds(*arguments: str) -> float:
    """Of the processor, for Python with these arguments."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
