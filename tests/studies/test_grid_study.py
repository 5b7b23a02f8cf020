# pyright: reportAttributeAccessIssue=false
"""A small grid through the command line: runs, results, what is made again and what is not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LINES = [f"let x{n % 13} = f{n % 7}(x{n * 31 % 13}) + {n * 7919 % 1000};" for n in range(1500)]


def study(text: Path, work: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rnnscope", "study", str(text), "--scale", "smoke", "--work", str(work)]
    return subprocess.run(
        [*command, "--grid", "figure1", "--params", "3k,6k", "--layers", "1", "--set", "epochs=0.5", *more],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "lines.js"
    path.write_text("\n".join(LINES))
    return path


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_grid_adds_up_is_not_made_twice_and_fails_run_by_run(text: Path, tmp_path: Path):
    work, results = tmp_path / "work", tmp_path / "results" / "grid.json"
    first = study(text, work, "--cells", "rnn,lstm", "--results", str(results), "--json")
    assert first.returncode == 0, first.stderr
    rows = json.loads(results.read_text())["runs"]
    assert [(row["cell"], row["budget"]) for row in rows] == [
        ("lstm", "3000 parameters"),
        ("lstm", "6000 parameters"),
        ("rnn", "3000 parameters"),
        ("rnn", "6000 parameters"),
    ]
    for row in rows:
        assert row["test_nats"] > 0 and row["threads"] == 1 and row["epochs"] == pytest.approx(0.5, abs=0.05)
        assert abs(row["parameters"] / int(row["budget"].split()[0]) - 1) < 0.05
    weights = {path: path.stat().st_mtime_ns for path in work.glob("runs/*/*/weights.safetensors")}
    assert len(weights) == 4

    # another part of the grid, with a run that cannot go well: the rest goes on, and what was there stays
    wild = [
        word for rate in ("decoder_rate", "input_rate") for word in ("--set", f"6000 parameters:{rate}=1e38")
    ]
    second = study(text, work, "--cells", "gru", "--results", str(results), "--json", *wild)
    assert second.returncode == 0, second.stderr
    content = json.loads(results.read_text())
    assert [row["cell"] for row in content["runs"]] == ["gru", "lstm", "lstm", "rnn", "rnn"]
    assert content["runs"][1:] == rows
    (failed,) = content["failed"]
    assert failed.startswith("gru-1x") and "diverged" in content["failed"][failed]
    assert json.loads(second.stdout)["failed"] == content["failed"] and "diverged" in second.stderr
    assert {path: path.stat().st_mtime_ns for path in weights} == weights
    report = (work / "report.html").read_text()
    assert "gru-1x" in report

    third = study(text, work, "--cells", "gru", "--set", "decoder_rate=1e38", "--set", "input_rate=1e38")
    assert third.returncode == 2 and "diverged" in third.stderr and "Traceback" not in third.stderr


def test_a_plan_is_printed_and_nothing_is_trained(text: Path, tmp_path: Path):
    done = study(text, tmp_path / "work", "--dry-run", "--seeds", "2", "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["runs"]
    assert len(rows) == 3 * 2 * 2 and not (tmp_path / "work" / "runs").exists()
