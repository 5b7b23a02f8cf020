"""Every view in a browser: texts that mean harm stay texts, nothing comes from elsewhere, all can be used."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from rnnscope.explorer.pages import VIEWS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
SHOWN = "main[aria-busy=false]"
OPENED = (
    "text?run=lstm&unit=1.3&at=0.50",
    "text?run=lstm&colour=surprise&run2=gru&at=0.50",
    "units?run=lstm&unit=1.3",
    "search?run=lstm&spans=0.100-140",
    "models?finding=saturation",
)
"""Views with more in them than they open with."""
SETTLED = "body:not(:has(.plot[aria-busy])):not(:has(.state.loading))"


@pytest.fixture(scope="module")
def hostile_explorer(hostile_work: Path, served) -> Iterator[str]:
    with served(hostile_work) as base:
        yield base


def settle(page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(SHOWN)
    page.wait_for_timeout(200)
    page.wait_for_selector(SETTLED)


@pytest.mark.parametrize("query", ["", "?finding=saturation&unit=1.0&at=0.5"])
@pytest.mark.parametrize("view", VIEWS)
def test_harm_in_text_names_and_findings_stays_text(page, hostile_explorer: str, view: str, query: str):
    foreign: list[str] = []
    page.on("request", lambda r: r.url.startswith((hostile_explorer, "data:")) or foreign.append(r.url))
    settle(page, f"{hostile_explorer}/{view}{query}")
    assert page.evaluate("document.title") != "owned"
    assert page.evaluate("document.querySelectorAll('main script, main img, main iframe').length") == 0
    assert "onerror=" in page.locator("body").inner_text() + page.locator("#pickers").inner_html()
    assert foreign == []


@pytest.mark.parametrize("view", VIEWS)
def test_harm_in_an_address_stays_text(page, hostile_explorer: str, view: str):
    harm = "%3Cimg%20src=x%20onerror=document.title='owned'%3E"
    names = ("finding", "question", "corpus", "run", "part", "unit", "at", "site", "checkpoint", "q", "track")
    settle(page, f"{hostile_explorer}/{view}?" + "&".join(f"{name}={harm}" for name in names))
    assert page.evaluate("document.title") != "owned"
    assert page.evaluate("document.querySelectorAll('main script, main img').length") == 0


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
@pytest.mark.parametrize("address", [*VIEWS, *OPENED])
def test_no_view_has_a_fault_for_who_cannot_see_it_or_scrolls_sideways(
    page, small_explorer: str, address: str, scheme: str, width: int
):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    settle(page, f"{small_explorer}/{address}")
    found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
    faults = [
        (each["id"], node["html"][:160], node.get("failureSummary", "")[:200])
        for each in found
        if each["impact"] in ("moderate", "serious", "critical")
        for node in each["nodes"][:3]
    ]
    assert faults == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
