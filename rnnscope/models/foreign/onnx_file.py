"""An LSTM, GRU or RNN node of an ONNX file -> Described."""

from pathlib import Path
from typing import Any

import numpy as np

from rnnscope.errors import BackendError, ConfigError, RecordError
from rnnscope.models.foreign.weights import Described, Matrices, chosen, reordered

_ORDERS = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2), "RNN": (0,)}
"""ONNX stacks i o f c and z r h, PyTorch i f g o and r z n. z = 1 keeps the old state in both."""
_SQUASHES = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}


def from_onnx_file(file: Path, layer: str | None, batch_first: bool | None) -> Described:
    """`layer`: a node's name. Raises RecordError, ConfigError; BackendError without onnx."""
    try:
        import onnx
    except ImportError:
        raise BackendError("files of ONNX need onnx; pip install 'rnnscope[onnx]'") from None
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.load(file).graph
    except FileNotFoundError:
        raise RecordError(f"no file '{file}'") from None
    except (DecodeError, OSError, ValueError) as error:
        raise RecordError(f"'{file}' is no ONNX model: {error}") from None
    nodes = {
        node.name or f"{node.op_type}_{place}": node
        for place, node in enumerate(graph.node)
        if node.op_type in _ORDERS
    }
    if not nodes:
        raise RecordError(f"'{file}' has no LSTM, GRU or RNN node")
    name = chosen(layer, nodes, f"'{file}'")
    return _described(nodes[name], _constants(graph), f"node '{name}' of '{file}'", batch_first)


def _constants(graph: Any) -> dict[str, np.ndarray]:
    """What is known before the model runs: initialisers, and the outputs of Constant nodes."""
    from onnx import numpy_helper

    found = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            found[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    return found


def _described(node: Any, constants: dict[str, np.ndarray], what: str, batch_first: bool | None) -> Described:
    from onnx.helper import get_attribute_value

    settings = {each.name: get_attribute_value(each) for each in node.attribute}
    inputs = [*node.input, *[""] * 8]
    direction = settings.get("direction", b"forward").decode()
    squashes = [each.decode() for each in settings.get("activations", [])]
    directions = 2 if direction == "bidirectional" else 1
    rectified = node.op_type == "RNN" and squashes == ["Relu"] * directions
    if direction == "reverse":
        raise ConfigError(f"{what} reads backwards alone; forward and bidirectional can be opened")
    if squashes and squashes != _SQUASHES[node.op_type] * directions and not rectified:
        raise ConfigError(f"{what} squashes by {', '.join(squashes)}; sigmoid and tanh can be opened")
    if settings.get("clip") or settings.get("input_forget") or (node.op_type == "LSTM" and inputs[7]):
        raise ConfigError(f"{what} clips, couples its gates or has peepholes, which no nn.LSTM has")
    for place, called in ((1, "W"), (2, "R"), (3, "B")):
        if inputs[place] not in constants and (called != "B" or inputs[place]):
            raise RecordError(f"{what} takes its weights {called} from another node, not from the file")
    if any(constants[name].any() for name in inputs[5:7] if name in constants):
        raise ConfigError(f"{what} begins from a state of its own, which no module holds")
    biases = constants.get(inputs[3])
    order = _ORDERS[node.op_type]
    layer = [
        _matrices(
            constants[inputs[1]][way],
            constants[inputs[2]][way],
            None if biases is None else biases[way],
            order,
        )
        for way in range(directions)
    ]
    cell = node.op_type.lower()
    if cell == "gru" and not settings.get("linear_before_reset", 0):
        cell = "gru-reset-before"
    is_batch_first = bool(settings.get("layout", 0)) if batch_first is None else batch_first
    return Described("rnn-relu" if rectified else cell, [layer], is_batch_first)


def _matrices(w: np.ndarray, r: np.ndarray, biases: np.ndarray | None, order: tuple[int, ...]) -> Matrices:
    found = {"weight_ih": reordered(w, order), "weight_hh": reordered(r, order)}
    if biases is not None:
        of_input, of_hidden = np.split(biases, 2)
        found |= {"bias_ih": reordered(of_input, order), "bias_hh": reordered(of_hidden, order)}
    return found
