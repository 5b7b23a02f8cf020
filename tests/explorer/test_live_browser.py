"""The views 'Live' and 'Teach' in a browser: typed at, clamped, stopped, stepped through."""

import json
import re
from contextlib import ExitStack
from urllib.parse import urlsplit

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


def test_nothing_is_written_after_the_stop_button(live, page):
    kinds: list[str] = []
    page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda text: kinds.append(json.loads(text)["kind"])),
    )
    page.goto(f"{live}/live?run=reader&prime=abc&chars=10000")
    page.locator(".writing i").nth(40).wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text(re.compile("^Stopped after")).wait_for()
    assert page.get_by_role("button", name="Write").is_visible()
    characters = page.locator(".voice:visible .writing i")
    written = characters.count()
    page.get_by_text(f"Stopped after {written} characters.").wait_for()
    assert 40 < written < 10_000
    page.wait_for_timeout(700)
    assert characters.count() == written
    stopped = kinds.index("stopped")
    assert "written" in kinds[:stopped] and "written" not in kinds[stopped:]


def test_dragging_a_units_slider_changes_what_is_written_while_the_hand_moves(live, page):
    page.goto(f"{live}/live?run=reader&prime=abc&clamp=1.{QUOTE_UNIT}:0.9&chars=200&seed=3")
    page.get_by_text(re.compile(r"The first \d+ characters? (is|are) the same")).wait_for()
    held = page.locator(".voice .writing").nth(1)
    assert (held.text_content() or "").count("”") > 20
    box = page.get_by_label(f"Value that unit 1.{QUOTE_UNIT} is held at").bounding_box()
    page.mouse.move(box["x"] + 0.95 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.02 * box["width"], box["y"] + box["height"] / 2, steps=12)
    page.locator(".voice h3", has_text=re.compile(r"at −0\.9")).wait_for()  # the button is down still
    expect(page.locator(".writings > .note")).to_have_text(re.compile("same"))
    assert (held.text_content() or "").count("”") < 5
    page.mouse.up()
    expect(page).to_have_url(re.compile(rf"clamp=1\.{QUOTE_UNIT}(:|%3A)-0\.9"))


def test_an_explorer_that_ends_says_so_in_one_line_and_goes_on_once_it_is_back(
    live, small_work, served, page
):
    with ExitStack() as first, ExitStack() as second:
        base = first.enter_context(served(small_work, live=Networks()))
        page.goto(f"{base}/live?run=reader&prime=abc&chars=10000&unit=1.{QUOTE_UNIT}")
        page.locator(".writing i").nth(40).wait_for()
        first.close()
        page.get_by_text("The explorer has stopped answering").wait_for()
        page.get_by_text(re.compile(r"^Stopped after \d+ characters\.$")).wait_for()
        assert page.get_by_text("stopped answering").count() == 1
        assert page.get_by_role("button", name="Write").is_visible()
        second.enter_context(served(small_work, live=Networks(), port=urlsplit(base).port))
        page.get_by_text("The explorer has stopped answering").wait_for(state="detached")
        page.get_by_role("textbox", name="Text that the network reads").fill("abc “de")
        cell = page.locator(f".cell[data-unit='1.{QUOTE_UNIT}']")
        expect(cell).to_have_attribute("title", re.compile(r"\+0\.7"))
        page.get_by_role("button", name="Write").click()
        page.get_by_role("button", name="Stop").click()
        page.get_by_text(re.compile("^Stopped after")).wait_for()


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
