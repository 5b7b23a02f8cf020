"""Text -> where strings and comments are, by whole tokens of a language; where conditions and sentences may
begin. Knows no track.

Every mark is causal: at character i it depends on the text up to and with i alone. So a string runs from its
opening quote to its closing one, to the end of its line or of the text, whichever comes first, and never
waits for a closing quote to be one.
"""

import re
from collections.abc import Iterator
from typing import Literal

import numpy as np

from rnnscope.records.corpus import Language

# Inside a string or comment: what is plain, or a backslash with what it hides. Possessive (++, *+): no
# backtracking, and so no stack and no time that grows faster than the text.
_ESCAPED = r"\\(?:\r\n|.)?+"
_LINE_STRINGS = "|".join(rf"{quote}(?>[^{quote}\\\r\n]++|{_ESCAPED})*+({quote})?+" for quote in "\"'")
_LONG_STRINGS = "|".join(rf"{q * 3}(?>[^{q}\\]++|{_ESCAPED}|{q}(?!{q}{q}))*+({q * 3})?+" for q in "\"'")
_PYTHON = re.compile(rf"#[^\r\n]*+|{_LONG_STRINGS}|{_LINE_STRINGS}", re.DOTALL)
_C = re.compile(
    rf"//(?>[^\\\r\n]++|{_ESCAPED})*+|/\*(?>[^*]++|\*(?!/))*+(\*/)?+|{_LINE_STRINGS}",
    re.DOTALL,
)
# Curly quotes also as the UTF-8 bytes that a text over bytes shows.
_BLANK_LINE = "(?>\r\n|\r|\n)[ \t]*(\r\n|\r|\n)"
_PROSE = re.compile(f'["“”]|\xe2\x80[\x9c\x9d]|{_BLANK_LINE}')
_SENTENCE_END = re.compile("[.!?](?:[\"'”’)\\]]|\xe2\x80[\x99\x9d])*+[ \t\n\r\v\f]++")
_FUNCTION_HEAD = re.compile(r"(?<![^\r\n])[ \t]*+(?:def|class)(?=[ \t])")
_CONDITION: dict[Language, re.Pattern[str]] = {
    "c": re.compile(r"#[ \t]*+\w++|\b(if|while)[ \t\r\n]*+(\()"),  # of #if ( no group is set
    "python": re.compile(r"(?<![^\r\n])[ \t\f]*+(if|elif|while)(?!\w)()"),
}


def python_marks(text: str) -> tuple[np.ndarray, np.ndarray]:
    """(inside a string, inside a comment), bool, one per character.

    A string is on from its opening quote (its prefix is not yet known to be one) to the character before its
    closing quote; `""` is on throughout, as it may be the start of three. A comment is on from its # to the
    end of its line.
    """
    quotes, comments = np.zeros(len(text), dtype=bool), np.zeros(len(text), dtype=bool)
    for start, stop, is_closed in literals(text, "python"):
        if text[start] == "#":
            comments[start:stop] = True
        else:
            is_empty = stop - start == 2 and is_closed
            quotes[start : stop - (is_closed and not is_empty)] = True
    return quotes, comments


def c_marks(text: str) -> tuple[np.ndarray, np.ndarray]:
    """(inside "..." or '...', inside a comment), bool, one per character.

    A literal is on from its opening quote to the character before its closing one; a comment from the second
    character of // or /* (the first may be a division) to the end of the line or the * of */.
    """
    quotes, comments = np.zeros(len(text), dtype=bool), np.zeros(len(text), dtype=bool)
    for start, stop, is_closed in literals(text, "c"):
        if text[start] == "/":
            comments[start + 1 : stop - is_closed] = True
        else:
            quotes[start : stop - is_closed] = True
    return quotes, comments


def prose_marks(text: str) -> np.ndarray:
    """Inside double quotes, bool, one per character.

    On from the opening quote to the character before the closing one.
    “ opens, ” closes, a straight quote does either in turn; a blank line closes whatever was open, since a
    quotation that goes on over paragraphs is opened anew in each and closed in the last alone.
    """
    quotes = np.zeros(len(text), dtype=bool)
    since: int | None = None
    for event in _PROSE.finditer(text):
        mark, place = event[0], event.end() - 1
        opens = mark in ("“", "\xe2\x80\x9c") or (mark == '"' and since is None)
        if event[1] is not None:  # a blank line ends with the first character of its line end
            place = event.start(1)
        if opens and since is None:
            since = place
        elif not opens and since is not None:
            quotes[since:place] = True
            since = None
    if since is not None:
        quotes[since:] = True
    return quotes


def function_heads(text: str) -> list[int]:
    """The characters after every def and class that begin a line of Python, in strings too."""
    return [head.end() for head in _FUNCTION_HEAD.finditer(text)]


def conditions(text: str, language: Language) -> tuple[list[int], list[int]]:
    """Every if and while of C that a ( follows, in strings and comments too: (first characters, their ('s).
    In Python every if, elif and while that begins a line: (first characters, the characters after them).
    """
    found = [each for each in _CONDITION[language].finditer(text) if each.lastindex]
    return [each.start(1) for each in found], [each.start(2) for each in found]


def sentences(text: str) -> list[int]:
    """The first character after every . ! or ?, closing quotes and brackets, and white space, unless it is a
    lower-case letter.
    """
    stops = (end.end() for end in _SENTENCE_END.finditer(text))
    return [stop for stop in stops if not text[stop : stop + 1].islower()]


def literals(text: str, language: Literal["python", "c"]) -> Iterator[tuple[int, int, bool]]:
    """(start, stop, whether it has its closing mark) of every string and comment."""
    for token in (_PYTHON if language == "python" else _C).finditer(text):
        yield token.start(), token.end(), token.lastindex is not None
