"""Commands in the documents exist, with the options that they name; links lead somewhere."""

import pkgutil
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from rnnscope import analyses
from rnnscope.cli.main import app
from rnnscope.studies.findings import ANALYSES

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
DOCUMENTS += sorted((ROOT / "benchmarks" / "results").glob("*.md"))


def commands() -> Iterator[tuple[str, str]]:
    """Document and command line, of every line that is a command of ours."""
    for document in DOCUMENTS:
        for line in document.read_text().splitlines():
            stripped = line.strip().removeprefix("$ ").strip("`")
            if re.match(r"(time )?rnnscope [a-z]", stripped) and line.startswith(("    ", "$ ", "rnnscope")):
                yield document.name, stripped.removeprefix("time ")


def parsed(line: str) -> tuple[Any, list[str]]:
    """The command that a line means, and the words that follow its name."""
    words = shlex.split(line, comments=True)[1:]
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        assert words and words[0] in command.commands, f"no such command in: {line}"
        command = command.commands[words.pop(0)]
    return command, words


def test_there_are_commands_in_the_documents():
    assert len(list(commands())) >= 8


@pytest.mark.parametrize(("document", "line"), sorted(set(commands())))
def test_a_documented_command_exists_with_its_options(document: str, line: str):
    command, words = parsed(line)
    options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    assert {word.split("=")[0] for word in words if word.startswith("--")} <= options, line


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path):
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target


def test_every_analysis_has_its_page():
    there = {module.name for module in pkgutil.iter_modules(analyses.__path__)}
    assert {path.stem for path in (ROOT / "docs" / "analyses").glob("*.md")} == there
    assert set(ANALYSES) <= there


def test_nothing_that_is_committed_names_a_machine_or_its_folders():
    pattern = re.compile(r"/(root|tmp|home)/|site-packages/")
    for document in DOCUMENTS:
        assert not pattern.search(document.read_text()), document
