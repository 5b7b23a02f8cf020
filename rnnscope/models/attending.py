"""Queries, keys, values -> causal attention over the last W steps, with a memory carried from block to block.
Knows no weight and no model.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

ROTARY_SLOWEST = 10_000.0
"""Longest wavelength of a rotation over 2 pi, steps (Su et al. 2021, arXiv 2104.09864)."""

BLOCK_STEPS = 64
"""Steps that attend together: each makes scores of all that any of them sees, and fewer are slower by
themselves."""

Memory = tuple[Tensor, Tensor, Tensor]
"""Of the last M = W - 1 steps: keys (B, M, A), values (B, M, A), and which are known (B, M), 1 or 0."""


def empty_memory(like: Tensor, streams: int, context: int, width: int) -> Memory:
    """Of nothing read."""
    steps = context - 1
    return (
        like.new_zeros(streams, steps, width),
        like.new_zeros(streams, steps, width),
        like.new_zeros(streams, steps),
    )


def visible(known_BM: Float[Tensor, "B M"], steps: int) -> Float[Tensor, "B 1 T S"]:
    """What is added to a score: 0 where step t sees place s of the memory followed by the block, S = M + T,
    which are itself and the M before it as far as they are known; minus infinity elsewhere.
    """
    remembered = known_BM.shape[1]
    place = torch.arange(remembered + steps, device=known_BM.device)
    first_T1 = torch.arange(steps, device=known_BM.device)[:, None]
    band_TS = (place >= first_T1) & (place <= first_T1 + remembered)
    known_BS = F.pad(known_BM, (0, steps), value=1.0) > 0
    seen_BTS = band_TS & known_BS[:, None]
    return torch.zeros_like(seen_BTS, dtype=known_BM.dtype).masked_fill_(~seen_BTS, -torch.inf)[:, None]


def attend(
    queries_BTA: Float[Tensor, "B T A"],
    keys_BTA: Float[Tensor, "B T A"],
    values_BTA: Float[Tensor, "B T A"],
    memory: Memory,
    visible_B1TS: Float[Tensor, "B 1 T S"],
    *,
    heads: int,
    rotates: bool,
) -> tuple[Float[Tensor, "B T A"], Memory]:
    """softmax(q k / sqrt(d)) v over what is visible, of every head (d = A / heads), and the memory after the
    block; no gradient goes into either memory.

    Keys are remembered as they are and, with `rotates`, turned by their place beside the queries of the block
    (Su et al. 2021): a product depends on the distance between two places alone, so that it is the same
    wherever the text is cut.
    """
    remembered = memory[0].shape[1]
    keys_BSA, values_BSA = torch.cat([memory[0], keys_BTA], 1), torch.cat([memory[1], values_BTA], 1)
    query, key, value = (_by_head(each, heads) for each in (queries_BTA, keys_BSA, values_BSA))
    if rotates:
        turns = _turns(key.shape[2], key.shape[3], key)
        key, query = _turned(key, turns), _turned(query, turns[:, remembered:])
    steps, mixed = queries_BTA.shape[1], []
    for start in range(0, steps, BLOCK_STEPS):
        stop = min(steps, start + BLOCK_STEPS)
        seen = slice(start, stop + remembered)
        mixed.append(
            F.scaled_dot_product_attention(
                query[:, :, start:stop],
                key[:, :, seen],
                value[:, :, seen],
                attn_mask=visible_B1TS[:, :, start:stop, seen],
            )
        )
    known_BM = F.pad(memory[2], (0, steps), value=1.0)[:, steps:]
    after = (keys_BSA[:, steps:].detach(), values_BSA[:, steps:].detach(), known_BM)
    return torch.cat(mixed, 2).transpose(1, 2).flatten(2), tuple(each.to(memory[0].dtype) for each in after)  # pyright: ignore


def _by_head(each_BSA: Tensor, heads: int) -> Tensor:
    """(B, heads, S, d)."""
    return each_BSA.unflatten(2, (heads, -1)).transpose(1, 2)


def _turns(places: int, width: int, like: Tensor) -> Tensor:
    """Cosines and sines, (2, S, d / 2)."""
    rates = ROTARY_SLOWEST ** -(torch.arange(width // 2, device=like.device, dtype=torch.float64) * 2 / width)
    angles = torch.arange(places, device=like.device)[:, None] * rates
    return torch.stack([angles.cos(), angles.sin()]).to(like.dtype)


def _turned(each: Tensor, turns: Tensor) -> Tensor:
    first, second = each.chunk(2, -1)
    cos, sin = turns
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)
