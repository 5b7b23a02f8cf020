"""Tracks of code beside what Pygments makes of the same text, on Python's library and on a planted file of C.

Pygments marks whole tokens. `expected` is what it finds, put as our definitions put it: a closing quote is
off, the first / of a comment is off, a prefix is no part of a string. After that what still differs has a
name here.
"""

import itertools
import keyword
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pygments.lexer import RegexLexer
from pygments.lexers import CLexer, PythonLexer
from pygments.token import Comment, Keyword, Operator, String, Text

from rnnscope.corpora import annotate, python_library
from rnnscope.corpora.tracks.annotated import before
from rnnscope.corpora.tracks.definitions import KEYWORDS
from rnnscope.records.corpus import Language

QUEUE_C = Path(__file__).parents[1] / "planted" / "queue.c"
Token = tuple[int, int, Any, str]
"""(start, stop, type, text)."""
LEXERS: dict[Language, Callable[..., RegexLexer]] = {"python": PythonLexer, "c": CLexer}
SILENT = {Text, Text.Whitespace, Comment.Single, Comment.Multiline, Comment.Preproc, Comment.PreprocFile}
WORD_KINDS = (Keyword, Operator.Word)


def python_text(folder: Path, chars: int = 400_000) -> str:
    with python_library(chars).opened(folder) as chunks:
        return b"".join(chunks()).decode()


def tokens_of(text: str, language: Language) -> list[Token]:
    lexer = LEXERS[language](stripnl=False, ensurenl=False)
    found = [(start, start + len(v), kind, v) for start, kind, v in lexer.get_tokens_unprocessed(text)]
    assert "".join(token[3] for token in found) == text
    return found


def spans_to_flags(chars: int, spans: Iterator[tuple[int, int]]) -> np.ndarray:
    flags = np.zeros(chars, dtype=bool)
    for start, stop in spans:
        flags[start:stop] = True
    return flags


def literals(tokens: list[Token], language: Language) -> Iterator[tuple[int, int]]:
    """From the opening quote to the last character of the closing one, not included; "" of Python whole."""
    quote, first = "", 0
    for start, stop, kind, value in tokens:
        if kind not in String or kind in String.Affix:
            continue
        if kind in String.Doc:
            yield start, stop - 1
        elif not quote and value[0] in "\"'":
            quote, first = value, start
        elif value == quote:
            is_empty = language == "python" and stop - first == 2
            yield first, stop - (not is_empty)
            quote = ""


def keywords(tokens: list[Token]) -> Iterator[tuple[str, int]]:
    """Every keyword and its end."""
    for start, _, kind, value in tokens:
        if any(kind in each for each in WORD_KINDS):
            yield from ((word[0], start + word.end()) for word in re.finditer(r"\w+", value))


def keyword_spans(text: str, tokens: list[Token], known: frozenset[str]) -> Iterator[tuple[int, int]]:
    """What follows every keyword that we know, to the next word or line end."""
    for word, stop in keywords(tokens):
        if word in known:
            yield stop, stop + len(re.split(r"[\w\n\r]", text[stop : stop + 500])[0])


def c_conditions(tokens: list[Token]) -> Iterator[tuple[int, int]]:
    """From the ( after if or while to its )."""
    code = [
        (start, "" if kind in String else value) for start, _, kind, value in tokens if kind not in SILENT
    ]
    for at, (_, value) in enumerate(code):
        if value in ("if", "while") and code[at + 1][1] == "(":
            levels = itertools.accumulate((each == "(") - (each == ")") for _, each in code[at + 1 :])
            closing = next(n for n, level in enumerate(levels) if level == 0)
            yield code[at + 1][0], code[at + 1 + closing][0]


def preprocessor_lines(tokens: list[Token]) -> Iterator[tuple[int, int]]:
    """From # to the line end of the directive."""
    first = None
    for at, (start, stop, kind, value) in enumerate(tokens):
        if kind in Comment.Preproc and value == "#" and first is None:
            first = start
        ends = (kind in Comment.Preproc and value == "\n" and not tokens[at - 1][3].endswith("\\")) or (
            kind in Comment.Single and value.endswith("\n")
        )
        if ends and first is not None:
            yield first, stop - 1
            first = None


def expected(text: str, language: Language) -> dict[str, np.ndarray]:
    """Track -> what Pygments has for it."""
    tokens, is_c = tokens_of(text, language), language == "c"
    whole = {Comment.Single, Comment.Hashbang, Comment.Multiline}
    comments = [(start, stop, value) for start, stop, kind, value in tokens if kind in whole]
    found = {
        "inside_quotes": literals(tokens, language),
        "inside_comment": ((a + is_c, b - v.endswith(("\n", "*/"))) for a, b, v in comments),
        "after_keyword": keyword_spans(text, tokens, KEYWORDS[language]),
    }
    if is_c:
        found |= {"inside_condition": c_conditions(tokens), "inside_preprocessor": preprocessor_lines(tokens)}
    return {track: spans_to_flags(len(text), spans) for track, spans in found.items()}


def differing(text: str, language: Language) -> dict[str, np.ndarray]:
    """Track -> the characters at which we and Pygments differ, ascending."""
    ours = annotate(text, language)
    return {name: np.flatnonzero(ours[name] != theirs) for name, theirs in expected(text, language).items()}


def lines_of_f_strings(text: str) -> np.ndarray:
    """Every line on which an f-string begins or goes on."""
    flags = np.zeros(len(text), dtype=bool)
    for start, _, kind, value in tokens_of(text, "python"):
        if (kind in String.Affix and "f" in value.lower()) or (kind in String.Interpol and value in "{}"):
            flags[text.rfind("\n", 0, start) + 1 : text.find("\n", start) + 1] = True
    return flags


def test_python_strings_comments_and_keywords_are_those_of_pygments(tmp_path):
    text = python_text(tmp_path).rpartition("\n")[0]
    text = text[: text.rindex("\nclass ") + 1]  # where no string is open, which Pygments would call an error
    ours, differs = annotate(text, "python"), differing(text, "python")
    assert len(text) > 300_000
    # named: lines of an f-string, which from Python 3.12 on may hold its own kind of quote in its braces
    named = lines_of_f_strings(text)
    for name in ("inside_quotes", "inside_comment"):
        assert named[differs[name]].all(), name
        assert differs[name].size == 0 or sys.version_info >= (3, 12)
    # named: keywords in the braces of an f-string, and the closing quote where it comes right after one
    quotes = ours["inside_quotes"]
    assert ((quotes | before(quotes)) & named)[differs["after_keyword"]].all()
    assert 0 < named.mean() < 0.1
    assert all(ours[name].any() for name in differs)
    left_out = {word for word, _ in keywords(tokens_of(text, "python"))} - KEYWORDS["python"]
    assert left_out <= set(keyword.softkwlist)


def test_c_literals_comments_conditions_and_directives_are_those_of_pygments():
    text = QUEUE_C.read_text()
    ours, differs = annotate(text, "c"), differing(text, "c")
    assert differs["inside_comment"].size == 0
    assert differs["inside_condition"].size == 0
    assert differs["inside_preprocessor"].size == 0
    # named: the lines of the preprocessor, in which Pygments sees no literals and no keywords
    for name in ("inside_quotes", "after_keyword"):
        assert ours["inside_preprocessor"][differs[name]].all(), name
        assert differs[name].size
    assert all(ours[name].any() for name in differs)
    assert {word for word, _ in keywords(tokens_of(text, "c"))} <= KEYWORDS["c"]


@pytest.mark.parametrize(("language", "track"), [("python", "inside_quotes"), ("c", "inside_comment")])
def test_whole_tokens_without_our_definitions_do_not_agree(tmp_path, language, track):
    text = QUEUE_C.read_text() if language == "c" else python_text(tmp_path, 30_000)
    kinds = String if track == "inside_quotes" else Comment
    spans = ((start, stop) for start, stop, kind, _ in tokens_of(text, language) if kind in kinds)
    assert (annotate(text, language)[track] != spans_to_flags(len(text), spans)).any()
