"""A stack of layers with its decoder over one window, by the compiled step. Knows no network object, no file.

The arithmetic is in step.cpp and what it includes; here tensors become pointers and back. One call uses one
core; with more threads the streams are split, each part in a workspace of its own, and gradients are added
in the order of the streams.
"""

import ctypes
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from rnnscope.errors import BackendError
from rnnscope.recurrence.kinds import KINDS
from rnnscope.recurrence.native.building import loaded
from rnnscope.recurrence.native.variants import Variant, variant_for

CELL_NUMBERS = {"rnn": 0, "lstm": 1, "gru": 2, "gru-2015": 3}
"""As `enum Cell` in layers.h has them."""
LEAST_STREAMS = 8
"""Streams worth a thread of their own: fewer leave register tiles half empty."""
MOST_ORTHOGONALISING_STEPS = 5
_NO_MEMORY, _NO_SUCH_SYMBOL = 1, 2


class _MuonUpdate(ctypes.Structure):
    """`struct MuonUpdate` in muon.h."""

    _fields_ = (
        ("rate", ctypes.c_double),
        ("momentum", ctypes.c_double),
        ("steps", ctypes.c_int32),
        ("coefficients", ctypes.c_double * (3 * MOST_ORTHOGONALISING_STEPS)),
    )


@dataclass(frozen=True)
class StackShape:
    """What `struct Shape` in layers.h is, but for the window."""

    cell: str
    layers: int
    hidden: int
    symbols: int

    @property
    def states(self) -> int:
        """Tensors that one layer carries."""
        return len(KINDS[self.cell].state)


class NativeStep:
    """The compiled step in one precision, with its memory. Calls from several threads may run at once."""

    def __init__(self, precision: str, notice: Callable[[str], None] = lambda line: None) -> None:
        """`precision`: 'bfloat16', 'float32' or 'float64'. Raises BackendError where it cannot be had."""
        self.variant: Variant = variant_for(precision)
        self.dtype = torch.float64 if precision == "float64" else torch.float32
        """Of weights, states, gradients and log-probabilities."""
        self._library = loaded(self.variant, notice)
        self._library.rnnscope_workspace.restype = ctypes.c_void_p
        self._idle: list[int] = []
        """Workspaces that no call is using."""
        self._pool: ThreadPoolExecutor | None = None
        weakref.finalize(self, _release, self._library, self._idle)

    @property
    def name(self) -> str:
        """'native bfloat16-avx512': for a manifest."""
        return f"native {self.variant.name}"

    def update(
        self,
        shape: StackShape,
        weights: Sequence[Tensor],
        ids_TB: Int[Tensor, "T B"],
        targets_TB: Int[Tensor, "T B"],
        state: Float[Tensor, "L S B H"],
        gradients: Sequence[Tensor],
        kept_LTBH: UInt8[Tensor, "L T B H"] | None = None,
        kept_share: float | int = 1.0,
    ) -> tuple[float, Float[Tensor, "L S B H"]]:
        """Mean nats of the window and the state after it; the mean's gradient is written to `gradients`.

        `weights` and `gradients`: input matrix, hidden matrix, input bias, hidden bias of every layer, then
        decoder and its bias, contiguous. `state`: h, then c of an LSTM. `kept_LTBH`: dropout's masks on the
        output of every layer. Raises BackendError where memory is short, ValueError for an id outside the
        alphabet.
        """
        steps, streams = ids_TB.shape
        scale = 1.0 / (steps * streams)

        def run(part: slice, into: Sequence[Tensor]) -> tuple[float, Tensor]:
            ids, targets = (each[:, part].long().contiguous() for each in (ids_TB, targets_TB))
            before = state[:, :, part].to(self.dtype).contiguous()
            kept = None if kept_LTBH is None else kept_LTBH[:, :, part].contiguous()
            after, nats = torch.empty_like(before), ctypes.c_double()
            self._call(
                "rnnscope_update",
                _numbers(shape, ids),
                _pointers(weights),
                _pointer(ids),
                _pointer(targets),
                _pointer(before),
                _pointer(after),
                _pointer(kept),
                ctypes.c_double(1.0 / kept_share),
                ctypes.c_double(scale),
                _pointers(into),
                ctypes.byref(nats),
            )
            return nats.value, after

        parts = self._parts(streams)
        if len(parts) == 1:
            nats, after = run(parts[0], gradients)
            return nats * scale, after
        partial = [list(gradients)] + [[torch.empty_like(each) for each in gradients] for _ in parts[1:]]
        done = self._at_once(run, parts, partial)
        for more in partial[1:]:
            for total, part in zip(gradients, more, strict=True):
                total.add_(part)
        return sum(nats for nats, _ in done) * scale, torch.cat([after for _, after in done], dim=2)

    def read(
        self,
        shape: StackShape,
        weights: Sequence[Tensor],
        ids_TB: Int[Tensor, "T B"],
        state: Float[Tensor, "L S B H"],
    ) -> tuple[Float[Tensor, "T B V"], Float[Tensor, "L S B H"]]:
        """Log-probabilities of the symbol after each, and the state after the last one. Raises as
        `update`."""

        def run(part: slice, _: None) -> tuple[Tensor, Tensor]:
            ids, before = ids_TB[:, part].long().contiguous(), state[:, :, part].to(self.dtype).contiguous()
            after = torch.empty_like(before)
            log_probs = torch.empty(*ids.shape, shape.symbols, dtype=self.dtype)
            self._call(
                "rnnscope_read",
                _numbers(shape, ids),
                _pointers(weights),
                _pointer(ids),
                _pointer(before),
                _pointer(after),
                _pointer(log_probs),
            )
            return log_probs, after

        parts = self._parts(ids_TB.shape[1])
        if len(parts) == 1:
            return run(parts[0], None)
        done = self._at_once(run, parts, [None] * len(parts))
        return torch.cat([each for each, _ in done], dim=1), torch.cat([after for _, after in done], dim=2)

    def muon(
        self,
        weights: Sequence[Tensor],
        gradients: Sequence[Tensor],
        momenta: Sequence[Tensor],
        *,
        gate_rows: int,
        block_rows: int,
        rate: float,
        momentum: float,
        coefficients: Sequence[tuple[float, float, float]],
    ) -> None:
        """Muon's update of `weights` and `momenta` in place (training/optimisers.py has its definition).

        All are contiguous, of shape (gates x `gate_rows`, columns); a gate is cut into blocks of `block_rows`
        rows and what is left, none with more rows than columns. Raises as `update`.
        """
        count, parts = len(weights), torch.get_num_threads()
        rows, columns = ([each.shape[axis] for each in weights] for axis in (0, 1))
        numbers = [number for step in coefficients for number in step]
        numbers += [0.0] * (3 * MOST_ORTHOGONALISING_STEPS - len(numbers))
        settings = _MuonUpdate(rate, momentum, len(coefficients), (ctypes.c_double * len(numbers))(*numbers))
        of_each = ctypes.c_int32 * count

        def run(part: int, _: None) -> None:
            self._call(
                "rnnscope_muon",
                ctypes.byref(settings),
                ctypes.c_int32(count),
                _pointers(weights),
                _pointers(gradients),
                _pointers(momenta),
                of_each(*rows),
                of_each(*columns),
                *(ctypes.c_int32(number) for number in (gate_rows, block_rows, part, parts)),
            )

        if parts == 1:
            run(0, None)
        else:
            self._at_once(run, range(parts), [None] * parts)

    def _parts(self, streams: int) -> list[slice]:
        """Even parts of the streams, one a thread."""
        count = max(1, min(torch.get_num_threads(), streams // LEAST_STREAMS))
        bounds = [streams * part // count for part in range(count + 1)]
        return [slice(start, stop) for start, stop in pairwise(bounds)]

    def _call(self, function: str, *arguments: object) -> None:
        """Calls with a workspace of its own: an idle one, else a new one."""
        try:
            workspace = self._idle.pop()
        except IndexError:
            workspace = self._library.rnnscope_workspace()
        if not workspace:
            raise BackendError(_OUT_OF_MEMORY)
        try:
            status = getattr(self._library, function)(ctypes.c_void_p(workspace), *arguments)
        finally:
            self._idle.append(workspace)
        if status == _NO_MEMORY:
            raise BackendError(_OUT_OF_MEMORY)
        if status == _NO_SUCH_SYMBOL:
            raise ValueError("an id is outside the alphabet")

    def _at_once(self, run: Callable, parts: Sequence, more: Sequence) -> list:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=max(2, torch.get_num_threads()))
        return list(self._pool.map(run, parts, more))


_OUT_OF_MEMORY = "the native step is out of memory; fewer streams or a shorter window take less"


def _release(library: ctypes.CDLL, workspaces: list[int]) -> None:
    for workspace in workspaces:
        library.rnnscope_release(ctypes.c_void_p(workspace))


def _numbers(shape: StackShape, ids_TB: Tensor) -> ctypes.Array:
    steps, streams = ids_TB.shape
    cell = CELL_NUMBERS[shape.cell]
    return (ctypes.c_int32 * 6)(cell, shape.layers, shape.hidden, shape.symbols, steps, streams)


def _pointer(tensor: Tensor | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if tensor is None else tensor.data_ptr())


def _pointers(tensors: Sequence[Tensor]) -> ctypes.Array:
    return (ctypes.c_void_p * len(tensors))(*(tensor.data_ptr() for tensor in tensors))
