"""Small work folders, an explorer served from them in a thread, and a browser page that must stay silent."""

import contextlib
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn
from planted_demo import SITE, TRACE, seen, traced_here
from planted_reader import reader_run

from rnnscope.cli.main import run as command
from rnnscope.explorer.app import create_app
from rnnscope.explorer.demo import opening
from rnnscope.explorer.views.live import Live
from rnnscope.records.columns import build_columns
from rnnscope.records.trace import Trace
from rnnscope.studies import analysing, reading

if TYPE_CHECKING:
    from playwright.sync_api import Page

Serve = Callable[..., AbstractContextManager[str]]

SCRIPT = "<script>document.title = 'owned'</script>"
IMAGE = "<img src=x onerror=document.title='owned'>"
HOSTILE_NAME = "<img src=x onerror=document.title='owned'>&amp;\"'"
"""Of the hostile corpus and run: as a folder's name it has no slash."""
FAST = ("--set", "epochs=1", "--threads", "1")


@pytest.fixture(scope="session")
def small_work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus 'tales' with runs 'lstm' (2x12), 'gru' (1x12) and 'reader' (1x8, unit 2 wired for quotes, 5
    for columns), each scored on test and traced there trained and untrained, the 1- to 9- and 20-gram, and
    findings of saturation, cell_roles and error_oracles.

    Records that a test makes or changes belong in a copy: others see this one.
    """
    work = tmp_path_factory.mktemp("explorer") / "work"
    reader_run(work)
    for name, cell, layers in (("lstm", "lstm", 2), ("gru", "gru", 1)):
        shape = ("--cell", cell, "--layers", str(layers), "--hidden", "12", "--name", name)
        done("train", "tales", *shape, *FAST, work=work)
    for name in ("lstm", "gru", "reader"):
        done("replay", f"tales/{name}", "--trace", work=work)
    for analysis, models in (
        ("saturation", "lstm,gru,reader"),
        ("cell_roles", "lstm,gru,reader"),
        ("error_oracles", "lstm,gru"),
    ):
        done("analyse", analysis, "tales", "--models", models, work=work)
    return work


def done(*arguments: str, work: Path) -> None:
    """A command of rnnscope, which must succeed."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (analysing, reading):  # a new process would import torch for a second of work
            patch.setattr(module, "run_jobs", in_one_process)
        assert command([*arguments, "--work", str(work)]) == 0, arguments


def in_one_process(
    work: Callable[[Any], Any], jobs: Sequence[Any], processes: int, on_message: Any = None
) -> list:
    return [work(job) for job in jobs]


@pytest.fixture(scope="session")
def hostile_work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder whose text, corpus and run name, and finding's every text are HTML and script. One LSTM
    of 8 units."""
    work = tmp_path_factory.mktemp("hostile") / "work"
    work.mkdir()
    source = work / "hostile.txt"
    lines = (
        f"{n * 7919 % 1000} “{SCRIPT}” said {IMAGE} &amp; \u202ertl\u202c \x1b[3{n % 8}m\t界{n}"
        for n in range(120)
    )
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done("corpus", "build", str(source), "--name", "hostile", "--language", "prose", work=work)
    done("train", "hostile", "--hidden", "8", "--name", "lstm", *FAST, work=work)
    done("replay", "hostile/lstm", "--trace", work=work)
    done("analyse", "saturation", "hostile", work=work)
    source.unlink()
    for kind in ("corpora", "runs", "findings", "counts"):
        if (work / kind / "hostile").is_dir():
            (work / kind / "hostile").rename(work / kind / HOSTILE_NAME)
    runs = work / "runs" / HOSTILE_NAME
    (runs / "lstm").rename(runs / HOSTILE_NAME)
    for path in work.rglob("*.json"):
        path.write_text(json.dumps(_renamed(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")
    finding = work / "findings" / HOSTILE_NAME / "saturation.json"
    content = json.loads(finding.read_text(encoding="utf-8"))
    for name in ("title", "reading"):
        content[name] = f"{SCRIPT}{IMAGE} {content[name]}"
    content["caveats"] = [SCRIPT + IMAGE]
    finding.write_text(json.dumps(content), encoding="utf-8")
    return work


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: each if key == "cell" else _renamed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each) for each in value]
    return HOSTILE_NAME if value in ("hostile", "lstm") else value


@pytest.fixture
def work_copy(small_work: Path, tmp_path: Path) -> Path:
    """A copy of the small work folder that the test may change."""
    return Path(shutil.copytree(small_work, tmp_path / "work"))


@pytest.fixture(scope="session")
def served() -> Serve:
    """`with served(work, live=None) as base:` answers at `base`, 'http://...', until it is left; at a port of
    its own unless one is named."""

    @contextlib.contextmanager
    def serve(work: Path, live: Live | None = None, port: int = 0, **settings: Any) -> Iterator[str]:
        config = uvicorn.Config(
            create_app(work, live=live, **settings),
            port=port,
            log_level="error",
            timeout_graceful_shutdown=1,
            lifespan="off",
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive() and time.monotonic() < deadline, "the explorer did not start"
            time.sleep(0.01)
        bound = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{bound}"
        finally:
            server.should_exit = True
            thread.join(10)

    return serve


@pytest.fixture(scope="session")
def small_explorer(small_work: Path, served: Serve) -> Iterator[str]:
    """The address of an explorer of the small work folder, without a network that runs."""
    with served(small_work) as base:
        yield base


@pytest.fixture(scope="session")
def api(small_explorer: str) -> Iterator[httpx.Client]:
    """Asks the explorer of the small work folder: `api.get("/api/library")`."""
    with httpx.Client(base_url=small_explorer, trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def whole_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache whose demo has been opened and traced once. Tests change copies."""
    cache = tmp_path_factory.mktemp("demo") / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "_tracing", traced_here)
        demo = seen(cache)
    build_columns(Trace.read(demo.work / TRACE), SITE, demo.work / TRACE / f"../columns/{SITE}")
    return cache


@pytest.fixture
def cache(whole_demo: Path, tmp_path: Path) -> Path:
    """A copy of that cache, which the test may change."""
    return Path(shutil.copytree(whole_demo, tmp_path / "cache"))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made during the test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def untraced(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process makes the trace."""
    monkeypatch.setattr(opening, "_tracing", lambda folder: None)


@pytest.fixture
def page(browser) -> Iterator["Page"]:
    """A page of 1280 x 900. What it asks for must be the explorer's and must not fail (an /api refusal, 404
    or 422, is an answer like another), and its console must stay silent.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: faults.append(f"uncaught: {error}"))
    page.on("request", lambda request: _checked(request.url, faults))
    page.on("response", lambda response: _answered(response, faults))
    yield page
    context.close()
    # the browser reports every refusal by itself; which ones may be is said by _answered
    assert [each for each in faults if "Failed to load resource" not in each] == []


def _checked(url: str, faults: list[str]) -> None:
    if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
        faults.append(f"asked for {url}")


def _answered(response: Any, faults: list[str]) -> None:
    is_refusal = response.status in (404, 422) and "/api/" in response.url
    if response.status >= 400 and not is_refusal:
        faults.append(f"{response.status} for {response.url}")
