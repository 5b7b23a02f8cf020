"""A network being trained: one update at a time. Knows no file, no clock and no validation."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from rnnscope.models.initial import initialise
from rnnscope.models.network import NetworkState, StreamShare
from rnnscope.models.saved import Model, model_of
from rnnscope.training.batches import Window, generator_for
from rnnscope.training.config import TrainConfig
from rnnscope.training.group import ALONE, Group
from rnnscope.training.optimisers import optimisers_for, set_rates


def untrained(config: TrainConfig, symbols: int, device: torch.device | None = None) -> Model:
    """The network that training under `config` begins with."""
    network = model_of(config.network(symbols)).to(device)
    initialise(
        network,
        config.init,
        torch.Generator().manual_seed(_seed(config.seed, "init")),
        uniform_range=config.init_range,
        forget_bias=config.forget_bias,
    )
    return network.eval()


class Learner:
    """Weights, optimiser and carried state; counts losses between two calls of `take_means`."""

    def __init__(
        self,
        config: TrainConfig,
        symbols: int,
        updates: int,
        device: torch.device,
        dtype: torch.dtype,
        group: Group = ALONE,
    ) -> None:
        """For a run of so many updates. Raises ConfigError where the processes of `group` cannot share the
        streams evenly.
        """
        group.check(config.streams)
        self.config = config
        self.group = group
        self.device = device
        self.dtype = dtype
        self.network = untrained(config, symbols, device).train()
        self.optimisers = optimisers_for(self.network, config, updates, dtype)
        self.share = StreamShare(config.streams, group.part(config.streams))
        self.state: NetworkState = self.network.zero_state(config.streams // group.size)
        self._dropout = torch.Generator(device)
        self._parameters = list(self.network.parameters())
        self._updates = 0
        self._loss_sum = torch.zeros((), device=device)
        self._norm_sum = torch.zeros((), device=device)

    def update(self, window: Window, step: int, rate_factor: float) -> None:
        """One update from one window of every stream, of which the group's processes each read a share; the
        state goes on to the next.
        """
        loss = self._backpropagate(self.group.window(window), step)
        self.group.average([loss, *(each.grad for each in self._parameters if each.grad is not None)])
        self._clip(len(window.inputs_TB))
        set_rates(self.optimisers, rate_factor)
        for optimiser in self.optimisers:
            optimiser.step()
        self._updates += 1
        self._loss_sum += loss

    def compile(self) -> None:
        """Makes one compiled graph of the network's pass and of that back, at the first update: the same
        numbers but for rounding. For a network that autograd trains whole, without dropout.
        """
        self.network.compile(fullgraph=True, dynamic=False)

    def take_means(self) -> tuple[float, float]:
        """Mean loss in nats and mean gradient norm (0 where none is clipped) since the last call."""
        means = float(self._loss_sum) / self._updates, float(self._norm_sum) / self._updates
        self._updates = 0
        self._loss_sum.zero_()
        self._norm_sum.zero_()
        return means

    def is_finite(self) -> bool:
        """Whether every weight is a number."""
        return all(bool(parameter.isfinite().all()) for parameter in self._parameters)

    def tensors(self) -> dict[str, Tensor]:
        """All that a later process needs to go on: 'network.', 'optimiser.' and 'state.' names."""
        named = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        for which, optimiser in enumerate(self.optimisers):
            for index, entries in optimiser.state_dict()["state"].items():
                named |= {f"optimiser.{which}.{index}.{key}": tensor for key, tensor in entries.items()}
        for layer, state in enumerate(self.state):
            named |= {
                f"state.{layer}.{which}": self.group.gathered(tensor, dim=0)
                for which, tensor in enumerate(state)
            }
        return named

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """The reverse of `tensors`, for the same config."""
        self.restore_weights(tensors)
        for which, optimiser in enumerate(self.optimisers):
            entries: dict[int, dict[str, Tensor]] = {}
            for name, tensor in _under(tensors, f"optimiser.{which}.").items():
                index, key = name.split(".")
                entries.setdefault(int(index), {})[key] = tensor.clone()
            groups = optimiser.state_dict()["param_groups"]
            optimiser.load_state_dict({"state": entries, "param_groups": groups})
        self.state = tuple(
            tuple(
                tensors[f"state.{layer}.{which}"][self.share.part].to(self.device)
                for which in range(len(state))
            )
            for layer, state in enumerate(self.state)
        )

    def restore_weights(self, tensors: Mapping[str, Tensor]) -> None:
        """Only the network's."""
        self.network.load_state_dict(_under(tensors, "network."))

    def _backpropagate(self, window: Window, step: int) -> Tensor:
        """Mean nats per character of the window; its gradient is left in the parameters."""
        inputs_TB, targets_TB = (
            torch.from_numpy(ids).to(self.device) for ids in (window.inputs_TB, window.targets_TB)
        )
        if self.config.dropout:
            self._dropout.manual_seed(_seed(self.config.seed, "dropout", step))
        begun = self._begun(window.fresh_B)
        loss, self.state = self.network.backpropagate(
            inputs_TB, targets_TB, begun, self._dropout, self.dtype, self.share
        )
        return loss

    def _begun(self, fresh_B: np.ndarray) -> NetworkState:
        """The carried state, zero where a stream begins."""
        if not fresh_B.any():
            return self.state
        kept_B = torch.from_numpy(~fresh_B).to(self.device)
        return tuple(
            tuple(each * kept_B.view(-1, *[1] * (each.dim() - 1)) for each in layer) for layer in self.state
        )

    def _clip(self, window_chars: int) -> None:
        if self.config.clip_element is not None:
            # the limit is on the gradient of the sum over steps; ours is of the mean
            torch.nn.utils.clip_grad_value_(self._parameters, self.config.clip_element / window_chars)
        if self.config.clip_norm is not None:
            self._norm_sum += torch.nn.utils.clip_grad_norm_(self._parameters, self.config.clip_norm)


def _seed(seed: int, purpose: str, number: int = 0) -> int:
    return int(generator_for(seed, purpose, number).integers(2**63))


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
