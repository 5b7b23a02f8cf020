"""The view of gates shows what was counted, by the finding or over the trace."""

import time
from pathlib import Path

import httpx
import numpy as np
import pytest

from rnnscope.explorer.background import Background
from rnnscope.records.finding import Finding
from rnnscope.records.run import find_run
from rnnscope.records.trace import Trace


def counted(api: httpx.Client, run: str, query: str = "") -> dict:
    deadline = time.monotonic() + 60
    while True:
        answer = api.get(f"/api/gates/tales/{run}{query}").json()
        if answer["is_over"] or time.monotonic() > deadline:
            return answer
        time.sleep(0.02)


def test_gates_are_those_of_the_finding(api: httpx.Client, small_work: Path):
    finding = Finding.load(small_work / "findings" / "tales" / "saturation.json")
    answer = counted(api, "lstm")
    assert [each["source"] for each in answer["counted"]] == ["finding"]
    own = [row for row in finding.tables["gates"] if row["run"] == "lstm"]
    names = ("layer", "gate", "unit", "left", "right", "never_moves")
    assert [[unit[name] for name in names] for unit in answer["gates"]] == [
        [row[name] for name in names] for row in own
    ]
    summary = [row for row in finding.tables["summary"] if row["run"] == "lstm"]
    assert answer["summary"] == [{name: row[name] for name in row if name != "cell"} for row in summary]


def test_without_a_finding_gates_are_counted_over_the_trace(work_copy: Path, served):
    (work_copy / "findings" / "tales" / "saturation.json").unlink()
    with served(work_copy) as base, httpx.Client(base_url=base, trust_env=False, timeout=30) as api:
        answer = counted(api, "gru")
    trace = Trace.read(find_run(work_copy, "tales/gru").replay_folder("test", "trace"))
    assert answer["counted"][0]["source"] == "trace"
    for site in ("z", "r"):
        values = trace.site(f"layers.0.{site}")
        units = [unit for unit in answer["gates"] if unit["site"] == site]
        assert [unit["right"] for unit in units] == pytest.approx(
            (values > np.float16(0.9)).mean(axis=(0, 1)).tolist()
        )
        assert [unit["left"] for unit in units] == pytest.approx(
            (values < np.float16(0.1)).mean(axis=(0, 1)).tolist()
        )


def test_two_networks_stand_beside_one_another(api: httpx.Client):
    answer = counted(api, "lstm", "?beside=gru")
    assert {unit["run"] for unit in answer["gates"]} == {"lstm", "gru"}
    assert [figure["name"] for figure in answer["figures"]] == ["saturation-lstm", "saturation-gru"]
    assert {name for figure in answer["figures"] for name in [figure["spec"]["params"][0]["name"]]} == {
        "region"
    }


def test_a_network_beside_that_is_not_there_is_refused(api: httpx.Client):
    answer = api.get("/api/gates/tales/lstm?beside=none")
    assert answer.status_code == 404 and "no run 'none'" in answer.json()["error"]


def test_what_is_asked_for_last_is_worked_out_before_what_was_asked_for_first():
    background, order = Background(), []

    def work(name: str):
        def make(say):
            for share in range(20):
                say(share / 20)
                time.sleep(0.002)
            order.append(name)
            return name

        return make

    first = background.of("first", work("first"))
    last = background.of("last", work("last"))
    deadline = time.monotonic() + 10
    while not (first.is_over and last.is_over) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert order == ["last", "first"]
    assert (first.value, last.value, first.share) == ("first", "last", 1.0)


def test_a_result_that_is_not_kept_any_more_is_not_worked_out_to_its_end():
    background, done = Background(most_jobs=1), []

    def forever(say):
        while True:
            say(0.5)
            time.sleep(0.001)

    dropped = background.of("dropped", forever)
    kept = background.of("kept", lambda say: done.append(1) or 7)
    deadline = time.monotonic() + 10
    while not (dropped.is_over and kept.is_over) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert dropped.is_over and dropped.value is None
    assert kept.value == 7 and done == [1]
