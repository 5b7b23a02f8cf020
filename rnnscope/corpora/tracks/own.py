"""A user's own tracks: a regular expression, a function. Knows no corpus."""

import difflib
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from rnnscope.corpora.tracks.annotated import AnnotatedText, covered
from rnnscope.corpora.tracks.bounded import ERRORS, bounded, compiled_to_stop
from rnnscope.corpora.tracks.definitions import TRACKS, tracks_of
from rnnscope.corpora.tracks.track import LANGUAGES, Kind, Track
from rnnscope.errors import ConfigError

SHOWN_CHARS = 60
"""Of a pattern in a message."""
_TYPES: dict[Kind, tuple[Any, str]] = {"flag": (np.bool_, "bool"), "graded": (np.integer, "whole numbers")}


def find_track(name_or_regex: str, language: str) -> Track:
    """The track of that name in `language`; anything else is read as a regular expression.

    Raises ConfigError for a language that is none and for what neither is a name nor compiles.
    """
    known = {track.name: track for track in tracks_of(language)}
    return known[name_or_regex] if name_or_regex in known else track_from_regex(name_or_regex)


def track_from_regex(pattern: str, name: str | None = None, most_s: float | None = None) -> Track:
    """A flag that is on at every character that a match of `pattern` covers, or its first group.

    `pattern` is one of Python's `re`; ^ and $ match at every line, \\n ends one. The name is the pattern if
    none is given. Not causal: a match is known at its last character, and it is on from its first. With
    `most_s` the search gives up once it has used so many seconds of the processor, and lets other threads
    work meanwhile.

    Raises ConfigError where the pattern does not compile; the track does where the time is used up.
    """
    # re takes seconds, and the lock, to read some patterns that regex reads at once
    compiled = _compiled(pattern, compiled_with_re if most_s is None else compiled_to_stop)
    group = min(1, compiled.groups)
    matches = compiled.finditer if most_s is None else bounded(compiled, most_s)

    def compute(text: AnnotatedText) -> np.ndarray:
        spans = (match.span(group) for match in matches(text.text))
        flat = np.fromiter((place for span in spans if span[0] >= 0 for place in span), dtype=np.int64)
        return covered(len(text), flat[::2], flat[1::2])

    what = "the first group of a match" if group else "a match"
    definition = f"What {what} of the regular expression {_shown(pattern)} covers."
    title = name or pattern
    return Track(title, "flag", title, LANGUAGES, definition, compute, is_causal=False)


def track_from_function(
    function: Callable[[str], np.ndarray], kind: Kind, title: str, name: str, is_causal: bool = False
) -> Track:
    """The track that `function` gives: for a text one value per character, bool for a flag, whole numbers of
    at most 32 bits for a graded one.

    Say `is_causal` if the value at a character depends on the text up to and with that character alone. The
    function may be given any stretch of the text. Where it gives something else the track raises ConfigError.
    """

    def compute(text: AnnotatedText) -> np.ndarray:
        values = np.asarray(function(text.text))
        wanted, words = _TYPES[kind]
        if values.shape != (len(text),) or not np.issubdtype(values.dtype, wanted):
            raise ConfigError(
                f"the function of track '{name}' gave {values.dtype} of shape {values.shape}; a {kind} track "
                f"wants {words} of shape ({len(text)},), one value per character"
            )
        as_kept = values.astype(bool if kind == "flag" else np.int32)
        if not np.array_equal(as_kept, values):
            raise ConfigError(
                f"the function of track '{name}' gave values from {values.min()} to {values.max()}; a graded "
                f"track wants what 32 bits hold"
            )
        return as_kept

    summary = (function.__doc__ or title).strip().splitlines()[0]
    return Track(name, kind, title, LANGUAGES, summary, compute, is_causal)


def refuse_constant(track: Track, values: np.ndarray, part: str) -> None:
    """Raises ConfigError where `track` has one value at all characters of `part` ('test'), so that nothing
    can be held against it.
    """
    if values.size and values.min() != values.max():
        return
    what, where = _shown(track.name), f"in the {values.size:,} characters of {part}"
    if track.kind == "graded" and values.size:
        raise ConfigError(f"{what} is {values.min()} everywhere {where}; take a track that varies")
    if values.any():
        raise ConfigError(f"{what} is on everywhere {where}; take a narrower pattern, or what it leaves out")
    near = _near(track.name) or "take a wider pattern, such as (?i)... for either case"
    raise ConfigError(f"{what} matches nothing {where}; {near}")


def compiled_with_re(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)


def _compiled(pattern: str, compiling: Callable[[str], Any]) -> Any:
    """Of `re` or of `regex`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what a later Python may read otherwise, e.g. [[a]
        try:
            return compiling(pattern)
        except (re.error, *ERRORS) as error:
            place = getattr(error, "pos", None)
            reason = getattr(error, "msg", str(error)) + ("" if place is None else f" at position {place}")
        except (OverflowError, RecursionError) as error:  # a{99999999999}, ((((((...
            reason = str(error)
    near = _near(pattern)
    raise ConfigError(
        f"{_shown(pattern)} is no track and no regular expression: {reason}" + (f"; {near}" if near else "")
    ) from None


def _near(word: str) -> str:
    """The track whose name was perhaps meant, as the end of a message."""
    if word in TRACKS:  # of another language
        return f"the track of that name is for {', '.join(TRACKS[word].languages)}"
    near = difflib.get_close_matches(word, TRACKS, n=1)
    return f"did you mean the track '{near[0]}'?" if near else ""


def _shown(pattern: str) -> str:
    """A pattern in one line, cut where it is long."""
    cut = pattern if len(pattern) <= SHOWN_CHARS else pattern[: SHOWN_CHARS - 3] + "..."
    return "'" + "".join(each if each.isprintable() else ascii(each)[1:-1] for each in cut) + "'"
