"""The view of errors: its counts are the finding's, and what is read under a slice is an error of it."""

import json
from pathlib import Path

import httpx
import numpy as np
import pytest

from rnnscope.analyses.error_oracles import OracleSettings
from rnnscope.explorer.breakdowns import settings_of
from rnnscope.explorer.library import Library
from rnnscope.records.corpus import find_corpus


@pytest.fixture
def model(small_work: Path) -> str:
    """The predictor that the finding takes apart."""
    finding = Library(small_work).finding("tales", "error_oracles")
    return str(finding.tables["models"][0]["model"])


def test_every_count_and_interval_is_the_findings(api: httpx.Client, small_work: Path, model: str):
    finding = Library(small_work).finding("tales", "error_oracles").plain()["tables"]
    shown = api.get(f"/api/errors/tales/{model}/test").json()
    facts = finding["models"][0]
    assert [shown[name] for name in ("errors", "chars", "error_rate")] == [
        facts[name] for name in ("errors", "chars", "error_rate")
    ]
    names = ("oracle", "slice", "errors", "share", "low", "high")
    expected = [[row[name] for name in names] for row in finding["slices"] if row["model"] == model]
    assert [[row[name] for name in names] for row in shown["slices"]] == expected
    assert shown["is_in_finding"] and {each["name"] for each in shown["figures"]} >= {"breakdown", "order"}


def test_errors_of_all_slices_are_all_errors_each_once(api: httpx.Client, small_work: Path, model: str):
    where = f"/api/errors/tales/{model}/test"
    shown = api.get(where).json()
    surprisal = Library(small_work).surprisal("tales", model, "test")
    corpus = find_corpus(small_work, "tales")
    targets_RT = corpus.targets(corpus.part("test"))
    names = corpus.alphabet.names
    seen: set[tuple[int, int]] = set()
    for row in shown["slices"]:
        asked = {"oracle": row["oracle"], "slice": row["slice"], "order": "text"}
        found = api.get(f"{where}/places", params=asked).json()
        assert found["count"] == row["errors"]
        ordered = [(each["row"], each["step"]) for each in found["places"]]
        assert ordered == sorted(ordered) and not seen & set(ordered)
        seen |= set(ordered)
        for each in found["places"]:
            at = each["row"], each["step"]
            assert (each["oracle"], each["slice"]) == (row["oracle"], row["slice"])
            assert each["nats"] == pytest.approx(float(surprisal.nats_RT[at]))
            assert each["probability"] < 0.5 and each["character"] == names[int(targets_RT[at])]
            assert each["likeliest"] == names[int(surprisal.likeliest_RT[at])]
            assert each["text"][each["at"]] == corpus.alphabet.symbols[int(targets_RT[at])]
            assert each["values"][each["at"]] == pytest.approx(each["nats"], abs=0.006)
            assert len(each["values"]) == len(each["text"])
    assert seen


def test_a_seed_draws_the_same_errors_again_and_another_draws_others(api: httpx.Client, model: str):
    where = f"/api/errors/tales/{model}/test/places"
    first, again, other = (api.get(where, params={"seed": seed}).json() for seed in (1, 1, 2))
    assert first == again and first["places"] != other["places"] and first["count"] == other["count"]


def test_the_most_surprising_come_first_where_asked(api: httpx.Client, small_work: Path, model: str):
    found = api.get(f"/api/errors/tales/{model}/test/places", params={"order": "surprise"}).json()
    nats = [each["nats"] for each in found["places"]]
    most = float(np.max(Library(small_work).surprisal("tales", model, "test").nats_RT))
    assert nats == sorted(nats, reverse=True) and nats[0] == pytest.approx(most)


def test_without_the_ngrams_losses_the_command_that_makes_them_is_said(work_copy: Path, served, model: str):
    replays = work_copy / "counts/tales/replays/test"
    (replays / "2-gram" / "manifest.json").unlink()
    with served(work_copy) as base:
        answer = httpx.get(f"{base}/api/errors/tales/{model}/test", timeout=60, trust_env=False)
    assert answer.status_code == 404 and "2-gram" in answer.json()["error"]
    assert answer.json()["command"].startswith(f"rnnscope errors tales/{model} --part test")


def test_settings_are_those_of_the_finding(work_copy: Path):
    path = work_copy / "findings/tales/error_oracles.json"
    content = json.loads(path.read_text())
    changed = OracleSettings(memory_least_chars=1)
    content["parents"]["told"] = changed.model_dump_json()
    path.write_text(json.dumps(content))
    assert settings_of(Library(work_copy).finding("tales", "error_oracles")) == changed
    assert settings_of(None) == OracleSettings()


@pytest.mark.parametrize(
    ("name", "asked", "status"),
    [
        ("nobody", {}, 404),
        ("reader", {"oracle": "magic"}, 422),
        ("reader", {"oracle": "memory", "slice": "1-gram"}, 422),
        ("reader", {"order": "backwards"}, 422),
    ],
)
def test_what_is_not_there_is_one_line(api: httpx.Client, name: str, asked: dict, status: int):
    answer = api.get(f"/api/errors/tales/{name}/test/places", params=asked)
    assert answer.status_code == status and "\n" not in answer.json()["error"]
