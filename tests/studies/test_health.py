"""A network that is lost in some rows, or fell apart in training, is told from one that is sound."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from planted_runs import run_manifest

from rnnscope.records.run import Run
from rnnscope.records.surprisal import SurprisalManifest, write_surprisal
from rnnscope.studies.grid import planned_run
from rnnscope.studies.health import health_of
from rnnscope.studies.results import write_results
from rnnscope.training import fast

NATS = np.random.default_rng(0).normal(1.2, 0.02, size=(100, 50)).astype(np.float32)


def run_of(folder: Path, nats: np.ndarray, validation: list[int], log: Sequence[dict] = ()) -> Run:
    validated = [(line["validation_nats"], line["step"]) for line in log if "validation_nats" in line]
    nats_kept, kept_step = min(validated, default=(1.2, 10))
    manifest = run_manifest(trapped_rows=validation, validation_nats=nats_kept, kept_step=kept_step)
    run = Run(folder, manifest)
    folder.mkdir(exist_ok=True)
    if log:
        (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log))
    surprisal = SurprisalManifest(
        predictor=run.name,
        corpus="tales",
        corpus_fingerprint="c",
        part="test",
        rows=nats.shape[0],
        row_chars=nats.shape[1],
        mean_nats=float(nats.mean()),
        error_rate=0.5,
    )
    write_surprisal(run.replay_folder("test", "surprisal"), surprisal, nats, np.zeros(nats.shape, np.uint8))
    return run


def test_rows_that_a_network_is_lost_in_fail_its_health_check(tmp_path: Path):
    sound = health_of(run_of(tmp_path / "sound", NATS, []))
    assert sound.is_sound and "as well as the others" in str(sound)
    lost = NATS.copy()
    lost[[3, 70]] += 2.0
    ill = health_of(run_of(tmp_path / "ill", lost, []))
    assert not ill.is_sound and ill.test == (3, 70)
    assert "0 validation rows and 2 of 100 test rows" in str(ill) and "zero_state_probability" in str(ill)


@pytest.mark.parametrize("rows", [[5], [5, 6]])
def test_validation_rows_fail_it_as_well(tmp_path: Path, rows: list[int]):
    assert not health_of(run_of(tmp_path, NATS, rows)).is_sound


def log_of(train: Sequence[float], validation: Sequence[float], lines: int = 30) -> list[dict]:
    """So many lines of training, going straight from each loss to the next, between two validations."""
    log: list[dict] = []
    for index, ((begins, ends), validated) in enumerate(zip(pairwise(train), validation, strict=True)):
        steps = range(lines * index + 1, lines * (index + 1) + 1)
        losses = np.linspace(begins, ends, lines)
        log += [{"step": step, "train_nats": nats} for step, nats in zip(steps, losses, strict=True)]
        log.append({"step": steps[-1], "validation_nats": validated})
    return log


LEARNED = ([3.0, 1.5, 1.5], [1.9, 1.6])


@pytest.mark.parametrize(
    ("train", "validation", "fell"),
    [
        ([1.6, 1.7, 2.2, 2.2], [1.7, 2.2, 2.1], 0.5),
        ([1.3, 1.1, 0.9, 0.9], [1.5, 1.7, 1.9], 0.0),
        ([1.9, 1.9, 1.9, 1.9], [1.6, 1.6, 1.6], 0.0),
        ([1.56, 1.56, 1.56, 1.56], [1.66, 1.66, 1.66], 0.06),
        ([1.54, 1.54, 1.54, 1.54], [1.64, 1.64, 1.64], 0.0),
        ([1.4, 1.3, 1.2, 1.2], [1.5, 1.4, 1.3], 0.0),
    ],
    ids=["falls apart", "overfits", "training alone", "above the limit", "below it", "learns"],
)
def test_a_run_that_fell_apart_fails_it(tmp_path: Path, train: list, validation: list, fell: float):
    log = log_of([*LEARNED[0], *train], [*LEARNED[1], 1.6, *validation])
    health = health_of(run_of(tmp_path, NATS, [], log))
    assert health.fell_apart_nats == pytest.approx(fell) and health.is_sound == (not fell)
    if fell:
        assert f"ended {fell:.2f} nats above its best" in str(health) and "hidden_rate" in str(health)
        assert "rows" not in str(health)


@pytest.mark.parametrize("lines", [4, 12, 30])
def test_the_steep_beginning_of_a_run_hides_no_fall(tmp_path: Path, lines: int):
    log = log_of([4.5, 1.6, 2.4, 2.4], [1.7, 2.4, 2.5], lines)
    assert health_of(run_of(tmp_path, NATS, [], log)).fell_apart_nats == pytest.approx(0.8)


def test_both_reasons_are_told(tmp_path: Path):
    told = str(health_of(run_of(tmp_path, NATS, [5], log_of([1.5, 1.5, 2.5, 2.5], [1.6, 2.6, 2.6]))))
    assert "fell apart" in told and "1 validation rows" in told


def test_a_row_of_results_hears_of_a_newer_check_and_keeps_what_made_it(tmp_path: Path):
    run = run_of(tmp_path / "run", NATS, [], log_of([1.5, 1.5, 2.5, 2.5], [1.6, 2.6, 2.6]))
    plan, path = planned_run(fast("lstm", 1, 8), 20, run.name), tmp_path / "grid.json"
    assert write_results(path, "tales", [plan], {run.name: run}, {}, "the first command") == 1
    content = json.loads(path.read_text())
    (row,) = content["runs"]
    assert not row["is_sound"] and row["fell_apart_nats"] == pytest.approx(1.0)
    path.write_text(json.dumps(content | {"runs": [row | {"is_sound": True, "commit": "before"}]}))
    assert write_results(path, "tales", [plan], {run.name: run}, {}, "a later command") == 1
    (again,) = json.loads(path.read_text())["runs"]
    assert again == row | {"commit": "before"} and again["command"] == "the first command"
