"""One layer step by step, by its definition, with interventions. Knows no network and no module."""

from collections.abc import Callable, Collection

import torch
from torch import Tensor
from torch.nn import functional as F

from rnnscope.recurrence.cells import Definition, Inputs, LayerWeights, Sites, State, Touch, drive, untouched
from rnnscope.recurrence.kinds import CellKind

TouchAt = Callable[[int], Touch]
"""Step in time -> what happens to every site of it."""


def step_by_step(
    kind: CellKind,
    definition: Definition,
    inputs: Inputs,
    state: State,
    weights: LayerWeights,
    *,
    touch: TouchAt = lambda step: untouched,
    w_project_PH: Tensor | None = None,
    alive_TB: Tensor | None = None,
    wanted: Collection[str] | None = None,
) -> tuple[Sites, State]:
    """Site -> (T, B, H) for h and all that is wanted (None: every site of the kind), and the state after
    the last step.

    With `w_project_PH` (Sak, Senior, Beaufays 2014) a layer's output is h = W_project m, shape (T, B, P), and
    m = o tanh(c) is a site of its own. Streams that are not alive at a step keep their state.
    """
    kept: dict[str, list[Tensor]] = {}
    for step, drive_BG in enumerate(drive(inputs, weights).unbind(0)):
        touch_now = touch(step)
        if w_project_PH is None:
            sites = vars(definition.step(drive_BG, state, weights, touch_now))
        else:
            sites = _projected(
                vars(definition.step(drive_BG, state, weights, _as_m(touch_now))), w_project_PH, touch_now
            )
        after = tuple(sites[name] for name in kind.state)
        if alive_TB is not None:
            alive_B1 = alive_TB[step, :, None]
            after = tuple(torch.where(alive_B1, new, old) for new, old in zip(after, state, strict=True))
        state = after
        for name, value in sites.items():
            if name == "h" or wanted is None or name in wanted:
                kept.setdefault(name, []).append(value)
    return {name: torch.stack(values) for name, values in kept.items()}, state


def _as_m(touch: Touch) -> Touch:
    """What the definition calls h is m where h is projected."""
    return lambda site, value: touch("m" if site == "h" else site, value)


def _projected(sites: Sites, w_project_PH: Tensor, touch: Touch) -> Sites:
    m = sites.pop("h")
    return sites | {"m": m, "h": touch("h", F.linear(m, w_project_PH))}
