"""The small work folders that the explorer's tests share."""

from pathlib import Path

import httpx


def test_an_explorer_of_the_small_work_folder_knows_what_is_in_it(api: httpx.Client):
    (tales,) = api.get("/api/library").json()["corpora"]
    assert [run["name"] for run in tales["runs"]] == ["gru", "lstm", "reader"]
    assert all("test" in run["traces"] for run in tales["runs"])
    assert {"4-gram", "gru", "lstm", "reader"} <= set(tales["losses"]["test"])
    assert [each["analysis"] for each in tales["findings"]] == ["cell_roles", "error_oracles", "saturation"]


def test_names_that_are_html_stay_text_in_the_shell(hostile_work: Path, served, page):
    with served(hostile_work) as base:
        page.goto(base)
        page.wait_for_selector("main[aria-busy=false]")
        assert "<img src=x onerror" in page.locator("#pickers").inner_text()
        assert page.locator("#pickers img").count() == 0
        assert page.title().startswith("Text")
