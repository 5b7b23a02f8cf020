"""`rnn`, `gru` and `gru-2015` on a processor, step by step, with the way back written by hand.

Faster than PyTorch's kernels for these cells because of what is not done at a step: biases are in the drive,
and results go into memory that is there already. A step is one matrix product (two in `gru-2015`) and a few
elementwise operations each way; the gradient of W_hidden is one product over all steps. Knows no other
device.

Steps are made in the weights' own precision, under autocast too: the recurrent product is small, and a
processor loses more in casting for it than it gains.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from rnnscope.recurrence.cells import LayerWeights, State, drive

_through_sigmoid = torch.ops.aten.sigmoid_backward.grad_input
_through_tanh = torch.ops.aten.tanh_backward.grad_input
"""(gradient, y) -> gradient * y (1 - y), and gradient * (1 - y^2), in one pass: what autograd itself uses."""


def by_unrolling(cell: str, inputs: Tensor, state: State, weights: LayerWeights) -> tuple[Tensor, State]:
    """h at every step, and the state after the last one; differentiable once."""
    dtype = weights.w_hidden_GH.dtype
    units = weights.w_hidden_GH.shape[1]
    joined, b_inner_H = weights.b_input_G + weights.b_hidden_G, None
    if cell == "gru":
        # the reset multiplies this bias, so it cannot be in the drive
        b_inner_H = weights.b_hidden_G[2 * units :]
        joined = torch.cat([joined[: 2 * units], weights.b_input_G[2 * units :]])
    drive_TBG = drive(inputs, replace(weights, b_input_G=joined)).to(dtype)
    sources = (drive_TBG, state[0].to(dtype), weights.w_hidden_GH, b_inner_H)
    with torch.autocast("cpu", enabled=False):
        if torch.is_grad_enabled() and any(each is not None and each.requires_grad for each in sources):
            hidden_TBH: Tensor = _Unrolled.apply(cell, *sources)  # pyright: ignore[reportAssignmentType]
        else:
            hidden_TBH, _ = _WAYS[cell].there(*sources, False)
    # its own memory: a carried state should not keep a whole stretch of time alive
    return hidden_TBH, (hidden_TBH[-1].clone(),)


class _Unrolled(torch.autograd.Function):
    """cell, drive (T, B, G), first h (B, H), W_hidden (G, H), inner bias (H) or None -> h (T, B, H)."""

    @staticmethod
    def forward(ctx, cell, drive_TBG, first_BH, w_GH, b_inner_H):
        hidden_TBH, kept = _WAYS[cell].there(drive_TBG, first_BH, w_GH, b_inner_H, True)
        ctx.cell = cell
        ctx.save_for_backward(first_BH, w_GH, hidden_TBH, *kept)
        return hidden_TBH

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_TBH):
        with torch.autocast("cpu", enabled=False):
            return None, *_WAYS[ctx.cell].back(grad_TBH, *ctx.saved_tensors)


@dataclass(frozen=True)
class _Way:
    """One cell: there and back."""

    there: Callable
    """drive, first h, W_hidden, inner bias, whether to keep -> h at every step, what `back` needs."""
    back: Callable
    """gradient of h, first h, W_hidden, h, what was kept -> gradients of what `there` takes."""


def _rnn_there(drive_TBG, first_BH, w_GH, _, keep):
    w_HG, before_BH = w_GH.T.contiguous(), first_BH
    hidden_TBH = torch.empty_like(drive_TBG)
    for drive_BG, hidden_BH in zip(drive_TBG.unbind(0), hidden_TBH.unbind(0), strict=True):
        before_BH = torch.addmm(drive_BG, before_BH, w_HG, out=hidden_BH).tanh_()
    return hidden_TBH, ()


def _rnn_back(grad_TBH, first_BH, w_GH, hidden_TBH):
    d_TBG = torch.empty_like(hidden_TBH)
    steps = list(zip(grad_TBH.unbind(0), d_TBG.unbind(0), hidden_TBH.unbind(0), strict=True))
    carried_BH = torch.zeros_like(first_BH)
    for grad_BH, d_BG, hidden_BH in reversed(steps):
        carried_BH += grad_BH
        _through_tanh(carried_BH, hidden_BH, grad_input=d_BG)
        torch.mm(d_BG, w_GH, out=carried_BH)
    return d_TBG, carried_BH, _over_time(d_TBG, first_BH, hidden_TBH), None


def _gru_there(drive_TBG, first_BH, w_GH, b_inner_H, keep):
    steps, streams, stacked = drive_TBG.shape
    units, kept = stacked // 3, steps if keep else 1
    w_HG, from_BG = w_GH.T.contiguous(), drive_TBG.new_empty(streams, stacked)
    from_rz, from_n = from_BG.split([2 * units, units], 1)
    hidden_TBH = drive_TBG.new_empty(steps, streams, units)
    rz_T, n_T, inner_T = (drive_TBG.new_empty(kept, streams, width * units) for width in (2, 1, 1))
    r_T, z_T = rz_T.chunk(2, 2)
    drive_rz_T, drive_n_T = (part.unbind(0) for part in drive_TBG.split([2 * units, units], 2))
    views = [part.unbind(0) for part in (rz_T, r_T, z_T, n_T, inner_T)]
    before_BH = first_BH
    for step, hidden_BH in enumerate(hidden_TBH.unbind(0)):
        rz, r, z, n, inner = (part[step % kept] for part in views)
        torch.mm(before_BH, w_HG, out=from_BG)
        torch.add(drive_rz_T[step], from_rz, out=rz).sigmoid_()
        torch.add(from_n, b_inner_H, out=inner)
        torch.addcmul(drive_n_T[step], r, inner, out=n).tanh_()
        before_BH = torch.lerp(n, before_BH, z, out=hidden_BH)
    return hidden_TBH, (rz_T, n_T, inner_T)


def _gru_back(grad_TBH, first_BH, w_GH, hidden_TBH, rz_T, n_T, inner_T):
    units = first_BH.shape[1]
    # blocks inner, r, z, n: the first three go back through W_hidden, the last three to the drive
    d_T = grad_TBH.new_empty(*grad_TBH.shape[:2], 4 * units)
    d_hidden_T, d_drive_T = d_T[..., : 3 * units], d_T[..., units:]
    w_GH = w_GH.roll(units, 0)
    before_T = (first_BH, *hidden_TBH[:-1].unbind(0))
    blocks = (grad_TBH, *rz_T.chunk(2, 2), n_T, inner_T, d_hidden_T, *d_T.chunk(4, 2))
    steps = list(zip(before_T, *(block.unbind(0) for block in blocks), strict=True))
    carried, kept, product = (
        torch.zeros_like(first_BH),
        torch.empty_like(first_BH),
        torch.empty_like(first_BH),
    )
    for before, grad, r, z, n, inner, d_hidden, d_inner, d_r, d_z, d_n in reversed(steps):
        carried += grad
        torch.mul(carried, z, out=kept)
        torch.sub(before, n, out=product).mul_(carried)
        _through_sigmoid(product, z, grad_input=d_z)
        torch.sub(carried, kept, out=product)
        _through_tanh(product, n, grad_input=d_n)
        torch.mul(d_n, inner, out=product)
        _through_sigmoid(product, r, grad_input=d_r)
        torch.mul(d_n, r, out=d_inner)
        torch.addmm(kept, d_hidden, w_GH, out=carried)
    d_w_GH = _over_time(d_hidden_T, first_BH, hidden_TBH).roll(-units, 0)
    return d_drive_T, carried, d_w_GH, d_T[..., :units].sum((0, 1))


def _gru_2015_there(drive_TBG, first_BH, w_GH, _, keep):
    steps, streams, stacked = drive_TBG.shape
    units, kept = stacked // 3, steps if keep else 1
    w_rz, w_n = (part.T.contiguous() for part in w_GH.split([2 * units, units]))
    hidden_TBH = drive_TBG.new_empty(steps, streams, units)
    rz_T, n_T, reset_T = (drive_TBG.new_empty(kept, streams, width * units) for width in (2, 1, 1))
    r_T, z_T = rz_T.chunk(2, 2)
    drive_rz_T, drive_n_T = (part.unbind(0) for part in drive_TBG.split([2 * units, units], 2))
    views = [part.unbind(0) for part in (rz_T, r_T, z_T, n_T, reset_T)]
    before_BH = first_BH
    for step, hidden_BH in enumerate(hidden_TBH.unbind(0)):
        rz, r, z, n, reset = (part[step % kept] for part in views)
        torch.addmm(drive_rz_T[step], before_BH, w_rz, out=rz).sigmoid_()
        torch.mul(r, before_BH, out=reset)
        torch.addmm(drive_n_T[step], reset, w_n, out=n).tanh_()
        before_BH = torch.lerp(before_BH, n, z, out=hidden_BH)
    return hidden_TBH, (rz_T, n_T, reset_T)


def _gru_2015_back(grad_TBH, first_BH, w_GH, hidden_TBH, rz_T, n_T, reset_T):
    units = first_BH.shape[1]
    w_rz, w_n = w_GH.split([2 * units, units])
    d_TBG = grad_TBH.new_empty(*grad_TBH.shape[:2], 3 * units)
    d_rz_T, d_n_T = d_TBG.split([2 * units, units], 2)
    before_T = (first_BH, *hidden_TBH[:-1].unbind(0))
    blocks = (grad_TBH, *rz_T.chunk(2, 2), n_T, d_rz_T, *d_TBG.chunk(3, 2))
    steps = list(zip(before_T, *(block.unbind(0) for block in blocks), strict=True))
    carried, product, d_reset = (
        torch.zeros_like(first_BH),
        torch.empty_like(first_BH),
        torch.empty_like(first_BH),
    )
    for before, grad, r, z, n, d_rz, d_r, d_z, d_n in reversed(steps):
        carried += grad
        torch.sub(n, before, out=product).mul_(carried)
        _through_sigmoid(product, z, grad_input=d_z)
        torch.mul(carried, z, out=product)
        carried -= product
        _through_tanh(product, n, grad_input=d_n)
        torch.mm(d_n, w_n, out=d_reset)
        torch.mul(d_reset, before, out=product)
        _through_sigmoid(product, r, grad_input=d_r)
        carried.addcmul_(d_reset, r).addmm_(d_rz, w_rz)
    d_w_n = d_n_T.flatten(0, 1).T @ reset_T.flatten(0, 1)
    return d_TBG, carried, torch.cat([_over_time(d_rz_T, first_BH, hidden_TBH), d_w_n]), None


def _over_time(d_TBG: Tensor, first_BH: Tensor, hidden_TBH: Tensor) -> Tensor:
    """The gradient of the matrix that took h_{t-1} to what has gradient `d_TBG`: (G, H)."""
    d_w_GH = d_TBG[1:].flatten(0, 1).T @ hidden_TBH[:-1].flatten(0, 1)
    return d_w_GH.addmm_(d_TBG[0].T, first_BH)


_WAYS = {
    "rnn": _Way(_rnn_there, _rnn_back),
    "gru": _Way(_gru_there, _gru_back),
    "gru-2015": _Way(_gru_2015_there, _gru_2015_back),
}
UNROLLED_CELLS = tuple(_WAYS)
