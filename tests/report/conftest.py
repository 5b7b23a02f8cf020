"""The planted findings, and pages made of them in a browser that may ask for nothing but the page."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

from rnnscope.records import Finding
from rnnscope.report import write_report

CHROMIUM = Path("/usr/bin/chromium")
# Headless, quiet, and without a sandbox, for tests often run as root in a container.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
IS_DRAWN = (
    "[...document.querySelectorAll('[data-chart]')].every(b => b.dataset.drawn || 'failed' in b.dataset)"
)


@pytest.fixture(scope="session")
def planted() -> ModuleType:
    """The module tests/report/planted.py."""
    if "planted" not in sys.modules:
        specification = importlib.util.spec_from_file_location(
            "planted", Path(__file__).parent / "planted.py"
        )
        assert specification and specification.loader
        sys.modules["planted"] = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(sys.modules["planted"])
    return sys.modules["planted"]


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


@dataclass
class Visit:
    """A page in the browser, and everything it said or asked for."""

    page: object
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.is_file():
        pytest.skip(f"there is no browser at {CHROMIUM}")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser) -> Iterator[Callable[..., Visit]]:
    """Opens a file with a width and a colour scheme, waits for its charts; the page must have been silent."""
    contexts, visits = [], []

    def open_page(path: Path, width: int = 1280, scheme: str = "light", **settings) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce", **settings
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        seen = Visit(page)
        page.on("console", lambda message: seen.messages.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: seen.messages.append(f"uncaught: {error}"))
        page.on("request", lambda request: seen.requests.append(request.url))
        visits.append((seen, path))
        page.goto(path.as_uri())
        if settings.get("java_script_enabled", True):
            page.wait_for_function(IS_DRAWN)
        return seen

    yield open_page
    for context in contexts:
        context.close()
    for seen, path in visits:
        assert seen.messages == []
        assert [
            url
            for url in seen.requests
            if url.split("#")[0] != path.as_uri() and not url.startswith(("data:", "blob:"))
        ] == []
