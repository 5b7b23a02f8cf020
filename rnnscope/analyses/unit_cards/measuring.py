"""OpenedRun -> the numbers of every unit. Knows no role and no card."""

from dataclasses import dataclass

import numpy as np

from rnnscope.analyses.unit_cards.opened import OpenedRun
from rnnscope.counters import KEEPING, LAGS, AutocorrelationCounter, KeepingCounter

BINS = 20
"""Of a histogram over [-1, 1]: the outer two are the values beyond 0.9."""
MOST_CHARS = LAGS[-1]
"""A time as long as this says 'at least': float16 rounds a gate near 1 by up to 2.4e-4, an eighth of -ln f
there."""
MOST_PRODUCTS = 1e10
"""Multiplications that all correlations of a run may cost; on a longer text every k-th character is taken."""


@dataclass(frozen=True)
class Measured:
    """Numbers of all units of a run, in the order of `OpenedRun.places`."""

    counts_UK: np.ndarray
    """Histogram of a unit's values, K = BINS."""
    mean_U: np.ndarray
    deviation_U: np.ndarray
    """Standard deviation."""
    kept_chars_U: np.ndarray
    """By the gate that keeps the state; nan for cells without one."""
    value_chars_U: np.ndarray
    """By the autocorrelation of the values; nan for a unit that never changes."""
    correlation_UU: np.ndarray
    """Of values, at the same characters; 0 on the diagonal and for units that never change."""
    logits_VH: np.ndarray
    """Of the top layer's units: output weight less its mean over symbols, times the standard deviation of the
    unit's output. What a unit that is one deviation up adds to a symbol's logit, beside the others."""

    @property
    def shares_UK(self) -> np.ndarray:
        return self.counts_UK / self.counts_UK.sum(axis=1, keepdims=True)


def measure(run: OpenedRun) -> Measured:
    """Everything of every unit, some units at a time over all of the text, and all of them at a time over
    some of it."""
    layers = range(1, run.layers + 1)
    counts, means, deviations = [], [], []
    for layer in layers:
        for group in run.groups:
            values_RTU = run.columns(run.site(layer), group)
            counts.append(_counts(values_RTU))
            means.append(values_RTU.mean(axis=(0, 1), dtype=np.float64))
            deviations.append(values_RTU.std(axis=(0, 1), dtype=np.float64))
    mean_U, deviation_U = np.concatenate(means), np.concatenate(deviations)
    top_H = deviation_U[-run.units :] if run.state == "h" else _deviation(run, run.site(run.layers, "h"))
    weights_VH = run.decoder_VH.astype(np.float64)
    return Measured(
        counts_UK=np.concatenate(counts),
        mean_U=mean_U,
        deviation_U=deviation_U,
        kept_chars_U=np.concatenate([_kept(run, layer) for layer in layers]),
        value_chars_U=np.concatenate([_lasting(run, layer) for layer in layers]),
        correlation_UU=_correlation(run, mean_U),
        logits_VH=(weights_VH - weights_VH.mean(axis=0)) * top_H,
    )


def _counts(values_RTU: np.ndarray) -> np.ndarray:
    """(U, BINS)."""
    units = values_RTU.shape[2]
    bins_NU = np.clip((values_RTU.reshape(-1, units) + 1) * (BINS / 2), 0, BINS - 1).astype(np.int32)
    bins_NU += BINS * np.arange(units, dtype=np.int32)
    return np.bincount(bins_NU.ravel(), minlength=BINS * units).reshape(units, BINS)


def _deviation(run: OpenedRun, site: str) -> np.ndarray:
    parts = [run.columns(site, group).std(axis=(0, 1), dtype=np.float64) for group in run.groups]
    return np.concatenate(parts)


def _kept(run: OpenedRun, layer: int) -> np.ndarray:
    if run.cell not in KEEPING:
        return np.full(run.units, np.nan)
    gate, side = KEEPING[run.cell]
    site = run.site(layer, gate)
    counter = KeepingCounter((site,), overwrites=side < 0)
    for block in run.blocks([site]):
        counter.update(block)
    return np.minimum(MOST_CHARS, counter.result()[site].steps_H)


def _lasting(run: OpenedRun, layer: int) -> np.ndarray:
    site = run.site(layer)
    counter = AutocorrelationCounter((site,))
    for block in run.blocks([site]):
        counter.update(block)
    return np.minimum(MOST_CHARS, counter.result()[site].steps_H)


def _correlation(run: OpenedRun, mean_U: np.ndarray) -> np.ndarray:
    sites, units = [run.site(layer) for layer in range(1, run.layers + 1)], len(mean_U)
    every = max(1, int(np.ceil(run.chars * units**2 / MOST_PRODUCTS)))
    products_UU, first = np.zeros((units, units)), 0
    for block in run.blocks(sites):
        steps = block[sites[0]].shape[1]
        taken = slice(-first % every, None, every)
        first += steps
        joined = np.concatenate([block[site][:, taken].astype(np.float32) for site in sites], axis=2)
        from_mean_NU = joined.reshape(-1, units) - mean_U.astype(np.float32)
        products_UU += from_mean_NU.T @ from_mean_NU
    scale_U = np.sqrt(products_UU.diagonal())
    scale_UU = np.outer(scale_U, scale_U)
    correlation_UU = np.divide(products_UU, scale_UU, out=np.zeros_like(products_UU), where=scale_UU > 1e-6)
    np.fill_diagonal(correlation_UU, 0)
    return np.clip(correlation_UU, -1, 1)
