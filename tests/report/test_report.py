"""What is in the file, without a browser: size, escaping, words, and what is said to be left out."""

import html
import json
import math
import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnscope.errors import RecordError
from rnnscope.estimate import CONFIDENCE
from rnnscope.records import Excerpt, Finding
from rnnscope.records.finding import Row, Scalar
from rnnscope.report import MOST_BYTES, coloured, write_report
from rnnscope.report.answer import answer
from rnnscope.report.limits import Limits
from rnnscope.report.tables import as_json, view
from rnnscope.report.write import SCRIPTS


def test_a_report_stays_under_its_budget_and_says_what_it_left_out(planted, report_of):
    path = report_of("large", planted.large())
    page = path.read_text()
    assert path.stat().st_size <= MOST_BYTES
    assert "holds a part of what was found" in page
    assert "36 of 216 excerpts are on this page." in page
    assert "24 of 72 samples are on this page." in page


def test_even_an_absurd_finding_stays_under_the_budget(planted, tmp_path):
    word = "<&\x00é" * 5000
    row: Row = {f"column {i} {word}": word for i in range(40)}
    absurd = Finding(
        analysis="absurd",
        corpus=word,
        title=word,
        reading=word,
        command=word,
        caveats=[word] * 300,
        numbers={f"{i}{word}": word for i in range(300)},
        tables={f"{i}{word}": [row] * 60 for i in range(20)},
        excerpts=[
            Excerpt(
                title=word,
                note=word,
                site=word,
                unit=1,
                run=word,
                text=word,
                values=[(-1.0) ** i for i in range(len(word))],
            )
        ]
        * 60,
    )
    path = write_report([absurd] * 3, tmp_path / "absurd.html", title=word, command=word, facts={word: word})
    assert path.stat().st_size <= MOST_BYTES


def test_halving_the_limits_ends_and_keeps_every_finding():
    limits = Limits()
    for _ in range(30):
        limits = limits.halved()
    assert limits == limits.halved()
    assert limits.findings == Limits().findings
    assert min(vars(limits).values()) >= 1


def test_the_same_findings_give_the_same_bytes(planted, tmp_path):
    one = write_report(planted.small(), tmp_path / "one.html", title="t", command="c", facts={})
    two = write_report(planted.small(), tmp_path / "two.html", title="t", command="c", facts={})
    assert one.read_bytes() == two.read_bytes()


def test_no_address_is_fetched_from_and_nothing_runs_but_the_pages_own_scripts(planted, report_of):
    page = report_of("hostile", planted.hostile()).read_text()
    reader = _Reader()
    reader.feed(page)
    policy = next(
        a["content"] for tag, a in reader.elements if a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert [
        a for tag, a in reader.elements if "src" in a or (tag == "link" and a.get("href") != "data:,")
    ] == []
    assert [name for _, a in reader.elements for name in a if name.startswith("on")] == []
    scripts = [a.get("type", "") for tag, a in reader.elements if tag == "script"]
    assert sorted(set(scripts)) == ["", "application/json", "module"]
    assert scripts.count("") == 1 and scripts.count("module") == len(SCRIPTS)


def test_an_analysis_that_nobody_drew_gets_its_reading_numbers_and_tables(planted, report_of):
    page = report_of("small", [*planted.small(), planted.unknown()]).read_text()
    section = html.unescape(page[page.index("What would remove the errors?</h2>") :])
    for words in (
        "removes 18.2 % of the errors",
        "140,212",
        "18.2 %",
        "oracle 8",
        "the order matters",
        "analyse unheard_of",
    ):
        assert words in section


def test_findings_stand_in_the_readers_order_whatever_the_order_given(planted, tmp_path):
    page = write_report([planted.unknown(), *reversed(planted.small())], tmp_path / "page.html").read_text()
    places = [page.index(f"{finding.title}</h2>") for finding in [*planted.small(), planted.unknown()]]
    assert places == sorted(places)


def test_no_finding_at_all_gives_a_page_with_its_title(tmp_path):
    assert "<h1>Nothing yet</h1>" in write_report([], tmp_path / "page.html", title="Nothing yet").read_text()


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordError, match="cannot write"):
        write_report([], tmp_path / "file" / "folder" / "page.html")


def test_the_answer_names_the_networks_that_did_not_beat_the_best_ngram(planted):
    found = answer(planted.small(), "")
    assert "One network does not beat it: rnn-1x272-s0 (0.058 nats worse" in " ".join(found.sentences)
    large = " ".join(answer(planted.large(), "").sentences)
    assert re.search(r"\d+ of the 36 networks do not beat it: .* and \d+ more\.", large)
    assert f"{CONFIDENCE:.0%}" == "95%" and "95 % interval" in large


@pytest.mark.parametrize(
    ("networks", "headline", "sentence"),
    [
        ({"lstm": (1.20, True)}, "lstm beats the best n-gram on tiny by 0.100 nats", ""),
        (
            {"lstm": (1.40, True), "gru": (1.5, True)},
            "No network beats the best n-gram on tiny: lstm is 0.100",
            "None of the 2 networks beats it",
        ),
        (
            {"lstm": (1.29, False)},
            "The best network and the best n-gram cannot be told apart on tiny",
            "The network does not beat it",
        ),
        ({"lstm": (1.20, True), "gru": (1.25, True)}, "lstm beats", "Both networks beat it."),
        (
            {"lstm": (1.20, True), "gru": (1.29, False)},
            "lstm beats",
            "does not beat it: gru (no clear difference, 95 % interval −0.030 to +0.010)",
        ),
    ],
)
def test_the_answer_is_as_sure_as_the_intervals(networks, headline, sentence):
    found = answer([_comparison(networks)], "")
    assert found.headline.startswith(headline)
    assert sentence in " ".join(found.sentences)


def test_without_a_best_ngram_or_a_comparison_there_is_still_an_answer(planted):
    only = _comparison({"lstm": (1.2, True)})
    only = only.model_copy(update={"tables": {"models": only.tables["models"][:1]}})
    assert answer([only], "").headline == "lstm predicts tiny best, at 1.200 nats per character"
    assert answer([planted.unknown()], "A page").headline == "A page"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.characters(codec=None, exclude_categories=()), st.floats(-2, 2) | st.just(math.nan)),
        max_size=80,
    )
)
def test_coloured_text_has_one_code_point_for_every_character(pairs):
    excerpt = Excerpt(
        title="",
        note="",
        site="",
        unit=0,
        run="",
        text="".join(c for c, _ in pairs),
        values=[value for _, value in pairs],
    )
    shown = coloured.view("e", excerpt, Limits())
    reader = _Reader()
    reader.feed(str(shown.spans))
    reader.close()
    assert len(reader.text) == len(pairs)
    assert all(seen in (true, "\u200b") for seen, (true, _) in zip(reader.text, pairs, strict=True))
    assert {tag for tag, _ in reader.elements} <= {"i", "b"}
    assert len(json.loads(shown.values)) == len(pairs)


def test_colours_are_symmetric_and_run_from_minus_one_to_plus_one():
    names = re.findall(r"<i(?: class=(\w+))?>", coloured.spans("abcdefg", [-100, -51, -4, 0, 4, 51, 100]))
    assert names == ["n10", "n5", "", "p5", "p10"]
    assert re.findall(r"<i class=(\w+)>", coloured.spans("ab", [-5, 5])) == ["n1", "p1"]


def test_json_in_a_script_element_can_neither_end_it_nor_open_a_comment(planted):
    text = str(as_json(planted.HOSTILE))
    assert not re.search(r"[<>&\u2028\u2029]|[^\x00-\x7f]", text)
    assert json.loads(text) == planted.HOSTILE


def test_a_column_shows_all_its_numbers_with_the_same_decimals():
    rows = [
        {"nats": 1.25, "chars": 1_000_000, "error_rate": 0.4567, "ok": True},
        {"nats": math.nan, "chars": 5, "ok": None},
    ]
    table = view("t", "", "", rows, Limits())
    assert table.shown == [["1.2500", "1,000,000", "45.7 %", "yes"], ["–", "5", "–", "–"]]


def test_showing_imports_no_torch():
    code = "import sys, rnnscope.report; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


def _comparison(networks: dict[str, tuple[float, bool]]) -> Finding:
    models = [
        {"model": name, "family": "network", "cell": name, "test_nats": nats}
        for name, (nats, _) in networks.items()
    ]
    models.append({"model": "5-gram", "family": "n-gram", "context": 5, "test_nats": 1.3})
    models.sort(key=lambda row: row["test_nats"])
    differences = []
    for name, (nats, is_clear) in networks.items():
        first, second, sign = (name, "5-gram", 1) if nats < 1.3 else ("5-gram", name, -1)
        middle = sign * (nats - 1.3)
        half = 0.01 if is_clear else 0.02
        differences.append(
            {
                "model": first,
                "against": second,
                "nats": middle,
                "low": middle - half,
                "high": middle + half,
                "is_clear": is_clear,
            }
        )
    numbers: dict[str, Scalar] = {"best_ngram": "5-gram"}
    tables = {"models": models, "differences": differences}
    return Finding(analysis="comparison", corpus="tiny", title="", reading="", numbers=numbers, tables=tables)


class _Reader(HTMLParser):
    """Elements with their attributes, and all text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict]] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data
