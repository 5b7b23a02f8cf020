"""`rnnscope errors` on a run that reads tales."""

import json
from pathlib import Path

import pytest
from planted_reader import reader_run

from rnnscope.cli.main import run as command
from rnnscope.cli.options import visible


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    reader_run(folder)
    return folder


def listed(capsys: pytest.CaptureFixture, work: Path, *arguments: str) -> list[dict]:
    shown = ["errors", "tales/reader", "--set", "contexts=1-2", *arguments, "--json", "--work", str(work)]
    assert command(shown) == 0
    return json.loads(capsys.readouterr().out)["errors"]


def test_errors_of_one_oracle_are_listed_with_their_text(capsys, work: Path):
    rows = listed(capsys, work, "--oracle", "word-model", "--limit", "5")
    assert len(rows) == 5 and {row["oracle"] for row in rows} == {"word-model"}
    assert all(row["probability"] < 0.5 and row["before"][-1] in ' \n"“”' for row in rows)
    assert all("word-model" in row["would_remove"] for row in rows)


def test_on_a_terminal_an_error_is_two_lines_and_line_ends_are_seen(capsys, work: Path):
    shown = ["errors", "tales/reader", "--set", "contexts=1-2", "--limit", "3", "--work", str(work)]
    assert command(shown) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6 and all("[" in line for line in lines[::2])
    assert all("was likeliest" in line for line in lines[1::2])


def test_what_is_shown_leaves_the_terminal_alone():
    assert visible("a\x1b[31m\r\n\t\u202e\x9b") == "a·[31m←↵→··"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--oracle", "rare-word"], "no oracle 'rare-word'; did you mean 'rare-words'?"),
        (["--limit", "-1"], "--limit -1 is not a number of errors; 0 lists all"),
        (["--set", "memory_char=3"], "no setting 'memory_char'; did you mean 'memory_chars'?"),
        (["--part", "tests"], "no part 'tests'; did you mean 'test'?"),
    ],
)
def test_what_cannot_be_listed_is_one_line(capsys, work: Path, arguments: list[str], said: str):
    assert command(["errors", "tales/reader", *arguments, "--work", str(work)]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
