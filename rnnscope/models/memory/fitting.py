"""Two sets of distributions, clues and what came next -> the mixture that loses least. Knows no corpus.

Minimised by L-BFGS (Nocedal 1980; scipy's) from gradients written out, block by block, in float64 sums:
nothing random, so that the same text gives the same gate.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from rnnscope.models.memory.gate import Gate, weight_and_sharpness

BLOCK_CHARS = 4096
"""Characters at a time: what they need stays in the processor's cache."""
MOST_STEPS = 80
PENALTIES = (1e-2, 1e-3, 1e-4, 1e-5)
"""Times the sum of squared weights of standardised clues, tried from the strongest on."""


@dataclass(frozen=True)
class Examples:
    """Characters to fit on."""

    model_NV: np.ndarray
    ngram_NV: np.ndarray
    """Log-probabilities, float32."""
    targets_N: np.ndarray
    clues_NF: np.ndarray
    """F = 0 where one weight is to serve all."""

    def only(self, keep: np.ndarray | slice) -> "Examples":
        return Examples(self.model_NV[keep], self.ngram_NV[keep], self.targets_N[keep], self.clues_NF[keep])


@dataclass(frozen=True)
class Fitted:
    gate: Gate
    tried: list[dict[str, float]]
    """penalty, nats of the held-out half."""
    nats: float
    """Of all examples under the gate that was fitted to them all: too low by a little."""


def fitted_gate(examples: Examples, is_log_linear: bool, rows: int, thin: int = 1) -> Fitted:
    """The gate fitted to all examples, whose penalty is the one that serves the later half of the `rows` best
    when fitted to the earlier half. Of each half every `thin`-th character is read for the choice."""
    means_F, spreads_F = examples.clues_NF.mean(axis=0), examples.clues_NF.std(axis=0) + 1e-3
    scaled = Examples(
        examples.model_NV,
        examples.ngram_NV,
        examples.targets_N,
        ((examples.clues_NF - means_F) / spreads_F).astype(np.float32),
    )
    chars = len(examples.targets_N)
    half = chars // max(1, rows) * (rows // 2) if rows > 1 else chars // 2
    earlier, later = scaled.only(slice(0, half, thin)), scaled.only(slice(half, None, thin))
    start, tried = _start(scaled), []
    for penalty in PENALTIES if scaled.clues_NF.shape[1] else ():
        start = _minimised(earlier, is_log_linear, penalty, start)
        tried.append({"penalty": penalty, "nats": _loss(later, is_log_linear, start)[0]})
        if len(tried) > 1 and tried[-1]["nats"] > tried[-2]["nats"]:
            break
    best = min(tried, key=lambda each: each["nats"])["penalty"] if tried else 0.0
    numbers = _minimised(scaled, is_log_linear, best, start)
    weights_F2, biases_2 = _unpacked(numbers, scaled)
    gate = Gate(means_F, spreads_F, weights_F2, biases_2)
    return Fitted(gate, tried, _loss(scaled, is_log_linear, numbers)[0])


def best_weight(p_N: np.ndarray, q_N: np.ndarray) -> tuple[float, float]:
    """The weight of q that makes the mean of -log((1 - w) p + w q) least, and that mean: it is convex in w,
    so Newton's method within bounds finds it.
    """
    p_N, q_N = np.asarray(p_N, np.float64), np.asarray(q_N, np.float64)
    low, high, weight = 0.0, 1.0, 0.5
    for _ in range(60):
        ratio_N = (q_N - p_N) / np.maximum((1 - weight) * p_N + weight * q_N, 1e-300)
        slope, curve = -ratio_N.mean(), (ratio_N**2).mean()
        low, high = (weight, high) if slope < 0 else (low, weight)
        step = weight - slope / max(curve, 1e-300)
        after = step if low < step < high else (low + high) / 2
        if abs(after - weight) < 1e-7:
            break
        weight = after
    weight = round(float(weight), 6)
    return weight, float(-np.log(np.maximum((1 - weight) * p_N + weight * q_N, 1e-300)).mean())


def _start(examples: Examples) -> np.ndarray:
    return np.zeros(2 * examples.clues_NF.shape[1] + 2)


def _unpacked(numbers: np.ndarray, examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    return numbers[:-2].reshape(examples.clues_NF.shape[1], 2), numbers[-2:]


def _minimised(examples: Examples, is_log_linear: bool, penalty: float, start: np.ndarray) -> np.ndarray:
    def penalised(numbers: np.ndarray) -> tuple[float, np.ndarray]:
        nats, slopes = _loss(examples, is_log_linear, numbers)
        weights = numbers[:-2]
        slopes[:-2] += 2 * penalty * weights
        return nats + penalty * float(weights @ weights), slopes

    options = {"maxiter": MOST_STEPS, "ftol": 1e-6, "gtol": 1e-6}
    return minimize(penalised, start, jac=True, method="L-BFGS-B", options=options).x


def _loss(examples: Examples, is_log_linear: bool, numbers: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean nats of the targets, and its gradient."""
    weights_F2, biases_2 = _unpacked(numbers, examples)
    nats, slopes_F2, slopes_2 = 0.0, np.zeros_like(weights_F2), np.zeros(2)
    for part in _parts(examples):
        drives_n2 = part.clues_NF @ weights_F2.astype(np.float32) + biases_2.astype(np.float32)
        of_each = _log_linear if is_log_linear else _linear
        part_nats, by_drive_n2 = of_each(part, *weight_and_sharpness(drives_n2))
        nats += float(part_nats.sum(dtype=np.float64))
        slopes_F2 += part.clues_NF.T @ by_drive_n2
        slopes_2 += by_drive_n2.sum(axis=0, dtype=np.float64)
    chars = len(examples.targets_N)
    return nats / chars, np.concatenate([slopes_F2.ravel(), slopes_2]) / chars


def _parts(examples: Examples) -> Iterator[Examples]:
    for start in range(0, len(examples.targets_N), BLOCK_CHARS):
        yield examples.only(slice(start, start + BLOCK_CHARS))


def _linear(part: Examples, w_n: np.ndarray, s_n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nats, and their derivatives by both drives; s is not heard."""
    p_n, q_n = (np.exp(_at(of, part.targets_N)) for of in (part.model_NV, part.ngram_NV))
    mixed_n = np.maximum((1 - w_n) * p_n + w_n * q_n, np.float32(1e-37))
    by_w_n = (p_n - q_n) / mixed_n * w_n * (1 - w_n)
    return -np.log(mixed_n), np.stack([by_w_n, np.zeros_like(by_w_n)], axis=1)


def _log_linear(part: Examples, w_n: np.ndarray, s_n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `_linear`: with m = (1 - w) log p + w log q and its softmax r of s m, d/dw = s (E_r[log q - log p]
    - its value at the target), d/ds = E_r[m] - its value at the target."""
    apart_nV = part.ngram_NV - part.model_NV
    m_nV = part.model_NV + w_n[:, None] * apart_nV
    r_nV = m_nV * s_n[:, None]
    r_nV -= r_nV.max(axis=1, keepdims=True)
    at_target_n = _at(r_nV, part.targets_N)
    np.exp(r_nV, out=r_nV)
    total_n = r_nV.sum(axis=1)
    by_w_n = np.einsum("nv,nv->n", r_nV, apart_nV) / total_n - _at(apart_nV, part.targets_N)
    by_s_n = np.einsum("nv,nv->n", r_nV, m_nV) / total_n - _at(m_nV, part.targets_N)
    drives = [by_w_n * s_n * w_n * (1 - w_n), by_s_n * s_n]
    return np.log(total_n) - at_target_n, np.stack(drives, axis=1)


def _at(of_nV: np.ndarray, targets_n: np.ndarray) -> np.ndarray:
    return of_nV[np.arange(len(targets_n)), targets_n]
