"""The views of search and of errors, driven in a browser."""

import re
import threading
import time
from pathlib import Path

import pytest
from planted_reader import QUOTE_UNIT

from rnnscope.explorer.views import search
from rnnscope.records.corpus import find_corpus

pytestmark = pytest.mark.timeout(180)
QUOTED = f"1.{QUOTE_UNIT}"


def quoted(work: Path) -> tuple[int, int]:
    corpus = find_corpus(work, "tales")
    start = corpus.part("test").starts[0]
    text = corpus.text(start, start + 20_000)
    match = next(re.finditer(r"(?<=[^“”]{40})(“[^“”\n]{12,})”(?=[^“”]{40})", text))
    return match.span(1)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_a_span_is_pointed_at_and_the_quote_unit_comes_first_and_opens_in_the_text(
    page, small_explorer: str, small_work: Path, way: str
):
    start, stop = quoted(small_work)
    page.goto(f"{small_explorer}/search?corpus=tales&run=reader&at=0.{start}")
    marks = page.locator(".pointed i")
    marks.first.wait_for()
    if way == "mouse":
        for at, act in ((0, page.mouse.down), (stop - start - 1, page.mouse.up)):
            marks.nth(at).scroll_into_view_if_needed()
            box = marks.nth(at).bounding_box()
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            act()
    else:
        page.locator(".pointed").focus()
        for _ in range(stop - start - 1):
            page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Enter")
    first = page.locator(".found tbody tr").first
    first.wait_for()
    assert f"spans=0.{start}-{stop}" in page.url
    assert first.locator(".unit a").first.inner_text() == QUOTED
    page.locator(".places li").first.wait_for()
    link = first.locator(".unit a", has_text="text")
    assert f"unit={QUOTED}" in link.get_attribute("href") and f"at=0.{start}" in link.get_attribute("href")
    link.click()
    page.wait_for_url(f"**/text?*unit={QUOTED}*")


@pytest.mark.slow
def test_an_address_restores_the_search_and_a_track_finds_the_unit_too(
    page, small_explorer: str, small_work: Path
):
    start, stop = quoted(small_work)
    page.goto(f"{small_explorer}/search?corpus=tales&run=reader&spans=0.{start}-{stop}")
    page.locator(".places li").first.wait_for()
    assert page.locator(".found tbody tr").first.locator("input").is_checked()
    page.get_by_role("tab", name="Track").click()
    page.locator(".tools select").select_option("inside_quotes")
    row = page.locator(".found.wide tbody tr").first
    row.wait_for()
    assert row.locator(".unit a").first.inner_text() == QUOTED


@pytest.mark.slow
def test_a_slice_is_pressed_and_its_errors_are_read(page, small_explorer: str):
    page.goto(f"{small_explorer}/errors?corpus=tales&run=lstm")
    slices = page.locator(".slices tbody tr")
    slices.first.wait_for()
    row = slices.filter(has=page.get_by_role("button", name="punctuation, punctuation"))
    count = row.locator("td").nth(2).inner_text()
    button = row.get_by_role("button", name="punctuation, punctuation")
    button.focus()
    page.keyboard.press("Enter")
    page.locator(".reading-errors h2", has_text="punctuation").wait_for()
    assert f"{count} errors." in page.locator(".reading-errors .note").first.inner_text()
    marked = page.locator(".errors-list .marked").all_inner_texts()
    assert marked and all(not each.isalnum() and not each.isspace() for each in marked)
    assert "oracle=punctuation" in page.url
    # a bar of the figure does the same
    bar = page.locator(".breakdown .mark-rect path").first
    bar.wait_for()
    bar.click()
    page.locator(".reading-errors h2", has_text="n-gram, 1-gram").wait_for()


@pytest.mark.slow
def test_a_ranking_shows_its_share_and_ends_when_another_is_asked_for_or_the_page_is_left(
    page, small_work: Path, served, monkeypatch: pytest.MonkeyPatch
):
    ranked, ended = search.ranked_by_track, {"a": threading.Event(), "b": threading.Event()}

    def endless_for_a_and_b(run, corpus, part, states, track, seed, told):
        if track.name not in ended:
            return ranked(run, corpus, part, states, track, seed, told=told)
        try:
            while True:
                told(0.37)
                time.sleep(0.001)
        finally:
            ended[track.name].set()

    monkeypatch.setattr(search, "ranked_by_track", endless_for_a_and_b)
    with served(small_work) as base:
        page.goto(f"{base}/search?corpus=tales&run=reader&pattern=a")
        page.locator(".working .share", has_text="37").wait_for()
        assert page.get_by_role("progressbar").get_attribute("value") == "0.37"
        page.locator("input.pattern").fill("“[^”]*")
        page.keyboard.press("Enter")
        row = page.locator(".found.wide tbody tr").first
        row.wait_for()  # the first would never have ended by itself
        assert row.locator(".unit a").first.inner_text() == QUOTED
        assert ended["a"].wait(20)
        page.locator("input.pattern").fill("b")
        page.keyboard.press("Enter")
        page.locator(".working .share", has_text="37").wait_for()
        assert not ended["b"].is_set()
        page.get_by_role("link", name="Gates").first.click()
        assert ended["b"].wait(20)
        ended["b"].clear()
        page.go_back()
        page.locator(".working .share", has_text="37").wait_for()
        page.get_by_role("button", name="Stop").click()
        page.locator(".found", has_text="Stopped.").wait_for()
        assert ended["b"].wait(20)
