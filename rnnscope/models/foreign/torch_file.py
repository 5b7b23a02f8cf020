"""A bare state_dict of PyTorch -> Described. Nothing in the file is run."""

import pickle
import re
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from rnnscope.errors import RecordError
from rnnscope.models.foreign.weights import Described, Matrices, chosen

_NAME = re.compile(
    r"(?:(?P<prefix>.*)\.)?(?P<name>(weight|bias)_(ih|hh|hr))_l(?P<layer>\d+)(?P<reverse>_reverse)?"
)
ENDINGS = (".pt", ".pth", ".ckpt", ".bin", ".safetensors")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_CELLS = {4: "lstm", 3: "gru", 1: "rnn"}


def from_torch_file(file: Path, layer: str | None, nonlinearity: str, batch_first: bool | None) -> Described:
    """`layer` is what comes before 'weight_ih_l0' in the names ('encoder.rnn'). Raises RecordError,
    ConfigError."""
    found: dict[str, dict[tuple[int, int], Matrices]] = {}
    for name, tensor in tensors_in(file).items():
        if matched := _NAME.fullmatch(name):
            where = (int(matched["layer"]), int(bool(matched["reverse"])))
            matrices = found.setdefault(matched["prefix"] or "", {}).setdefault(where, {})
            # numpy has no bfloat16, and float32 holds all its numbers
            tensor = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
            matrices[matched["name"]] = tensor.detach().cpu().numpy()
    if not found:
        raise RecordError(f"'{file}' has no tensor like 'weight_ih_l0', so that no recurrent module is in it")
    prefix = chosen(layer, found, f"'{file}'")
    by_place = found[prefix]
    layers, directions = (max(place[axis] for place in by_place) + 1 for axis in (0, 1))
    if len(by_place) != layers * directions:
        raise RecordError(f"'{file}' lacks layers of '{prefix}'; it has {sorted(by_place)}")
    cell = _cell(by_place[0, 0], f"'{prefix}' of '{file}'")
    if cell == "rnn" and nonlinearity == "relu":
        cell = "rnn-relu"
    stack = [[by_place[place, way] for way in range(directions)] for place in range(layers)]
    return Described(cell, stack, bool(batch_first))


def _cell(matrices: Matrices, what: str) -> str:
    """From the shapes: the gates are stacked in the rows."""
    if not {"weight_ih", "weight_hh"} <= matrices.keys():
        raise RecordError(f"{what} lacks weight_ih or weight_hh")
    rows, width = matrices["weight_hh"].shape
    width = matrices["weight_hr"].shape[1] if "weight_hr" in matrices else width
    gates = rows / width
    if gates not in _CELLS:
        raise RecordError(f"{what} has {rows} rows for {width} units, as no LSTM, GRU or RNN has")
    return _CELLS[int(gates)]


def is_recurrent(name: str) -> bool:
    """Whether a tensor of this name is one of a recurrent module's."""
    return _NAME.fullmatch(name) is not None


def tensors_in(file: Path) -> dict[str, Tensor]:
    """Name -> tensor, of the state_dict in `file` or of the one with a recurrent module that a checkpoint in
    it holds. Raises RecordError.
    """
    try:
        if file.suffix == ".safetensors":
            content: object = load_file(file)
        else:
            content = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise RecordError(f"no file '{file}'") from None
    except (pickle.UnpicklingError, SafetensorError, RuntimeError, EOFError, OSError, ValueError) as error:
        reason = _COLOURS.sub("", (str(error).splitlines() or [type(error).__name__])[0])
        raise RecordError(
            f"'{file}' is no bare state_dict ({reason}); save model.state_dict() and give that file"
        ) from None
    if not isinstance(content, dict):
        raise RecordError(f"'{file}' holds a {type(content).__name__}, no state_dict")
    inside = [each for each in content.values() if isinstance(each, dict) and _has_recurrent(each)]
    if not _has_recurrent(content) and inside:
        content = inside[0]
    return {str(name): value for name, value in content.items() if isinstance(value, Tensor)}


def _has_recurrent(content: dict) -> bool:
    return any(isinstance(name, str) and is_recurrent(name) for name in content)
