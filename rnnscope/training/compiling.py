"""Config, updates, machine -> whether the network's pass is compiled first. Knows no network."""

from collections.abc import Callable

import torch

from rnnscope.models.sizing import MLSTM, TRANSFORMER
from rnnscope.training.config import TrainConfig

LEAST_UPDATES = 500
"""Updates that are worth it. Compiling takes half a minute to two minutes of two cores, and 5 s where the
compiled code is still in PyTorch's cache; an update of 122,000 parameters then is 30 to 50 ms shorter.
"""


def pays_to_compile(
    config: TrainConfig,
    updates: int,
    device: torch.device,
    dtype: torch.dtype,
    notice: Callable[[str], None],
) -> bool:
    """Whether a run of so many updates is quicker with its pass compiled by `torch.compile`.

    Where it would be but there is no compiler, `notice` is told. It hangs on the whole run's updates, so that
    what goes on from a checkpoint rounds as what was not stopped.
    """
    is_residual = config.cell in (TRANSFORMER, MLSTM) and not config.dropout
    if not is_residual or updates < LEAST_UPDATES or device.type != "cpu" or dtype != torch.float32:
        return False
    why = _why_not()
    notice(f"no compiled pass: {why}" if why else "compiles the pass first, which takes a minute or two")
    return not why


def _why_not() -> str | None:
    """Why PyTorch can compile nothing here; None where it can. Tried on a graph of one sum."""
    try:
        torch.compile(lambda number: number + 1, fullgraph=True)(torch.zeros(2))
    except (RuntimeError, OSError) as error:
        return f"torch.compile fails here ({str(error).strip().splitlines()[0]})"
    return None
