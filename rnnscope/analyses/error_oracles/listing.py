"""One model's errors, each with its text around it and what would remove it. Knows no statistics."""

from collections.abc import Mapping, Sequence

import numpy as np

from rnnscope.analyses.error_oracles.breakdown import Breakdown, broken_down
from rnnscope.analyses.error_oracles.finding import error_text, part_text
from rnnscope.analyses.error_oracles.oracles import Oracle, built_in_oracles
from rnnscope.analyses.error_oracles.settings import AS_IN_2015, OracleSettings
from rnnscope.analyses.error_oracles.shares import NO_ORACLE, slice_names
from rnnscope.errors import ConfigError, did_you_mean
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Row
from rnnscope.records.surprisal import Surprisal

AROUND_CHARS = 40


def list_errors(
    model: Surprisal,
    ngrams: Mapping[int, Surprisal],
    corpus: Corpus,
    settings: OracleSettings = AS_IN_2015,
    oracle: str | None = None,
    limit: int | None = None,
    around_chars: int = AROUND_CHARS,
    oracles: Sequence[Oracle] | None = None,
) -> list[Row]:
    """Errors that `oracle` removes in the order given (default: all errors), in the order of the text; where
    there are more than `limit`, so many at even steps.

    The text before and after is as it stands in the corpus, control characters and all. Raises ConfigError
    for an unknown oracle, RecordError as error_oracles does.
    """
    chosen = list(oracles) if oracles is not None else built_in_oracles(settings, ngrams)
    check_name(oracle, chosen)
    text = part_text([model, *ngrams.values()], corpus, settings)
    made = broken_down(model.name, error_text(model, ngrams, text), chosen)
    chosen_RT = made.errors_RT if oracle is None else made.oracle_RT() == _place(oracle, chosen)
    found = np.flatnonzero(chosen_RT)
    if limit is not None and limit < len(found):
        found = found[np.linspace(0, len(found) - 1, max(0, limit)).round().astype(np.int64)]
    names = corpus.alphabet.names
    return [
        error_row(made, model, corpus, names, divmod(int(at), text.part.row_chars), around_chars)
        for at in found
    ]


def check_name(oracle: str | None, oracles: Sequence[Oracle]) -> None:
    """Raises ConfigError for a name that no oracle has; 'none' stands for errors that no oracle removes."""
    known = [*(each.name for each in oracles), NO_ORACLE]
    if oracle is not None and oracle not in known:
        raise ConfigError(f"no oracle '{oracle}'; {did_you_mean(oracle, known)}")


def _place(oracle: str, oracles: Sequence[Oracle]) -> int:
    return next((place for place, each in enumerate(oracles) if each.name == oracle), len(oracles))


def error_row(
    made: Breakdown,
    model: Surprisal,
    corpus: Corpus,
    names: list[str],
    at: tuple[int, int],
    around_chars: int,
) -> Row:
    """The error at (row, step), with the text around it and what would remove it; `names` of the symbols."""
    row, step = at
    position = corpus.part(model.manifest.part).starts[row] + 1 + step
    removed_by, label = ([*slice_names(made), (NO_ORACLE, "left")])[int(made.slice_RT[at])]
    would = [each.name for each, would in zip(made.oracles, made.would_GRT, strict=True) if would[at]]
    alphabet, ids = corpus.alphabet, corpus.ids
    return {
        "row": row,
        "step": step,
        "position": position,
        "character": names[int(ids[position])],
        "probability": float(np.exp(-model.nats_RT[at])),
        "likeliest": names[int(model.likeliest_RT[at])],
        "before": alphabet.readable(ids[max(0, position - around_chars) : position]),
        "text": alphabet.readable(ids[position : position + 1]),
        "after": alphabet.readable(ids[position + 1 : position + 1 + around_chars]),
        "oracle": removed_by,
        "slice": label,
        "would_remove": ", ".join(would),
    }
