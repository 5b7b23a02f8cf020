"""What another process makes just now is told as such, with how far it is, and shown once it is there."""

import contextlib
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from rnnscope.explorer.library import Library
from rnnscope.records.folder import held, is_held, is_whole
from rnnscope.records.trace import BEGUN, Trace, share_made

TRACE = "runs/tales/reader/replays/test/trace"


@contextlib.contextmanager
def tracing(work: Path) -> Iterator[Callable[[float], None]]:
    """The trace of 'reader' as a process leaves it that is a quarter through, until it is left: then it is
    there. `told(share)` goes on."""
    folder = work / TRACE
    manifest = Trace.read(folder).manifest
    kept, partial = folder.with_name("kept"), folder.with_name(".trace.unfinished")
    folder.rename(kept)
    shutil.rmtree(folder.with_name("columns"), ignore_errors=True)
    partial.mkdir()

    def told(share: float) -> None:
        begun = manifest.model_copy(update={"shards": [round(manifest.row_chars * share)]})
        (partial / BEGUN).write_text(begun.model_dump_json())

    with held(folder, lambda: None):
        told(0.25)
        yield told
        shutil.rmtree(partial)
        kept.rename(folder)


def reader(base: str) -> dict:
    runs = httpx.get(f"{base}/api/library", trust_env=False).json()["corpora"][0]["runs"]
    return next(run for run in runs if run["name"] == "reader")


def test_a_folder_is_held_while_a_process_holds_it_and_asking_leaves_nothing(tmp_path: Path):
    folder = tmp_path / "record"
    assert not is_held(folder) and list(tmp_path.iterdir()) == []
    with held(folder, lambda: None):
        assert is_held(folder)
    assert not is_held(folder)


def test_a_trace_that_was_stopped_is_not_being_made_but_one_that_goes_on_is(work_copy: Path):
    folder = work_copy / TRACE
    assert share_made(folder) is None
    with tracing(work_copy) as told:
        assert share_made(folder) == pytest.approx(0.25, abs=0.01)
        told(0.5)
        assert share_made(folder) == pytest.approx(0.5, abs=0.01)
        (folder.with_name(".trace.unfinished") / BEGUN).write_text("cut o")
        assert share_made(folder) == 0
    assert share_made(folder) is None and is_whole(folder)


def test_a_refusal_says_how_much_is_made_and_names_no_command(work_copy: Path, served):
    with served(work_copy) as base:
        with tracing(work_copy):
            for view in ("units/tales/reader", "teach/tales/reader/test/1/2", "text/tales/test/units/reader"):
                asked = {"part": "test", "site": "h", "row": 0, "step": 0}
                answer = httpx.get(f"{base}/api/{view}", params=asked, trust_env=False)
                told = answer.json()
                assert answer.status_code == 404 and told["command"] == ""
                assert told["error"] == "'reader' is being traced on part 'test'"
                assert told["making"]["share"] == pytest.approx(0.25, abs=0.01)
            shown = reader(base)
            assert "test" not in shown["traces"] and shown["untraced"]["test"] == told
            assert "--trace --part train" in shown["untraced"]["train"]["command"]
            assert shown["untraced"]["train"]["making"] is None
        assert "test" in reader(base)["traces"] and "test" not in reader(base)["untraced"]


def test_what_is_promised_is_being_made_before_the_disk_shows_it(work_copy: Path, served):
    folder = work_copy / TRACE
    shutil.rmtree(folder)
    promised = {folder}
    with served(work_copy, promised=promised.__contains__) as base:
        assert reader(base)["untraced"]["test"]["making"]["share"] == 0
        promised.clear()
        assert "rnnscope replay tales/reader --trace" in reader(base)["untraced"]["test"]["command"]


def test_a_model_without_units_is_told_no_command_that_could_not_trace_it(work_copy: Path):
    library = Library(work_copy)
    run = library.run("tales", "reader")
    window = run.manifest.model_copy(update={"cell": "window"})
    told = library.untraced("tales", type(run)(run.folder, window), "test")
    assert told.command == "" and told.making is None and "reader" in str(told)


@pytest.mark.parametrize("view", ["units", "search", "teach"])
def test_a_view_shows_how_far_it_is_and_opens_by_itself(view: str, work_copy: Path, served, page: Page):
    with served(work_copy) as base:
        with tracing(work_copy) as told:
            page.goto(f"{base}/{view}?run=reader")
            page.get_by_role("heading", name="Being made").wait_for()
            page.get_by_text(re.compile("^25 %")).wait_for()
            assert page.locator(".command").count() == 0
            assert page.get_by_label("Network").locator("option:checked").inner_text().endswith("traced)")
            told(0.75)
            page.get_by_text(re.compile("^75 %")).wait_for()
        page.wait_for_selector("main[data-state=shown]")
        assert page.get_by_text("Being made").count() == 0


def test_text_turns_to_the_unit_that_was_asked_for_and_stays_where_it_was(
    work_copy: Path, served, page: Page
):
    page.set_viewport_size({"width": 390, "height": 700})
    with served(work_copy) as base:
        with tracing(work_copy):
            page.goto(f"{base}/text?run=reader&unit=1.2&at=0.1500")
            page.get_by_text("Its units are being traced").wait_for()
            page.get_by_text("how surprising each character was to reader").wait_for()
            page.get_by_label("Jump to a place").fill("half typ")
            page.evaluate("() => scrollTo(0, 260)")
            page.evaluate("() => { document.querySelector('.sheet').scrollTop += 37 }")
            place = "() => [document.querySelector('.sheet').scrollTop, document.activeElement.value]"
            before = page.evaluate(place), page.locator(".sheet").bounding_box()
        page.get_by_text("tanh_c of unit 1.2, reader").wait_for()
        expect(page.get_by_text("being traced")).to_have_count(0)
        after = page.evaluate(place), page.locator(".sheet").bounding_box()
        assert before[0] == after[0] == [before[0][0], "half typ"] and before[0][0] > 37
        assert before[1] and after[1] and abs(before[1]["y"] - after[1]["y"]) < 2
        assert page.get_by_label("Unit", exact=True).input_value() == "2"
        assert "colour=" not in page.url and "run=reader" in page.url


def test_text_keeps_the_colour_that_the_address_names(work_copy: Path, served, page: Page):
    with served(work_copy) as base:
        with tracing(work_copy):
            page.goto(f"{base}/text?run=reader&unit=1.2&colour=surprise")
            page.get_by_text("how surprising each character was to reader").wait_for()
            assert page.get_by_text("Its units are being traced").count() == 0
        page.get_by_label("Network").locator("option:checked", has_text=re.compile("^reader$")).wait_for(
            state="attached"
        )
        assert page.get_by_text("how surprising each character was to reader").is_visible()


def test_another_network_that_is_traced_meanwhile_takes_nobodys_place(work_copy: Path, served, page: Page):
    others = [work_copy / "runs/tales" / name / "replays/test/trace" for name in ("gru", "lstm")]
    for each in others:
        each.rename(each.with_name("away"))
    with served(work_copy) as base:
        with tracing(work_copy):
            page.goto(f"{base}/units?corpus=tales")
            page.get_by_text("This command makes it").wait_for()  # of the first run, whose trace nobody makes
        page.wait_for_url(re.compile("run=gru"))
        page.get_by_text("This command makes it").wait_for()
        page.get_by_text("'gru' is not traced").wait_for()
