"""Memory settings, Reader, validation rows -> the same with nothing left open. Knows no file, and no part but
what it is given.
"""

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from rnnscope.models.memory.cache import dot_spread, texts_of, true_shares
from rnnscope.models.memory.dynamic_evaluation import DynamicEvaluation, LearningModel, gradient_scales
from rnnscope.models.memory.fitting import Examples, best_weight, fitted_gate
from rnnscope.models.memory.gate import Gate, clues_of
from rnnscope.models.memory.ngram_mix import Mixing, log_linear, ngram_blocks
from rnnscope.models.memory.reading import Reader
from rnnscope.models.memory.settings import (
    CacheSettings,
    DynamicEvaluationSettings,
    MemorySettings,
    NgramMixSettings,
)
from rnnscope.ngrams import KneserNey

TUNING_CHARS = 80_000
"""Validation characters that a setting is tried on; a gate is fitted on all of them."""
SCALE_CHARS = 50_000
"""Training characters over which gradients are measured."""
SCALE_STRETCHES = 25
"""Places of the text that they are taken from, about."""
MOST_CACHE_WEIGHT = 0.999
"""A cache alone gives most characters no probability."""
WINDOWS = (200, 500, 1000, 2000, 5000)
THETAS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""In units of one over the spread of dot products, so that they do for any model."""
SEGMENTS = (5, 10, 20, 50, 100)
RATES = tuple(float(f"{lead}e{power}") for power in (-5, -4, -3, -2) for lead in (1, 2, 5))
DECAYS = (0.0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
FIRST_TRY = {"segment_chars": 20, "rate": 1e-3, "decay": 3e-3}
GATE_THIN = 2
"""Every second character chooses a gate's penalty."""

Tried = dict[str, float | int]


class Tuned(BaseModel):
    """A memory's settings with nothing left open, and how they were come by."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: dict[str, int | float | bool | None]
    tuned: list[str] = []
    """Those that were not given."""
    nats: float | None = None
    """Validation loss with them, over `chars`; of a gate on what it was fitted to."""
    chars: int = 0
    tried: list[Tried] = []
    """Settings and the validation loss with each."""
    sharpness: float = 1.0
    """Of a log-linear mixture."""
    gate: dict[str, list] | None = None
    seconds: float = 0.0
    """Of processor time that tuning took."""

    @property
    def mixing(self) -> Mixing:
        """Of an n-gram mixture."""
        gate = None if self.gate is None else Gate.from_json(self.gate)
        weight = self.settings["weight"]
        return Mixing(
            float(0.5 if weight is None else weight), self.sharpness, bool(self.settings["log_linear"]), gate
        )


@dataclass(frozen=True)
class TuningRows:
    """What a memory is tuned on; validation rows, in order."""

    inputs_RT: np.ndarray
    targets_RT: np.ndarray

    def some(self, carries: bool) -> "TuningRows":
        """At most TUNING_CHARS of them: the first rows where one follows from another, else evenly spread; of
        a longer row its beginning."""
        rows, chars = self.inputs_RT.shape
        wanted = max(1, min(rows, TUNING_CHARS // chars))
        keep = np.arange(wanted) if carries else np.linspace(0, rows - 1, wanted).round().astype(int)
        return TuningRows(self.inputs_RT[keep, :TUNING_CHARS], self.targets_RT[keep, :TUNING_CHARS])


def tuned_cache(settings: CacheSettings, inner: Reader, rows: TuningRows) -> Tuned:
    """Theta and window from grids, the weight exactly for each pair of them."""
    begun, some = time.process_time(), rows.some(settings.carries)
    read = inner.read(some.inputs_RT)
    spread = max(dot_spread(read.top_RTH), 1e-6)
    thetas = [settings.theta] if settings.theta is not None else [float(f"{k / spread:.3g}") for k in THETAS]
    windows = [settings.window] if settings.window is not None else list(WINDOWS)
    p_N = np.exp(_at_targets(read.log_probs_RTV, some.targets_RT).astype(np.float64).ravel())
    targets_N = some.targets_RT.ravel()
    shares = [
        true_shares(text, targets_N[text.first : text.first + len(text.next_N)], thetas, windows)
        for text in texts_of(read.top_RTH, some.inputs_RT, settings.carries)
    ]
    q_AWN = np.concatenate(shares, axis=2)
    tried = []
    for (a, theta), (w, window) in itertools.product(enumerate(thetas), enumerate(windows)):
        q_N = np.where(np.isnan(q_AWN[a, w]), p_N, q_AWN[a, w])
        weight = settings.weight
        if weight is None:
            weight = min(best_weight(p_N, q_N)[0], MOST_CACHE_WEIGHT)
        nats = _mixed_nats(p_N, q_N, weight)
        tried.append({"window": window, "theta": theta, "weight": weight, "nats": nats})
    return _outcome(settings, tried, some, begun)


def tuned_ngram_mix(settings: NgramMixSettings, inner: Reader, ngrams: KneserNey, rows: TuningRows) -> Tuned:
    """The context under one linear weight, exact for each, or under the weight and the form that are given; a
    gate or a log-linear mixture is then fitted on all validation rows."""
    begun, read = time.process_time(), inner.read(rows.inputs_RT)
    log_probs_NV = read.log_probs_RTV.reshape(rows.inputs_RT.size, -1)
    p_N = np.exp(_at_targets(read.log_probs_RTV, rows.targets_RT).astype(np.float64).ravel())
    contexts = range(ngrams.context + 1) if settings.context is None else [settings.context]
    tried = []
    for context, nats_RT in ngrams.true_nats(rows.inputs_RT, rows.targets_RT, contexts).items():
        q_N = np.exp(-nats_RT.astype(np.float64).ravel())
        weight, nats = best_weight(p_N, q_N)
        if settings.weight is not None:
            weight = settings.weight
            nats = (
                _log_linear_nats(log_probs_NV, ngrams, context, weight, rows)
                if settings.log_linear
                else _mixed_nats(p_N, q_N, weight)
            )
        tried.append({"context": context, "weight": weight, "nats": nats})
    outcome = _outcome(settings, tried, rows, begun)
    if not settings.gate and (settings.weight is not None or not settings.log_linear):
        return outcome
    context = int(min(tried, key=lambda each: each["nats"])["context"])
    top_NH = read.top_RTH.reshape(len(log_probs_NV), -1)
    ngram_NV, clues = np.empty_like(log_probs_NV), []
    for span, ngram in ngram_blocks(ngrams, context, rows.inputs_RT):
        ngram_NV[span] = ngram.log_probs_NV
        if settings.gate:
            clues.append(
                clues_of(log_probs_NV[span], ngram.log_probs_NV, ngram.lengths_N, top_NH[span], context)
            )
    clues_NF = np.concatenate(clues) if clues else np.empty((len(log_probs_NV), 0), dtype=np.float32)
    examples = Examples(log_probs_NV, ngram_NV, rows.targets_RT.ravel().astype(np.int64), clues_NF)
    fitted = fitted_gate(examples, settings.log_linear, len(rows.inputs_RT), GATE_THIN)
    fields = {"nats": fitted.nats, "tried": [*tried, *fitted.tried], "seconds": _since(begun)}
    if settings.gate:
        return outcome.model_copy(
            update=fields
            | {
                "settings": outcome.settings | {"weight": None},
                "gate": fitted.gate.as_json(),
                "tuned": [name for name in outcome.tuned if name != "weight"] + ["gate"],
            }
        )
    (weight,), (sharpness,) = fitted.gate.at(np.empty((1, 0), dtype=np.float32))
    of_logs = outcome.settings | {"weight": float(weight)}
    return outcome.model_copy(update=fields | {"settings": of_logs, "sharpness": float(sharpness)})


def _mixed_nats(p_N: np.ndarray, q_N: np.ndarray, weight: float) -> float:
    """Mean loss of the linear mixture of one weight, which is q's."""
    return float(-np.log(np.maximum((1 - weight) * p_N + weight * q_N, 1e-300)).mean())


def _log_linear_nats(
    log_probs_NV: np.ndarray, ngrams: KneserNey, context: int, weight: float, rows: TuningRows
) -> float:
    """Mean loss of the log-linear mixture of one weight, its sharpness 1."""
    total, targets_N1 = 0.0, rows.targets_RT.reshape(-1, 1).astype(np.int64)
    for span, ngram in ngram_blocks(ngrams, context, rows.inputs_RT):
        mixed_NV = log_linear(log_probs_NV[span], ngram.log_probs_NV, weight, 1.0)
        total -= float(np.take_along_axis(mixed_NV, targets_N1[span], axis=1).sum(dtype=np.float64))
    return total / len(targets_N1)


def tuned_dynamic_evaluation(
    settings: DynamicEvaluationSettings, model: LearningModel, train: TuningRows, rows: TuningRows
) -> Tuned:
    """Segment, rate and decay from grids, one step along one of them at a time as long as that helps; R is
    measured on `train`."""
    begun, some = time.process_time(), rows.some(settings.carries)
    given = {name: value for name in FIRST_TRY if (value := getattr(settings, name)) is not None}
    grids = {"rate": RATES, "decay": DECAYS, "segment_chars": SEGMENTS}
    scales: dict[int, Tensor] = {}

    def loss(at: Mapping[str, float | int]) -> float:
        segment = int(at["segment_chars"])
        if segment not in scales:
            scales[segment] = gradient_scales(model, train.inputs_RT, train.targets_RT, segment)
        learns = DynamicEvaluation(model, scales[segment], segment, at["rate"], at["decay"], settings.carries)
        return learns.nats(some.inputs_RT)

    open_grids = {name: grid for name, grid in grids.items() if name not in given}
    tried = descended(FIRST_TRY | given, open_grids, loss)
    return _outcome(settings, tried, some, begun)


def descended(
    start: Mapping[str, float | int],
    grids: Mapping[str, Sequence[float | int]],
    loss: Callable[[Mapping[str, float | int]], float],
) -> list[Tried]:
    """All that was tried, with 'nats': from `start`, a point of the grids, one step of one grid at a time as
    long as the loss falls (coordinate descent). A loss that is not finite is never the lowest."""
    known: dict[tuple[float | int, ...], Tried] = {}

    def at(point: Mapping[str, float | int]) -> float:
        key = tuple(point.values())
        if key not in known:
            nats = loss(point)
            known[key] = dict(point) | {"nats": nats if np.isfinite(nats) else 1e9}
        return known[key]["nats"]

    best, moved = dict(start), True
    at(best)
    while moved:
        moved = False
        for name, grid in grids.items():
            for direction in (1, -1):
                while 0 <= (place := grid.index(best[name]) + direction) < len(grid):
                    there = best | {name: grid[place]}
                    if at(there) >= at(best):
                        break
                    best, moved = there, True
    return list(known.values())


def _outcome(settings: MemorySettings, tried: list[Tried], rows: TuningRows, begun: float) -> Tuned:
    """The best of what was tried, the first among equals."""
    best = min(tried, key=lambda each: each["nats"])
    fields = type(settings).model_fields
    found = {
        name: int(value) if name in ("window", "context", "segment_chars") else float(value)
        for name, value in best.items()
        if name in fields
    }
    return Tuned(
        settings=settings.model_dump() | found,
        tuned=[name for name, value in settings if value is None],
        nats=best["nats"],
        chars=rows.inputs_RT.size,
        tried=tried,
        seconds=_since(begun),
    )


def _since(begun: float) -> float:
    return round(time.process_time() - begun, 1)


def _at_targets(log_probs_RTV: np.ndarray, targets_RT: np.ndarray) -> np.ndarray:
    return np.take_along_axis(log_probs_RTV, targets_RT[:, :, None].astype(np.int64), axis=2)[:, :, 0]
