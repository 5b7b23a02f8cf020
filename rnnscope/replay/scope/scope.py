"""Scope: a recurrent network, opened. Knows no embedding and no alphabet."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnnscope import displays
from rnnscope.errors import ConfigError, did_you_mean
from rnnscope.replay.scope.entry import Pass
from rnnscope.replay.scope.hooks import Hook, Hooks
from rnnscope.replay.scope.layers import Layers
from rnnscope.replay.scope.layers import Sequence as Inputs
from rnnscope.replay.scope.sites import Names, SiteTable, site_table
from rnnscope.replay.scope.walk import Passed, Wish, walk

Run = Callable[[Pass, tuple[Any, ...], dict[str, Any]], Any]
"""A pass, and what the user gave -> what the network gives, with that pass at work inside it."""


class Cache(Mapping[str, Tensor]):
    """Site -> its values, (batch, time, units), in the order of `Scope.sites()`.

    Packed sequences come in the order in which they were given, and are zero after their ends.
    """

    def __init__(self, sites: dict[str, Tensor], texts: Sequence[str] = ()) -> None:
        """`texts`: what was read, one a row of the batch, where it was given as text."""
        self._sites, self.texts = sites, tuple(texts)

    def __getitem__(self, name: str) -> Tensor:
        """Raises ConfigError for a site that was not recorded."""
        if name not in self._sites:
            raise ConfigError(f"site '{name}' was not recorded; {did_you_mean(name, self._sites)}")
        return self._sites[name]

    def get(self, key: str, default: Any = None) -> Any:
        """The site, or `default` where it was not recorded."""
        return self._sites.get(key, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._sites)

    def __len__(self) -> int:
        return len(self._sites)

    def __contains__(self, name: object) -> bool:
        return name in self._sites

    def __repr__(self) -> str:
        width = max((len(name) for name in self._sites), default=0)
        return "\n".join(f"{name:{width}}  {tuple(each.shape)}" for name, each in self._sites.items())

    def _repr_html_(self) -> str | None:
        """What a notebook shows: the sites, and the text coloured by the units that vary most."""
        shapes = {name: tuple(each.shape) for name, each in self._sites.items()}

        def first_row(name: str) -> np.ndarray:
            return self._sites[name][0].detach().float().cpu().numpy()

        return displays.html("cache", shapes, first_row, self.texts)


class Scope:
    """A recurrent network whose every gate and state can be read and changed; `attach` makes it.

    Nothing of the network is copied: what is trained or loaded into it later is seen here.
    """

    def __init__(self, layers: Layers, run: Run, what: str) -> None:
        """`what`: what the network is called in messages."""
        self._layers, self._run, self._what = layers, run, what

    def sites(self) -> SiteTable:
        """All that can be recorded and changed: names, shapes, formulas; printed, a table."""
        return site_table(self._layers.kind, self._layers.count, self._layers.directions, self._layers.units)

    def run_with_cache(
        self,
        *inputs: Any,
        names: Names = None,
        device: str | torch.device | None = "cpu",
        gradients: bool = False,
        **named: Any,
    ) -> tuple[Any, Cache]:
        """What the network gives for `inputs`, to the last bit, and the sites behind it.

        `inputs`: a text or ids where there is an embedding or an alphabet, else what the module or model
        takes, with its keywords (`hx=`: the state to begin with). `names`: see `SiteTable.chosen`. The sites
        are put on `device` (None: they stay where they are made). With `gradients` all stays part of the
        graph; without, none is built. Raises ConfigError, or CorpusError for a text, in one line.
        """
        return self._passes(inputs, named, names, (), device, gradients)

    def run_with_hooks(
        self, *inputs: Any, hooks: Sequence[tuple[Names, Hook]], gradients: bool = False, **named: Any
    ) -> Any:
        """What the network gives when hooks change its sites.

        A hook is (names, function); the function gets a site's value at one step, (batch, units), and an `At`
        (its name, its step), and returns the value to go on with, or None to leave it. All that follows in
        time and above follows from the changed value. Layers with a hook run step by step.
        """
        return self._passes(inputs, named, (), hooks, None, gradients)[0]

    def run_with_hooks_and_cache(
        self,
        *inputs: Any,
        hooks: Sequence[tuple[Names, Hook]],
        names: Names = None,
        device: str | torch.device | None = "cpu",
        gradients: bool = False,
        **named: Any,
    ) -> tuple[Any, Cache]:
        """Both: the sites are those of the changed run."""
        return self._passes(inputs, named, names, hooks, device, gradients)

    def _passes(
        self,
        inputs: tuple[Any, ...],
        named: dict[str, Any],
        names: Names,
        hooks: Sequence[tuple[Names, Hook]],
        device: str | torch.device | None,
        gradients: bool,
    ) -> tuple[Any, Cache]:
        table = self.sites()
        where = None if device is None else torch.device(device)
        wish = Wish(table.chosen(names), Hooks(hooks, table), where)
        passes: list[Passed] = []

        def one_pass(of: Inputs, first: list[Tensor]) -> Passed:
            before = sum(each.steps for each in passes)
            passes.append(walk(self._layers, of, first, replace(wish, first_step=before)))
            return passes[-1]

        with torch.set_grad_enabled(gradients):
            result = self._run(one_pass, inputs, named)
        return result, self._joined(passes, wish.names, _texts(inputs))

    def _joined(self, passes: list[Passed], names: list[str], texts: list[str]) -> Cache:
        """A module that was called several times in one run, such as a decoder's, read one stretch."""
        if not passes:
            raise ConfigError(f"{self._what} was never run in this call, so that nothing was recorded")
        streams = sorted({each.sites[name].shape[0] for each in passes for name in names})
        if len(streams) > 1:
            raise ConfigError(
                f"{self._what} was run on batches of {streams} in one call, which make no one stretch of "
                "time; call the model for each alone"
            )
        if len(passes) == 1:
            return Cache(passes[0].sites, texts)
        return Cache({name: torch.cat([each.sites[name] for each in passes], 1) for name in names}, texts)


def _texts(inputs: tuple[Any, ...]) -> list[str]:
    """What was given as text, if it was."""
    given = inputs[0] if len(inputs) == 1 else None
    if isinstance(given, str):
        return [given]
    if isinstance(given, list) and all(isinstance(each, str) for each in given):
        return list(given)
    return []
