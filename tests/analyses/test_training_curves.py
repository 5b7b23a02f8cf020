"""What a reading of training curves names."""

from pathlib import Path

from planted_runs import run_manifest

from rnnscope.analyses.training_curves import training_curves
from rnnscope.records.run import Run


def run_of(folder: Path, cell: str, seed: int, nats: float) -> Run:
    manifest = run_manifest(
        cell, name=f"{cell}-1x8-s{seed}", seed=seed, train_seconds=3, validation_nats=nats
    )
    return Run(folder / manifest.name, manifest)


def test_of_many_networks_the_best_of_each_cell_are_named_and_of_few_all(tmp_path: Path):
    few = [run_of(tmp_path, "lstm", seed, 2.0 - seed / 10) for seed in range(3)]
    reading = training_curves(few, {}, "tales").reading
    assert all(run.name in reading for run in few)
    many = few + [run_of(tmp_path, "gru", seed, 1.5 + seed / 10) for seed in range(5)]
    reading = training_curves(many, {}, "tales").reading
    assert reading.startswith("Of 8 networks the best of each cell: gru-1x8-s0 reached 1.500")
    assert "lstm-1x8-s2 reached 1.800" in reading and reading.count("reached") == 2
