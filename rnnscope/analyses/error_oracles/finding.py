"""Surprisal of models and of n-grams -> Finding: what would remove a model's errors. Knows no kind of model.

Karpathy, Johnson, Li 2015, section 4.4: an error is a character that got p < 0.5; oracles that are right
about some kind of character remove them one after the other.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from rnnscope.analyses.error_oracles.breakdown import Breakdown, broken_down
from rnnscope.analyses.error_oracles.error_text import ErrorText
from rnnscope.analyses.error_oracles.oracles import Oracle, built_in_oracles
from rnnscope.analyses.error_oracles.published import PublishedModel, nearest, published_for
from rnnscope.analyses.error_oracles.reading import caveats_of, no_errors, reading_of
from rnnscope.analyses.error_oracles.scaling import ALL, published_scaling, scaling_rows
from rnnscope.analyses.error_oracles.settings import AS_IN_2015, OracleSettings
from rnnscope.analyses.error_oracles.shares import HERE, PUBLISHED, model_tables, published_tables
from rnnscope.analyses.error_oracles.words import PartText
from rnnscope.errors import RecordError
from rnnscope.estimate import mean_interval
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Finding, Row, Scalar
from rnnscope.records.surprisal import Surprisal, rows_scored

TITLE = "What would remove a model's errors?"


def error_oracles(
    models: Sequence[Surprisal],
    ngrams: Mapping[int, Surprisal],
    corpus: Corpus,
    settings: OracleSettings = AS_IN_2015,
    oracles: Sequence[Oracle] | None = None,
    paper: str | None = None,
    seed: int = 0,
) -> Finding:
    """Every error of each model under the first oracle that removes it, the order of the oracles varied, and
    what the first model, the largest, errs on less than the last.

    `ngrams` by context length, scored on the same part; `oracles` in the order to be applied (default: the
    paper's). Intervals: block bootstrap, see estimate.py. Raises RecordError where not all were scored on one
    part of this corpus, ConfigError for oracles that cannot be used and for an unknown `paper`.
    """
    published = published_for(paper)
    text = part_text([*models, *ngrams.values()], corpus, settings)
    if not models:
        raise RecordError("no model whose errors to take apart; say 'rnnscope replay RUN' first")
    chosen = list(oracles) if oracles is not None else built_in_oracles(settings, ngrams)
    made = [broken_down(model.name, error_text(model, ngrams, text), chosen) for model in models]
    tables: dict[str, list[Row]] = {"models": [_model_row(each, published, seed) for each in made]}
    erring = [each for each in made if each.errors]
    facts = {"corpus": corpus.name, "title": TITLE, "caveats": caveats_of(settings, ngrams, published)}
    if not erring:
        reading = no_errors(tables["models"], settings)
        return Finding(analysis="error_oracles", reading=reading, numbers=_numbers(tables), **facts)
    for breakdown in erring:
        _extend(tables, model_tables(breakdown, _counterpart(breakdown, published), seed))
    if len(made) > 1:
        tables["scaling"] = scaling_rows(made[0], made[-1], seed)
    if published:
        _extend(tables, published_tables(published))
        tables["models"] += [_published_row(model) for model in published]
        if "scaling" in tables:
            tables["scaling"] += published_scaling(published)
    return Finding(
        analysis="error_oracles", reading=reading_of(tables), numbers=_numbers(tables), tables=tables, **facts
    )


def part_text(surprisals: Sequence[Surprisal], corpus: Corpus, settings: OracleSettings) -> PartText:
    """The text that all of them were scored on. Raises RecordError where there is none."""
    return PartText(corpus, rows_scored(surprisals, corpus), settings)


def error_text(model: Surprisal, ngrams: Mapping[int, Surprisal], text: PartText) -> ErrorText:
    """What the oracles are given of one model."""
    return ErrorText(text, model.nats_RT, {context: each.nats_RT for context, each in ngrams.items()})


def _extend(tables: dict[str, list[Row]], more: Mapping[str, list[Row]]) -> None:
    for name, rows in more.items():
        tables.setdefault(name, []).extend(rows)


def _counterpart(breakdown: Breakdown, published: list[PublishedModel]) -> PublishedModel | None:
    return nearest(published, breakdown.errors / breakdown.errors_RT.size)


def _model_row(breakdown: Breakdown, published: list[PublishedModel], seed: int) -> Row:
    rate = mean_interval(np.asarray(breakdown.errors_RT, np.float64), seed)
    counterpart = _counterpart(breakdown, published)
    return {
        "model": breakdown.model,
        "whose": HERE,
        "errors": breakdown.errors,
        "chars": breakdown.errors_RT.size,
        "error_rate": rate.value,
        **rate.ends(),
        "paper_model": counterpart.name if counterpart else None,
    }


def _published_row(model: PublishedModel) -> Row:
    rate = model.errors / model.chars
    return {
        "model": model.name,
        "whose": PUBLISHED,
        "errors": model.errors,
        "chars": model.chars,
        "error_rate": rate,
    }


def _numbers(tables: dict[str, list[Row]]) -> dict[str, Scalar]:
    """Of the first model, and of what it errs on less than the last."""
    first = tables["models"][0]
    numbers: dict[str, Scalar] = {
        "model": first["model"],
        "errors": first["errors"],
        "error_rate": first["error_rate"],
    }
    for row in tables.get("oracles", []):
        if row["model"] == first["model"] and row["whose"] == HERE:
            numbers[f"{row['oracle']}_share_of_errors"] = row["share"]
    for row in tables.get("scaling", []):
        if row["whose"] != HERE or row["slice"] != ALL:
            continue
        if row["oracle"] == ALL:
            numbers |= {"smaller_model": row["small"], "errors_gone": row["errors_gone"]}
        else:
            numbers[f"{row['oracle']}_share_of_errors_gone"] = row["share_of_gone"]
    return numbers
