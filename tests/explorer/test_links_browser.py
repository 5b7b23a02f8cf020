"""What a view's link says is what the view it leads to shows, in a browser."""

import json
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

pytestmark = pytest.mark.timeout(180)


def param(address: str, name: str) -> str:
    return parse_qs(urlsplit(address).query).get(name, [""])[0]


def select(page, first: int, stop: int) -> str:
    """Selects characters first to stop - 1 of the second line shown, as a mouse does. The first's step."""
    line = page.locator(".line").nth(1)
    line.wait_for()
    box = line.bounding_box()
    cell = box["width"] / 41
    page.mouse.move(box["x"] + (first + 0.1) * cell, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + (stop + 0.1) * cell, box["y"] + 8, steps=4)
    page.mouse.up()
    return line.text_content()[first:stop]


def test_search_takes_from_text_the_characters_that_were_selected_and_no_other(
    page, small_explorer: str, api: httpx.Client
):
    page.goto(f"{small_explorer}/text?corpus=tales&run=reader&columns=40")
    selected = select(page, 3, 9)
    link = page.get_by_role("link", name="Search units for this span")
    link.wait_for()
    with page.expect_request("**/api/search/spans") as sent:
        link.click()
    (span,) = json.loads(sent.value.post_data)["spans"]
    read = api.get(
        "/api/search/text/tales/reader/test",
        params={"step": span["start"], "chars": span["stop"] - span["start"]},
    ).json()["text"]
    shown = str.maketrans(" \n\t", "···")
    assert read.translate(shown) == selected.translate(shown) and len(selected) == 6
    page.locator(".found tbody tr").first.wait_for()
    assert page.locator(".chip").count() == 1
    assert page.locator(".pointed .on").count() == 6


@pytest.mark.slow
def test_text_shows_an_error_coloured_by_the_surprise_of_the_network_that_made_it(
    page, small_explorer: str, api: httpx.Client
):
    page.goto(f"{small_explorer}/errors?corpus=tales&run=lstm&unit=1.3")
    link = page.locator(".errors-list .what a").first
    link.wait_for()
    row, step = param(link.get_attribute("href"), "at").split(".")
    told = api.get("/api/text/tales/test/at", params={"row": row, "step": step, "run": "lstm"}).json()
    held = page.locator(".errors-list .what").first.inner_text()
    link.click()
    page.wait_for_url("**/text?*")
    page.locator(".spot.chosen").first.wait_for()
    assert (param(page.url, "colour"), param(page.url, "run")) == ("surprise", "lstm")
    assert param(page.url, "at") == f"{row}.{step}"
    assert "how surprising each character was to lstm" in page.locator(".legends").inner_text()
    assert page.locator(".pane-controls select").first.input_value() == "surprise"
    assert f"{told['nats']:.2f} nats" in held


def test_the_name_of_the_view_is_seen_on_a_narrow_page(page, small_explorer: str):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{small_explorer}/teach?corpus=tales&run=lstm")
    page.wait_for_selector("main[aria-busy=false]")
    box = page.locator("#views [aria-current]").bounding_box()
    assert 0 <= box["x"] and box["x"] + box["width"] <= 390
    assert page.evaluate("scrollY") == 0
