"""What the text alone says of each character."""

import importlib
import inspect
import io
import sysconfig
import tokenize
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnscope.corpora import TRACKS, annotate, annotate_part, build_corpus, describe, text_file, tracks_of
from rnnscope.corpora.tracks import open_count
from rnnscope.errors import ConfigError

LIBRARY = Path(sysconfig.get_paths()["stdlib"])
REAL_FILES = [
    "argparse.py",
    "difflib.py",
    "inspect.py",
    "typing.py",
    "json/decoder.py",
    "tokenize.py",
    "_pydecimal.py",
]
LANGUAGES = ["prose", "python", "c"]
TRICKY = st.text(st.sampled_from(list("\"'`#/*\\\n\r\t ab_1([{}])“”;\xe2\x80\x9c\x9d")), max_size=60)


def shown(values: np.ndarray) -> str:
    """One mark under every character: ^ for a flag that is on, . for one that is off; else the number."""
    return "".join(("^" if v else ".") if values.dtype == bool else str(v) for v in values)


def token_marks(source: str) -> dict[str, np.ndarray]:
    """Strings, comments and bracket depth as Python's own tokenizer has them."""
    starts = np.cumsum([0] + [len(line) for line in source.splitlines(keepends=True)])
    quotes, comments = np.zeros(len(source), dtype=bool), np.zeros(len(source), dtype=bool)
    steps = np.zeros(len(source), dtype=np.int64)
    begun = []
    for token in tokenize.generate_tokens(io.StringIO(source, newline="").readline):
        first, stop = (int(starts[row - 1]) + column for row, column in (token.start, token.end))
        kind = tokenize.tok_name[token.type]
        if kind == "FSTRING_START":
            begun.append(first)
        first = begun.pop() if kind == "FSTRING_END" else first
        if kind in ("STRING", "FSTRING_END"):
            while source[first] not in "\"'":  # a prefix is not yet known to be one
                first += 1
            quotes[first : stop - (stop - first != 2)] = True
        elif kind == "COMMENT":
            comments[first:stop] = True
        elif kind == "OP" and not begun:
            steps[first] = (token.string in "([{") - (token.string in ")]}") if len(token.string) == 1 else 0
    return {"inside_quotes": quotes, "inside_comment": comments, "depth": np.cumsum(steps)}


@pytest.mark.parametrize("name", REAL_FILES)
def test_python_strings_comments_and_depth_are_those_of_the_tokenizer(name):
    source = (LIBRARY / name).read_bytes().decode()
    tracks = annotate(source, "python")
    for track, expected in token_marks(source).items():
        wrong = np.flatnonzero(tracks[track] != expected)
        assert len(wrong) == 0, (track, source[wrong[0] - 40 : wrong[0] + 40])
        assert expected.any()


@pytest.mark.parametrize("language", LANGUAGES)
@settings(deadline=None, max_examples=300)
@given(text=TRICKY, data=st.data())
def test_no_track_knows_what_comes_next(language, text, data):
    whole = annotate(text, language)
    cut = data.draw(st.integers(0, len(text)))
    start = annotate(text[:cut], language)
    for name, values in whole.items():
        assert values.shape == (len(text),)
        assert np.array_equal(values[:cut], start[name]), (name, text, cut)


@pytest.mark.parametrize("language", LANGUAGES)
def test_flags_are_flags_and_graded_tracks_count_from_0(language):
    text = '"a" (b) {c[d]}\n\n    # e /* f */ // g\n' * 3
    tracks = annotate(text, language)
    assert list(tracks) == [track.name for track in tracks_of(language)]
    for name, values in tracks.items():
        assert values.dtype == (bool if TRACKS[name].kind == "flag" else np.int32)
        assert values.min() >= 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("""x = rb'a' + ""!""", """......^^....^^."""),
        ('''"""a"b""c"""!''', """^^^^^^^^^^^.."""),
        (r"""'a\'b'c""", """^^^^^.."""),
        ("'open\nnext'a'", "^^^^^.....^^."),
        ("'one\\\nline'x", "^^^^^^^^^^.."),
        ("# 'no' \"\"\"\n'a'", "...........^^."),
        ("'#'#'", "^^..."),
    ],
)
def test_python_strings_by_hand(text, expected):
    assert shown(annotate(text, "python")["inside_quotes"]) == expected


@pytest.mark.parametrize(
    ("text", "quotes", "comments"),
    [
        ("""a "b\\"c" d""", "..^^^^^...", ".........."),
        ("""'"' "'" """, "^^..^^..", "........"),
        ("""a / b // "c" """, ".............", ".......^^^^^^"),
        ("/* a\n*b */ c", "............", ".^^^^^^^^..."),
        ("/*/ a */ b", "..........", ".^^^^^^..."),
        ("/**/'x'", "....^^.", ".^^...."),
        ("// a \\\n b\nc", "...........", ".^^^^^^^^.."),
        ('"/* no */" x', "^^^^^^^^^...", "............"),
        ('"open\nx', "^^^^^..", "......."),
        ("// a 'b\n'c'", "........^^.", ".^^^^^^...."),
    ],
)
def test_c_literals_and_comments_by_hand(text, quotes, comments):
    tracks = annotate(text, "c")
    assert shown(tracks["inside_quotes"]) == quotes
    assert shown(tracks["inside_comment"]) == comments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('he "said" so', "...^^^^^...."),
        ("“a” b “c", "^^....^^"),
        ('"a\nb" c', "^^^^..."),
        ('"a\n\nb" c', "^^^..^^^"),
        ('"a\r\n \r\nb "c"', "^^^^^....^^."),
        ("“a ‘b’ \n\n“c", "^^^^^^^^.^^"),
        ("it's 'so'", "........."),
    ],
)
def test_dialogue_by_hand(text, expected):
    assert shown(annotate(text, "prose")["inside_quotes"]) == expected


def test_curly_quotes_are_known_by_their_bytes_too():
    text = "“a” b".encode().decode("latin-1")
    assert shown(annotate(text, "prose")["inside_quotes"]) == "..^^^^..."


def test_columns_start_anew_after_every_kind_of_line_end():
    text = "ab\ncd\r\nef\rg"
    assert annotate(text, "prose")["column"].tolist() == [1, 2, 0, 1, 2, 0, 0, 1, 2, 0, 1]


def test_indentation_is_known_as_far_as_it_is_read():
    text = "a  b\n  c d\n\t x\n\ny"
    expected = [0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 0, 8, 9, 9, 0, 0, 0]
    assert annotate(text, "python")["indentation"].tolist() == expected


def test_an_opening_bracket_is_inside_and_a_closing_one_is_not():
    tracks = annotate("f(a[1], {2}) # (\n'('", "python")
    assert shown(tracks["depth"]) == "01122111221000000000"
    assert tracks["paren_depth"].max() == tracks["bracket_depth"].max() == tracks["brace_depth"].max() == 1


@given(st.lists(st.tuples(st.sampled_from([-1, 0, 1]), st.booleans()), max_size=80))
def test_open_brackets_are_counted_as_one_would_by_hand(events):
    expected, level = [], 0
    for step, is_reset in events:
        level = 0 if is_reset else max(0, level + step)
        expected.append(level)
    steps = np.array([step for step, _ in events], dtype=np.int8)
    resets = np.array([is_reset for _, is_reset in events], dtype=bool)
    assert open_count(steps, resets).tolist() == expected


def test_a_bracket_that_never_closes_counts_until_the_paragraph_or_function_ends():
    prose = annotate("a (b\nc\n\nd (e) f", "prose")["depth"]
    assert shown(prose) == "001111100011000"
    c = annotate("#if A\nf() {\n#else\ng() {\n#endif\n}\nint x;\n", "c")["brace_depth"]
    assert c.max() == 2
    assert c[-1] == 0


def test_words_are_letters_digits_and_underscores():
    text = "naïve_1 x-2"
    assert annotate(text, "prose")["position_in_word"].tolist() == [1, 2, 3, 4, 5, 6, 7, 0, 1, 0, 1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_text_has_empty_tracks(language):
    assert {values.shape for values in annotate("", language).values()} == {(0,)}


def test_every_track_says_in_one_line_what_it_is():
    for name, track in TRACKS.items():
        assert describe(name) == track.definition == inspect.cleandoc(track.compute.__doc__ or "")
        assert track.definition.endswith(".")
        assert "\n" not in track.definition
    with pytest.raises(ConfigError, match="no track 'colum'; did you mean 'column'"):
        describe("colum")
    with pytest.raises(ConfigError, match="no language 'rust'"):
        tracks_of("rust")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unclosed_literal_is_read_in_one_pass(language):
    for text in ('"' + "\\a" * 300_000, "/*" + "*" * 300_000, "'''" + "''x" * 200_000, '"' * 300_001):
        assert len(annotate(text, language)["inside_quotes"]) == len(text)


@pytest.mark.parametrize(("name", "split"), [("t.py", "contiguous"), ("t.py", "streams"), ("t.c", "streams")])
def test_rows_are_annotated_as_they_are_in_the_whole_text(tmp_path, monkeypatch, name, split):
    python = (
        'def f(x):\n    """A string (of\n\n    some length."""\n    return [x, "#", {x: 1}]  # done\n\n\n'
    )
    c = '/* a\n comment { */\nint f(int x)\n{\n\tif (x) {\n\t\tputs("{"); // y\n\t}\n}\n'
    (tmp_path / name).write_text((python if name == "t.py" else c) * 3000)
    corpus = build_corpus(text_file(tmp_path / name), None, tmp_path, split=split, fractions=(0.6, 0.2, 0.2))
    monkeypatch.setattr(importlib.import_module("rnnscope.corpora.annotate"), "LEAD_CHARS", 5_000)
    whole = annotate(corpus.text(0, corpus.manifest.ids_chars), corpus.manifest.language)
    part = corpus.part("test")
    for rows in (slice(None), slice(2, 3)):
        tracks = annotate_part(corpus, part, rows)
        for track, values_RT in tracks.items():
            expected = [whole[track][start : start + part.row_chars] for start in part.starts[rows]]
            assert np.array_equal(values_RT, np.stack(expected)), track
    assert tracks["inside_quotes"].any()


def test_input_t_of_a_row_is_annotated_and_not_its_target(tmp_path):
    (tmp_path / "t.txt").write_text('no "yes" no. ' * 200)
    corpus = build_corpus(text_file(tmp_path / "t.txt"), None, tmp_path)
    part = corpus.part("test")
    inside = annotate_part(corpus, part)["inside_quotes"]
    opening = corpus.inputs(part)[0] == corpus.alphabet.symbols.index('"')
    assert inside[0][opening].tolist()[:2] in ([True, False], [False, True])


def test_the_documentation_has_every_track_as_it_is_defined():
    page = (Path(__file__).parents[2] / "docs" / "corpora.md").read_text(encoding="utf-8")
    for track in TRACKS.values():
        assert (
            f"| `{track.name}` | {track.kind} | {', '.join(track.languages)} | {track.definition} |" in page
        )
