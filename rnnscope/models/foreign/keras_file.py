"""An LSTM, GRU or SimpleRNN in a file of Keras 3 -> Described.

Keras itself is not needed, and nothing in the file is run.
"""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from rnnscope.errors import BackendError, ConfigError, RecordError
from rnnscope.models.foreign.weights import Described, Matrices, chosen, reordered

_CELLS = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "rnn"}
_ORDERS = {"lstm": (0, 1, 2, 3), "gru": (1, 0, 2), "rnn": (0,)}
"""Keras stacks i f c o and z r h, PyTorch i f g o and r z n. z = 1 keeps the old state in both."""


def from_keras_file(file: Path, layer: str | None, batch_first: bool | None) -> Described:
    """Raises RecordError, ConfigError; BackendError without h5py."""
    try:
        import h5py
    except ImportError:
        raise BackendError("files of Keras need h5py; pip install 'rnnscope[keras]'") from None
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                config = json.loads(archive.read("config.json"))
                content = io.BytesIO(archive.read("model.weights.h5"))
            weights = h5py.File(content, "r")
        else:
            weights = h5py.File(file, "r")
            config = json.loads(str(weights.attrs["model_config"]))
    except FileNotFoundError:
        raise RecordError(f"no file '{file}'") from None
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise RecordError(
            f"'{file}' is no whole model of Keras ({error}); save it with model.save('name.keras')"
        ) from None
    with weights:
        found = _recurrent_layers(config)
        if not found:
            raise RecordError(f"'{file}' has no LSTM, GRU or SimpleRNN")
        name = chosen(layer, found, f"'{file}'")
        return _described(found[name], _arrays(weights, name), f"layer '{name}' of '{file}'", batch_first)


def _recurrent_layers(config: Any) -> dict[str, dict]:
    """Name -> its whole config, at any depth of nested models."""
    found: dict[str, dict] = {}
    if isinstance(config, dict):
        own = config.get("config")
        if isinstance(own, dict) and config.get("class_name") in (*_CELLS, "Bidirectional"):
            return {str(own.get("name")): config}
        inside = list(config.values())
    else:
        inside = config if isinstance(config, list) else []
    for value in inside:
        more = _recurrent_layers(value)
        if twice := found.keys() & more.keys():
            raise ConfigError(
                f"two layers are called '{min(twice)}'; give them names of their own and save again"
            )
        found |= more
    return found


def _arrays(weights: Any, name: str) -> list[list[np.ndarray]]:
    """For each direction: kernel, recurrent kernel, and the bias where there is one."""
    import h5py

    groups: list[Any] = []
    if "model_weights" in weights:  # the older .h5: MODEL_WEIGHTS/layer/...
        groups.append(weights["model_weights"][name])
    else:  # the .keras: the group beside the one whose 'name' it is

        def look(_: str, group: Any) -> None:
            if group.attrs.get("name") == name:
                groups.append(group.parent)

        weights.visititems(look)
    datasets: dict[str, np.ndarray] = {}

    def collect(path: str, entry: Any) -> None:
        if isinstance(entry, h5py.Dataset) and "seed_generator" not in path:
            datasets[path] = entry[()]

    for group in groups:
        group.visititems(collect)
    ways = {
        way: [datasets[path] for path in sorted(datasets, key=_place) if _way(path, name) == way]
        for way in ("forward", "backward")
    }
    both = [arrays for arrays in ways.values() if arrays]
    return both or [[datasets[path] for path in sorted(datasets, key=_place)]]


def _way(path: str, name: str) -> str:
    """'forward' or 'backward' by the first folder under the layer's own; '' for neither."""
    folders = [folder for folder in path.split("/")[:-1] if folder != name]
    return folders[0].partition("_")[0] if folders else ""


def _place(path: str) -> int:
    last = path.rpartition("/")[2]
    return (
        int(last) if last.isdigit() else ("kernel", "recurrent_kernel", "bias").index(last.partition(":")[0])
    )


def _described(
    config: dict, arrays: list[list[np.ndarray]], what: str, batch_first: bool | None
) -> Described:
    own = config["config"]
    if config["class_name"] == "Bidirectional":
        if own.get("merge_mode") != "concat":
            raise ConfigError(
                f"{what} merges its directions by {own.get('merge_mode')!r}; only 'concat' can be opened"
            )
        if len(arrays) != 2:
            raise ConfigError(f"{what} names its backward layer so that the file does not tell which it is")
        backward = own.get("backward_layer") or own["layer"]
        settled = ("units", "activation", "recurrent_activation", "use_bias", "reset_after")
        if backward["class_name"] != own["layer"]["class_name"] or any(
            backward["config"].get(each) != own["layer"]["config"].get(each) for each in settled
        ):
            raise ConfigError(f"{what} has two different layers for its directions, as no module has")
        config = own["layer"]
        own = config["config"]
    if config["class_name"] not in _CELLS:
        raise ConfigError(f"{what} wraps a {config['class_name']}; an LSTM, GRU or SimpleRNN can be opened")
    cell = _CELLS[config["class_name"]]
    squash = own.get("activation", "tanh")
    gate = own.get("recurrent_activation", "sigmoid")
    if (squash, gate) != ("tanh", "sigmoid") and not (cell == "rnn" and squash == "relu"):
        raise ConfigError(f"{what} squashes by {squash} and {gate}; tanh and sigmoid can be opened")
    if own.get("go_backwards"):
        raise ConfigError(f"{what} reads backwards alone; only Bidirectional can be opened")
    if any(len(each) not in (2, 3) for each in arrays):
        raise RecordError(f"{what} has no kernel and recurrent kernel in the file")
    resets_after = bool(own.get("reset_after", False))
    directions = [_matrices(each, cell, resets_after) for each in arrays]
    kind = "gru-reset-before" if cell == "gru" and not resets_after else cell
    if cell == "rnn" and squash == "relu":
        kind = "rnn-relu"
    return Described(kind, [directions], True if batch_first is None else batch_first)


def _matrices(arrays: list[np.ndarray], cell: str, resets_after: bool) -> Matrices:
    order = _ORDERS[cell]
    found = {
        "weight_ih": reordered(arrays[0].T, order),
        "weight_hh": reordered(arrays[1].T, order),
    }
    if len(arrays) == 3:
        bias = arrays[2]
        both = bias if cell == "gru" and resets_after else np.stack([bias, np.zeros_like(bias)])
        found |= {"bias_ih": reordered(both[0], order), "bias_hh": reordered(both[1], order)}
    return found
