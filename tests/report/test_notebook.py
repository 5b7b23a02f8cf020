"""What a notebook is shown of findings and caches: static, escaped, bounded."""

import html
import re
import subprocess
import sys

import numpy as np
import pytest
from planted_texts import HOSTILE

import rnnscope
from rnnscope.records import Finding
from rnnscope.report.notebook import MOST_BYTES, cache_html


def inside(frame: str) -> str:
    """The page that a frame holds."""
    found = re.fullmatch(
        r'<iframe srcdoc="([^"]*)" sandbox="" title="[^"]*" loading="lazy" style="[^"]*"></iframe>', frame
    )
    assert found
    return html.unescape(found[1])


@pytest.fixture(scope="session")
def roles(planted) -> Finding:
    return next(each for each in planted.small() if each.analysis == "cell_roles")


def test_a_finding_shows_its_question_answer_figures_excerpts_and_tables(roles):
    page = inside(roles._repr_html_() or "")
    assert html.escape(roles.title) in page and "Single units, character by character" in page
    assert page.count("data:image/svg+xml;base64,") >= 2 and "prefers-color-scheme: dark" in page
    assert re.search(r"<i class=[np]\d+>", page) and "<table>" in page
    assert "What the numbers do not say" in page


def test_no_display_holds_a_script_or_fetches_anything(planted):
    for finding in (*planted.small()[:3], planted.unknown()):
        page = inside(finding._repr_html_() or "")
        assert "<script" not in page
        assert not re.search(r'(?:src|srcset|href)="(?!data:|#)', page)
        assert "default-src 'none'" in page.replace("&#39;", "'")


def test_harm_in_a_finding_stays_text_within_its_frame(planted):
    for finding in planted.hostile()[-2:]:
        page = inside(finding._repr_html_() or "")
        assert all(each not in page for each in HOSTILE if "<" in each)


@pytest.mark.slow
def test_a_finding_too_large_for_a_display_is_cut_and_says_so(planted):
    for finding in planted.large():
        frame = finding._repr_html_() or ""
        assert len(frame.encode()) <= MOST_BYTES, finding.analysis
    roles = next(each for each in planted.large() if each.analysis == "cell_roles")
    assert re.search(r"are on this page|left out here|The first", inside(roles._repr_html_() or ""))


def test_a_cache_shows_its_sites_and_colours_the_text_by_the_units_that_vary_most():
    values_TH = np.zeros((5, 3))
    values_TH[:, 2] = [-1, 1, -1, 1, 0.5]
    page = inside(cache_html({"layers.0.h": (1, 5, 3)}, lambda name: values_TH, ["a<b>\n"]))
    assert "(1, 5, 3)" in page
    assert page.index("layers.0.h, unit 2") < page.index("layers.0.h, unit 0")
    assert "<i class=n10>a</i><i class=p10>&lt;</i>" in page


def test_a_scope_gives_a_cache_that_knows_its_text():
    import torch

    scope = rnnscope.attach(torch.nn.GRU(3, 4, batch_first=True), alphabet="ab<")
    _, cache = scope.run_with_cache("ab<a")
    page = inside(cache._repr_html_() or "")
    assert cache.texts == ("ab<a",) and "layers.0.h" in page and "&lt;" in page
    _, of_numbers = scope.run_with_cache(torch.zeros(1, 4, 3))
    assert of_numbers.texts == () and "·" in inside(of_numbers._repr_html_() or "")


def test_a_display_needs_no_torch():
    made = "Finding(analysis='x', corpus='c', title='t', reading='r')"
    script = (
        f"import sys; from rnnscope.records import Finding; assert {made}._repr_html_(); "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
