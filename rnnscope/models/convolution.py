"""Values over time -> each unit's weighted sum of its last few, carried on. Knows no model."""

import torch
from jaxtyping import Float
from torch import Tensor


def convolved(
    values_BTH: Float[Tensor, "B T H"], before_BMH: Float[Tensor, "B M H"], kernel_KH: Float[Tensor, "K H"]
) -> tuple[Float[Tensor, "B T H"], Float[Tensor, "B M H"]]:
    """y_t = sum over j < K of kernel_j x_{t-j}, unit by unit, and the last M = K - 1 values, without a graph.

    `before_BMH`: the M values before the block, zeros where there are none.
    """
    steps, reach = values_BTH.shape[1], len(kernel_KH) - 1
    known_BSH = torch.cat([before_BMH, values_BTH], 1)
    summed = values_BTH * kernel_KH[0]
    for back in range(1, reach + 1):
        summed = torch.addcmul(summed, known_BSH[:, reach - back : reach - back + steps], kernel_KH[back])
    return summed, known_BSH[:, steps:].detach().to(before_BMH.dtype)
