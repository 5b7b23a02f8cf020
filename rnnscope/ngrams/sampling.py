"""Count model, prime -> text that it writes. Knows one symbol at a time."""

from collections.abc import Callable

import numpy as np

from rnnscope.errors import ConfigError


def sample(
    distribution: Callable[[np.ndarray], np.ndarray],
    prime: np.ndarray,
    chars: int,
    temperature: float,
    generator: np.random.Generator,
) -> np.ndarray:
    """Ids of `chars` symbols after `prime` (ids; empty is a row's beginning), shape (chars,).

    `distribution` gives probabilities (V,) after ids, e.g. `MaximumLikelihood.distribution`. They are raised
    to 1 / temperature; at temperature 0 the likeliest symbol is taken. Raises ConfigError for a negative
    temperature or a negative number of characters.
    """
    check_temperature(temperature)
    if chars < 0:
        raise ConfigError(f"{chars} characters cannot be sampled; give a number from 0 up")
    text = np.concatenate([np.asarray(prime, dtype=np.int64), np.zeros(chars, dtype=np.int64)])
    for position in range(len(text) - chars, len(text)):
        probabilities_V = distribution(text[:position])
        with np.errstate(divide="ignore"):
            # at temperature 0 the order alone counts, and two near each other may have one logarithm
            logits_V = np.log(probabilities_V) if temperature else probabilities_V
        text[position] = drawn(logits_V, temperature, generator)
    return text[len(text) - chars :]


def check_temperature(temperature: float) -> None:
    """Raises ConfigError for a negative one."""
    if temperature < 0:
        raise ConfigError(
            f"temperature {temperature:g} is negative; 0 takes the likeliest symbol, 1 is the model's own"
        )


def drawn(logits_V: np.ndarray, temperature: float, generator: np.random.Generator) -> int:
    """A symbol with probability softmax(logits / temperature); the likeliest at temperature 0.

    Gumbel: the largest of logits / temperature + noise is distributed as the softmax, and no exponential
    overflows.
    """
    if temperature == 0:
        return int(logits_V.argmax())
    return int((logits_V / temperature + generator.gumbel(size=len(logits_V))).argmax())
