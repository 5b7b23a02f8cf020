"""The door for a whole stack of layers with its decoder: which compiled step serves it, if any.

`scan` is the door for one layer and gives what autograd needs; a window of training or of reading wants
neither every layer's output nor a graph, and the compiled step (native/) does it in one call. It serves
processors only.
"""

from collections.abc import Callable

import torch

from rnnscope.errors import BackendError
from rnnscope.recurrence.native.step import NativeStep
from rnnscope.recurrence.scan import AUTO

NATIVE = "native"
Notice = Callable[[str], None]

_PRECISIONS = {torch.bfloat16: "bfloat16", torch.float32: "float32", torch.float64: "float64"}
_loaded: dict[torch.dtype, NativeStep | BackendError] = {}
"""One for all networks of a process: it serves several calls at once."""


def native_step(
    device: torch.device, dtype: torch.dtype, backend: str = AUTO, notice: Notice = lambda line: None
) -> NativeStep | None:
    """The compiled step whose products are in `dtype`; None where another path is asked for or has to do.

    `notice` hears what is being compiled, and why 'auto' does without. Raises BackendError where the native
    step was asked for by name and cannot be had.
    """
    if backend not in (AUTO, NATIVE):
        return None
    step = _native_step(device, dtype, notice)
    if isinstance(step, NativeStep):
        return step
    if backend == NATIVE:
        raise BackendError(f"backend 'native' cannot run: {step}; backend 'auto' takes one that can")
    if device.type == "cpu":
        notice(f"no native step ({step}); PyTorch's kernels do the work, several times slower")
    return None


def _native_step(device: torch.device, dtype: torch.dtype, notice: Notice) -> NativeStep | BackendError:
    if device.type != "cpu":
        return BackendError(f"it is for processors, not for '{device.type}'")
    if dtype not in _PRECISIONS:
        return BackendError(f"it has no products in {dtype}")
    if dtype not in _loaded:
        try:
            _loaded[dtype] = NativeStep(_PRECISIONS[dtype], notice)
        except BackendError as reason:
            _loaded[dtype] = reason
    return _loaded[dtype]
