"""`rnnscope units` on a run whose units are known."""

import json
import re
from pathlib import Path

import pytest
from planted_reader import COLUMN_UNIT, QUOTE_UNIT, UNITS, reader_run

from rnnscope.cli.main import run as command


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    reader_run(folder)
    return folder


def ranked(capsys: pytest.CaptureFixture, work: Path, *arguments: str) -> dict:
    assert command(["units", "tales/reader", *arguments, "--json", "--work", str(work)]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("hypothesis", "unit"),
    [("inside_quotes", QUOTE_UNIT), ("column", COLUMN_UNIT), ("“[^”]*", QUOTE_UNIT)],
)
def test_the_wired_unit_comes_first_and_no_other_comes_near(capsys, work: Path, hypothesis: str, unit: int):
    found = ranked(capsys, work, "--hypothesis", hypothesis)
    first, *others = (row | {"kind": found["kind"]} for row in found["units"])
    assert first["unit"] == unit and first["score"] > 0.99 and first["is_clear"]
    assert first["untrained"] < first["score"] and first["q"] < 1e-6
    assert first["low"] is first["high"] is None  # half of the test text is two blocks
    assert len(others) == UNITS - 1
    # any unit may know a line end for a few characters; what is in quotes goes on for longer
    assert not any(row["is_clear"] and (row["kind"] == "flag" or row["score"] > 0.5) for row in others)


def test_a_hypothesis_that_no_unit_is_wired_for_makes_none_clear(capsys, work: Path):
    found = ranked(capsys, work, "--hypothesis", r"\b[a-d]\w+")
    assert found["units_clear"] == 0


def test_a_span_inside_a_quotation_finds_the_quote_unit_and_another_span_does_not(capsys, work: Path):
    from rnnscope.records.corpus import find_corpus

    corpus = find_corpus(work, "tales")
    start = corpus.part("test").starts[0]
    text = corpus.text(start, start + 20_000)
    opened, closed = next(
        match.span(1) for match in re.finditer(r"(?<=[^“”]{40})(“[^“”]{30,})”(?=[^“”]{40})", text)
    )
    found = ranked(capsys, work, "--span", f"{opened}:{closed}")
    first = found["units"][0]
    assert (first["unit"], first["direction"], first["fits"]) == (QUOTE_UNIT, "on", True)
    assert 0.2 < first["share_of_text"] < 0.8
    # as long, and with no quotation mark at either end
    elsewhere = ranked(capsys, work, "--span", f"{opened + 3}:{closed + 3}")
    assert not next(row for row in elsewhere["units"] if row["unit"] == QUOTE_UNIT)["fits"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--hypothesis", "("], "no regular expression"),
        (["--hypothesis", "inside_qoutes"], "inside_quotes"),
        (["--hypothesis", "zebra"], "matches nothing"),
        ([], "--hypothesis or by --span"),
        (["--span", "5:5"], "1200:1240"),
        (["--span", "5000000:5000010"], "no characters"),
        (["--hypothesis", "column", "--not", "1:2"], "--not goes with --span"),
        (["--hypothesis", "column", "--part", "tst"], "test"),
    ],
)
def test_what_cannot_be_ranked_is_one_line(capsys, work: Path, arguments: list[str], said: str):
    assert command(["units", "tales/reader", *arguments, "--work", str(work)]) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1


def test_a_longer_trace_of_the_users_is_left_as_it_is(capsys, work: Path):
    assert command(["replay", "tales/reader", "--trace", "--precision", "float32", "--work", str(work)]) == 0
    capsys.readouterr()
    manifest = work / "runs/tales/reader/replays/test/trace/manifest.json"
    before = manifest.read_bytes()
    ranked(capsys, work, "--hypothesis", "column", "--chars", "3000")
    assert manifest.read_bytes() == before
