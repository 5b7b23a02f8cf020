"""What a user can act on; knows nothing of the rest.

    RnnscopeError          the command line prints its one line and exits with 2
      ConfigError          a setting, name or argument that cannot be used
      CorpusError          a text that cannot become a corpus, or does not fit one
      RecordError          a record that is missing, broken, locked, or cannot be written
      BackendError         a device or kernel that was asked for by name and is not there
      DivergenceError      training that stopped making sense (NaN, exploding loss)

Anything else is a bug of ours and shows its traceback.
"""

import difflib
from collections.abc import Iterable


class RnnscopeError(Exception):
    """The user can act on it; the message is one line: the thing, its value, what would do."""


class ConfigError(RnnscopeError):
    """A setting, name or argument that cannot be used."""


class CorpusError(RnnscopeError):
    """A text that cannot become a corpus, or that does not fit one."""


class RecordError(RnnscopeError):
    """A record that is missing, broken, locked, or cannot be written."""


class BackendError(RnnscopeError):
    """A device or kernel that was asked for by name and is not there."""


class DivergenceError(RnnscopeError):
    """Training that stopped making sense; the last good checkpoint is kept."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint to end a message with: the nearest known word, else all of them."""
    known = sorted(known)
    near = difflib.get_close_matches(word, known, n=1)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"there is: {', '.join(known)}" if known else "there is none yet"
