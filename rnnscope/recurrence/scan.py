"""The door: one layer over a stretch of time, by the fastest path there is. Knows which paths there are.

A path is a `Backend` in BACKENDS, tried in order; all give the definition's numbers (cells.py) to within
their arithmetic. A new one is a new file and a new line in that table.
"""

import contextlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from rnnscope.errors import BackendError, did_you_mean
from rnnscope.recurrence.cells import DEFINITIONS, Inputs, LayerWeights, State, drive
from rnnscope.recurrence.kinds import KINDS, kind_named
from rnnscope.recurrence.unrolled import UNROLLED_CELLS, by_unrolling

AUTO = "auto"


@dataclass(frozen=True)
class Backend:
    """One way to run a layer."""

    name: str
    refusal: Callable[[str, torch.device], str | None]
    """Cell, device -> why it cannot run, None if it can."""
    run: Callable[[str, Tensor, State, LayerWeights], tuple[Tensor, State]]


def scan(
    cell: str, inputs: Inputs, state: State, weights: LayerWeights, backend: str = AUTO
) -> tuple[Float[Tensor, "T B H"], State]:
    """h at every step, and the state after the last one; differentiable.

    `inputs` are numbers (T, B, I) or ids (T, B), which stand for their one-hot vectors; T >= 1. Raises
    BackendError where `backend` was asked for by name and cannot run, or is not known.
    """
    return _backend_for(cell, inputs.device, backend).run(cell, inputs, state, weights)


def backend_for(cell: str, device: str | torch.device = "cpu", backend: str = AUTO) -> str:
    """The name of the path that `scan` takes. Raises BackendError as `scan` does."""
    return _backend_for(cell, torch.device(device), backend).name


def _backend_for(cell: str, device: torch.device, asked: str) -> Backend:
    kind_named(cell)
    if asked == AUTO:
        return next(backend for backend in BACKENDS.values() if backend.refusal(cell, device) is None)
    if asked not in BACKENDS:
        raise BackendError(f"no backend '{asked}'; {did_you_mean(asked, [AUTO, *BACKENDS])}")
    if reason := BACKENDS[asked].refusal(cell, device):
        raise BackendError(f"backend '{asked}' cannot run: {reason}; backend 'auto' takes one that can")
    return BACKENDS[asked]


def _by_kernel(cell: str, inputs: Tensor, state: State, weights: LayerWeights) -> tuple[Tensor, State]:
    """PyTorch's fused kernel: oneDNN or ATen on a processor, cuDNN on a GPU."""
    numbers_TBI, w_input_GI = _as_numbers(inputs, weights)
    parameters = [w_input_GI, weights.w_hidden_GH, weights.b_input_G, weights.b_hidden_G]
    states = [each_BH[None] for each_BH in state]
    kernel = getattr(torch, str(KINDS[cell].kernel))
    # cuDNN keeps what the way back needs only in training mode
    is_training = torch.is_grad_enabled()
    with _unflattened(numbers_TBI.device):
        hidden_TBH, *end = kernel(
            numbers_TBI,
            states if len(states) > 1 else states[0],
            parameters,
            True,  # has biases
            1,  # layers
            0.0,  # dropout
            is_training,
            False,  # bidirectional
            False,  # batch first
        )
    return hidden_TBH, tuple(each_1BH[0] for each_1BH in end)


def _as_numbers(inputs: Tensor, weights: LayerWeights) -> tuple[Tensor, Tensor]:
    """Inputs and input matrix for a kernel that takes no ids.

    Ids become one-hot vectors, or, where the alphabet is larger than the stacked gates, their columns of the
    input matrix, which the kernel then multiplies by one: the same numbers with less arithmetic.
    """
    if inputs.is_floating_point():
        return inputs, weights.w_input_GI
    stacked, symbols = weights.w_input_GI.shape
    if symbols > stacked:
        ones = torch.eye(stacked, dtype=weights.w_input_GI.dtype, device=inputs.device)
        return F.embedding(inputs, weights.w_input_GI.T), ones
    ones = torch.eye(symbols, dtype=weights.w_input_GI.dtype, device=inputs.device)
    return F.embedding(inputs, ones), weights.w_input_GI


@contextlib.contextmanager
def _unflattened(device: torch.device) -> Iterator[None]:
    """Our parameters are one tensor a role, not cuDNN's one chunk; it copies them and would say so."""
    if device.type != "cuda":
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="RNN module weights are not part of single contiguous chunk"
        )
        yield


def _by_definition(cell: str, inputs: Tensor, state: State, weights: LayerWeights) -> tuple[Tensor, State]:
    """cells.py step by step; only the input's product is made for all steps at once."""
    step, names = DEFINITIONS[cell].step, KINDS[cell].state
    drive_TBG = drive(inputs, weights)
    weights = _cast_once(weights)
    hidden = []
    for drive_BG in drive_TBG.unbind(0):
        sites = step(drive_BG, state, weights)
        state = tuple(getattr(sites, name) for name in names)
        hidden.append(sites.h)
    return torch.stack(hidden), state


def _cast_once(weights: LayerWeights) -> LayerWeights:
    """Under autocast the hidden matrix would be cast again at every step."""
    device = weights.w_hidden_GH.device.type
    if not torch.is_autocast_enabled(device):
        return weights
    dtype = torch.get_autocast_dtype(device)
    return replace(
        weights, w_hidden_GH=weights.w_hidden_GH.to(dtype), b_hidden_G=weights.b_hidden_G.to(dtype)
    )


def _unrolled_refusal(cell: str, device: torch.device) -> str | None:
    if device.type != "cpu":
        return f"it is for processors, not for '{device.type}'"
    return None if cell in UNROLLED_CELLS else f"cell '{cell}' is not unrolled"


def _kernel_refusal(cell: str, device: torch.device) -> str | None:
    return None if KINDS[cell].kernel else f"PyTorch has no kernel for cell '{cell}'"


BACKENDS = {
    backend.name: backend
    for backend in (
        Backend("unrolled", _unrolled_refusal, by_unrolling),
        Backend("kernel", _kernel_refusal, _by_kernel),
        Backend("definition", lambda cell, device: None, _by_definition),
    )
}
"""Name -> path, the fastest first: `auto` takes the first that can run."""
