"""A network that is lost in some rows is told from one that is not."""

from pathlib import Path

import numpy as np
import pytest
from planted_runs import run_manifest

from rnnscope.records.run import Run
from rnnscope.records.surprisal import SurprisalManifest, write_surprisal
from rnnscope.studies.health import health_of

NATS = np.random.default_rng(0).normal(1.2, 0.02, size=(100, 50)).astype(np.float32)


def run_of(folder: Path, nats: np.ndarray, validation: list[int]) -> Run:
    manifest = run_manifest(trapped_rows=validation)
    run = Run(folder, manifest)
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
