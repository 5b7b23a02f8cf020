"""`rnnscope analyse` and `rnnscope window`: findings after the fact, and n-NNs beside n-grams."""

import json
from pathlib import Path

import pytest
from planted_reader import reader_run

from rnnscope.cli.main import run as command


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
