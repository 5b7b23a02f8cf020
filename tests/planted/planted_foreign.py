"""A network of ours taken apart into modules that anyone could have trained: an embedding whose products with
the module's input matrix are the one-hot matrix, in an alphabet of another order and with symbols of its own.
"""

import torch
from torch import nn

from rnnscope.models.network import Layer, Network
from rnnscope.records.corpus import Corpus

SPECIAL = ["<pad>", "<unk>"]
"""Ids 0 and 1 of its alphabet."""


class CharModel(nn.Module):
    def __init__(self, symbols: int, width: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(symbols, width)
        self.rnn = nn.LSTM(width, hidden, layers, batch_first=True, dropout=0.5 if layers > 1 else 0.0)
        self.decoder = nn.Linear(hidden, symbols)
        self.out = nn.Sequential(nn.Dropout(0.5), self.decoder)


def taken_apart(network: Network, corpus: Corpus) -> tuple[CharModel, list[str]]:
    """The model, in training mode, and its alphabet: special symbols first, then the corpus's from last to
    first. Special symbols are unlikely.
    """
    symbols, hidden = corpus.symbols, network.config.hidden
    alphabet = [*SPECIAL, *reversed(corpus.alphabet.symbols)]
    model = CharModel(len(alphabet), symbols, hidden, network.config.layers)
    order = torch.arange(symbols - 1, -1, -1)
    head = model.decoder
    with torch.no_grad():
        model.embed.weight.zero_()
        model.embed.weight[len(SPECIAL) :] = torch.eye(symbols)[order]
        for index, layer in enumerate(network.layers):
            assert isinstance(layer, Layer)
            own = layer.weights
            for name, matrix in {
                "weight_ih": own.w_input_GI,
                "weight_hh": own.w_hidden_GH,
                "bias_ih": own.b_input_G,
                "bias_hh": own.b_hidden_G,
            }.items():
                getattr(model.rnn, f"{name}_l{index}").copy_(matrix)
        head.weight.zero_()
        head.bias.fill_(-8.0)
        head.weight[len(SPECIAL) :] = network.decoder_VH[order]
        head.bias[len(SPECIAL) :] = network.decoder_bias_V[order]
    return model.train(), alphabet
