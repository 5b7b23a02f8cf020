"""The view of search: a wired network's unit is found, and what is told is what the command tells."""

import json
import re
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from planted_reader import COLUMN_UNIT, QUOTE_UNIT

from rnnscope.cli.main import run as command
from rnnscope.records.corpus import find_corpus
from rnnscope.records.trace import Trace

READER = {"corpus": "tales", "run": "reader", "part": "test"}
HYPOTHESIS = "/api/search/hypothesis/tales/reader/test"


def quoted(work: Path) -> dict[str, int]:
    """A quotation of the first test row, but for its marks' far ends."""
    corpus = find_corpus(work, "tales")
    part = corpus.part("test")
    text = corpus.text(part.starts[0], part.starts[0] + part.row_chars)
    match = next(re.finditer(r"(?<=[^“”]{40})(“[^“”]{30,})”(?=[^“”]{40})", text))
    return {"row": 0, "start": match.start(1), "stop": match.end(1)}


def told(capsys: pytest.CaptureFixture, work: Path, *arguments: str) -> dict:
    assert command(["units", "tales/reader", *arguments, "--json", "--work", str(work)]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_quoted_span_finds_the_quote_unit_and_the_answer_is_the_commands(
    api: httpx.Client, small_work: Path, capsys: pytest.CaptureFixture
):
    span = quoted(small_work)
    found = api.post("/api/search/spans", json={**READER, "spans": [span]}).json()
    first = found["units"][0]
    assert (first["unit"], first["direction"], first["fits"]) == (QUOTE_UNIT, "on", True)
    control = next(row for row in found["units"] if row["unit"] == COLUMN_UNIT)
    assert not control["fits"]
    assert found == told(capsys, small_work, "--span", f"{span['start']}:{span['stop']}")


def test_the_index_is_there_after_a_search(api: httpx.Client, small_work: Path):
    api.post("/api/search/spans", json={**READER, "spans": [quoted(small_work)]})
    assert api.get("/api/search/index/tales/reader/test").json() == {"share": 1.0}


def test_a_work_folder_that_cannot_be_written_is_searched_all_the_same(work_copy: Path, served, monkeypatch):
    from rnnscope.errors import RecordError
    from rnnscope.explorer import indexing

    build = indexing.build_columns

    def refusing(trace, site, folder, progress):
        if folder.is_relative_to(work_copy):
            raise RecordError("no permission to write there")
        return build(trace, site, folder, progress)

    monkeypatch.setattr(indexing, "build_columns", refusing)
    monkeypatch.setattr(indexing, "find_columns", lambda trace, site, folder: None)
    with served(work_copy) as base:
        found = httpx.post(
            f"{base}/api/search/spans",
            json={**READER, "spans": [quoted(work_copy)]},
            timeout=60,
            trust_env=False,
        )
    assert found.json()["units"][0]["unit"] == QUOTE_UNIT


def test_places_are_where_the_quote_unit_is_on_and_not_the_span(api: httpx.Client, small_work: Path):
    span = quoted(small_work)
    asked = {**READER, "spans": [span], "units": [f"1.{QUOTE_UNIT}"]}
    first = api.post("/api/search/places", json=asked).json()
    values_RT = Trace.read(small_work / "runs/tales/reader/replays/test/trace").site("layers.0.tanh_c")[
        :, :, QUOTE_UNIT
    ]
    level = first["units"][0]["level"]
    is_on_RT = values_RT.astype(np.float32) > level
    places = []
    for page in range(first["pages"]):
        places += api.post("/api/search/places", json={**asked, "page": page}).json()["places"]
    assert len(places) == first["count"] > 20
    covered_RT = np.zeros_like(is_on_RT)
    for place in places:
        assert not (place["row"] == 0 and place["start"] < span["stop"] and place["stop"] > span["start"])
        covered_RT[place["row"], place["start"] : place["stop"]] = True
        near = values_RT[place["row"], place["first"] : place["first"] + len(place["text"])]
        assert np.abs(near - np.array(place["values"])).max() < 1 / 254 + 0.006
    on_in_span = is_on_RT & ~covered_RT
    rows, steps = np.nonzero(on_in_span)
    assert (covered_RT <= is_on_RT).all() and set(rows.tolist()) == {0}
    assert steps.min() <= span["start"] and span["stop"] - 1 <= steps.max() < span["stop"] + 3
    length = span["stop"] - span["start"]
    apart = [abs(np.log((each["stop"] - each["start"]) / length)) for each in places]
    assert apart == sorted(apart)
    # an excerpt is the text itself
    corpus = find_corpus(small_work, "tales")
    place = places[0]
    start = corpus.part("test").starts[place["row"]] + place["first"]
    assert place["text"] == corpus.text(start, start + len(place["text"]))


@pytest.mark.parametrize(
    ("asked", "argument", "unit"),
    [
        ({"track": "inside_quotes"}, "inside_quotes", QUOTE_UNIT),
        ({"track": "column"}, "column", COLUMN_UNIT),
        ({"pattern": "“[^”]*"}, "“[^”]*", QUOTE_UNIT),
    ],
)
def test_a_track_and_a_pattern_find_the_wired_unit_and_the_answer_is_the_commands(
    api: httpx.Client, small_work: Path, capsys: pytest.CaptureFixture, asked: dict, argument: str, unit: int
):
    found = api.get(HYPOTHESIS, params=asked).json()
    first = found["units"][0]
    assert first["unit"] == unit and first["is_clear"] and first["score"] > 0.99
    assert found == told(capsys, small_work, "--hypothesis", argument)


def test_a_slow_pattern_is_stopped_in_a_line_while_others_are_answered(
    api: httpx.Client, small_explorer: str
):
    said: list[httpx.Response] = []
    slow = {"pattern": "(a|aa|[a-h ])+[^a-h \\n“”]"}
    asking = threading.Thread(
        target=lambda: said.append(
            httpx.get(small_explorer + HYPOTHESIS, params=slow, timeout=60, trust_env=False)
        )
    )
    asking.start()
    answered, longest = 0, 0.0
    while asking.is_alive() and answered < 2000:
        begun = time.monotonic()
        assert api.get("/api/search/index/tales/reader/test").status_code == 200
        longest = max(longest, time.monotonic() - begun)
        answered += 1
    asking.join()
    assert said[0].status_code == 422 and "stopped" in said[0].json()["error"]
    assert answered > 3


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"pattern": "("}, "no regular expression"),
        ({"pattern": "zebra"}, "matches nothing"),
        ({}, "one of the two"),
        ({"track": "column", "pattern": "a"}, "one of the two"),
    ],
)
def test_what_cannot_be_ranked_is_one_line(api: httpx.Client, asked: dict, said: str):
    answer = api.get(HYPOTHESIS, params=asked)
    assert answer.status_code == 422 and said in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        ("spans", {"spans": [{"row": 9999, "start": 0, "stop": 5}]}, 422),
        ("spans", {"spans": [{"row": 0, "start": 5, "stop": 5}]}, 422),
        ("spans", {"spans": [{"row": 0, "start": 0, "stop": 10**12}]}, 422),
        ("spans", {"spans": []}, 422),
        ("spans", {"run": "none", "spans": [{"row": 0, "start": 5, "stop": 9}]}, 404),
        ("spans", {"part": "train", "spans": [{"row": 0, "start": 5, "stop": 9}]}, 404),
        ("places", {"spans": [{"row": 0, "start": 5, "stop": 9}], "units": ["9.1"]}, 422),
        ("places", {"spans": [{"row": 0, "start": 5, "stop": 9}], "units": ["1.99"]}, 422),
        ("places", {"spans": [{"row": 0, "start": 5, "stop": 9}], "units": ["1.1"], "coloured": "1.99"}, 422),
        ("places", {"spans": [{"row": 0, "start": 5, "stop": 9}], "units": ["../x"]}, 422),
    ],
)
def test_what_is_not_there_to_be_pointed_at_is_one_line(
    api: httpx.Client, path: str, more: dict, status: int
):
    answer = api.post(f"/api/search/{path}", json=READER | more)
    assert answer.status_code == status and "\n" not in answer.json()["error"]


def test_text_to_point_at_is_the_text_that_was_read(api: httpx.Client, small_work: Path):
    corpus = find_corpus(small_work, "tales")
    start = corpus.part("test").starts[0] + 50
    found = api.get("/api/search/text/tales/reader/test", params={"row": 0, "step": 50, "chars": 80}).json()
    assert found["text"] == corpus.text(start, start + 80)
    assert api.get("/api/search/text/tales/reader/test", params={"row": 10**6}).status_code == 422
