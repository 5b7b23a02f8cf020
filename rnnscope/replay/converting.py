"""A language model of others -> the Network of ours that predicts the same, and how near it is. Knows no
file.

An embedding before a recurrent module is a matrix product with one-hot vectors, and two matrix products are
one: so is all that an affine head does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rnnscope.errors import ConfigError
from rnnscope.models.foreign.language_model import ForeignLanguageModel
from rnnscope.models.network import Layer, Network
from rnnscope.models.sizing import NetworkConfig
from rnnscope.recurrence.cells import LayerWeights
from rnnscope.recurrence.kinds import GRU_RESET_BEFORE, KINDS, CellName
from rnnscope.replay.scope.layers import ModuleLayers

_CELLS: dict[str, CellName] = {"rnn": "rnn", "lstm": "lstm", "gru": "gru", GRU_RESET_BEFORE.name: "gru-2015"}
"""Kind of a module's cell -> the cell of ours that it is."""


def converted(model: ForeignLanguageModel, ids: Sequence[int]) -> Network:
    """The Network whose symbol i is the model's id ids[i], each below `model.symbols`; what the model gives
    to other ids is left out.

    Raises ConfigError for a module that no cell of ours is (one that is projected, rectified or reads
    backwards too) and for weights that are not finite.
    """
    layers = ModuleLayers(model.module)
    cell = _CELLS.get(layers.kind.name)
    if cell is None or layers.directions == 2:
        what = "reads backwards too" if layers.directions == 2 else f"is of the kind '{layers.kind.name}'"
        raise ConfigError(
            f"the network {what}, which no network of ours does; rnnscope.attach opens it as it is"
        )
    hidden = model.module.hidden_size
    network = Network(NetworkConfig(cell=cell, layers=layers.count, hidden=hidden, symbols=len(ids)))
    chosen = torch.tensor(ids)
    with model.reading():
        table_VI = model.inputs(chosen[None])[0].double().cpu()
        matrix_HV, bias_V = _affine(model, hidden)
        for index, layer in enumerate(network.layers):
            assert isinstance(layer, Layer)
            weights = _as_ours(layers.direction(index, reverse=False).weights, cell, hidden)
            if index == 0:
                weights["w_input_GI"] = weights["w_input_GI"] @ table_VI.T
            for name, matrix in weights.items():
                layer.get_parameter(name).copy_(matrix)
        network.decoder_VH.copy_(matrix_HV.T[chosen])
        network.decoder_bias_V.copy_(bias_V[chosen])
    for name, parameter in network.named_parameters():
        if not parameter.isfinite().all():
            raise ConfigError(
                f"the network's '{name}' would hold numbers that are not finite, as its own does"
            )
    return network.eval()


def _affine(model: ForeignLanguageModel, hidden: int) -> tuple[Tensor, Tensor]:
    """(H, V) and (V,): what the head, if it is affine, multiplies by and adds."""
    zero_H = torch.zeros(1, 1, hidden)
    bias_V = model.logits(zero_H)[0, 0].double().cpu()
    return model.logits(torch.eye(hidden)[None])[0].double().cpu() - bias_V, bias_V


def _as_ours(weights: LayerWeights, cell: str, hidden: int) -> dict[str, Tensor]:
    """By name, float64, on the processor; the update gate of `gru-2015` is 1 where the other's is 0."""
    doubled = {name: each.detach().double().cpu().clone() for name, each in vars(weights).items()}
    if cell == "gru-2015":
        place = KINDS[cell].blocks.index("z")
        for each in doubled.values():
            each[place * hidden : (place + 1) * hidden] *= -1
    return doubled


MOST_NATS, MOST_ROUNDING = 1e-3, 1e-5


@dataclass(frozen=True)
class Nearness:
    """How a converted network's predictions compare with the model's own on a text."""

    most_nats: float
    """Largest difference of a log-probability, of any symbol at any character, among the symbols of both."""
    allowed_nats: float
    """More makes it another network: 0.001, and 1e-5 of the largest log-probability, which float32 rounds."""
    outside_nats: float
    """What a character costs less, on average, since symbols that only the model has get no probability."""
    chars: int


def nearness(
    model: ForeignLanguageModel, network: Network, ids: Sequence[int], inputs_RT: np.ndarray
) -> Nearness:
    """Both read the same rows, `inputs_RT` in our ids, from the zero state."""
    chosen = np.asarray(ids)
    with model.reading():
        theirs_RTV = model.log_probs(torch.from_numpy(chosen[inputs_RT])).cpu()[..., torch.tensor(ids)]
    inside_RT = theirs_RTV.logsumexp(-1)
    ours_TRV = np.concatenate(list(network.log_prob_blocks(inputs_RT)))
    difference = (theirs_RTV - inside_RT[..., None]).numpy() - ours_TRV.transpose(1, 0, 2)
    allowed = MOST_NATS + MOST_ROUNDING * float(theirs_RTV.abs().max())
    outside = max(0.0, float(-inside_RT.mean()))
    return Nearness(float(np.abs(difference).max()), allowed, outside, inputs_RT.size)
