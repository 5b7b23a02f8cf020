# pyright: reportAttributeAccessIssue=false
"""From a text to a report through the command line, and the report in a browser."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import rnnscope
from rnnscope.records.corpus import find_corpus
from rnnscope.records.run import Run
from rnnscope.records.surprisal import Surprisal
from rnnscope.records.trace import Trace

HOSTILE = "<script>document.title = 'owned'</script><img src=x onerror=alert(1)>"
SCRIPT = [sys.executable, "-m", "rnnscope"]


def text_of(lines: int) -> str:
    """Code-like text that is different on every line, with something hostile in it."""
    made = []
    for n in range(lines):
        made.append(f"def name{n % 37}(x{n % 11}):")
        made.append(
            f"    return (x{n % 11} + {n * 7919 % 1000}) * '{HOSTILE if n % 9 == 0 else n}'  # {n % 5}"
        )
    return "\n".join(made) + "\n"


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "hostile.py"
    path.write_text(text_of(900))
    return path


@pytest.fixture(scope="module")
def studied(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """A work folder after a study at the smallest scale, and what the command said."""
    work = tmp_path_factory.mktemp("work")
    done = subprocess.run(
        [*SCRIPT, "study", str(source), "--scale", "smoke", "--work", str(work), "--json"],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    return work, json.loads(done.stdout)


def test_a_study_leaves_a_report_and_every_finding(studied: tuple[Path, dict]):
    work, said = studied
    assert Path(said["report"]) == work / "report.html" and (work / "report.html").stat().st_size < 5_000_000
    assert list(said["findings"]) == [
        "comparison",
        "model_map",
        "error_overlap",
        "per_character",
        "long_range",
        "effective_context",
        "error_oracles",
        "training_curves",
        "training_dynamics",
        "saturation",
        "cell_roles",
        "unit_cards",
        "samples",
    ]
    comparison = json.loads(Path(said["findings"]["comparison"]).read_text())
    models = {row["model"]: row for row in comparison["tables"]["models"]}
    networks = [row for row in models.values() if row["family"] == "network"]
    assert {row["cell"] for row in networks} == {"lstm", "gru", "rnn"}
    sizes = [row["parameters"] for row in networks]
    assert max(sizes) / min(sizes) < 1.1
    assert all(row["low"] is row["high"] is None for row in models.values())  # a test text of two blocks
    assert comparison["command"].startswith("rnnscope study ")


def test_the_page_shows_the_text_and_runs_none_of_it(studied: tuple[Path, dict], visit):
    work, _ = studied
    seen = visit(work / "report.html")
    assert seen.messages == []
    assert seen.page.title() != "owned"
    assert seen.page.locator("[data-chart][data-drawn]").count() >= 4
    assert "<script>document.title" in seen.page.inner_text("body")


def test_a_run_of_a_study_is_opened_by_its_folder_and_says_what_its_replay_says(
    studied: tuple[Path, dict],
):
    work, _ = studied
    folder = next(work.glob("runs/*/lstm*/manifest.json")).parent
    run, corpus = Run.read(folder), find_corpus(work, folder.parent.name)
    row = corpus.part("test").starts[0]
    text = corpus.text(row, row + 200)
    logits, cache = rnnscope.attach(folder).run_with_cache(text[:-1])
    log_probs = logits[0].log_softmax(-1).numpy()
    nats = -log_probs[range(199), corpus.alphabet.encode(text[1:].encode())]
    replayed = Surprisal.read(run.replay_folder("test", "surprisal")).nats_RT[0, :199]
    np.testing.assert_allclose(nats, replayed, atol=1e-4)
    traced = Trace.read(run.replay_folder("test", "trace")).site("layers.0.f")[0, :199]
    np.testing.assert_allclose(cache["layers.0.f"][0].numpy(), traced, atol=1e-3)


def test_every_unit_of_a_run_is_held_still_and_the_next_time_it_is_known(studied: tuple[Path, dict]):
    work, _ = studied
    command = [*SCRIPT, "ablate", "gru-1x", "--chars", "4000", "--work", str(work), "--json"]
    command[4] = next(work.glob("runs/*/gru*/manifest.json")).parent.name
    said = [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _ in range(2)
    ]
    assert said[0] == said[1]
    rows = said[0]["units_by_change"]
    assert len(rows) == said[0]["units"] and rows[0]["change_nats"] > 0 and rows[0]["is_clear"]
    assert [row["change_nats"] for row in rows] == sorted((row["change_nats"] for row in rows), reverse=True)


def test_the_next_study_puts_what_an_ablation_found_on_the_cards(studied: tuple[Path, dict], source: Path):
    work, said = studied
    path = Path(said["findings"]["unit_cards"])

    def changes() -> list[float | None]:
        rows = json.loads(path.read_text())["tables"]["units"]
        return [row["change_nats"] for row in rows if row["run"].startswith("rnn")]

    assert set(changes()) == {None}
    run = next(work.glob("runs/*/rnn*/manifest.json")).parent.name
    for command in (
        ["ablate", run, "--chars", "2000"],
        ["study", str(source), "--scale", "smoke"],
    ):
        subprocess.run([*SCRIPT, *command, "--work", str(work)], env=environment(), check=True)
    assert None not in changes() and any(changes())


def test_a_unit_of_a_study_has_its_card_at_the_terminal(studied: tuple[Path, dict]):
    work, said = studied
    row = json.loads(Path(said["findings"]["unit_cards"]).read_text())["tables"]["units"][3]
    command = [*SCRIPT, "unit", row["run"], f"{row['layer']}.{row['unit']}", "--work", str(work), "--json"]
    card = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert card["numbers"] == row and row["track"] and f"{row['score']:.3f}" in card["sentence"]


def test_the_same_study_again_reuses_what_is_there(studied: tuple[Path, dict], source: Path):
    work, said = studied
    weights = sorted(work.glob("runs/*/*/weights.safetensors"))
    before = {path: path.stat().st_mtime_ns for path in [*weights, *map(Path, said["findings"].values())]}
    subprocess.run(
        [*SCRIPT, "study", str(source), "--scale", "smoke", "--work", str(work)],
        env=environment(),
        check=True,
    )
    assert {path: path.stat().st_mtime_ns for path in before} == before and len(weights) == 5


@pytest.mark.slow
def test_a_study_that_was_killed_goes_on_to_the_same_numbers(
    studied: tuple[Path, dict], source: Path, tmp_path: Path
):
    work, _ = studied
    again = tmp_path / "work"
    command = [*SCRIPT, "study", str(source), "--scale", "smoke", "--work", str(again), "--processes", "1"]
    first = subprocess.Popen(command, env=environment(), start_new_session=True, stderr=subprocess.DEVNULL)
    while not list(again.glob("runs/*/*/config.json")) and first.poll() is None:
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert not (again / "report.html").exists()
    subprocess.run(command, env=environment(), check=True, stdout=subprocess.DEVNULL)
    for log in work.glob("runs/*/*/log.jsonl"):
        assert (again / log.relative_to(work)).read_bytes() == log.read_bytes()
    for weights in work.glob("runs/*/*/weights.safetensors"):
        assert (again / weights.relative_to(work)).read_bytes() == weights.read_bytes()
    shutil.rmtree(again)
