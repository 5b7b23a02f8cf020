"""Queries, keys, values, gates -> what the mLSTM's matrix memory reads out, step by step or a chunk at a
time. Knows no weight and no model.

Beck et al. 2024, "xLSTM: Extended Long Short-Term Memory", arXiv 2405.04517, equations 19-27 and appendix
A.3.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

CHUNK = 64
"""Steps whose products with each other are made at once: a chunk's work grows with their square, what is
carried from chunk to chunk with their number."""


class MatrixState(NamedTuple):
    """What one layer carries; N heads, K units of a key, D of a value. True memory and normaliser are
    exp(m) C and exp(m) n: numbers of any size stay in range.
    """

    memory_BNKD: Tensor
    normaliser_BNK: Tensor
    scale_BN: Tensor
    """m, the largest exponent so far."""


def by_steps(
    query_BNTK: Tensor,
    key_BNTK: Tensor,
    value_BNTD: Tensor,
    input_BNT: Tensor,
    forget_BNT: Tensor,
    state: MatrixState,
) -> tuple[Tensor, MatrixState]:
    """The definition, one step after the other: what is read out, (B, N, T, D), and the state after them.

    m_t = max(log f_t + m_{t-1}, i_t)
    C_t = f' C_{t-1} + i' k_t v_t,  n_t = f' n_{t-1} + i' k_t
    f' = exp(log f_t + m_{t-1} - m_t), i' = exp(i_t - m_t), f_t = sigmoid(forget), k_t = key / sqrt(K)
    h_t = q_t C_t / max(|q_t n_t|, exp(-m_t))
    """
    memory, normaliser, scale = state
    read = []
    key_BNTK = key_BNTK / key_BNTK.shape[-1] ** 0.5
    log_forget_BNT = F.logsigmoid(forget_BNT)
    for step in range(query_BNTK.shape[2]):
        query, key, value = query_BNTK[:, :, step], key_BNTK[:, :, step], value_BNTD[:, :, step]
        kept, written = log_forget_BNT[:, :, step] + scale, input_BNT[:, :, step]
        scale = torch.maximum(kept, written)
        kept, written = (kept - scale).exp()[..., None], (written - scale).exp()[..., None]
        memory = kept[..., None] * memory + (written * key)[..., None] * value[..., None, :]
        normaliser = kept * normaliser + written * key
        weight = (query * normaliser).sum(-1).abs().maximum((-scale).exp())
        read.append(torch.einsum("bnk,bnkd->bnd", query, memory) / weight[..., None])
    return torch.stack(read, 2), MatrixState(memory, normaliser, scale)


def in_chunks(
    query_BNTK: Tensor,
    key_BNTK: Tensor,
    value_BNTD: Tensor,
    input_BNT: Tensor,
    forget_BNT: Tensor,
    state: MatrixState,
    chunk: int = CHUNK,
) -> tuple[Tensor, MatrixState]:
    """The same numbers as `by_steps`, `chunk` steps at a time."""
    read, key_BNTK = [], key_BNTK / key_BNTK.shape[-1] ** 0.5
    log_forget_BNT = F.logsigmoid(forget_BNT)
    for start in range(0, query_BNTK.shape[2], chunk):
        of = slice(start, start + chunk)
        here, state = _chunk(
            query_BNTK[:, :, of],
            key_BNTK[:, :, of],
            value_BNTD[:, :, of],
            input_BNT[:, :, of],
            log_forget_BNT[:, :, of],
            state,
        )
        read.append(here)
    return torch.cat(read, 2), state


def _chunk(
    query: Tensor, key: Tensor, value: Tensor, written: Tensor, log_forget: Tensor, state: MatrixState
) -> tuple[Tensor, MatrixState]:
    """With F_t the sum of log f up to t, step s weighs exp(F_t - F_s + i_s - m_t) at t, and what was carried
    into the chunk exp(F_t + m - m_t). What is read out does not depend on m, so that no gradient is sent
    through it.
    """
    memory, normaliser, scale = state
    summed = log_forget.cumsum(-1)
    entered = written - summed
    with torch.no_grad():
        # max over s <= t of F_t - F_s + i_s is F_t plus the running maximum of i_s - F_s
        largest = summed + torch.maximum(entered.cummax(-1).values, scale[..., None])
    exponent = (summed - largest)[..., None] + entered[..., None, :]
    steps = query.shape[2]
    later = torch.ones(steps, steps, dtype=torch.bool, device=query.device).triu(1)
    weights = (query @ key.mT) * exponent.masked_fill(later, -torch.inf).exp()
    carried = (summed + scale[..., None] - largest).exp()[..., None]
    query_carried = query * carried
    total = weights.sum(-1, keepdim=True) + query_carried @ normaliser[..., None]
    read = weights @ value + query_carried @ memory
    read = read / total.abs().maximum((-largest).exp()[..., None])
    after = largest[..., -1]
    into = (entered + (summed[..., -1] - after)[..., None]).exp()[..., None] * key
    kept = carried[..., -1, :]
    return read, MatrixState(
        kept[..., None] * memory + into.mT @ value, kept * normaliser + into.sum(2), after
    )
