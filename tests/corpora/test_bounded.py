"""Patterns searched for a limited time find what `re` finds, and stop."""

import re
import threading
import time

import pytest

from rnnscope.corpora.tracks import track_from_regex
from rnnscope.corpora.tracks.annotated import AnnotatedText
from rnnscope.corpora.tracks.bounded import bounded
from rnnscope.errors import ConfigError

TEXT = "He said “yes, Anna” twice.\n\tAnd then: “no”; aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\n" * 20


@pytest.mark.parametrize("pattern", ["“[^”]*", r"\b\w", "", "^", "$", "a*", "(?i)ANNA|no", r"(\w)\1", "x?"])
def test_matches_are_those_of_re(pattern: str):
    expected = [match.span() for match in re.finditer(pattern, TEXT, re.MULTILINE)]
    assert [match.span() for match in bounded(pattern, 60.0)(TEXT)] == expected


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
