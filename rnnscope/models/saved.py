"""Network <-> one safetensors file, whose metadata holds the shape as JSON. Knows no training."""

from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from rnnscope.errors import RecordError
from rnnscope.models.network import Network
from rnnscope.models.sizing import NetworkConfig
from rnnscope.records.folder import write_bytes

_CONFIG = "rnnscope.network"


def save_network(path: Path, network: Network) -> None:
    """Writes `path` whole or not at all. Raises RecordError where the disk refuses."""
    tensors = {name: parameter.detach().cpu().contiguous() for name, parameter in network.named_parameters()}
    write_bytes(path, save(tensors, metadata={_CONFIG: network.config.model_dump_json()}))


def load_network(path: Path) -> Network:
    """The network in `path`, on the processor and ready to be read with. Raises RecordError."""
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
    network = Network(config)
    network.load_state_dict(tensors)
    return network.eval()


def _read(path: Path) -> tuple[NetworkConfig, dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            config = NetworkConfig.model_validate_json((file.metadata() or {}).get(_CONFIG, ""))
            names = list(file.keys())
            if len(names) > 4 * config.layers + 2:
                raise RecordError(f"weights '{path}' cannot be used: more tensors than its network has")
            return config, {name: file.get_tensor(name).to(torch.float32) for name in names}
    except FileNotFoundError:
        raise RecordError(f"no weights at '{path}'; train the run to its end first") from None
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise RecordError(f"weights '{path}' say nothing usable of their network: {reason}") from None
    except (SafetensorError, OSError) as error:
        raise RecordError(f"weights '{path}' cannot be read ({error}); train the run again") from None
