"""Patterns searched for a limited time find what `re` finds, and stop."""

import re
import threading
import time

import pytest

from rnnscope.corpora.tracks import track_from_regex
from rnnscope.corpora.tracks.annotated import AnnotatedText
from rnnscope.corpora.tracks.bounded import bounded, compiled_to_stop
from rnnscope.errors import ConfigError

TEXT = "He said “yes, Anna” twice.\n\tAnd then: “no”; aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\n" * 20


@pytest.mark.parametrize("pattern", ["“[^”]*", r"\b\w", "", "^", "$", "a*", "(?i)ANNA|no", r"(\w)\1", "x?"])
def test_matches_are_those_of_re(pattern: str):
    expected = [match.span() for match in re.finditer(pattern, TEXT, re.MULTILINE)]
    assert [match.span() for match in bounded(compiled_to_stop(pattern), 60.0)(TEXT)] == expected


def test_a_pattern_without_end_is_stopped_and_lets_others_work_meanwhile():
    beats: list[float] = []
    is_over = threading.Event()

    def beat() -> None:
        while not is_over.wait(0.005):
            beats.append(time.monotonic())

    other = threading.Thread(target=beat)
    other.start()
    track = track_from_regex("(a|aa)+[b-z]", most_s=0.3)
    begun = time.thread_time()
    with pytest.raises(ConfigError, match="stopped"):
        track.compute(AnnotatedText(TEXT, "prose"))
    used_s = time.thread_time() - begun
    is_over.set()
    other.join()
    assert used_s < 2 and len(beats) > 5


def test_a_pattern_that_re_takes_long_to_read_is_read_at_once():
    begun = time.thread_time()
    track_from_regex("(?i)" + "[\x01-\uffff]" * 60, most_s=1.0)
    assert time.thread_time() - begun < 1.0


@pytest.mark.parametrize("pattern", ["a(b", "\\b(?P<", "a{2,1}", "[b-a]"])
def test_what_is_no_pattern_is_told_in_the_same_words(pattern: str):
    for most_s in (None, 1.0):
        with pytest.raises(ConfigError, match="is no track and no regular expression: "):
            track_from_regex(pattern, most_s=most_s)
