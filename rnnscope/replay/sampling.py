"""Network, prime -> text that it writes. Knows one symbol at a time."""

from collections.abc import Sequence

import numpy as np
import torch

from rnnscope.errors import ConfigError
from rnnscope.models.network import Network
from rnnscope.models.saved import Model
from rnnscope.replay.steering import Hold, check_holds, holding


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
    if len(prime) == 0:
        raise ConfigError("the prime is empty; give at least one character, e.g. --prime 'The '")
    if temperature < 0:
        raise ConfigError(
            f"temperature {temperature:g} is negative; 0 takes the likeliest symbol, 1 is the model's own"
        )
    if chars < 0:
        raise ConfigError(f"{chars} characters cannot be sampled; give a number from 0 up")
    read = network
    if hold:
        if not isinstance(network, Network):
            raise ConfigError("only a recurrent network has units to hold; leave the holds away")
        check_holds(network, hold)
        read = holding(network, [hold])
    written = np.empty(chars, dtype=np.int64)
    device = next(network.parameters()).device
    network.eval()
    with torch.inference_mode():
        logits_TBV, state = read(torch.from_numpy(prime.astype(np.int64))[:, None].to(device), None)
        for position in range(chars):
            written[position] = _draw(logits_TBV[-1, 0].double().numpy(force=True), temperature, generator)
            logits_TBV, state = read(
                torch.from_numpy(written[position : position + 1, None]).to(device), state
            )
    return written


def _draw(logits_V: np.ndarray, temperature: float, generator: np.random.Generator) -> int:
    if temperature == 0:
        return int(logits_V.argmax())
    # Gumbel: the largest of logits/temperature + noise is distributed as the softmax, and no exponential
    # overflows
    return int((logits_V / temperature + generator.gumbel(size=len(logits_V))).argmax())
