"""The view of text in a browser."""

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from rnnscope.explorer.library import Library

if TYPE_CHECKING:
    from playwright.sync_api import Page

PIXEL = """([pane, line, column]) => {
  const canvas = document.querySelectorAll(".pane canvas")[pane];
  return [...canvas.getContext("2d").getImageData(column, line, 1, 1).data];
}"""
COLOUR = """async value => {
  const { colour } = await import("/static/lib/colours.js");
  return [...colour(value).match(/\\d+/g).map(Number), 255];
}"""
GRID = """() => {
  const cells = [...document.querySelectorAll(".cell")].map(each => each.getBoundingClientRect().width);
  const steps = [...document.querySelectorAll(".line")].slice(0, 8).map(line => {
    const range = document.createRange();
    range.selectNodeContents(line);
    const count = [...line.childNodes].reduce((sum, n) => sum + (n.nodeType === 3 ? n.length : 1), 0);
    return (range.getBoundingClientRect().right - line.getBoundingClientRect().left) / count;
  });
  const cell = getComputedStyle(document.querySelector(".sheet")).getPropertyValue("--cell");
  return [parseFloat(cell), cells, steps];
}"""
"""A cell's width, the widths of what stands in a cell of its own, and of a character of each line."""
IDLE = """async () => {
  const { promise, resolve } = Promise.withResolvers();
  setTimeout(resolve, 400);
  await promise;
}"""


def opened(page: "Page", base: str, query: str = "") -> None:
    page.goto(f"{base}/text?{query}")
    page.wait_for_selector("main[aria-busy=false]")
    page.locator(".line").nth(2).get_by_text(re.compile(".")).first.wait_for(state="attached")
    page.evaluate(IDLE)


def shown_line(page: "Page", pane: int = 0) -> str:
    return page.locator(".pane").nth(pane).locator(".line").first.text_content() or ""


def param(page: "Page", name: str) -> str:
    return parse_qs(urlsplit(page.url).query).get(name, [""])[0]


def value_at(work: Path, run: str, site: str, step: int, unit: int) -> float:
    return float(Library(work).trace("tales", run, "test").site(site)[0, step, unit])


def test_every_character_has_the_colour_of_its_unit_and_a_key_flips_to_the_next_without_asking(
    small_work: Path, small_explorer: str, page
):
    opened(page, small_explorer, "run=lstm&unit=2.3&site=h")
    asked: list[str] = []
    for unit in (3, 4):
        for column in (0, 5, 9):
            value = value_at(small_work, "lstm", "layers.1.h", column, unit)
            assert page.evaluate(PIXEL, [0, 0, column]) == page.evaluate(COLOUR, round(127 * value) / 127)
        if unit == 3:
            page.on("request", lambda request: asked.append(request.url))
            page.keyboard.press("ArrowRight")
    page.evaluate(IDLE)
    assert param(page, "unit") == "2.4"
    assert not [url for url in asked if "/tile" in url or "/lines" in url or "/layout" in url]


def test_keys_change_the_layer_and_stop_at_the_last(small_explorer: str, page):
    opened(page, small_explorer, "run=lstm&unit=1.3")
    page.keyboard.press("ArrowDown")
    assert param(page, "unit") == "2.3"
    page.keyboard.press("ArrowDown")
    assert param(page, "unit") == "2.3"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    page.evaluate(IDLE)
    assert param(page, "unit") == "1.2"


def test_a_click_tells_of_the_place_and_the_address_brings_it_back(
    small_work: Path, small_explorer: str, page
):
    opened(page, small_explorer, "run=lstm&unit=1.3&white=1&columns=40")
    line = page.locator(".line").first
    box = line.bounding_box()
    text = line.text_content()
    page.mouse.click(box["x"] + box["width"] * 7.5 / 41, box["y"] + 5)
    page.locator(".panel .likeliest li").nth(4).wait_for()
    assert param(page, "at") == "0.7"
    assert page.locator(".panel h2 .symbol").text_content()[0] == text[7].replace("·", "␣")
    value = value_at(small_work, "lstm", "layers.0.tanh_c", 7, 3)
    shown = page.locator(".panel .values .now dd").text_content()
    assert shown == f"{value:+.3f}".replace("-", "−")
    where = page.url
    page.goto("about:blank")
    page.goto(where)
    page.locator(".panel .likeliest li").nth(4).wait_for()
    assert page.locator(".panel .values .now dd").text_content() == shown
    assert page.locator(".line").first.text_content() == text and "·" in text
    assert page.locator(".spot.chosen").first.is_visible()


def test_a_place_is_typed_or_found_by_its_words(small_explorer: str, page):
    opened(page, small_explorer, "run=lstm&columns=40")
    jump = page.locator(".jump")
    jump.fill("0.4321")
    jump.press("Enter")
    page.evaluate(IDLE)
    assert param(page, "at") == "0.4321"
    assert page.locator(".spot.chosen").first.is_visible()
    words = page.locator(".line").nth(30).text_content()[:12]
    jump.fill("0.0")
    jump.press("Enter")
    jump.fill(words)
    jump.press("Enter")
    page.evaluate(IDLE)
    assert int(param(page, "at").split(".")[1]) > 0
    jump.fill("99.5")
    jump.press("Enter")
    assert "There are 1 rows of" in page.locator(".told").inner_text()


def test_two_networks_stand_side_by_side_and_the_comparison_can_be_ended(small_explorer: str, page):
    opened(page, small_explorer, "run=lstm&unit=1.0&run2=gru&unit2=1.5&at=0.3")
    assert page.locator(".pane").count() == 2
    assert shown_line(page, 0) == shown_line(page, 1) != ""
    page.locator(".panel section").nth(1).wait_for()
    assert [each.strip() for each in page.locator(".panel section h3").all_text_contents()] == ["lstm", "gru"]
    page.get_by_label("End the comparison").click()
    page.evaluate(IDLE)
    assert page.locator(".pane").count() == 1 and param(page, "run2") == ""
    page.get_by_role("button", name="Compare").click()
    page.evaluate(IDLE)
    assert page.locator(".pane").count() == 2 and param(page, "unit2") == "1.1"


def test_surprise_and_tracks_colour_the_text(small_work: Path, small_explorer: str, page):
    opened(page, small_explorer, "run=lstm&colour=surprise&predictor=4-gram")
    nats = float(Library(small_work).surprisal("tales", "4-gram", "test").nats_RT[0, 4])
    assert page.evaluate(PIXEL, [0, 0, 5]) == page.evaluate(COLOUR, round(127 * min(1, nats / 6)) / 127)
    assert page.evaluate(PIXEL, [0, 0, 0])[3] == 0
    page.locator(".pane-controls select").first.select_option("track:inside_quotes")
    page.evaluate(IDLE)
    assert param(page, "colour") == "track:inside_quotes"
    assert page.evaluate(PIXEL, [0, 0, 0])[3] == 255


def test_selected_text_is_offered_to_the_search(small_explorer: str, page):
    opened(page, small_explorer, "run=lstm&columns=40")
    box = page.locator(".line").nth(1).bounding_box()
    cell = box["width"] / 41
    page.mouse.move(box["x"] + 3.1 * cell, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 9.1 * cell, box["y"] + 8, steps=4)
    page.mouse.up()
    link = page.get_by_role("link", name="Search units for this span")
    link.wait_for()
    (span,) = parse_qs(urlsplit(link.get_attribute("href")).query)["spans"]
    first = len(page.locator(".line").first.text_content())
    assert span == f"0.{first + 3}-{first + 9}"


def test_text_and_names_that_are_html_stay_text_in_a_grid(hostile_work: Path, served, page):
    with served(hostile_work) as base:
        opened(page, base, "columns=200")
        text = page.locator(".pane").first.inner_text()
        assert "<script>document.title" in text and "<img src=x" in text
        assert page.locator("main img, main script").count() == 0
        assert page.title().startswith("Text") and "owned" not in page.title()
        # a wide character, an escape and a mark that turns the text round have a cell each
        cell, widths, steps = page.evaluate(GRID)
        assert widths and max(abs(width - cell) for width in widths) < 0.1
        assert max(abs(step - cell) for step in steps) < 0.05


@pytest.mark.parametrize(
    "query", ["run=lstm&part=validation", "run=lstm&unit=9.99&at=77.1&columns=3&size=900&site=no"]
)
def test_an_address_that_means_nothing_here_still_shows_the_text(small_explorer: str, page, query: str):
    opened(page, small_explorer, query)
    assert shown_line(page)


def test_nothing_is_wider_than_a_telephone(small_explorer: str, page):
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, small_explorer, "run=lstm&unit=1.3&at=0.7")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(
        "document.querySelector('.sheet').scrollWidth <= document.querySelector('.sheet').clientWidth"
    )


def test_a_record_that_ends_before_its_row_colours_as_far_as_it_goes(small_explorer: str, page):
    def cut(route) -> None:
        response = route.fetch()
        steps, units = (int(response.headers[name]) for name in ("x-steps", "x-units"))
        route.fulfill(
            response=response,
            body=response.body()[: 4 * units],
            headers=response.headers | {"x-steps": "4", "content-length": str(4 * units)},
        )
        assert steps > 4

    page.route(re.compile("/tile"), cut)
    opened(page, small_explorer, "run=lstm&unit=2.3&site=h")
    assert [page.evaluate(PIXEL, [0, 0, column])[3] for column in (0, 3, 4, 9)] == [255, 255, 0, 0]
    page.keyboard.press("ArrowRight")  # it still answers
    page.evaluate(IDLE)
    assert param(page, "unit") == "2.4"


def test_of_two_jumps_the_last_one_counts_and_one_that_was_left_changes_no_other_view(
    small_explorer: str, page
):
    opened(page, small_explorer, "run=lstm&unit=2.3")
    jumps = """places => {
      for (const place of places) {
        const box = document.querySelector(".jump");
        box.value = place;
        box.form.requestSubmit();
      }
    }"""
    page.evaluate(jumps, ["2.40", "0.7"])
    page.evaluate(IDLE)
    assert param(page, "at") == "0.7"
    page.route(re.compile("/tile"), lambda route: None)  # never comes
    page.evaluate(jumps, ["3.9"])
    page.get_by_role("link", name="Gates").first.click()
    page.wait_for_selector("main[aria-busy=false]")
    page.evaluate(IDLE)
    assert urlsplit(page.url).path == "/gates" and param(page, "at") != "3.9"
