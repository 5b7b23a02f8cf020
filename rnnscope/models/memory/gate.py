"""What a model and an n-gram know before the next character -> how far to trust which. Knows no fitting.

    w = sigmoid(a . x + b),  s = exp(c . x + d)

x: the model's top vector; which length of context the n-gram had (one-hot); and how sure both are and how
alike: sum p log p, max log p, sum q log q, max log q, sum p log q, sum q log p, sum p q. Standardised.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.special import expit

SURENESS = 7
"""Clues that are made of both distributions.

War and Peace, LSTM 2x84 with the 20-gram, test nats: one weight 1.1298; a gate
on length and sureness 1.1166, on the top vector too 1.1128; a layer of 16 tanh units inside the gate, 1.1126
at its best, so that it is left out.
"""


def clues_of(
    model_NV: Float[np.ndarray, "N V"],
    ngram_NV: Float[np.ndarray, "N V"],
    lengths_N: Int[np.ndarray, " N"],
    top_NH: Float[np.ndarray, "N H"],
    context: int,
) -> Float[np.ndarray, "N F"]:
    """Of each character, F = context + 1 + SURENESS + H, from log-probabilities of the next symbol."""
    p_NV, q_NV = np.exp(model_NV), np.exp(ngram_NV)
    one_hot_NC = np.zeros((len(lengths_N), context + 1), dtype=np.float32)
    one_hot_NC[np.arange(len(lengths_N)), lengths_N] = 1
    sureness = [
        _summed(p_NV, model_NV),
        model_NV.max(axis=1),
        _summed(q_NV, ngram_NV),
        ngram_NV.max(axis=1),
        _summed(p_NV, ngram_NV),
        _summed(q_NV, model_NV),
        _summed(p_NV, q_NV),
    ]
    return np.concatenate([one_hot_NC, np.stack(sureness, axis=1), top_NH], axis=1, dtype=np.float32)


def _summed(a_NV: np.ndarray, b_NV: np.ndarray) -> np.ndarray:
    return np.einsum("nv,nv->n", a_NV, b_NV)


@dataclass(frozen=True)
class Gate:
    """A fitted one."""

    means_F: np.ndarray
    spreads_F: np.ndarray
    """What clues are standardised by."""
    weights_F2: np.ndarray
    """a, then c."""
    biases_2: np.ndarray
    """b, then d."""

    @property
    def parameter_count(self) -> int:
        """Of what was fitted; where the mixture is linear, s is not heard."""
        return self.weights_F2.size + self.biases_2.size

    def at(self, clues_NF: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """w and s, (N,) float32 each."""
        scaled_NF = (clues_NF - self.means_F) / self.spreads_F
        drives_N2 = scaled_NF.astype(np.float32) @ self.weights_F2.astype(np.float32)
        return weight_and_sharpness(drives_N2 + self.biases_2.astype(np.float32))

    def as_json(self) -> dict[str, list]:
        """Numbers, to the last bit."""
        names = ("means_F", "spreads_F", "weights_F2", "biases_2")
        return {name: np.asarray(getattr(self, name), dtype=np.float64).tolist() for name in names}

    @classmethod
    def from_json(cls, numbers: dict[str, list]) -> "Gate":
        return cls(**{name: np.asarray(values, dtype=np.float64) for name, values in numbers.items()})


def weight_and_sharpness(drives_N2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """w and s of what the gate's linear maps give."""
    return expit(drives_N2[:, 0]), np.exp(drives_N2[:, 1])
