"""An LSTM wired by hand: what each of its units does is known."""

import numpy as np
import torch

from rnnscope.models.network import Layer, Network
from rnnscope.models.sizing import NetworkConfig

SYMBOLS = "() abc\n"
UNITS = 6
PAREN_UNIT, STILL_UNIT = 2, 4


def wired_lstm() -> Network:
    """Unit 2 is on from '(' to ')', unit 4's gates never move, the others are random.

    Weights are stacked i, f, g, o. Unit 2: the input gate opens at parentheses only, the candidate is +1 at
    '(' and -1 at ')', the forget gate is always open: so c is 1 inside and 0 outside.
    """
    torch.manual_seed(0)
    network = Network(NetworkConfig(cell="lstm", layers=1, hidden=UNITS, symbols=len(SYMBOLS)))
    layer = network.layers[0]
    assert isinstance(layer, Layer)
    weights = layer.weights
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.uniform_(-0.8, 0.8)
        for unit in (PAREN_UNIT, STILL_UNIT):
            for gate in range(4):
                row = gate * UNITS + unit
                for matrix in (weights.w_input_GI, weights.w_hidden_GH):
                    matrix[row] = 0
                for bias in (weights.b_input_G, weights.b_hidden_G):
                    bias[row] = 0
        opens, closes = SYMBOLS.index("("), SYMBOLS.index(")")
        i, f, g, o = (gate * UNITS + PAREN_UNIT for gate in range(4))
        weights.b_input_G[i] = -12
        weights.w_input_GI[i, [opens, closes]] = 24
        weights.b_input_G[f] = 12
        weights.w_input_GI[g, opens] = 12
        weights.w_input_GI[g, closes] = -12
        weights.b_input_G[o] = 1
    return network.eval()


def paren_text(chars: int, seed: int) -> str:
    """Words, and now and then a pair of parentheses, never nested."""
    generator = np.random.default_rng(seed)
    text, inside = [], False
    for _ in range(chars):
        if generator.uniform() < 0.06:
            text.append(")" if inside else "(")
            inside = not inside
        else:
            text.append(generator.choice(list(" abc\n")))
    return "".join(text)


def ids_of(text: str) -> np.ndarray:
    return np.array([SYMBOLS.index(character) for character in text], dtype=np.uint8)
