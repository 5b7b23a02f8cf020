"""The planted findings of the report's tests."""

import importlib
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def planted() -> ModuleType:
    """The module tests/planted/planted.py."""
    return importlib.import_module("planted")
