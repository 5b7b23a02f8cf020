"""What this machine is and what it decides: device, precision, threads. Never part of a config."""

import os
import platform
from pathlib import Path

import torch

from rnnscope.errors import BackendError


def device_named(asked: str) -> torch.device:
    """'auto' (a GPU if there is one), 'cpu', 'cuda' or 'cuda:1'. Raises BackendError for a missing one."""
    if asked == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(asked)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError):
        raise BackendError(f"device '{asked}' is not there; 'auto' takes what is, 'cpu' always is") from None
    return device


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 natively."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return _probe("_is_avx512_bf16_supported") or _probe("_is_amx_tile_supported")


def gains_from_bfloat16(device: torch.device) -> bool:
    """Whether it is also quicker than float32.

    With AVX-512 bfloat16 but no AMX, Intel's processors take twice as long for small products in bfloat16 as
    in float32 (benchmarks/results/unrolled_xeon-sapphire-rapids-2-cores_202611.md); AMD's take half as long.
    """
    if device.type == "cuda" or not has_bfloat16(device):
        return has_bfloat16(device)
    return _probe("_is_amx_tile_supported") or _cpuinfo("vendor_id") == "AuthenticAMD"


def _probe(name: str) -> bool:
    return bool(getattr(torch.cpu, name, lambda: False)())


def training_dtype(asked: str, device: torch.device) -> torch.dtype:
    """What matrix products are made in. Raises BackendError for a bfloat16 that is not there."""
    if asked == "float32" or (asked == "auto" and not gains_from_bfloat16(device)):
        return torch.float32
    if has_bfloat16(device):
        return torch.bfloat16
    raise BackendError(
        "precision 'bfloat16' cannot run: this processor has none; precision 'auto' takes float32 here"
    )


def facts(device: torch.device, dtype: torch.dtype, backend: str) -> dict[str, str | int]:
    """For a manifest."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return {
        "processor": _processor(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "cores": cores,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "precision": str(dtype).removeprefix("torch."),
        "backend": backend,
    }


def _processor() -> str:
    """The processor's own name where the system tells it."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _cpuinfo(field: str) -> str:
    """What Linux says of the first core; empty where it does not."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")
