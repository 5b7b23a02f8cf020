"""What a track is. Knows none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from rnnscope.corpora.tracks.annotated import AnnotatedText
from rnnscope.records.corpus import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)
Kind = Literal["flag", "graded"]


@dataclass(frozen=True)
class Track:
    """One thing that can be said of every character."""

    name: str
    kind: Kind
    title: str
    """For people, e.g. 'inside quotes'."""
    languages: tuple[Language, ...]
    """Those in which it says something."""
    definition: str
    """One line."""
    compute: Callable[[AnnotatedText], np.ndarray]
    """bool for a flag, int32 for a graded track, one value per character."""
    is_causal: bool = True
    """Whether the value at a character depends on the text up to and with that character alone, as the state
    of a network does that has read so far. Where not, no network can know it: a unit that follows it
    predicts.
    """
