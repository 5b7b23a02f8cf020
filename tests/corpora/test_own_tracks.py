"""Tracks of a user: a regular expression, a function."""

import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnscope.corpora import (
    TRACKS,
    Track,
    annotate,
    find_track,
    refuse_constant,
    track_from_function,
    track_from_regex,
    tracks_of,
)
from rnnscope.errors import ConfigError


def values_of(track: Track, text: str) -> np.ndarray:
    return annotate(text, "prose", [track])[track.name]


def shown(track: Track, text: str) -> str:
    return "".join(".^"[int(value)] for value in values_of(track, text))


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("ab", "abcab", "^^.^^"),
        ("a(b)c?", "abcab", ".^..^"),
        ("a(b)?", "aab", "..^"),
        ("(?:a)b", "abc", "^^."),
        ("^b$", "b\nab\nb", "^....^"),
        ("a.b", "a\nb axb", "....^^^"),
        ("a\\nb", "a\nb", "^^^"),
        ("(?s)a.b", "a\nb", "^^^"),
        ("(?=(aa))", "aaab", "^^^."),
        ("x*", "ab", ".."),
        ("(?P<key>a)=(b)", "a=b", "^.."),
        ("é", "aé", ".^"),
    ],
)
def test_a_pattern_is_on_at_what_it_or_its_first_group_covers(pattern, text, expected):
    assert shown(track_from_regex(pattern), text) == expected


@given(
    text=st.text("ab<>\n", max_size=60), pattern=st.sampled_from(["a+b", "<[^>]*>", "<(a*)", "b(?=a)", "^a"])
)
def test_a_pattern_is_on_where_one_would_mark_it_by_hand(text, pattern):
    compiled = re.compile(pattern, re.MULTILINE)
    expected = [False] * len(text)
    for match in compiled.finditer(text):
        for place in range(*match.span(compiled.groups)):
            expected[place] = True
    values = values_of(track_from_regex(pattern), text)
    assert values.dtype == bool
    assert values.tolist() == expected


def test_a_pattern_says_what_it_is_and_that_it_looks_ahead():
    track = track_from_regex("a(b)", name="b after a")
    assert (track.name, track.title, track.kind) == ("b after a", "b after a", "flag")
    assert not track.is_causal
    assert track.definition == "What the first group of a match of the regular expression 'a(b)' covers."
    assert track_from_regex("ab").name == "ab"


def test_a_name_is_the_track_of_its_language_and_all_else_a_pattern():
    assert find_track("indentation", "c") is TRACKS["indentation"]
    assert shown(find_track("indentation", "prose"), "an indentation") == "..." + "^" * 11
    assert find_track("[aeiou]", "prose").kind == "flag"
    with pytest.raises(ConfigError, match="no language 'rust'"):
        find_track("column", "rust")


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (
            "a(b",
            "'a(b' is no track and no regular expression: missing ), unterminated subpattern at position 1",
        ),
        ("colum(", "missing ), unterminated subpattern at position 5; did you mean the track 'column'?"),
        ("\\b(?P<", "'\\b(?P<' is no track and no regular expression: missing group name at position 6"),
        ("a{99999999999999999999}", "the repetition number is too large"),
        ("x" * 500 + "(", "'" + "x" * 57 + "...' is no track"),
        ("a\n\x1b(", "'a\\n\\x1b(' is no track"),
    ],
)
def test_a_pattern_that_does_not_compile_is_refused_in_one_line(pattern, message):
    with pytest.raises(ConfigError) as error:
        find_track(pattern, "python")
    assert message in str(error.value)
    assert str(error.value).isprintable()


def test_a_pattern_that_a_later_python_may_read_otherwise_compiles():
    assert shown(track_from_regex("[[a]"), "a[b") == "^^."


def vowels(text: str) -> np.ndarray:
    """Vowels so far."""
    return np.cumsum([character in "aeiou" for character in text], dtype=np.int64)


def test_a_function_gives_a_track():
    track = track_from_function(vowels, "graded", "vowels so far", "vowels", is_causal=True)
    values = values_of(track, "banana")
    assert values.dtype == np.int32
    assert values.tolist() == [0, 1, 1, 2, 2, 3]
    assert (track.title, track.definition, track.is_causal) == ("vowels so far", "Vowels so far.", True)
    flag = track_from_function(lambda text: np.array(list(text)) == "a", "flag", "an a", "a")
    assert shown(flag, "banana") == ".^.^.^"
    assert not flag.is_causal


@pytest.mark.parametrize(
    ("kind", "given_back", "message"),
    [
        ("flag", np.zeros(5, dtype=bool), r"bool of shape \(5,\); a flag track wants bool of shape \(6,\)"),
        ("flag", np.zeros(6, dtype=np.int64), "gave int64 of shape"),
        ("flag", np.zeros((6, 1), dtype=bool), r"\(6, 1\)"),
        ("graded", np.zeros(6), r"gave float64 of shape \(6,\); a graded track wants whole numbers"),
        ("graded", np.zeros(6, dtype=bool), "gave bool"),
        ("graded", None, "gave object of shape"),
        ("graded", np.full(6, 2**40), "from 1099511627776 to 1099511627776; .* what 32 bits hold"),
    ],
)
def test_what_a_function_gives_is_checked(kind, given_back, message):
    track = track_from_function(lambda text: given_back, kind, "mine", "mine")
    with pytest.raises(ConfigError, match=f"the function of track 'mine' .*{message}"):
        values_of(track, "banana")


def test_a_track_that_nothing_can_be_held_against_is_refused():
    none, every = np.zeros((2, 5000), dtype=bool), np.ones((2, 5000), dtype=bool)
    with pytest.raises(
        ConfigError, match="'xyz' matches nothing in the 10,000 characters of test; take a wider"
    ):
        refuse_constant(track_from_regex("xyz"), none, "test")
    with pytest.raises(ConfigError, match=r"; did you mean the track 'inside_quotes'\?"):
        refuse_constant(track_from_regex("inside_quote"), none, "test")
    with pytest.raises(ConfigError, match=r"; the track of that name is for python, c$"):
        refuse_constant(find_track("brace_depth", "prose"), none, "test")
    with pytest.raises(ConfigError, match=r"'\(\?s\)\.' is on everywhere in the 10,000 characters of test"):
        refuse_constant(track_from_regex("(?s)."), every, "test")
    with pytest.raises(ConfigError, match="'depth' is 3 everywhere in the 4 characters of validation"):
        refuse_constant(TRACKS["depth"], np.full(4, 3, dtype=np.int32), "validation")
    with pytest.raises(ConfigError, match="in the 0 characters"):
        refuse_constant(TRACKS["depth"], np.zeros(0, dtype=np.int32), "test")
    every[1, 7] = False
    refuse_constant(track_from_regex("."), every, "test")


def test_possessive_repeats_do_not_try_again():
    text = "a" * 100_000 + "c"
    assert not values_of(track_from_regex("(a++)+b|c+b"), text[:2000]).any()
    assert not values_of(track_from_regex("(?<!a)(?>a+)b"), text).any()


def test_a_pattern_that_takes_for_ever_can_be_interrupted():
    code = (
        "import signal\n"
        "from rnnscope.corpora import annotate, track_from_regex\n"
        "signal.signal(signal.SIGALRM, signal.default_int_handler)\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.2)\n"
        "try:\n    annotate('a' * 5000 + 'c', 'prose', [track_from_regex('(a+)+b')])\n"
        "except KeyboardInterrupt:\n    print('interrupted')\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert ran.stdout == "interrupted\n", ran.stderr


def test_all_tracks_of_all_languages_can_be_found_by_name():
    for language in ("prose", "python", "c"):
        assert [find_track(track.name, language) for track in tracks_of(language)] == tracks_of(language)
