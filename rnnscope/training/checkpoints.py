"""Where a run stands <-> one safetensors file. Knows names and bytes, not what they mean.

The file holds tensors (weights, optimiser, carried state) and, in its metadata, Standing as JSON and a
checksum. Random numbers are functions of seed and step (batches.py), so the step is their state.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from rnnscope.errors import RecordError
from rnnscope.records.folder import explained, write_bytes

KEPT = 2
"""Newest checkpoints kept, beside the best ones that they name."""
_STANDING, _CHECKSUM = "rnnscope.standing", "sha256"


class Standing(BaseModel):
    """All of a run's position that is no tensor."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    corpus_fingerprint: str
    step: int = 0
    """Updates made."""
    log_bytes: tuple[int, int] = (0, 0)
    """Of log.jsonl and timing.jsonl."""
    train_seconds: float = 0.0
    smooth_nats: float | None = None
    """Running mean of the training loss, for progress."""
    bad_steps: int = 0
    """Of the divergence watch."""
    validation_nats: float | None = None
    """Of the newest validation."""
    best_step: int | None = None
    """The checkpoint with the lowest validation loss so far."""
    best_validation_nats: float | None = None
    best_trapped_rows: tuple[int, ...] = ()


Checkpoint = tuple[Standing, dict[str, Tensor]]


def write_checkpoint(folder: Path, standing: Standing, tensors: Mapping[str, Tensor]) -> None:
    """Writes step-N.safetensors whole or not at all, then removes those no longer wanted.

    Raises RecordError where the disk refuses.
    """
    stored = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    metadata = {_STANDING: standing.model_dump_json(), _CHECKSUM: _checksum(stored)}
    write_bytes(_path(folder, standing.step), save(stored, metadata=metadata))
    _prune(folder, standing)


def read_checkpoint(folder: Path, step: int) -> Checkpoint:
    """Raises RecordError where it is missing or broken."""
    path = _path(folder, step)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        standing = Standing.model_validate_json(metadata.get(_STANDING, ""))
    except (SafetensorError, ValidationError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RecordError(f"checkpoint '{path}' cannot be read ({reason})") from None
    if metadata.get(_CHECKSUM) != _checksum(tensors):
        raise RecordError(f"checkpoint '{path}' cannot be read (its bytes were changed)")
    return standing, tensors


def newest_checkpoint(folder: Path, notice: Callable[[str], None]) -> Checkpoint | None:
    """The newest one that is whole, None if there is none; says which ones were not."""
    for step in sorted(_steps(folder), reverse=True):
        try:
            return read_checkpoint(folder, step)
        except RecordError as error:
            notice(f"{error}; going on from the one before")
    return None


def _prune(folder: Path, newest: Standing) -> None:
    kept = sorted(_steps(folder), reverse=True)[:KEPT]
    wanted = {*kept, newest.best_step}
    for step in kept[1:]:
        # an older one may be needed if the newest breaks, and then the best that it names is
        try:
            with safe_open(_path(folder, step), framework="pt") as file:
                wanted.add(Standing.model_validate_json((file.metadata() or {}).get(_STANDING, "")).best_step)
        except (SafetensorError, ValidationError, OSError):
            continue
    with explained(f"'{folder}'"):
        # what a process that was killed while writing left behind; no other one writes here
        for partial in folder.glob(".step-*"):
            partial.unlink(missing_ok=True)
        for step in _steps(folder):
            if step not in wanted:
                _path(folder, step).unlink(missing_ok=True)


def _steps(folder: Path) -> list[int]:
    stems = [path.stem.removeprefix("step-") for path in folder.glob("step-*.safetensors")]
    return [int(stem) for stem in stems if stem.isdecimal()]


def _path(folder: Path, step: int) -> Path:
    return folder / f"step-{step:08d}.safetensors"


def _checksum(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
