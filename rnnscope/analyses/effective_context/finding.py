"""ContextLosses of many predictors -> Finding: how far back each sees, and what is lost without."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from rnnscope.analyses.effective_context.classes import classes_of
from rnnscope.analyses.effective_context.measuring import (
    RESTS,
    Curves,
    EffectiveContextSettings,
    Rest,
    by_class,
    curves_of,
    stretches_of,
)
from rnnscope.analyses.effective_context.reading import caveats_of, reading_of
from rnnscope.estimate import Interval
from rnnscope.records.context_losses import ContextLosses, part_read
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Finding, Row, Scalar
from rnnscope.records.surprisal import kind_of

AS_USUAL = EffectiveContextSettings()


def effective_context(
    losses: Sequence[ContextLosses],
    corpus: Corpus,
    settings: EffectiveContextSettings = AS_USUAL,
    paper: str | None = None,
    seed: int = 0,
) -> Finding:
    """Loss by how many characters are visible, the excess over the whole context, and how many bring it below
    a threshold; all with intervals, the same bootstrap samples for all predictors.

    Raises RecordError as `part_read` does, ConfigError for settings that these readings cannot serve.
    """
    part = part_read(losses, corpus)
    most = losses[0].manifest.most_chars
    stretches = stretches_of(settings.characters, most)
    of_classes = stretches_of(settings.class_characters, most, "class_characters")
    curves = [curves_of(each, stretches, seed) for each in losses]
    classes = classes_of(losses[0], corpus, part)
    tables: dict[str, list[Row]] = {
        "models": [_model_row(each, settings.threshold_nats) for each in curves],
        "losses": [row for each in curves for row in _loss_rows(each)],
        "gains": [row for each in curves for row in _gain_rows(each, settings.landmarks)],
        "order": [row for each in curves for row in _order_rows(each)],
        "classes": [
            {
                "model": each.name,
                "family": family_of(each),
                "class": name,
                "rest": rest,
                "characters": stretch.first,
                "up_to": stretch.last,
                "share": share,
                "excess_nats": excess.value,
                "low": excess.low,
                "high": excess.high,
            }
            for each in losses
            for name, rest, stretch, share, excess in by_class(each, classes, of_classes, seed)
        ],
    }
    return Finding(
        analysis="effective_context",
        corpus=corpus.name,
        title="How far back does each model see?",
        reading=reading_of(tables, settings.threshold_nats, most),
        numbers=_numbers(tables["models"][0], losses[0], settings),
        tables=tables,
        caveats=caveats_of(losses, paper, has_intervals=bool(np.isfinite(curves[0].whole.low))),
    )


def family_of(losses: ContextLosses) -> str:
    """'n-gram', 'n-NN', or the cell that a network's name begins with."""
    kind = kind_of(losses.name)
    return losses.name.partition("-")[0] if kind == "network" else kind


def _named(curves: Curves) -> Row:
    return {"model": curves.losses.name, "family": family_of(curves.losses)}


def _model_row(curves: Curves, threshold_nats: float) -> Row:
    whole = curves.whole
    row: Row = {"whole_nats": whole.value, "low": whole.low, "high": whole.high}
    for rest in RESTS:
        ends = zip(("", "_low", "_high"), curves.effective(rest, threshold_nats), strict=True)
        row |= {f"{rest}_chars{end}": int(value) if np.isfinite(value) else None for end, value in ends}
    return _named(curves) | row | {"flat_from": curves.flat_from, "sees": curves.losses.manifest.sees}


def _loss_rows(curves: Curves) -> list[Row]:
    rows: list[Row] = []
    for rest in RESTS:
        for place, stretch in enumerate(curves.stretches):
            loss, excess = curves.loss(rest, place), curves.excess(rest, place)
            rows.append(
                _named(curves)
                | {
                    "rest": rest,
                    "characters": stretch.first,
                    "up_to": stretch.last,
                    "loss_nats": loss.value,
                    "low": loss.low,
                    "high": loss.high,
                    "excess_nats": excess.value,
                    "excess_low": excess.low,
                    "excess_high": excess.high,
                }
            )
    return rows


def _gain_rows(curves: Curves, landmarks: Sequence[int]) -> list[Row]:
    """What seeing further, from one landmark to the next, takes off the loss."""
    places = {stretch.first: place for place, stretch in enumerate(curves.stretches)}
    there = sorted({each for each in landmarks if each in places})

    def gain(rest: Rest, near: int, far: int) -> Interval:
        weights = {curves.at(rest, places[near]): 1.0, curves.at(rest, places[far]): -1.0}
        return curves.sampled.combination(weights)

    return [
        _named(curves) | {"rest": rest, "from_chars": near, "to_chars": far} | _told(gain(rest, near, far))
        for rest in RESTS
        for near, far in pairwise(there)
    ]


def _order_rows(curves: Curves) -> list[Row]:
    """What the same characters in disorder cost, against none."""
    rows: list[Row] = []
    for place, stretch in enumerate(curves.stretches):
        weights = {curves.at("shuffled", place): 1.0, curves.at("cut", place): -1.0}
        told = _told(curves.sampled.combination(weights))
        rows.append(_named(curves) | {"characters": stretch.first, "up_to": stretch.last} | told)
    return rows


def _told(interval: Interval) -> Row:
    return {
        "nats": interval.value,
        "low": interval.low,
        "high": interval.high,
        "is_clear": interval.is_clear,
    }


def _numbers(first: Row, losses: ContextLosses, settings: EffectiveContextSettings) -> dict[str, Scalar]:
    return {
        "model": first["model"],
        "effective_chars_cut": first["cut_chars"],
        "effective_chars_shuffled": first["shuffled_chars"],
        "threshold_nats": settings.threshold_nats,
        "whole_nats": first["whole_nats"],
        "readings": losses.manifest.readings,
        "most_chars": losses.manifest.most_chars,
    }
