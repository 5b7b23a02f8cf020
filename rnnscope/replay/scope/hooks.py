"""Interventions: which sites they are at, and what they make of a value. Knows no layer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from rnnscope.errors import ConfigError
from rnnscope.recurrence.cells import Touch, untouched
from rnnscope.replay.scope.sites import Names, SiteTable, prefix_of


@dataclass(frozen=True)
class At:
    """Where a hook is called."""

    name: str
    """The site's full name."""
    step: int
    """Index in time; a layer that reads backwards begins with the last."""


Hook = Callable[[Tensor, At], Tensor | None]
"""Value of a site at one step, (batch, units), and where -> the value to go on with; None: as it is."""


class Hooks:
    """Hooks by site; several at one are called in order."""

    def __init__(self, hooks: Sequence[tuple[Names, Hook]], sites: SiteTable) -> None:
        """Raises ConfigError for a name that fits no site."""
        self._at: dict[str, list[Hook]] = {}
        for names, hook in hooks:
            chosen = sites.chosen(names)
            if not chosen:
                raise ConfigError("a hook's predicate fits no site; scope.sites() lists their names")
            for name in chosen:
                self._at.setdefault(name, []).append(hook)

    def any_in(self, layer: int) -> bool:
        """Whether a layer has to be run step by step."""
        return any(name.startswith(prefix_of(layer, reverse=False)) for name in self._at)

    def touch(self, layer: int, reverse: bool, step: int) -> Touch:
        """What happens to every site of a step."""
        prefix = prefix_of(layer, reverse)
        if not any(name.startswith(prefix) for name in self._at):
            return untouched

        def touched(site: str, value: Tensor) -> Tensor:
            at = At(prefix + site, step)
            for hook in self._at.get(at.name, ()):
                value = _changed(hook, value, at)
            return value

        return touched


def _changed(hook: Hook, value: Tensor, at: At) -> Tensor:
    changed = hook(value, at)
    if changed is None:
        return value
    if not isinstance(changed, Tensor) or changed.shape != value.shape:
        got = tuple(changed.shape) if isinstance(changed, Tensor) else type(changed).__name__
        raise ConfigError(
            f"the hook at '{at.name}' returned {got}; it must return {tuple(value.shape)}, or None"
        )
    return changed.to(value)
