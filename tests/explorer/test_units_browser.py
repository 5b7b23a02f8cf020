"""Gallery and cards in a browser: order, filters, addresses that restore, links that lead where they say."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
from playwright.sync_api import Locator, Page, expect


def opened(page: Page, address: str) -> Page:
    """The view once all is measured."""
    page.goto(address)
    page.locator("main[aria-busy=false]").wait_for()
    page.locator(".measuring").wait_for(state="hidden")
    return page


def control(page: Page, label: str) -> Locator:
    """The select that is labelled so."""
    return page.locator(".field").filter(has=page.get_by_text(label, exact=True)).locator("select")


def tiles(page: Page) -> list[str]:
    return [each.get_attribute("data-unit") or "" for each in page.locator(".tile").all()]


def test_the_units_wired_by_hand_stand_first_and_the_card_of_one_says_quotes(page: Page, small_explorer: str):
    opened(page, f"{small_explorer}/units?corpus=tales&run=reader")
    assert set(tiles(page)[:2]) == {"1.2", "1.5"}
    first = page.locator(".tile[data-unit='1.2']")
    expect(first).to_contain_text("inside quotes")
    expect(first).to_contain_text("controls 0.")
    first.click()
    expect(page.locator(".unit-card h2")).to_have_text("Unit 2 of layer 1: follows inside quotes")
    expect(page.locator(".unit-card")).to_contain_text("shifted labels, at most")
    expect(page.locator(".unit-card .verdict").first).to_have_text("clear of its controls")
    assert "unit=1.2" in page.url


def test_an_address_restores_order_filters_and_the_card(page: Page, small_explorer: str, api: httpx.Client):
    opened(page, f"{small_explorer}/units?corpus=tales&run=lstm")
    control(page, "Sort by").select_option("saturation")
    control(page, "Layer").select_option("2")
    units = api.get("/api/units/tales/lstm").json()["units"]
    of_layer = [unit for unit in units if unit["layer"] == 2]
    of_layer.sort(key=lambda unit: (-unit["saturated_share"], unit["unit"]))
    expected = [f"{unit['layer']}.{unit['unit']}" for unit in of_layer]
    assert tiles(page) == expected
    page.get_by_role("button", name="Turn the order round").click()
    turned = tiles(page)
    assert sorted(turned) == sorted(expected) and turned != expected
    page.locator(".tile").nth(3).click()
    expect(page.locator(".unit-card h2")).to_contain_text(f"Unit {turned[3].split('.')[1]} of layer 2")
    address = page.url
    opened(page, address)
    assert tiles(page) == turned
    expect(control(page, "Sort by")).to_have_value("saturation")
    expect(page.locator(".unit-card")).to_have_attribute("data-unit", turned[3])


def test_units_are_found_by_name_role_and_number(page: Page, small_explorer: str, api: httpx.Client):
    opened(page, f"{small_explorer}/units?corpus=tales&run=lstm")
    units = api.get("/api/units/tales/lstm").json()["units"]
    track = units[0]["track"]
    control(page, "Role").select_option(f"={track}")
    expect(page.locator(".tile")).to_have_count(sum(unit["track"] == track for unit in units))
    control(page, "Role").select_option("")
    page.get_by_role("searchbox", name="Name").fill("2.1")
    assert sorted(tiles(page)) == ["2.1", "2.10", "2.11"]
    page.get_by_role("searchbox", name="Name").fill("nothing is called so")
    expect(page.locator(".tile")).to_have_count(0)
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".tile")).to_have_count(24)


def test_keys_and_the_browsers_back_lead_from_card_to_card(page: Page, small_explorer: str):
    opened(page, f"{small_explorer}/units?corpus=tales&run=lstm&sort=place")
    page.locator(".tile").first.click()
    expect(page.locator(".unit-card")).to_have_attribute("data-unit", "1.0")
    page.keyboard.press("j")
    expect(page.locator(".unit-card")).to_have_attribute("data-unit", "1.1")
    page.keyboard.press("k")
    expect(page.locator(".unit-card")).to_have_attribute("data-unit", "1.0")
    page.locator(".alike a").first.click()
    expect(page.locator(".unit-card")).not_to_have_attribute("data-unit", "1.0")
    page.go_back()
    expect(page.locator(".unit-card")).to_have_attribute("data-unit", "1.0")
    page.keyboard.press("Escape")
    expect(page.locator(".unit-card")).to_have_count(0)


def test_an_excerpt_leads_to_its_place_in_the_text(page: Page, small_explorer: str, api: httpx.Client):
    opened(page, f"{small_explorer}/units?corpus=tales&run=reader&unit=1.2")
    excerpts = api.get("/api/units/tales/reader/1/2").json()["excerpts"]
    links = page.locator(".excerpts a.place").all()
    assert len(links) == len(excerpts)
    for link, each in zip(links, excerpts, strict=True):
        query = parse_qs(urlsplit(link.get_attribute("href") or "").query)
        assert query["at"] == [f"{each['row']}.{each['step']}"] and query["unit"] == ["1.2"]
        shown = link.locator(".excerpt").inner_text().replace("↵", "\n")
        assert re.sub(r"\s+", " ", shown) == re.sub(r"\s+", " ", each["text"])
        marked = link.locator(".marked").all_inner_texts()
        assert marked == [each["text"][each["step"] - each["first_step"]].replace("\n", "↵")]
    links[0].click()
    expect(page).to_have_url(re.compile(rf"/text\?.*at={excerpts[0]['row']}\.{excerpts[0]['step']}"))


def test_links_lead_to_live_search_and_teach_with_the_unit(page: Page, small_explorer: str):
    opened(page, f"{small_explorer}/units?corpus=tales&run=reader&unit=1.2")
    links = page.get_by_role("navigation", name="This unit elsewhere").get_by_role("link").all()
    paths = [urlsplit(link.get_attribute("href") or "") for link in links]
    assert [path.path for path in paths] == ["/text", "/live", "/search", "/teach"]
    assert all(parse_qs(path.query)["unit"] == ["1.2"] for path in paths)


def test_without_roles_the_command_stands_above_the_gallery(page: Page, work_copy: Path, served):
    (work_copy / "findings" / "tales" / "cell_roles.json").unlink()
    with served(work_copy) as base:
        opened(page, f"{base}/units?corpus=tales&run=gru&unit=1.3")
        command = "rnnscope analyse cell_roles tales --models gru"
        expect(page.locator(".units > .notice .command code")).to_have_text(command)
        expect(page.locator(".unit-card h2")).to_have_text("Unit 3 of layer 1: its role was not looked for")
        expect(page.locator(".unit-card .gates tbody tr")).to_have_count(2)


def test_a_name_that_is_script_stays_text(page: Page, hostile_work: Path, served):
    with served(hostile_work) as base:
        for view in ("units?unit=1.3", "gates"):
            page.goto(f"{base}/{view}")
            page.locator("main[aria-busy=false]").wait_for()
            assert "owned" not in page.title()
            assert page.locator("main script, main img").count() == 0
        expect(page.locator("main")).to_contain_text("<img src=x onerror")


@pytest.mark.parametrize("view", ["units", "units?unit=1.3", "gates"])
def test_a_narrow_page_does_not_scroll_sideways(page: Page, small_explorer: str, view: str):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{small_explorer}/{view}")
    page.locator("main[aria-busy=false]").wait_for()
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
