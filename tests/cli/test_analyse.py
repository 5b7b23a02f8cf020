"""`rnnscope analyse` and `rnnscope window`: findings after the fact, and n-NNs beside n-grams."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from planted_reader import reader_run

from rnnscope.cli.main import run as command
from rnnscope.studies.findings import ANALYSES


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    reader_run(folder)
    return folder


def result(capsys: pytest.CaptureFixture, *arguments: str) -> dict:
    assert command([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_finding_is_made_kept_drawn_and_not_made_again(capsys, work: Path, tmp_path: Path):
    asked = ["analyse", "per_character", "tales", "--work", str(work), "--set", "least_count=5"]
    found = result(capsys, *asked, "--results", str(tmp_path / "kept"), "--figures", str(tmp_path / "drawn"))
    assert found["analysis"] == "per_character" and found["tables"]["characters"]
    kept = json.loads((tmp_path / "kept" / "tales" / "per_character.json").read_bytes())
    assert kept["reading"] == found["reading"] and kept["command"]
    assert list((tmp_path / "drawn").glob("per_character-*.svg"))
    path = work / "findings" / "tales" / "per_character.json"
    before = path.stat().st_mtime_ns
    result(capsys, *asked)
    assert path.stat().st_mtime_ns == before
    result(capsys, *asked[:-1], "least_count=500")
    assert path.stat().st_mtime_ns > before


def test_a_finding_of_another_version_of_its_analysis_is_made_again(capsys, work: Path, monkeypatch):
    asked = ["analyse", "per_character", "tales", "--work", str(work), "--set", "least_count=6"]
    result(capsys, *asked)
    path = work / "findings" / "tales" / "per_character.json"
    before = path.stat().st_mtime_ns
    newer = replace(ANALYSES["per_character"], version=ANALYSES["per_character"].version + 1)
    monkeypatch.setitem(ANALYSES, "per_character", newer)
    result(capsys, *asked)
    assert path.stat().st_mtime_ns > before


@pytest.mark.slow
def test_n_nns_are_trained_chosen_and_set_beside_n_grams_and_read_by_the_next_finding(capsys, work: Path):
    asked = [
        "window",
        "tales",
        "--context",
        "1-2",
        "--hidden",
        "8,16",
        "--work",
        str(work),
        "--processes",
        "1",
    ]
    asked += ["--set", "epochs=1", "--set", "streams=4", "--set", "precision=float32"]
    rows = result(capsys, *asked)["windows"]
    assert [row["context"] for row in rows] == [1, 2]
    assert all(row["hidden"] in (8, 16) and row["ngram_test_nats"] > 0 for row in rows)
    assert all(row["published_window_nats"] is None for row in rows)
    told = result(capsys, "analyse", "error_overlap", "tales", "--work", str(work))
    assert any("-nn-" in str(row["model"]) for row in told["tables"]["models"])
    lengths = result(capsys, "analyse", "comparison", "tales", "--work", str(work))["tables"]["contexts"]
    assert [row["window_test_nats"] is not None for row in lengths[:3]] == [True, True, False]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["error_oracle", "tales"], "no analysis 'error_oracle'; did you mean 'error_oracles'?"),
        (["error_overlap", "tails"], "no corpus 'tails'"),
        (["error_overlap", "tales", "--models", "reeder"], "no run 'tales/reeder'"),
        (["error_overlap", "tales", "--set", "error_probabilty=0.4"], "did you mean 'error_probability'?"),
        (["model_map", "tales", "--set", "seeds=3"], "analysis 'model_map' has nothing to set"),
    ],
)
def test_what_cannot_be_made_is_one_line(capsys, work: Path, arguments: list[str], said: str):
    assert command(["analyse", *arguments, "--work", str(work)]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


@pytest.mark.slow
def test_learning_order_is_told_of_a_network_that_kept_its_weights_and_not_measured_again(capsys, work: Path):
    asked = ["train", "tales", "--cell", "gru", "--hidden", "12", "--work", str(work), "--threads", "1"]
    asked += [
        "--set",
        "epochs=1",
        "--set",
        "milestones=4",
        "--set",
        "streams=4",
        "--set",
        "precision=float32",
    ]
    run = result(capsys, *asked)["run"]
    order = [
        "analyse",
        "training_dynamics",
        "tales",
        "--models",
        run,
        "--work",
        str(work),
        "--processes",
        "1",
    ]
    order += ["--set", "contexts=1-2", "--set", "chars=2000", "--set", "role_chars=2000"]
    tables = result(capsys, *order)["tables"]
    assert [row["reference"] for row in tables["references"]] == ["1-gram", "2-gram"]
    epochs = sorted({row["epoch"] for row in tables["curves"]})
    assert 2 <= len(epochs) <= 4 and epochs[-1] == pytest.approx(1, abs=0.05)
    record = work / "runs" / run / "replays" / "test" / "divergence" / "manifest.json"
    before = record.stat().st_mtime_ns
    result(capsys, *order[:-1], "role_chars=2500")
    assert record.stat().st_mtime_ns == before
    result(capsys, *order, "--set", "contexts=1")
    assert record.stat().st_mtime_ns > before
    assert command([*order, "--set", "contexts=50"]) == 2
    assert "no n-gram and no n-NN of 50 characters" in capsys.readouterr().err


def test_an_n_nn_is_replayed_and_scored_and_refused_where_gates_are_wanted(
    capsys, work: Path, tmp_path: Path
):
    asked = ["train", "tales", "--cell", "window", "--context", "2", "--hidden", "8", "--work", str(work)]
    run = result(capsys, *asked, "--set", "epochs=1", "--set", "streams=4")["run"]
    assert result(capsys, "replay", run, "--work", str(work))["mean_nats"] > 0
    (tmp_path / "text").write_text("the the the")
    scored = result(capsys, "score", run, str(tmp_path / "text"), "--skip-unknown", "--work", str(work))
    assert scored["chars"] > 5
    for refused in (
        ["replay", run, "--trace"],
        ["units", run, "--hypothesis", "column"],
        ["unit", run, "1.3"],
        ["ablate", run],
        ["statistics", run],
        ["analyse", "cell_roles", "tales", "--models", run],
    ):
        assert command([*refused, "--work", str(work)]) == 2
        error = capsys.readouterr().err
        assert "n-NN" in error or "no recurrent network" in error, error
