"""What holds of the explorer's files, whatever they do."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rnnscope.explorer import pages

STATIC = Path(pages.__file__).parent / "static"
SCRIPTS = sorted(STATIC.rglob("*.js"))
MOST_PAGE_BYTES = 1_500_000


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(STATIC)))
def test_no_script_turns_text_into_html_or_code(script: Path):
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|srcdoc|"
        r"createContextualFragment|setHTML|javascript:"
    )
    found = re.findall(forbidden, re.sub(r"^\s*//.*$", "", script.read_text(encoding="utf-8"), flags=re.M))
    assert found == []


@pytest.mark.parametrize("page", sorted(STATIC.rglob("*.html")), ids=lambda path: path.name)
def test_no_page_has_a_script_or_a_style_within_it(page: Path):
    content = page.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|<style|\son\w+=", content)


def test_no_file_names_another_site():
    for path in (*SCRIPTS, *STATIC.rglob("*.css"), *STATIC.rglob("*.html")):
        there = re.findall(r"https?://(?!www\.w3\.org)[^\s\"'`)]+", path.read_text(encoding="utf-8"))
        assert [each for each in there if "127.0.0.1" not in each] == [], path


def test_every_file_is_served_and_all_of_them_are_small():
    served = pages.static_files()
    for path in STATIC.rglob("*.*"):
        assert str(path.relative_to(STATIC).as_posix()) in served, path
    assert sum(len(content) for content, _ in served.values()) <= MOST_PAGE_BYTES


@pytest.mark.parametrize("module", ["rnnscope.explorer.app", "rnnscope.explorer.serving"])
def test_torch_is_not_loaded_by(module: str):
    script = f"import sys, {module}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)
