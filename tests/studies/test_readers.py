"""Which runs the analyses of a text read: chosen on validation, recurrent and n-NN apart."""

from pathlib import Path

import pytest
from planted_runs import run_manifest

from rnnscope.errors import RecordError
from rnnscope.records.run import Run, milestone_path
from rnnscope.studies.readers import Readers, best_of_each_cell


def run(name: str, folder: Path = Path("nowhere"), **facts: object) -> Run:
    cell = "window" if "nn" in name else name.split("-")[0]
    return Run(folder / name, run_manifest(cell, name=name, **facts))


RUNS = [
    run("lstm-3x9-s0", parameters=4000, validation_nats=1.1),
    run("lstm-1x9-s0", parameters=1000, validation_nats=1.4),
    run("lstm-2x7-s0", parameters=1020, validation_nats=1.3),
    run("lstm-2x9-s0", parameters=1900, validation_nats=1.25),
    run("gru-3x9-s0", parameters=900, validation_nats=1.2),
    run("3-nn-128-s0", context=3, parameters=10, validation_nats=1.6),
    run("3-nn-512-s0", context=3, parameters=50, validation_nats=1.5),
    run("1-nn-128-s0", context=1, parameters=10, validation_nats=1.05),
]


def test_large_is_the_best_network_and_small_the_best_of_its_cell_s_smallest_size():
    readers = Readers(RUNS)
    assert readers.large.name == "lstm-3x9-s0"
    assert readers.small is not None and readers.small.name == "lstm-2x7-s0"
    assert "1-nn-128-s0" not in {each.name for each in readers.networks}


def test_there_is_no_small_one_where_none_is_much_smaller():
    assert Readers(RUNS[:1]).small is None
    assert Readers([RUNS[0], run("lstm-2x11-s0", parameters=2100, validation_nats=1.5)]).small is None


def test_of_each_context_the_n_nn_with_the_lowest_validation_loss_stands_for_it():
    readers = Readers(RUNS)
    assert {n: each.name for n, each in readers.windows.items()} == {1: "1-nn-128-s0", 3: "3-nn-512-s0"}
    assert readers.best_window is not None and readers.best_window.name == "1-nn-128-s0"
    assert Readers(RUNS[:2]).best_window is None


def test_a_network_that_grows_is_one_that_kept_its_weights(tmp_path: Path):
    kept = run("gru-1x8-s0", tmp_path, validation_nats=1.5)
    for step in (1, 20):
        path = milestone_path(kept.folder, step)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert Readers([*RUNS, kept]).growing == kept
    assert list(kept.milestones()) == [1, 20]
    assert Readers(RUNS).growing is None


def test_the_best_of_each_cell_is_no_n_nn_and_comes_in_the_order_asked_for():
    assert [each.name for each in best_of_each_cell(RUNS, ("gru", "lstm"))] == ["gru-3x9-s0", "lstm-3x9-s0"]


def test_without_a_network_it_is_said_what_trains_one():
    with pytest.raises(RecordError, match="rnnscope train"):
        _ = Readers(RUNS[5:]).large
