"""Network, prime -> text that it writes. Knows one symbol at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from rnnscope.errors import ConfigError
from rnnscope.models.network import Network, NetworkState
from rnnscope.models.saved import Model
from rnnscope.ngrams.sampling import check_temperature, drawn
from rnnscope.replay.steering import Hold, Watch, check_holds, watching


@dataclass(frozen=True)
class WrittenSymbol:
    """One symbol of a text that a network writes."""

    id: int
    logits_V: np.ndarray
    """float64, what it was drawn from, before the temperature."""
    units: tuple[np.ndarray, ...]
    """Layer by layer, (H,): what every unit was when it was drawn; empty for a model without units."""


def sample(
    network: Model,
    prime: np.ndarray,
    chars: int,
    temperature: float,
    generator: np.random.Generator,
    hold: Sequence[Hold] = (),
) -> np.ndarray:
    """Ids of `chars` symbols after `prime` (ids, at least one), shape (chars,).

    Probabilities are softmax(logits / temperature); at temperature 0 the likeliest symbol is taken. `hold`:
    units held still at every step, those of the prime too; with the same generator the text is the one
    without them up to where the first symbol differs. Raises ConfigError for an empty prime, a negative
    temperature or number of characters, and for what cannot be held.
    """
    if chars < 0:
        raise ConfigError(f"{chars} characters cannot be sampled; give a number from 0 up")
    text = writing(network, prime, temperature, generator, hold)
    return np.fromiter((each.id for each in islice(text, chars)), dtype=np.int64, count=chars)


def writing(
    network: Model,
    prime: np.ndarray,
    temperature: float,
    generator: np.random.Generator,
    hold: Sequence[Hold] = (),
) -> Iterator[WrittenSymbol]:
    """The text of `sample` symbol by symbol, without an end: whoever has enough stops asking.

    Raises ConfigError as `sample` does, at once.
    """
    if len(prime) == 0:
        raise ConfigError("the prime is empty; give at least one character, e.g. --prime 'The '")
    check_temperature(temperature)
    network.eval()
    if isinstance(network, Network):
        check_holds(network, hold)
        return _written(watching(network, [hold]), network, prime, temperature, generator)
    if hold:
        raise ConfigError("only a recurrent network has units to hold; leave the holds away")
    return _written(lambda ids, state: (*network(ids, state), ()), network, prime, temperature, generator)


def _written(
    read: Watch, network: Model, prime: np.ndarray, temperature: float, generator: np.random.Generator
) -> Iterator[WrittenSymbol]:
    device = next(network.parameters()).device
    ids_TB: Tensor = torch.from_numpy(prime.astype(np.int64))[:, None].to(device)
    state: NetworkState | None = None
    while True:
        # entered anew for each symbol: the caller's own code runs between them
        with torch.inference_mode():
            logits_TBV, state, units = read(ids_TB, state)
        logits_V = logits_TBV[-1, 0].double().numpy(force=True)
        symbol = drawn(logits_V, temperature, generator)
        yield WrittenSymbol(symbol, logits_V, tuple(each_TBH[-1, 0].numpy(force=True) for each_TBH in units))
        ids_TB = ids_TB.new_tensor([[symbol]])
