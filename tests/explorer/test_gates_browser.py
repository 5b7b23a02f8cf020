"""A region of the saturation figure, taken by mouse or by keyboard, lists the units that are in it."""

import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import Locator, Page, expect

IS_TAKEN = """high => {
    const open = new URLSearchParams(location.search).get("open") ?? "";
    return Math.abs(Number(open.split("-")[1]) - high) < 0.01;
}"""
"""Whether the address has the region whose upper edge this is: it follows the mouse a moment later."""
PANEL = "g.role-scope.cell > g > path.background"


def drawn(page: Page, address: str) -> Page:
    page.goto(address)
    page.locator(PANEL).first.wait_for()
    return page


def control(page: Page, label: str) -> Locator:
    """The select that is labelled so."""
    return page.locator(".field").filter(has=page.get_by_text(label, exact=True)).locator("select")


def listed(page: Page) -> set[tuple[str, str]]:
    rows = page.locator(".list tbody tr").all()
    return {(row.locator("td").nth(0).inner_text(), row.locator("td").nth(1).inner_text()) for row in rows}


def named(units: list[dict]) -> set[tuple[str, str]]:
    return {(f"{unit['layer']}.{unit['unit']}", unit["gate"]) for unit in units}


def test_a_brush_lists_the_units_that_are_in_it(page: Page, small_explorer: str, api: httpx.Client):
    gates = api.get("/api/gates/tales/lstm").json()["gates"]
    drawn(page, f"{small_explorer}/gates?corpus=tales&run=lstm")
    assert len(listed(page)) == len(gates) == 72
    box = page.locator(PANEL).nth(1).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.02 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.8 * box["height"], steps=4)
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.98 * box["height"])
    page.mouse.up()
    page.wait_for_function(IS_TAKEN, arg=0.4)
    query = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
    assert query["gate"] == "input"
    (low, high), (least, most) = (map(float, query[name].split("-")) for name in ("open", "shut"))
    assert low == pytest.approx(0.02, abs=0.01) and high == pytest.approx(0.4, abs=0.01)
    assert least == pytest.approx(0.02, abs=0.01) and most == pytest.approx(0.5, abs=0.01)
    expected = [
        unit
        for unit in gates
        if unit["gate"] == "input" and low <= unit["right"] <= high and least <= unit["left"] <= most
    ]
    assert 0 < len(expected) < 24
    assert listed(page) == named(expected)
    address = page.url
    drawn(page, address)
    assert listed(page) == named(expected)


@pytest.fixture
def phone(browser) -> Iterator[Page]:
    """A page of 390 x 800 that is touched."""
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    faults: list[str] = []
    phone = context.new_page()
    phone.on("console", lambda message: faults.append(message.text))
    phone.on("pageerror", lambda error: faults.append(str(error)))
    yield phone
    context.close()
    assert faults == []


def swipe(page: Page, *places: tuple[float, float]) -> None:
    """A finger that goes from place to place, as the browser gets it of a screen."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, points: list[dict]) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", [{"x": places[0][0], "y": places[0][1]}])
    for (x, y), (to_x, to_y) in pairwise(places):
        for share in (0.25, 0.5, 0.75, 1):
            send("touchMove", [{"x": x + share * (to_x - x), "y": y + share * (to_y - y)}])
    send("touchEnd", [])


def test_a_finger_takes_a_region_and_one_that_goes_up_scrolls_and_takes_none(
    phone: Page, small_explorer: str, api: httpx.Client
):
    gates = api.get("/api/gates/tales/lstm").json()["gates"]
    kinds: list[str] = []
    phone.expose_function("heard", lambda kind: kinds.append(kind))
    drawn(phone, f"{small_explorer}/gates?corpus=tales&run=lstm")
    phone.evaluate("addEventListener('pointerdown', event => heard(event.pointerType), true)")
    panel = phone.locator(PANEL).nth(1)
    panel.scroll_into_view_if_needed()
    box = panel.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390

    def at(right: float, left: float) -> tuple[float, float]:
        return box["x"] + right * box["width"], box["y"] + (1 - left) * box["height"]

    before = phone.evaluate("scrollY")
    swipe(phone, at(0.01, 0.6), at(0.6, 0.6), at(0.9, 0.01))
    phone.wait_for_url(re.compile("open="))
    assert phone.evaluate("scrollY") == before and kinds == ["touch"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(phone.url).query).items()}
    (low, high), (least, most) = (map(float, query[name].split("-")) for name in ("open", "shut"))
    assert [low, high, least, most] == pytest.approx([0.01, 0.9, 0.01, 0.6], abs=0.02)
    taken = [
        unit
        for unit in gates
        if unit["gate"] == query["gate"] and low <= unit["right"] <= high and least <= unit["left"] <= most
    ]
    assert taken and listed(phone) == named(taken)
    address = phone.url
    swipe(phone, at(0.5, 0.4), at(0.52, 0.9))
    phone.wait_for_function("before => scrollY > before", arg=before)
    assert phone.url == address and listed(phone) == named(taken)


def test_fields_take_the_same_region_by_keyboard(page: Page, small_explorer: str, api: httpx.Client):
    gates = api.get("/api/gates/tales/lstm").json()["gates"]
    drawn(page, f"{small_explorer}/gates?corpus=tales&run=lstm")
    control(page, "Gate").select_option("forget")
    page.get_by_label("Open, at most").fill("20")
    page.get_by_label("Open, at most").press("Enter")
    expected = [unit for unit in gates if unit["gate"] == "forget" and unit["right"] <= 0.2]
    expect(page.locator(".list tbody tr")).to_have_count(len(expected))
    assert listed(page) == named(expected)
    page.get_by_role("button", name="All", exact=True).click()
    assert len(listed(page)) == 72


def test_a_circle_opens_the_card_of_its_unit(page: Page, small_explorer: str, api: httpx.Client):
    gates = [unit for unit in api.get("/api/gates/tales/gru").json()["gates"] if unit["site"] == "z"]
    drawn(page, f"{small_explorer}/gates?corpus=tales&run=gru")
    far = max(gates, key=lambda unit: unit["right"] + unit["left"])
    box = page.locator(PANEL).nth(0).bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + far["right"] * box["width"], box["y"] + (1 - far["left"]) * box["height"])
    expect(page.locator(".unit-card")).to_have_attribute("data-unit", f"1.{far['unit']}")


def test_a_row_of_the_list_leads_to_the_text_coloured_by_that_gate(page: Page, small_explorer: str):
    drawn(page, f"{small_explorer}/gates?corpus=tales&run=lstm&gate=output")
    row = page.locator(".list tbody tr").first
    query = parse_qs(urlsplit(row.get_by_role("link").last.get_attribute("href") or "").query)
    assert query["site"] == ["o"] and query["unit"] == [row.locator("td").first.inner_text()]


def test_a_row_of_the_summary_takes_its_gate_and_layer(page: Page, small_explorer: str):
    drawn(page, f"{small_explorer}/gates?corpus=tales&run=lstm")
    page.locator(".summary tbody tr").first.press("Enter")
    expect(page.locator(".list tbody tr")).to_have_count(12)
    assert "gate=" in page.url and "layer=1" in page.url
