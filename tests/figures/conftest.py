"""The planted findings of the report's tests."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def planted() -> ModuleType:
    """The module tests/report/planted.py."""
    if "planted" not in sys.modules:
        path = Path(__file__).parents[1] / "report" / "planted.py"
        specification = importlib.util.spec_from_file_location("planted", path)
        assert specification and specification.loader
        sys.modules["planted"] = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(sys.modules["planted"])
    return sys.modules["planted"]
