"""What closes, and how far back it was opened, is what a slow matcher says."""

import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnscope.corpora import build_corpus, text_file
from rnnscope.corpora.pairs import PAIRS, closings, closings_part, pair_from
from rnnscope.corpora.tracks import AnnotatedText
from rnnscope.errors import ConfigError
from rnnscope.records.corpus import Language

PIECES = [*"{}()[]\"'#/*\\\n\r ab", "\r\n", "\n}", '"""', "'''", "/*", "*/", "//", "def ", "\ndef ", "{ }"]
TRICKY = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


def found(text: str, language: Language, pair: str) -> list[tuple[int, int]]:
    """(place of the opener, of the closer)."""
    all_of = closings(AnnotatedText(text, language), pair_from(pair))
    return [(p - d, p) for p, d in zip(all_of.places_K.tolist(), all_of.distances_K.tolist(), strict=True)]


def spans(text: str, language: str) -> list[tuple[str, int, int, bool]]:
    """(opening mark, start, stop, is closed) of strings and comments, character by character."""
    kinds = {"c": ["//", "/*", '"', "'"], "python": ["#", '"""', "'''", '"', "'"], "prose": []}[language]
    there, place = [], 0
    while place < len(text):
        mark = next((kind for kind in kinds if text.startswith(kind, place)), None)
        if mark is None:
            place += 1
            continue
        start, is_closed = place, False
        place += len(mark)
        closer = {"/*": "*/", "//": "", "#": ""}.get(mark, mark)
        while place < len(text):
            if closer and text.startswith(closer, place):
                place, is_closed = place + len(closer), True
                break
            if mark in ("//", "#", '"', "'") and text[place] in "\r\n":
                break
            if text[place] == "\\" and mark not in ("/*", "#"):
                place += 2 if text.startswith("\r\n", place + 1) else 1
            place = min(place + 1, len(text))
        there.append((mark, start, place, is_closed))
    return there


def by_hand(text: str, language: str, opener: str, closer: str) -> list[tuple[int, int]]:
    in_code = [True] * len(text)
    for mark, start, stop, _ in spans(text, language):
        in_code[start + (mark in ("//", "/*")) : stop] = [False] * (stop - start - (mark in ("//", "/*")))
    still_open: list[int] = []
    pairs = []
    for place, character in enumerate(text):
        before = text[:place]
        line = before[max(before.rfind("\n"), before.rfind("\r")) + 1 :]
        ends_all = in_code[place] and (
            (language == "c" and character == "}" and line == "")
            or (language == "python" and character in " \t" and line.lstrip(" \t") in ("def", "class"))
        )
        if ends_all:
            if character == closer and still_open:
                pairs.append((still_open[0], place))
            still_open = []
        elif in_code[place] and character == opener:
            still_open.append(place)
        elif in_code[place] and character == closer and still_open:
            pairs.append((still_open.pop(), place))
    return pairs


@pytest.mark.parametrize("language", ["c", "python"])
@settings(deadline=None, max_examples=150)
@given(text=TRICKY)
def test_brackets_of_code_are_those_of_a_slow_matcher(language, text):
    for pair in ("{ }", "( )", "[ ]"):
        assert found(text, language, pair) == by_hand(text, language, *pair.split()), (pair, text)


@pytest.mark.parametrize("language", ["c", "python"])
@settings(deadline=None, max_examples=150)
@given(text=TRICKY)
def test_quotes_and_comments_of_code_are_those_that_a_slow_scanner_sees_closed(language, text):
    ends = {"/*": "*/"}
    for mark in ('"', "'", "/*") if language == "c" else ('"', "'", '"""'):
        closer = ends.get(mark, mark)
        expected = [
            (start, stop - len(closer))
            for kind, start, stop, is_closed in spans(text, language)
            if is_closed and kind == mark
        ]
        assert found(text, language, f"{mark} {closer}") == expected, (mark, text)


@settings(deadline=None)
@given(text=st.lists(st.sampled_from([*'“”"() a', "\n\n", "\r\n\r\n", "\n"]), max_size=50).map("".join))
def test_quotes_and_brackets_of_prose_end_at_a_blank_line(text):
    parts, place, expected = text.replace("\r\n", "\n ").split("\n"), 0, {"“ ”": [], '" "': [], "( )": []}
    opened: dict[str, list[int]] = {pair: [] for pair in expected}
    for line in parts:
        if line.strip(" ") == "":  # its line end closes all
            opened = {pair: [] for pair in expected}
        for shift, character in enumerate(line):
            for pair, places in opened.items():
                opener, closer = pair.split()
                if character == closer and places:
                    expected[pair].append((places.pop(), place + shift))
                elif character == opener:
                    places.append(place + shift)
        place += len(line) + 1
    for pair, all_of in expected.items():
        assert found(text, "prose", pair) == all_of, (pair, text)


def test_a_brace_that_begins_a_line_of_c_closes_its_function_and_not_a_branch_left_open():
    text = "int f(void)\n{\n#if A\n\tif (a) {\n#else\n\tif (b) {\n#endif\n\t\tg();\n\t}\n}\n"
    function = text.index("{")
    assert (function, text.rindex("}")) in found(text, "c", "{ }")
    # the control: indented, it closes the nearest
    inner = found(text.replace("\n}", "\n }"), "c", "{ }")
    assert function not in [opener for opener, _ in inner]


def test_tags_nest_and_close_those_of_their_name_alone():
    text = '<a x="1>2"><b><b>t</b></b><br><c/><!-- </a> --><![CDATA[</a>]]></d></a ><e>'
    pairs = found(text, "prose", "tags")
    first, second = text.index("<b>"), text.index("<b>") + 3
    assert pairs == [
        (second, text.index("</b>")),
        (first, text.index("</b>") + 4),
        (0, text.index("</a >")),
    ]
    lengths = closings(AnnotatedText(text, "prose"), pair_from("tags")).chars_K
    assert lengths.tolist() == [4, 4, 5]


def test_a_hostile_text_is_matched_in_one_pass():
    for text in ("<a " * 50_000, "<!--" * 50_000, '<a b="' * 50_000, "<a>" * 50_000 + "</b>" * 50_000):
        assert found(text, "prose", "tags") == []
    for pair in ("( )", '" "', "/* */", "begin end"):
        assert len(found("(" * 50_000 + "begin " * 20_000 + "/* " * 20_000, "c", pair)) == 0


def test_words_pair_as_whole_words_and_marks_of_one_kind_take_turns():
    text = "begin bend begin end ending end"
    assert found(text, "prose", "begin end") == [(11, 17), (0, 28)]
    assert found("a ** b ** c **", "prose", "** **") == [(2, 7)]


@pytest.mark.parametrize("text", ["{", "", "{ } }", "tag", "{}"])
def test_what_is_no_pair_is_refused_in_one_line(text):
    with pytest.raises(ConfigError, match=r"^no pair .*; write opener and closer with a space between.*$"):
        pair_from(text)


def test_the_pairs_of_every_language_are_pairs():
    assert [pair_from(text).name for texts in PAIRS.values() for text in texts]


@pytest.mark.parametrize("alphabet", ["bytes", "chars"])
def test_closers_of_rows_are_those_of_the_whole_text_and_openers_before_a_row_are_not_seen(
    tmp_path, monkeypatch, alphabet
):
    (tmp_path / "t.txt").write_text(
        "He (or “she, the ‘fox’”) came.\n\n“No,” (I\nsaid.\n\nHe (“ ”, and it was long until he) came.\n"
        * 3000
    )
    corpus = build_corpus(text_file(tmp_path / "t.txt"), None, tmp_path, split="streams", alphabet=alphabet)
    monkeypatch.setattr(importlib.import_module("rnnscope.corpora.annotate"), "LEAD_CHARS", 5_000)
    part, pairs = corpus.part("test"), [pair_from("“ ”"), pair_from("( )")]
    whole = AnnotatedText(corpus.text(0, corpus.manifest.ids_chars), "prose")
    ever: set[bool] = set()
    for rows in (slice(None), slice(1, 3)):
        of_part = closings_part(corpus, part, pairs, rows)
        for pair in pairs:
            all_of, expected, seen = closings(whole, pair.over(alphabet)), [], []
            for row, start in enumerate(part.starts[rows]):
                for place, chars, distance in zip(
                    all_of.places_K, all_of.chars_K, all_of.distances_K, strict=True
                ):
                    if start < place and place + chars <= start + 1 + part.row_chars:
                        expected.append((row, place - start - 1, chars, distance))
                        seen.append(place - distance >= start)
            got = of_part[pair.name]
            table = np.stack([got.rows_K, got.steps_K, got.chars_K, got.distances_K], axis=1)
            assert np.array_equal(table, np.array(expected))
            assert got.is_seen_K.tolist() == seen
            assert alphabet == "chars" or pair.name == "( )" or set(got.chars_K.tolist()) == {3}
            ever |= set(seen)
    assert ever == {True, False}  # the control: both are there
