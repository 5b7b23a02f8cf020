"""The view of models in a browser: the slider over checkpoints."""

import re
from pathlib import Path

from planted_dynamics import three_checkpoints
from playwright.sync_api import Page, expect


def test_the_slider_moves_the_numbers_and_the_address_keeps_its_place(work_copy: Path, served, page: Page):
    three_checkpoints("tales").save(work_copy / "findings" / "tales")
    with served(work_copy) as base:
        page.goto(f"{base}/models?corpus=tales&finding=training_dynamics")
        slider = page.get_by_label("Checkpoint", exact=True)
        said, nearest = page.locator(".state-said"), page.locator("tr.nearest")
        expect(said).to_contain_text("most like the 3-gram")
        assert nearest.locator("th, td").all_inner_texts() == ["3nearest", "0.100", "−0.500"]
        slider.focus()
        for key, near in (("ArrowLeft", 2), ("Home", 1), ("ArrowRight", 2)):
            page.keyboard.press(key)
            expect(said).to_contain_text(f"most like the {near}-gram")
            assert nearest.locator("th, td").all_inner_texts() == [f"{near}nearest", "0.100", "−0.500"]
            assert slider.get_attribute("aria-valuetext")
            expect(page).to_have_url(re.compile(rf"checkpoint={near}\b"))
        page.reload()
        expect(said).to_contain_text("most like the 2-gram")
        assert page.get_by_label("Checkpoint", exact=True).input_value() == "2"
        box = page.get_by_label("Checkpoint", exact=True).bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + 2, box["y"] + box["height"] / 2)
        expect(page).to_have_url(re.compile(r"checkpoint=1\b"))
        expect(said).to_contain_text("most like the 1-gram")
