"""Weights that came from a file of others -> the module that they are of. Knows no file."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from rnnscope.errors import ConfigError, RecordError, did_you_mean
from rnnscope.models.foreign.reset_before import GRUResetBefore

Matrices = dict[str, np.ndarray]
"""'weight_ih' (G, I), 'weight_hh' (G, H or P), perhaps 'bias_ih', 'bias_hh' (G,) and 'weight_hr' (P, H): one
layer, one direction, rows in PyTorch's order of gates."""


@dataclass(frozen=True)
class Described:
    """A recurrent stack as a file describes it."""

    cell: str
    """'lstm', 'gru', 'gru-reset-before', 'rnn' or 'rnn-relu'."""
    layers: Sequence[Sequence[Matrices]]
    """Layer -> direction -> matrices."""
    batch_first: bool


_GATES = {"lstm": 4, "gru": 3, "gru-reset-before": 3, "rnn": 1, "rnn-relu": 1}


def built(described: Described, what: str) -> nn.RNNBase:
    """The module, in eval mode. Raises RecordError where the matrices do not fit each other."""
    first = described.layers[0][0]
    projected = "weight_hr" in first
    hidden = first["weight_ih"].shape[0] // _GATES[described.cell]
    settings = {
        "bias": "bias_ih" in first,
        "batch_first": described.batch_first,
        "bidirectional": len(described.layers[0]) == 2,
    }
    inputs = first["weight_ih"].shape[1]
    if described.cell == "gru-reset-before":
        module: nn.RNNBase = GRUResetBefore(inputs, hidden, **settings)
    else:
        made = {"lstm": nn.LSTM, "gru": nn.GRU}.get(described.cell, nn.RNN)
        extra: dict[str, object] = {"proj_size": first["weight_hr"].shape[0]} if projected else {}
        if described.cell == "rnn-relu":
            extra["nonlinearity"] = "relu"
        module = made(inputs, hidden, num_layers=len(described.layers), **settings, **extra)
    tensors = {
        f"{name}_l{layer}{'_reverse' if reverse else ''}": torch.from_numpy(np.ascontiguousarray(matrix))
        for layer, directions in enumerate(described.layers)
        for reverse, matrices in enumerate(directions)
        for name, matrix in matrices.items()
    }
    module = module.to(tensors["weight_ih_l0"].dtype)
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split("\n\t")[1:]).strip() or str(error)
        raise RecordError(f"the weights of {what} do not fit each other: {reason}") from None
    return module.eval()


def chosen(layer: str | None, there: Collection[str], what: str) -> str:
    """The recurrent layer that is asked for, or the only one. Raises ConfigError with their names."""
    if layer is None and len(there) > 1:
        names = " or ".join(f"'{name}'" for name in sorted(there))
        raise ConfigError(f"{what} has several recurrent layers; give layer={names}")
    name = next(iter(there)) if layer is None else layer
    if name not in there:
        raise ConfigError(f"no recurrent layer '{name}' in {what}; {did_you_mean(name, there)}")
    return name


def reordered(stacked: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """Blocks of rows in another order: block i of the result is block order[i]."""
    blocks = np.split(stacked, len(order))
    return np.concatenate([blocks[place] for place in order])
