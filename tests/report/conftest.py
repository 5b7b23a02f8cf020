"""The planted findings, and pages made of them."""

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from rnnscope.records import Finding
from rnnscope.report import write_report


@pytest.fixture(scope="session")
def planted() -> ModuleType:
    """The module tests/planted/planted.py."""
    return importlib.import_module("planted")


@pytest.fixture(scope="session")
def report_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, list[Finding]], Path]:
    """Writes a report once for each name."""
    folder = tmp_path_factory.mktemp("reports")

    def write(name: str, findings: list[Finding]) -> Path:
        path = folder / f"{name}.html"
        if not path.is_file():
            facts = {"text": "python-library", "symbols": 98, "test characters": 120_000}
            write_report(findings, path, title=f"Study of {name}", command="rnnscope study", facts=facts)
        return path

    return write
