"""A model of any kind <-> one safetensors file, whose metadata holds the shape as JSON. Knows no training."""

from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from rnnscope.errors import ConfigError, RecordError
from rnnscope.models.attention import AttentionNetwork
from rnnscope.models.matrix_memory import MatrixMemoryNetwork
from rnnscope.models.network import Network
from rnnscope.models.sizing import (
    ATTENTION,
    MLSTM,
    TRANSFORMER,
    WINDOW,
    AttentionConfig,
    MatrixMemoryConfig,
    ModelConfig,
    NetworkConfig,
    TransformerConfig,
    WindowConfig,
    why_no_gates,
)
from rnnscope.models.transformer import Transformer
from rnnscope.models.window import WindowNetwork
from rnnscope.records.folder import write_bytes

Model = Network | WindowNetwork | AttentionNetwork | Transformer | MatrixMemoryNetwork
_CONFIGS: dict[str, type[ModelConfig]] = {
    "rnnscope.network": NetworkConfig,
    f"rnnscope.{WINDOW}": WindowConfig,
    f"rnnscope.{ATTENTION}": AttentionConfig,
    f"rnnscope.{TRANSFORMER}": TransformerConfig,
    f"rnnscope.{MLSTM}": MatrixMemoryConfig,
}
"""Name of the metadata that holds a shape -> what it is the shape of."""


def model_of(config: ModelConfig) -> Model:
    """A model of this shape; its weights are uninitialised."""
    match config:
        case NetworkConfig():
            return Network(config)
        case WindowConfig():
            return WindowNetwork(config)
        case AttentionConfig():
            return AttentionNetwork(config)
        case TransformerConfig():
            return Transformer(config)
        case MatrixMemoryConfig():
            return MatrixMemoryNetwork(config)


def _metadata_name(config: ModelConfig) -> str:
    return next(name for name, of in _CONFIGS.items() if isinstance(config, of))


def save_model(path: Path, model: Model) -> None:
    """Writes `path` whole or not at all. Raises RecordError where the disk refuses."""
    write_bytes(path, model_bytes(model))


def model_bytes(model: Model) -> bytes:
    """The content of its file."""
    tensors = {name: parameter.detach().cpu().contiguous() for name, parameter in model.named_parameters()}
    return save(tensors, metadata={_metadata_name(model.config): model.config.model_dump_json()})


def load_model(path: Path) -> Model:
    """What is in `path`, on the processor and ready to be read with. Raises RecordError."""
    config, tensors = _read(path)
    expected = config.shapes
    for name in expected.keys() ^ tensors.keys():
        which = "lacks" if name in expected else "has an unknown"
        raise RecordError(f"weights '{path}' cannot be used: the file {which} tensor '{name}'")
    for name, tensor in tensors.items():
        if tuple(tensor.shape) != expected[name]:
            raise RecordError(
                f"weights '{path}' cannot be used: '{name}' has shape {tuple(tensor.shape)}, and its "
                f"network needs {expected[name]}"
            )
        if not tensor.isfinite().all():
            raise RecordError(f"weights '{path}' cannot be used: '{name}' holds numbers that are not finite")
    model = model_of(config)
    model.load_state_dict(tensors)
    return model.eval()


def load_network(path: Path) -> Network:
    """The recurrent network in `path`. Raises RecordError, and ConfigError where it is another model."""
    model = load_model(path)
    if not isinstance(model, Network):
        cell = _metadata_name(model.config).removeprefix("rnnscope.")
        raise ConfigError(why_no_gates(path.parent.name, cell))
    return model


def _read(path: Path) -> tuple[ModelConfig, dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            which = next((name for name in _CONFIGS if name in metadata), "rnnscope.network")
            config = _CONFIGS[which].model_validate_json(metadata.get(which, ""))
            names = list(file.keys())
            if len(names) > len(config.shapes):
                raise RecordError(f"weights '{path}' cannot be used: more tensors than its network has")
            return config, {name: file.get_tensor(name).to(torch.float32) for name in names}
    except FileNotFoundError:
        raise RecordError(f"no weights at '{path}'; train the run to its end first") from None
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise RecordError(f"weights '{path}' say nothing usable of their network: {reason}") from None
    except (SafetensorError, OSError) as error:
        raise RecordError(f"weights '{path}' cannot be read ({error}); train the run again") from None
