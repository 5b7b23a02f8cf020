"""Oracles: functions that say which characters they would get right. Knows no record and no statistics.

Those of Karpathy, Johnson, Li 2015, section 4.4, are written as anyone's would be: a name, and for each slice
a function from ErrorText to a bool array (R, T).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from rnnscope.analyses.error_oracles.error_text import ErrorText
from rnnscope.analyses.error_oracles.settings import AS_IN_2015, OracleSettings
from rnnscope.errors import ConfigError
from rnnscope.scoring import is_error

GetsRight = Callable[[ErrorText], np.ndarray]
BOOST = "boost"


@dataclass(frozen=True)
class Oracle:
    """A remedy that nobody has, and which errors would be gone with it."""

    name: str
    """'rare-words', say; unique among the oracles of a breakdown."""
    slices: Mapping[str, GetsRight]
    """Label -> which characters it would get right, shape (R, T); the weakest first. What a slice removes is
    what it gets right that no slice before it did."""
    is_cause: bool = True
    """Whether it names something that could be mended. The boost does not: it takes what is left, and stays
    out where the order is varied."""


def built_in_oracles(
    settings: OracleSettings = AS_IN_2015, contexts: Iterable[int] | None = None
) -> list[Oracle]:
    """The paper's, in its order; `contexts` are the lengths of the n-grams that there are (default: all that
    the settings name). An oracle without slices is left out."""
    there = set(settings.contexts if contexts is None else contexts)
    made = [
        Oracle("n-gram", {f"{n}-gram": ngram_of(n) for n in settings.contexts if n in there}),
        Oracle("memory", {f"last {chars:,}": seen_within(chars) for chars in sorted(settings.memory_chars)}),
        Oracle("rare-words", {_times(count): trained_on(count) for count in sorted(settings.rare_counts)}),
        Oracle("word-model", {"after space or quote": after_space, "after newline": after_newline}),
        Oracle("punctuation", {"punctuation": is_punctuation}),
        Oracle(BOOST, {f"+{add:g}": boosted(add) for add in sorted(settings.boosts)}, is_cause=False),
    ]
    return [oracle for oracle in made if oracle.slices]


def _times(count: int) -> str:
    return "never trained on" if count == 0 else f"{count} time{'s' if count > 1 else ''}"


def checked(oracle: Oracle, label: str, errors: ErrorText) -> np.ndarray:
    """What a slice says. Raises ConfigError where it is not one yes or no per character."""
    found = np.asarray(oracle.slices[label](errors))
    if found.dtype != bool or found.shape != errors.nats_RT.shape:
        raise ConfigError(
            f"oracle '{oracle.name}' gave {found.dtype} of shape {found.shape} for '{label}'; it wants bool "
            f"of shape {errors.nats_RT.shape}, one value per character"
        )
    return found


def ngram_of(context: int) -> GetsRight:
    """What the n-gram of one context length gives more than the threshold."""
    return lambda errors: ~is_error(errors.ngram_nats[context], errors.settings.threshold)


def seen_within(chars: int) -> GetsRight:
    """Words, from their second character on, that are a substring of the last `chars` characters."""

    def gets_right(errors: ErrorText) -> np.ndarray:
        text, settings = errors.text, errors.settings
        walked = text.place_RT if settings.memory_window == "character" else 0
        is_near = text.distance_RT <= chars - walked
        return is_near & (text.place_RT >= settings.memory_from - 1) & (text.word_RT >= 0)

    return gets_right


def trained_on(most: int) -> GetsRight:
    """All characters of words that occur at most `most` times in the training part."""
    return lambda errors: (errors.text.word_RT >= 0) & (errors.text.training_count_RT <= most)


def after_space(errors: ErrorText) -> np.ndarray:
    """What follows a blank or a quote, but for a line's indentation and what comes first after it."""
    text, settings = errors.text, errors.settings
    between = settings.blanks + settings.quotes
    follows = text.is_any_RT(lambda symbol: symbol in between, text.before_RT)
    joined = text.is_any_RT(lambda symbol: symbol in settings.joiners, text.before_RT) & (text.place_RT > 0)
    follows &= ~joined & ~_leads(errors)
    return follows & (text.word_RT >= 0) if settings.after_space == "word" else follows


def after_newline(errors: ErrorText) -> np.ndarray:
    """A line's indentation, its first character, and of its first word what the settings say."""
    text, leads_RT = errors.text, _leads(errors)
    if errors.settings.after_newline == "character":
        return leads_RT
    start_RT = np.arange(leads_RT.shape[1]) - text.place_RT
    is_here = (text.word_RT >= 0) & (start_RT >= 0)
    start_RT = np.maximum(start_RT, 0)
    of_first_word = is_here & np.take_along_axis(leads_RT, start_RT, axis=1)
    if errors.settings.after_newline == "run":
        right_RT = np.cumsum(~errors.errors_RT, axis=1, dtype=np.int32)
        before_RT = np.take_along_axis(right_RT - ~errors.errors_RT, start_RT, axis=1)
        of_first_word &= right_RT == before_RT
    return leads_RT | of_first_word


def _leads(errors: ErrorText) -> np.ndarray:
    """Whether nothing but blanks stands between a line's start and the character."""
    text, blanks = errors.text, errors.settings.blanks
    is_newline = text.is_any_RT(lambda symbol: symbol == "\n", text.before_RT)
    is_blank = text.is_any_RT(lambda symbol: symbol in blanks, text.before_RT)
    steps = np.arange(1, is_newline.shape[1] + 1, dtype=np.int32)
    newline_RT = np.maximum.accumulate(np.where(is_newline, steps, 0), axis=1)
    solid_RT = np.maximum.accumulate(np.where(is_newline | is_blank, 0, steps), axis=1)
    return newline_RT > solid_RT


def is_punctuation(errors: ErrorText) -> np.ndarray:
    """The settings' marks, else all marks and signs but for what words are made of."""
    chosen, text = errors.settings.punctuation, errors.text
    return text.is_any_RT(text.is_mark if chosen is None else lambda symbol: symbol in chosen)


def boosted(amount: float) -> GetsRight:
    """Characters that reach the threshold with `amount` more probability."""

    def gets_right(errors: ErrorText) -> np.ndarray:
        short_of = errors.settings.threshold - amount
        return (
            errors.probability_RT >= np.float32(short_of)
            if short_of > 1e-9
            else np.ones_like(errors.errors_RT)
        )

    return gets_right
