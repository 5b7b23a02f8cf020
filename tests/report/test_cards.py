# pyright: reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
"""Cards of units on the page: what is on them, how many, and that no text of theirs does harm."""

import importlib
import re
from types import ModuleType

import pytest

from rnnscope.report import MOST_BYTES
from rnnscope.report.cards import TALLEST, by_run
from rnnscope.report.limits import Limits

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="session")
def planted_cards() -> ModuleType:
    return importlib.import_module("planted_cards")


@pytest.fixture
def page_of_cards(planted_cards, report_of):
    return report_of("cards", [planted_cards.cards()])


@pytest.fixture
def hostile_page(planted_cards, report_of):
    return report_of("hostile cards", [planted_cards.hostile()])


def test_a_card_has_its_own_facts_symbols_and_excerpts(planted_cards):
    runs = by_run(planted_cards.cards(), Limits())
    assert [(each.run, len(each.cards)) for each in runs] == [("lstm-0x128-s0", 5), ("lstm-1x128-s0", 5)]
    card = runs[1].cards[3]
    assert (
        card.heading.startswith("Unit 3 of layer 2") and not card.is_control and runs[1].cards[4].is_control
    )
    assert card.facts == [("values", "mean −0.12"), ("most alike", "1.3 (+0.71)")]
    assert [each.name for each in card.raised] == ["newline", "<"]
    assert [(each.name, each.logits) for each in card.lowered] == [(">", "−0.70")]
    assert [each.kind for each in card.excerpts] == ["highest", "highest", "lowest"]
    assert all(each.note.startswith("+0.93") for each in card.excerpts)


def test_the_tallest_bar_is_the_most_time_and_a_bar_that_is_not_empty_is_seen(planted_cards):
    (first, *_), *_ = (each.cards for each in by_run(planted_cards.cards(), Limits()))
    assert len(first.bars) == 20 and first.bars[0] == TALLEST and first.bars[2] == 0
    assert first.bars[10] == 1
    assert "−1 to −0.5: 75 %" in first.bars_label and "0.5 to 1: 24 %" in first.bars_label


def test_of_too_many_cards_the_first_of_every_run_stay_and_the_page_says_so(planted_cards, report_of):
    finding = planted_cards.cards(runs=5, units=12)
    shown = by_run(finding, Limits(cards=10))
    assert [len(each.cards) for each in shown] == [2] * 5
    assert shown[0].cards[0].heading.startswith("Unit 0 ")
    page = report_of("many cards", [finding])
    assert "35 of 60 cards are on this page." in page.read_text()
    assert page.stat().st_size <= MOST_BYTES


def test_cards_take_their_excerpts_out_of_the_flipbook(page_of_cards):
    page = page_of_cards.read_text()
    assert "data-flipbook>" not in page and page.count('class="coloured white"') == 30


def test_cards_are_laid_out_and_coloured_in_light_and_dark_without_a_word_from_the_browser(
    visit, page_of_cards
):
    looks = []
    for scheme in ("light", "dark"):
        page = visit(page_of_cards, scheme=scheme).page
        assert page.locator(".card:visible").count() == 5  # the second run is folded away
        heights = (
            page.locator(".bars")
            .first.locator("b")
            .evaluate_all("all => all.map(b => b.getBoundingClientRect().height)")
        )
        assert heights[0] == max(heights) > 40 and heights[2] == 0 < heights[10] < 5
        looks.append(
            page.locator(".bars")
            .first.locator("b")
            .evaluate_all("all => [all[0], all[19]].map(b => getComputedStyle(b).backgroundColor)")
        )
    assert len({colour for look in looks for colour in look}) == 4
    page.locator(".units summary").nth(1).click()
    assert page.locator(".card:visible").count() == 10


def test_an_excerpt_stays_in_its_line_with_its_white_space_marked(visit, page_of_cards):
    page = visit(page_of_cards).page
    line = page.locator(".lines pre").first
    assert line.locator("b.w").first.evaluate("b => getComputedStyle(b, '::before').content") == '"↵"'
    tops = line.evaluate("""pre => ['\\n', '\\t'].map(c => [...pre.querySelectorAll('b.w')]
        .find(b => b.textContent === c).getBoundingClientRect().top)""")
    assert tops[0] == pytest.approx(tops[1], abs=1)


def test_harm_in_a_card_is_shown_as_text_and_what_a_row_lacks_is_left_out(visit, hostile_page, planted_cards):
    page = visit(hostile_page, width=400).page
    assert page.evaluate("window.harmed") is None
    assert page.locator("img, iframe, object, embed").count() == 0
    assert "<script>window.harmed = 1</script>" in page.locator(".card").first.inner_text()
    assert "\u202e" not in page.content()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert not re.search(r"\bNone\b", page.locator(".card").first.inner_text())


@pytest.mark.parametrize("width", [360, 1280])
def test_cards_can_be_read_on_a_phone_and_without_scripts(visit, page_of_cards, width):
    page = visit(page_of_cards, width=width, java_script_enabled=False).page
    card = page.locator(".card").first
    assert card.is_visible() and card.bounding_box()["width"] <= width
    wide = visit(page_of_cards, width=width).page
    wide.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert wide.evaluate("document.documentElement.scrollWidth") <= width


def test_a_card_is_an_article_with_a_name_and_its_histogram_has_words(visit, page_of_cards):
    page = visit(page_of_cards).page
    names = page.locator("article").evaluate_all(
        "all => all.map(a => document.getElementById(a.getAttribute('aria-labelledby'))?.textContent)"
    )
    assert len(names) == 10 and all(name.startswith("Unit ") for name in names)
    ids = page.locator("article h4").evaluate_all("all => all.map(h => h.id)")
    assert len(set(ids)) == 10
    assert page.locator(".bars[role=img]").first.get_attribute("aria-label").startswith("Time spent from −1")
