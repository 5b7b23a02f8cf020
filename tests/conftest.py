"""What every test gets: no network, War and Peace where it is, a browser for pages that ask for nothing."""

import hashlib
import lzma
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

WAR_AND_PEACE_SHA256 = "fb66ba999dafe24017cdd59e04c56d385a9c8466993d374fd4c6f08b2142985e"
TEST_DATA = Path(os.environ.get("RNNSCOPE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))

CHROMIUM = Path("/usr/bin/chromium")
# Headless, quiet, and without a sandbox, for tests often run as root in a container.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
IS_DRAWN = (
    "[...document.querySelectorAll('[data-chart]')].every(b => b.dataset.drawn || 'failed' in b.dataset)"
)

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


def _refuse(address: object) -> None:
    host = address[0] if isinstance(address, tuple) else None
    if host is not None and host not in ("127.0.0.1", "::1", "localhost"):
        raise AssertionError(f"tests must not use the network, and this one asked for {host}")


def _local_connect(self: socket.socket, address):
    _refuse(address)
    return _connect(self, address)


def _local_connect_ex(self: socket.socket, address):
    _refuse(address)
    return _connect_ex(self, address)


@pytest.fixture(autouse=True, scope="session")
def network_is_refused():
    """Only this machine can be reached; processes that tests start find a proxy that is not there."""
    socket.socket.connect = _local_connect
    socket.socket.connect_ex = _local_connect_ex
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        os.environ[name] = "http://127.0.0.1:9"
    yield
    socket.socket.connect = _connect
    socket.socket.connect_ex = _connect_ex


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder with the large texts."""
    return TEST_DATA


@pytest.fixture(scope="session")
def war_and_peace_path() -> Path:
    path = TEST_DATA / "warpeace_input.txt.xz"
    if not path.is_file():
        pytest.skip(f"War and Peace is not in {TEST_DATA} (set RNNSCOPE_TEST_DATA)")
    return path


@pytest.fixture(scope="session")
def war_and_peace_bytes(war_and_peace_path: Path) -> bytes:
    content = lzma.decompress(war_and_peace_path.read_bytes())
    assert hashlib.sha256(content).hexdigest() == WAR_AND_PEACE_SHA256
    return content


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


@pytest.fixture
def can_compile():
    """Skips where there is no compiler or no processor for the native step: an install without is whole."""
    from rnnscope.errors import BackendError
    from rnnscope.recurrence.native.building import recipe
    from rnnscope.recurrence.native.variants import variant_for

    try:
        recipe(variant_for("float64"))
    except BackendError as reason:
        pytest.skip(str(reason))
