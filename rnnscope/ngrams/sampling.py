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
    if temperature < 0:
        raise ConfigError(
            f"temperature {temperature:g} is negative; 0 takes the likeliest symbol, 1 is the model's own"
        )
    if chars < 0:
        raise ConfigError(f"{chars} characters cannot be sampled; give a number from 0 up")
    text = np.concatenate([np.asarray(prime, dtype=np.int64), np.zeros(chars, dtype=np.int64)])
    for position in range(len(text) - chars, len(text)):
        text[position] = _draw(distribution(text[:position]), temperature, generator)
    return text[len(text) - chars :]


def _draw(probabilities_V: np.ndarray, temperature: float, generator: np.random.Generator) -> int:
    if temperature == 0:
        return int(probabilities_V.argmax())
    with np.errstate(divide="ignore"):
        logs_V = np.log(probabilities_V)
    # Gumbel: the largest of log p / temperature + noise is distributed as p ** (1 / temperature)
    return int((logs_V / temperature + generator.gumbel(size=len(logs_V))).argmax())
