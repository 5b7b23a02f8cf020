"""What the text alone says of each character."""

import ast
import io
import re
import sysconfig
import tokenize
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnscope.corpora import TRACKS, annotate, tracks_of
from rnnscope.corpora.tracks.annotated import open_count
from rnnscope.errors import ConfigError
from rnnscope.records.corpus import Language

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
QUEUE_C = Path(__file__).parents[1] / "planted" / "queue.c"
LANGUAGES = ["prose", "python", "c"]
PROSE_OF_MANY_KINDS = """CHAPTER 1

"Well, Prince (he said) in 1805?" she
asked. He went on.
It was late!

Nobody spoke.
"""
PIECES = [*"\"'`#/*\\\n\r\t\v ab_1A([{}])“”;:=.!?,\xe2\x80\x9c\x9d", "if", "elif", "while", "def ", "\r\n"]
PIECES += ["if (", "while(", "\nif ", "\n\n", ". ", "#if (", "\n#", "return", "é", ".” ", '"""', ":="]
TRICKY = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


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
@settings(deadline=None, max_examples=200)
@given(text=TRICKY, data=st.data())
def test_no_causal_track_knows_what_comes_next(language, text, data):
    whole = annotate(text, language)
    cut = data.draw(st.integers(0, len(text)))
    start = annotate(text[:cut], language)
    for name, values in whole.items():
        assert values.shape == (len(text),)
        if TRACKS[name].is_causal:
            assert np.array_equal(values[:cut], start[name]), (name, text, cut)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_track_that_looks_ahead_does_know_what_comes_next(language):
    text, knowing = "if (a) b = 1;\nc\n", set()
    whole = annotate(text, language)
    for cut in range(len(text)):
        start = annotate(text[:cut], language)
        knowing |= {name for name in whole if not np.array_equal(whole[name][:cut], start[name])}
    assert knowing == {track.name for track in tracks_of(language) if not track.is_causal}
    assert knowing == {"chars_to_line_end"}


def real_text(language: Language) -> str:
    if language == "python":
        return (LIBRARY / "argparse.py").read_text(encoding="utf-8")
    return QUEUE_C.read_text() if language == "c" else PROSE_OF_MANY_KINDS


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_track_of_a_language_varies_in_it(language):
    tracks = annotate(real_text(language), language)
    assert [name for name, values in tracks.items() if values.min() == values.max()] == []
    assert 15 <= len(tracks) <= 21


def test_no_two_tracks_have_one_title():
    assert len({track.title for track in TRACKS.values()}) == len(TRACKS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_class_of_the_character_before_is_one_of_four(language):
    tracks = annotate(real_text(language), language)
    kinds = ("letter", "digit", "space", "punctuation")
    classes = np.sum([tracks[f"after_{kind}"] for kind in kinds], axis=0)
    assert classes[0] == 0 and (classes[1:] == 1).all()


@pytest.mark.parametrize("language", LANGUAGES)
def test_flags_are_flags_and_graded_tracks_count_from_0(language):
    text = '"a" (b) {c[d]}\n\n    # e /* f */ // g\nif (h) i: 1. J\n' * 3
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if (a) b;", "...^^...."),
        ("else if(f(a), (b)) c;", ".......^^^^^^^^^^...."),
        ("} while\n(a\n);", "........^^^.."),
        ("#if (a)\n# if (b)", "................"),
        ("iffy (a) _if (b)", "................"),
        ("if (')' /* ) */) c", "...^^^^^^^^^^^^..."),
        ("if /* */ (a)", "............"),
        ("// if\n(a) if", "............"),
        ("if (if (a) b) c", "...^^^^^^^^^..."),
        ("if (a\n}\nb", "...^^^..."),
        ("switch (a) for (b)", ".................."),
    ],
)
def test_conditions_of_c_by_hand(text, expected):
    assert shown(annotate(text, "c")["inside_condition"]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if a: b", "..^^..."),
        ("  while(a[1:2]) : c", ".......^^^^^^^^^..."),
        ("elif a \\\n b:", "....^^^^^^^."),
        ("if (a\n and b):", "..^^^^^^^^^^^."),
        ("if a := b: c", "..^^^.^^^..."),
        ("x = (a\nif b: c)", "..............."),
        ("x = a \\\nif b else c", "..................."),
        ("# \\\nif b: c", "......^^..."),
        ("a if b else c: d", "................"),
        ("iffy: a\nif_: b", ".............."),
        ("if a # :\nb: c", "..^^^^^^....."),
        ("if ':' in a: b", "..^^^^^^^^^..."),
        ("'''\nif a:\n'''", "............."),
    ],
)
def test_conditions_of_python_by_hand(text, expected):
    assert shown(annotate(text, "python")["inside_condition"]) == expected


@pytest.mark.parametrize("name", REAL_FILES)
def test_python_conditions_are_those_of_the_syntax_tree(name):
    source = (LIBRARY / name).read_bytes().decode()
    lines = source.splitlines(keepends=True)
    starts = np.cumsum([0] + [len(line) for line in lines])
    inside = np.zeros(len(source), dtype=bool)

    def place(line: int, column: int) -> int:
        return int(starts[line - 1]) + len(lines[line - 1].encode()[:column].decode())

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.If | ast.While):
            keyword = re.compile(r"\w+").match(source, place(node.lineno, node.col_offset))
            test = node.test
            assert keyword and test.end_lineno and test.end_col_offset is not None
            last = place(test.end_lineno, test.end_col_offset)
            colon = re.compile(r"(#[^\n]*|[^:#])*+").match(source, last)
            assert colon
            inside[keyword.end() : colon.end()] = True
    assert inside.any()
    assert np.array_equal(annotate(source, "python")["inside_condition"], inside)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#a\nb # c", "^^......"),
        (" \t# a /* b\nc */ d\ne", "..^^^^^^^^^^^^^^^.."),
        ("#a \\\r\n b\r\nc", "^^^^^^^^..."),
        ("#a // b\nc", "^^^^^^^.."),
        ("/*\n#a */", "........"),
    ],
)
def test_preprocessor_lines_by_hand(text, expected):
    assert shown(annotate(text, "c")["inside_preprocessor"]) == expected


def test_what_follows_a_keyword_ends_with_the_next_word_or_line():
    assert shown(annotate("not (a) else\n'if' # or b", "python")["after_keyword"]) == "...^^" + "." * 19
    assert shown(annotate("sizeof(a); int *b; integer c", "c")["after_keyword"]) == (
        "......^.......^^............"
    )


def test_sentences_begin_after_a_stop_and_white_space_unless_in_lower_case():
    text = 'Aa b. "C d?" e f.\nG 1.5\n\nh i'
    tracks = annotate(text, "prose")
    assert shown(tracks["words_in_sentence"]) == "111222" + "011222233444" + "1122333" + "112"
    assert shown(tracks["first_word"]) == "^^.....^..........^......^.."


def test_lines_of_a_paragraph_are_counted_from_the_last_empty_line():
    text = "a\r\nb\n \n\n\nc\nd"
    expected = [0, 1, 1, 1, 2, 2, 0, 0, 0, 0, 1, 1]
    assert annotate(text, "prose")["line_in_paragraph"].tolist() == expected


def test_counts_of_a_line_and_of_what_is_between_white_space():
    tracks = annotate("ab, c1\nd\r\n\n e", "prose")
    assert shown(tracks["words_in_line"]) == "111122" + "01" + "00" + "0" + "01"
    assert shown(tracks["chars_since_space"]) == "123012" + "01" + "00" + "0" + "01"
    assert shown(tracks["chars_to_line_end"]) == "654321" + "01" + "00" + "0" + "21"
    assert shown(tracks["after_letter"]) == ".^^..^..^...."


def test_capital_letters_and_digits():
    tracks = annotate("Éa9²B", "prose")
    assert shown(tracks["capital"]) == "^...^"
    assert shown(tracks["digit"]) == "..^.."


def test_words_are_letters_digits_and_underscores():
    text = "naïve_1 x-2"
    assert annotate(text, "prose")["position_in_word"].tolist() == [1, 2, 3, 4, 5, 6, 7, 0, 1, 0, 1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_empty_text_has_empty_tracks(language):
    assert {values.shape for values in annotate("", language).values()} == {(0,)}


def test_every_track_says_in_one_line_what_it_is():
    for track in TRACKS.values():
        assert track.definition == " ".join((track.compute.__doc__ or "").split())
        assert track.definition.endswith(".")
        assert "|" not in track.definition
    with pytest.raises(ConfigError, match="no language 'rust'"):
        tracks_of("rust")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unclosed_literal_is_read_in_one_pass(language):
    for text in ('"' + "\\a" * 300_000, "/*" + "*" * 300_000, "'''" + "''x" * 200_000, '"' * 300_001):
        assert len(annotate(text, language)["inside_quotes"]) == len(text)


def test_the_documentation_has_every_track_as_it_is_defined():
    page = (Path(__file__).parents[2] / "docs" / "corpora.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if re.match(r"\| `\w+` \| (flag|graded) \|", line)]
    assert rows == [
        f"| `{track.name}` | {track.kind} | {', '.join(track.languages)} "
        f"| {'' if track.is_causal else 'ahead'} | {track.definition} |"
        for track in TRACKS.values()
    ]
