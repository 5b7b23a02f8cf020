"""The views 'Live' and 'Teach' in a browser: typed at, clamped, stopped, stepped through."""

import re

import pytest
from planted_reader import COLUMN_UNIT, QUOTE_UNIT
from planted_speaker import speaker_work
from playwright.sync_api import expect

from rnnscope.explorer.live import Networks


@pytest.fixture(scope="module")
def live(small_work, served, tmp_path_factory):
    work = speaker_work(small_work, tmp_path_factory.mktemp("speaker") / "work")
    with served(work, live=Networks()) as base:
        yield base


def test_typing_shows_chances_and_units_and_the_quote_unit_colours_the_quotation(live, page):
    page.goto(f"{live}/live?run=reader&prime=ab&unit=1.{QUOTE_UNIT}")
    area = page.get_by_role("textbox", name="Text that the network reads")
    area.fill("abc “de")
    cell = page.locator(f".cell[data-unit='1.{QUOTE_UNIT}']")
    expect(cell).to_have_attribute("title", re.compile(r"\+0\.7"))
    expect(page.locator(".bars li").first).to_be_visible()
    assert cell.get_attribute("aria-pressed") == "true"
    colours = page.locator(".under i").evaluate_all("cells => cells.map(cell => cell.style.background)")
    assert colours[0] != colours[5] and len(set(colours[4:])) == 1
    expect(page).to_have_url(re.compile("prime=abc"))


def test_clamping_the_quote_unit_changes_the_text_and_a_still_unit_does_not(live, page):
    for unit, differs in ((QUOTE_UNIT, True), (COLUMN_UNIT, False)):
        page.goto(f"{live}/live?run=reader&prime=abc&clamp=1.{unit}:0.9&chars=200&seed=3")
        words = re.compile(
            r"The first \d+ characters? (is|are) the same" if differs else "two texts are the same"
        )
        expect(page.locator(".writings > .note")).to_have_text(words)
        assert page.locator(".scatter .control").count() == 7


def test_escape_stops_a_long_text(live, page):
    page.goto(f"{live}/live?run=reader&prime=abc&chars=10000")
    page.wait_for_selector(".writing i")
    page.keyboard.press("Escape")
    page.wait_for_selector("text=Stopped after")
    assert page.get_by_role("button", name="Write").is_visible()


def test_read_only_says_so(small_explorer, page):
    page.goto(f"{small_explorer}/live?run=reader")
    page.wait_for_selector("text=--read-only")


def test_arrow_keys_step_through_the_text_and_the_address_follows(small_explorer, page):
    page.goto(f"{small_explorer}/teach?run=lstm&unit=2.3&at=0.20")
    page.wait_for_selector("text=Step 20 of")
    assert page.locator(".gate").count() == 4
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("text=Step 21 of")
    page.keyboard.press("ArrowUp")
    expect(page).to_have_url(re.compile(r"unit=2\.4&at=0\.21"))
    page.goto(f"{small_explorer}/teach?run=gru&unit=1.3&at=0.0")
    page.wait_for_selector("text=Reset gate")
    assert page.get_by_role("button", name="Back").is_disabled()
