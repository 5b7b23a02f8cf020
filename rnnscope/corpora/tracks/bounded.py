"""A stranger's regular expression, searched for a limited time. Knows no track.

Python's own `re` cannot be stopped, and keeps every other thread waiting; the package `regex` can and does
not. Of what `re` takes it makes the same matches (its version 0).
"""

import time
from collections.abc import Callable, Iterator

import regex

from rnnscope.errors import ConfigError

ERRORS = (regex.error, MemoryError)
"""Of what is no pattern."""


def compiled_to_stop(pattern: str) -> regex.Pattern[str]:
    """A pattern as `re.compile` with MULTILINE reads it, whose searches can be stopped. Raises ERRORS."""
    return regex.compile(pattern, regex.VERSION0 | regex.MULTILINE)


def bounded(compiled: regex.Pattern[str], most_s: float) -> Callable[[str], Iterator[regex.Match[str]]]:
    """What finds all matches of a pattern, as `re.finditer` does, and raises ConfigError once all its
    searches together have used `most_s` seconds of the processor."""
    slow = ConfigError(
        f"this pattern takes longer than {most_s:g} s on the text, so it was stopped; repeat nothing that "
        "repeats itself, such as (a+)+, and say how often at most, such as {1,40}"
    )
    used_s = 0.0

    def matches(text: str) -> Iterator[regex.Match[str]]:
        nonlocal used_s
        begun = time.thread_time()
        try:
            for match in compiled.finditer(text, concurrent=True, timeout=max(0.001, most_s - used_s)):
                if used_s + time.thread_time() - begun > most_s:
                    raise slow
                yield match
        except TimeoutError:
            raise slow from None
        finally:
            used_s += time.thread_time() - begun

    return matches
