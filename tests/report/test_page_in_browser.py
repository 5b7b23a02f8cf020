"""The report in a real browser. Each visit also fails on any console message or any request but the page."""

import csv
import io
import re

import pytest

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def small_page(planted, report_of):
    return report_of("small", [*planted.small(), planted.unknown()])


@pytest.fixture
def hostile_page(planted, report_of):
    return report_of("hostile", planted.hostile())


def test_every_figure_is_drawn_with_marks(visit, small_page):
    page = visit(small_page).page
    boxes = page.locator("[data-chart]")
    assert boxes.count() == 11
    for index in range(boxes.count()):
        box = boxes.nth(index)
        assert box.locator("svg").count() == 1 and box.get_attribute("aria-label"), index
        assert box.locator(".role-mark path, .role-mark line, .role-mark text").count() > 3


def test_the_first_screen_answers_with_the_winner_its_interval_and_who_did_not_beat_the_counts(
    visit, small_page
):
    page = visit(small_page).page
    heading = page.locator("h1")
    assert (
        heading.inner_text()
        == "lstm-1x128-s0 beats the best n-gram on python-library by 0.089 nats per character"
    )
    leads = " ".join(page.locator(".lead").all_inner_texts())
    assert re.search(r"Difference 0\.089 \(95 % interval 0\.\d+ to 0\.\d+\)", leads)
    assert "One network does not beat it: rnn-1x272-s0 (0.058 nats worse" in leads
    assert page.locator(".standings").bounding_box()["y"] < 800


def test_arrow_keys_flip_through_the_units_and_buttons_do_too(visit, small_page):
    page = visit(small_page).page
    shown = page.locator(".excerpt:visible")
    assert shown.count() == 1
    first = shown.locator("h3").text_content()
    page.locator("[data-flip='1']").focus()
    page.keyboard.press("ArrowRight")
    second = shown.locator("h3").text_content()
    page.keyboard.press("ArrowLeft")
    assert shown.locator("h3").text_content() == first != second
    page.locator("[data-flip='-1']").click()
    assert page.locator("select").input_value() == str(page.locator(".excerpt").count() - 1)


def test_text_is_coloured_by_its_values_and_white_space_is_kept(visit, small_page, planted):
    page = visit(small_page).page
    excerpt = next(f for f in planted.small() if f.analysis == "cell_roles").excerpts[0]
    text = page.locator(".excerpt:visible pre")
    assert text.text_content().replace("\u200b", "\r") == excerpt.text
    colours = text.evaluate("""pre => Object.fromEntries([...pre.querySelectorAll('i')].map(
        i => [i.className, getComputedStyle(i).backgroundColor]))""")
    assert len(set(colours.values())) == len(colours) > 8
    assert {name[0] for name in colours if name} == {"n", "p"}


def test_a_character_under_the_cursor_or_the_pointer_shows_its_own_value(visit, small_page, planted):
    page = visit(small_page).page
    excerpt = next(f for f in planted.small() if f.analysis == "cell_roles").excerpts[0]
    text = page.locator(".excerpt:visible pre")
    text.focus()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    said = page.locator("output").inner_text()
    assert float(said.split()[-1].replace("−", "-")) == pytest.approx(excerpt.values[40], abs=0.005)
    box = page.evaluate("""() => {
        const range = document.createRange();
        const text = document.querySelector('.excerpt:not([hidden]) pre');
        const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
        let before = 0;
        for (let node = walker.nextNode(); node; before += node.length, node = walker.nextNode())
            if (before + node.length > 60) {
                range.setStart(node, 60 - before);
                range.setEnd(node, 61 - before);
                break;
            }
        const box = range.getBoundingClientRect();
        return [box.left + box.width * .7, box.top + box.height / 2];
    }""")
    page.mouse.move(*box)
    said = page.locator("output").inner_text()
    assert float(said.split()[-1].replace("−", "-")) == pytest.approx(excerpt.values[60], abs=0.005)


def test_white_space_can_be_made_visible(visit, small_page):
    page = visit(small_page).page
    newline = page.locator(".excerpt:visible b.w").first
    mark = "b => getComputedStyle(b, '::before').content"
    assert newline.evaluate(mark) == "none"
    page.locator("[data-white]").click()
    assert newline.evaluate(mark) == '"↵"'
    assert page.locator("[data-white]").get_attribute("aria-pressed") == "true"


def test_dark_mode_changes_page_and_charts_by_system_and_by_button(visit, small_page):
    page = visit(small_page, scheme="light").page
    look = """() => [getComputedStyle(document.body).backgroundColor,
        document.querySelector('[data-drawn] svg .mark-symbol path').getAttribute('fill')]"""
    light = page.evaluate(look)
    page.locator("#scheme").click()
    page.wait_for_function(
        "[...document.querySelectorAll('[data-chart]')].every(b => b.dataset.drawn === 'dark')"
    )
    dark = page.evaluate(look)
    assert light[0] != dark[0] and light[1] != dark[1]
    assert visit(small_page, scheme="dark").page.evaluate(look) == dark


def test_csv_holds_the_drawn_rows_quoted_and_harmless(visit, small_page, hostile_page, planted):
    page = visit(small_page).page
    rows = _downloaded(page, "#s1-f1")
    models = {row["model"]: row for row in planted.small()[0].tables["models"]}
    assert rows and all(
        float(row["test_nats"]) == pytest.approx(models[row["model"]]["test_nats"], rel=1e-5) for row in rows
    )
    page = visit(hostile_page).page
    harmful = page.locator("#s1 [data-csv], #s3 [data-csv]").evaluate_all(
        "all => all.map(b => b.dataset.csv)"
    )
    tables = [_downloaded_by(page, f"[data-csv='{id}']") for id in harmful]
    cells = [cell for rows in tables for row in rows for cell in row.values()]
    assert 'a "b", c\nd' in cells
    assert not [cell for cell in cells if re.match(r"[=+@\t\r]|-[^\d.]", cell)]
    assert '\'=HYPERLINK("http://example.invalid","x")' in cells


def test_hostile_text_is_shown_as_text_and_runs_nothing(visit, hostile_page, planted):
    page = visit(hostile_page).page
    assert page.evaluate("window.harmed") is None
    assert page.locator("img, iframe, object, embed").count() == 0
    body = page.locator("body").inner_text()
    for harm in planted.HOSTILE[:4]:
        assert " ".join(harm.split()) in " ".join(body.split())
    assert "49" not in page.locator(".samples").inner_text()
    assert "\u202e" not in page.content()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", ["small", "hostile"])
def test_no_page_scrolls_sideways_even_with_everything_open(visit, request, name, width):
    page = visit(request.getfixturevalue(f"{name}_page"), width=width).page
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide = page.locator(".plot svg").evaluate_all(
        "all => all.filter(s => s.getBoundingClientRect().right > innerWidth).length"
    )
    assert wide == 0


def test_panels_are_laid_out_anew_when_the_room_changes(visit, small_page):
    page = visit(small_page).page
    width = "document.querySelector('#s3-f1 svg').getBoundingClientRect().width"
    assert page.evaluate(width) > 600
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_function(f"{width} < 390")


def test_a_chart_that_cannot_be_drawn_leaves_a_message_and_its_table(visit, small_page, tmp_path):
    broken = tmp_path / "broken.html"
    page_text = small_page.read_text()
    broken.write_text(page_text.replace('id="s1-f1-data">{"columns"', 'id="s1-f1-data">{"colums"', 1))
    page = visit(broken).page
    figure = page.locator("#s1-f1")
    assert "could not be drawn" in figure.locator("[role=status]").inner_text()
    assert figure.locator("table").is_visible()
    assert page.locator("[data-drawn]").count() == 10


def test_without_scripts_text_tables_and_colours_are_there(visit, small_page):
    page = visit(small_page, java_script_enabled=False).page
    assert page.locator(".excerpt:visible").count() == page.locator(".excerpt").count() > 3
    assert page.locator("pre.coloured").first.locator("i.p9, i.p8, i.n8").count() > 0
    assert page.locator(".controls:visible, .csv:visible").count() == 0
    assert page.locator("noscript").count() == 1


def test_a_tooltip_tells_a_mark_and_needs_no_style_of_its_own(visit, small_page):
    page = visit(small_page).page
    page.locator("#s1-f1 .mark-symbol.role-mark path").last.hover()
    page.wait_for_selector("#vg-tooltip-element.visible")
    assert "nats" in page.locator("#vg-tooltip-element").inner_text()


def test_the_page_can_be_used_from_the_keyboard_and_read_aloud(visit, small_page):
    page = visit(small_page).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the findings"
    assert page.locator("h1").count() == 1
    unnamed = page.locator("button, select, summary, pre[tabindex]").evaluate_all(
        "all => all.filter(e => !(e.textContent.trim() || e.getAttribute('aria-label'))).length"
    )
    assert unnamed == 0
    assert page.locator("table:not(:has(caption)), table:not(:has(th[scope]))").count() == 0
    ids = page.locator("[id]").evaluate_all(
        "all => all.map(e => e.id).filter(id => /^s\\d|^scheme|^findings/.test(id))"
    )
    assert len(ids) == len(set(ids))


@pytest.mark.slow
def test_a_large_study_is_drawn_in_reasonable_pieces(visit, report_of, planted):
    page = visit(report_of("large", planted.large())).page
    assert page.locator("[data-failed]").count() == 0
    assert page.locator("svg path, svg line, svg text").count() < 30_000


def _downloaded(page, figure: str) -> list[dict[str, str]]:
    return _downloaded_by(page, f"{figure} [data-csv]")


def _downloaded_by(page, selector: str) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.locator(selector).click()
    with open(download.value.path(), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(io.StringIO(file.read(), newline="")))
