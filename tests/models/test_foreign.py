"""Weights of other frameworks do what they did there."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import rnnscope
from rnnscope.errors import ConfigError, RecordError
from rnnscope.models.foreign import GRUResetBefore

os.environ.setdefault("KERAS_BACKEND", "torch")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
INPUTS, UNITS = 3, 4
NUMBERS = np.random.default_rng(0).normal(size=(2, 7, INPUTS)).astype(np.float32)


def outputs_of(module: nn.RNNBase, numbers: np.ndarray = NUMBERS) -> np.ndarray:
    """(batch, time, units), through attach, whose sites must agree with what comes out."""
    given = torch.from_numpy(numbers if module.batch_first else numbers.transpose(1, 0, 2).copy())
    (output, _), cache = rnnscope.attach(module).run_with_cache(given)
    output = output if module.batch_first else output.transpose(0, 1)
    names = ["layers.0.h", "layers.0.reverse.h"] if module.bidirectional else ["layers.0.h"]
    if module.num_layers == 1:
        assert torch.equal(output, torch.cat([cache[name] for name in names], -1))
    return output.numpy()


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize(
    "made",
    [
        lambda: nn.LSTM(INPUTS, UNITS, 2, bidirectional=True),
        lambda: nn.LSTM(INPUTS, UNITS, proj_size=2),
        lambda: nn.GRU(INPUTS, UNITS, 3, bias=False),
        lambda: nn.RNN(INPUTS, UNITS, 2).double(),
    ],
)
def test_a_bare_state_dict_is_the_module_it_came_from(tmp_path, made, suffix):
    model = nn.ModuleDict({"encoder": nn.ModuleDict({"rnn": made()}), "head": nn.Linear(2, 2)}).eval()
    file = tmp_path / f"model{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(model.state_dict(), file)
    module = rnnscope.load_module(file)
    original = model["encoder"]["rnn"]  # pyright: ignore[reportIndexIssue]
    numbers = torch.from_numpy(NUMBERS.transpose(1, 0, 2).copy()).to(next(module.parameters()).dtype)
    with torch.no_grad():
        assert torch.equal(module(numbers)[0], original(numbers)[0])


def test_a_rectified_network_and_one_of_several_modules_are_named(tmp_path):
    torch.manual_seed(0)
    model = nn.ModuleDict({"a": nn.RNN(INPUTS, UNITS, nonlinearity="relu"), "b": nn.GRU(INPUTS, UNITS)})
    torch.save({"state_dict": model.state_dict()}, tmp_path / "model.pt")
    module = rnnscope.load_module(tmp_path / "model.pt", "a", nonlinearity="relu", batch_first=True)
    assert module.batch_first
    numbers = torch.from_numpy(NUMBERS)
    with torch.no_grad():
        assert torch.equal(
            module(numbers)[0].transpose(0, 1), model["a"](numbers.transpose(0, 1).contiguous())[0]
        )
    with pytest.raises(ConfigError, match="several recurrent layers; give layer='a' or 'b'"):
        rnnscope.load_module(tmp_path / "model.pt")
    with pytest.raises(ConfigError, match=r"no recurrent layer 'c'.*there is: a, b"):
        rnnscope.load_module(tmp_path / "model.pt", "c")


@pytest.fixture(scope="module")
def keras() -> Iterator[Any]:
    yield pytest.importorskip("keras")


KERAS_LAYERS = {
    "lstm": lambda layers: layers.LSTM(UNITS, return_sequences=True, name="mine"),
    "lstm without biases": lambda layers: layers.LSTM(
        UNITS, return_sequences=True, use_bias=False, name="mine"
    ),
    "gru": lambda layers: layers.GRU(UNITS, return_sequences=True, name="mine"),
    "gru, reset before": lambda layers: layers.GRU(
        UNITS, return_sequences=True, reset_after=False, name="mine"
    ),
    "rnn": lambda layers: layers.SimpleRNN(UNITS, return_sequences=True, name="mine"),
    "rectified rnn": lambda layers: layers.SimpleRNN(
        UNITS, activation="relu", return_sequences=True, name="mine"
    ),
    "both ways": lambda layers: layers.Bidirectional(
        layers.GRU(UNITS, return_sequences=True, reset_after=False), name="mine"
    ),
    "lstm both ways": lambda layers: layers.Bidirectional(
        layers.LSTM(UNITS, return_sequences=True), name="mine"
    ),
}


def keras_model(keras: Any, layer: Any) -> Any:
    """With a recurrent layer before and after `layer`, and biases that are not zero."""
    given = keras.Input((None, INPUTS))
    before = keras.layers.LSTM(INPUTS, return_sequences=True, name="before")(given)
    middle = layer(before)
    after = keras.layers.LSTM(2, return_sequences=True, name="after")(middle)
    model = keras.Model(given, [before, middle, after])
    generator = np.random.default_rng(1)
    model.set_weights([generator.normal(size=each.shape) for each in model.get_weights()])
    return model


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("made", KERAS_LAYERS.values(), ids=KERAS_LAYERS.keys())
def test_a_layer_of_keras_does_what_it_did_there(tmp_path, keras, made, suffix):
    model = keras_model(keras, made(keras.layers))
    model.save(tmp_path / f"model{suffix}")
    before, middle, _ = (np.asarray(each.detach()) for each in model(NUMBERS))
    got = outputs_of(rnnscope.load_module(tmp_path / f"model{suffix}", "mine"), before)
    np.testing.assert_allclose(got, middle, rtol=0, atol=2e-6)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda layers: layers.LSTM(4, activation="relu", name="mine"), "squashes by relu and sigmoid"),
        (lambda layers: layers.GRU(4, go_backwards=True, name="mine"), "reads backwards alone"),
        (
            lambda layers: layers.Bidirectional(layers.GRU(4), merge_mode="sum", name="mine"),
            "merges its directions by 'sum'",
        ),
    ],
)
def test_a_layer_that_no_module_can_be_is_refused(tmp_path, keras, made, message):
    model = keras.Sequential([keras.Input((None, INPUTS)), made(keras.layers)])
    model.save(tmp_path / "model.keras")
    with pytest.raises(ConfigError, match=message):
        rnnscope.load_module(tmp_path / "model.keras")


def onnx_file(path: Path, kind: str, directions: int, **attributes: Any) -> np.ndarray:
    """Writes a model of one node; what onnxruntime makes of NUMBERS with it, (batch, time, units)."""
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    generator = np.random.default_rng(2)
    shapes = {
        "W": (directions, gates * UNITS, INPUTS),
        "R": (directions, gates * UNITS, UNITS),
        "B": (directions, 2 * gates * UNITS),
    }
    weights = {name: generator.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    node = onnx.helper.make_node(
        kind,
        ["X", *weights],
        ["Y"],
        name="mine",
        hidden_size=UNITS,
        direction="bidirectional" if directions == 2 else "forward",
        **attributes,
    )
    number = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        [node],
        "graph",
        [onnx.helper.make_tensor_value_info("X", number, (7, 2, INPUTS))],
        [onnx.helper.make_tensor_value_info("Y", number, (7, directions, 2, UNITS))],
        [onnx.numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {"X": NUMBERS.transpose(1, 0, 2).copy()})
    return y.transpose(2, 0, 1, 3).reshape(2, 7, -1)


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("LSTM", {}),
        ("GRU", {"linear_before_reset": 1}),
        ("GRU", {}),
        ("RNN", {}),
        ("RNN", {"activations": ["Relu"]}),
    ],
)
def test_a_node_of_onnx_does_what_it_did_there(tmp_path, kind, attributes, directions):
    attributes = {
        name: value * directions if name == "activations" else value for name, value in attributes.items()
    }
    expected = onnx_file(tmp_path / "model.onnx", kind, directions, **attributes)
    module = rnnscope.load_module(tmp_path / "model.onnx")
    resets_before = kind == "GRU" and not attributes
    assert isinstance(module, GRUResetBefore) == resets_before
    np.testing.assert_allclose(outputs_of(module), expected, rtol=2e-6, atol=2e-6)


def test_a_node_that_no_module_can_be_is_refused(tmp_path):
    onnx_file(tmp_path / "model.onnx", "LSTM", 1, clip=1.0)
    with pytest.raises(ConfigError, match="clips, couples its gates or has peepholes"):
        rnnscope.load_module(tmp_path / "model.onnx")


def test_hooks_reach_into_a_network_whose_reset_comes_first():
    torch.manual_seed(0)
    module = GRUResetBefore(INPUTS, UNITS, bidirectional=True, batch_first=True).eval()
    scope, numbers = rnnscope.attach(module), torch.from_numpy(NUMBERS)
    (plain, _), cache = scope.run_with_cache(numbers)
    (stepped, _), again = scope.run_with_hooks_and_cache(numbers, hooks=[(None, lambda value, at: None)])
    torch.testing.assert_close(stepped, plain)
    for name in cache:
        torch.testing.assert_close(again[name], cache[name])
    (alone, _), _ = scope.run_with_cache(numbers[0])
    torch.testing.assert_close(alone, plain[0])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.pt", None, "no file"),
        ("model.keras", None, "no file"),
        ("model.onnx", None, "no file"),
        ("model.pt", b"no pickle", "is no bare state_dict"),
        ("model.pt", b"", "is no bare state_dict"),
        ("model.pt", b"\x80\x02", "is no bare state_dict"),
        ("model.pt", b"hello\nworld", "cannot be read|is no bare state_dict"),
        ("model.safetensors", b"nothing", "is no bare state_dict"),
        ("model.keras", b"PK nothing", "is no whole model of Keras"),
        ("model.onnx", b"\xff\xff nothing", "is no ONNX model"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_in_one_line(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(RecordError, match=message) as caught:
        rnnscope.load_module(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "shapes",
    [((8,), (8, 2)), ((8, 3), (8, 0)), ((9, 3), (9, 2)), ((8, 3), (12, 3))],
)
def test_weights_of_impossible_shapes_are_one_line(tmp_path, shapes):
    tensors = {"weight_ih_l0": torch.zeros(shapes[0]), "weight_hh_l0": torch.zeros(shapes[1])}
    torch.save(tensors, tmp_path / "model.pt")
    with pytest.raises(RecordError) as caught:
        rnnscope.load_module(tmp_path / "model.pt")
    assert "\n" not in str(caught.value)


def test_bfloat16_is_loaded_as_float32(tmp_path):
    torch.save(nn.LSTM(INPUTS, UNITS).bfloat16().state_dict(), tmp_path / "model.pt")
    assert next(rnnscope.load_module(tmp_path / "model.pt").parameters()).dtype == torch.float32


def test_two_layers_of_one_name_and_two_kinds_of_directions_are_refused(tmp_path, keras):
    def inner(name: str) -> Any:
        given = keras.Input((None, INPUTS))
        return keras.Model(given, keras.layers.LSTM(3, return_sequences=True, name="l")(given), name=name)

    given = keras.Input((None, INPUTS))
    keras.Model(given, inner("b")(inner("a")(given))).save(tmp_path / "model.keras")
    with pytest.raises(ConfigError, match="two layers are called 'l'"):
        rnnscope.load_module(tmp_path / "model.keras")
    layers = keras.layers
    both = layers.Bidirectional(
        layers.LSTM(3, return_sequences=True),
        backward_layer=layers.LSTM(3, return_sequences=True, go_backwards=True, activation="relu"),
    )
    keras.Sequential([keras.Input((None, INPUTS)), both]).save(tmp_path / "model.keras")
    with pytest.raises(ConfigError, match="two different layers for its directions"):
        rnnscope.load_module(tmp_path / "model.keras")


def test_a_whole_pickled_model_is_not_run(tmp_path):
    torch.save(nn.LSTM(2, 2), tmp_path / "model.pt")
    with pytest.raises(RecordError, match=r"save model\.state_dict\(\)"):
        rnnscope.load_module(tmp_path / "model.pt")


def test_files_without_a_recurrent_module_and_of_unknown_kind_are_told(tmp_path):
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "model.pt")
    with pytest.raises(RecordError, match="no tensor like 'weight_ih_l0'"):
        rnnscope.load_module(tmp_path / "model.pt")
    with pytest.raises(ConfigError, match=r"a \.pt, \.safetensors, \.keras, \.h5 or \.onnx can be loaded"):
        rnnscope.load_module(tmp_path / "model.txt")
