"""Gates or values of units -> after how many characters a unit has forgotten. Knows no trace.

Two answers to one question. What the gates let through: a state that is kept by a factor f at every step is
down to 1/e after -1 / mean(ln f) characters if nothing is written. What the values do: the first lag at which
their autocorrelation is under 1/e. Neither is told above MOST_CHARS: float16 rounds a gate near 1 by up to
2.4e-4, which is a quarter of -ln f there.
"""

import numpy as np

MOST_CHARS = 1000
"""A time as long as this says 'at least'."""
KEEPS = {"lstm": ("f", False), "gru": ("z", False), "gru-2015": ("z", True)}
"""Cell -> the gate that keeps its state, and whether it is 1 minus that gate that keeps."""
_LEAST = 1e-4
"""A gate in float16 can be 0, whose logarithm would be all that counts."""


def log_kept(gates: np.ndarray, is_mirrored: bool) -> np.ndarray:
    """ln of the share of the state that is kept, at every step."""
    kept = 1 - gates if is_mirrored else gates
    return np.log(np.clip(kept, _LEAST, 1, dtype=np.float32))


def kept_chars(mean_log_kept_H: np.ndarray) -> np.ndarray:
    """-1 / mean(ln f), at most MOST_CHARS."""
    return np.minimum(MOST_CHARS, 1 / np.maximum(-mean_log_kept_H, 1 / MOST_CHARS))


def value_chars(values_RTU: np.ndarray) -> np.ndarray:
    """The first lag, (U,), at which the autocorrelation is under 1/e: MOST_CHARS, or a quarter of a row,
    where it stays above; nan where a unit never changes.
    """
    rows, steps, units = values_RTU.shape
    lags = min(MOST_CHARS, max(1, steps // 4))
    size = 1 << (steps + lags - 1).bit_length()
    mean_U = values_RTU.mean(axis=(0, 1), dtype=np.float64).astype(np.float32)
    power_FU = np.zeros((size // 2 + 1, units), np.float32)
    for values_TU in values_RTU:
        spectrum_FU = np.fft.rfft(values_TU - mean_U, n=size, axis=0)
        power_FU += spectrum_FU.real**2 + spectrum_FU.imag**2
    pairs_K1 = rows * (steps - np.arange(lags + 1))[:, None]
    covariance_KU = np.fft.irfft(power_FU, n=size, axis=0)[: lags + 1] / pairs_K1
    is_under_KU = covariance_KU < covariance_KU[:1] / np.e
    first_U = np.where(is_under_KU.any(axis=0), is_under_KU.argmax(axis=0), lags).astype(np.float64)
    return np.where(covariance_KU[0] > 1e-9, first_U, np.nan)
