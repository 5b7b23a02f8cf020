"""load_module: by a file's ending, the module that it holds."""

from pathlib import Path

from torch import nn

from rnnscope.errors import ConfigError, RecordError, RnnscopeError
from rnnscope.models.foreign.keras_file import from_keras_file
from rnnscope.models.foreign.onnx_file import from_onnx_file
from rnnscope.models.foreign.torch_file import ENDINGS, from_torch_file
from rnnscope.models.foreign.weights import Described, built


def load_module(
    file: str | Path,
    layer: str | None = None,
    *,
    batch_first: bool | None = None,
    nonlinearity: str = "tanh",
) -> nn.RNNBase:
    """The recurrent module in a file of others, in eval mode, ready for `attach`. Nothing in the file is run.

    - A bare state_dict of PyTorch (.pt, .pth, .ckpt, .bin, .safetensors): `layer` is what comes before
      'weight_ih_l0' in its names; the file does not tell an `nn.RNN`'s `nonlinearity`.
    - A model of Keras 3 (.keras, .h5): `layer` is a layer's name.
    - A model of ONNX (.onnx): `layer` is a node's name.

    Gates are brought into PyTorch's order. `batch_first`: None takes what the file's framework does. A GRU
    whose reset comes before the matmul becomes a `GRUResetBefore`. Raises RecordError, ConfigError, or
    BackendError where a package is missing.
    """
    path = Path(file)
    what = f"'{path}'" if layer is None else f"'{layer}' in '{path}'"
    try:
        return built(_described(path, layer, batch_first, nonlinearity), what)
    except RnnscopeError:
        raise
    except Exception as error:
        # whatever the parsers of others meet in a broken file
        reason = (str(error).splitlines() or [""])[0]
        raise RecordError(f"{what} cannot be read: {type(error).__name__} {reason}".rstrip()) from error


def _described(path: Path, layer: str | None, batch_first: bool | None, nonlinearity: str) -> Described:
    match path.suffix:
        case ending if ending in ENDINGS:
            return from_torch_file(path, layer, nonlinearity, batch_first)
        case ".keras" | ".h5" | ".hdf5":
            return from_keras_file(path, layer, batch_first)
        case ".onnx":
            return from_onnx_file(path, layer, batch_first)
        case ending:
            raise ConfigError(
                f"'{path}' ends in '{ending}'; a .pt, .safetensors, .keras, .h5 or .onnx can be loaded"
            )
