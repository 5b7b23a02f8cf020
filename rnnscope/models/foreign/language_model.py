"""A language model of others in its parts: ids -> embed -> recurrent module -> head -> logits. Knows no text.

Its parts are called as they are and in eval mode; what they do in between is theirs.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnnscope.errors import ConfigError

Part = nn.Module | Callable[[Any], Any]
PRECISE = (torch.float32, torch.float64)


@dataclass(frozen=True)
class ForeignLanguageModel:
    """Ids and what comes out have streams first here, whatever the module's own layout is."""

    module: nn.RNNBase
    head: Part
    """The module's output -> logits, in the module's layout."""
    embed: Part | None = None
    """Ids -> the module's input, in the module's layout; None: one-hot vectors."""

    def __post_init__(self) -> None:
        """Raises ConfigError for weights in less than single precision: what they give is too coarse to be
        told from another network's.
        """
        if (dtype := self._weight.dtype) not in PRECISE:
            raise ConfigError(f"the network's weights are in {dtype}; give it in float32: model.float()")

    @property
    def symbols(self) -> int:
        """V: logits that the head gives."""
        with self.reading():
            return self.logits(torch.zeros(1, 1, self.module.hidden_size)).shape[-1]

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Without gradients, all parts in eval mode; they are as they were afterwards."""
        parts = [part for part in (self.module, self.head, self.embed) if isinstance(part, nn.Module)]
        training = [(each, each.training) for part in parts for each in part.modules()]
        try:
            for part in parts:
                part.eval()
            with torch.no_grad():
                yield
        finally:
            for each, was in training:
                each.training = was

    def inputs(self, ids_RT: Tensor) -> Tensor:
        """(R, T, I): what the module is given. Raises ConfigError where `embed` cannot make it."""
        ids = self._laid(ids_RT.to(self._weight.device))
        if self.embed is None:
            if ids.numel() and int(ids.max()) >= self.module.input_size:
                raise ConfigError(
                    f"without embed ids become one-hot vectors, and the module takes "
                    f"{self.module.input_size} numbers, too few for id {int(ids.max())}; give embed="
                )
            return self._laid(F.one_hot(ids, self.module.input_size).to(self._weight.dtype))
        given = _called(self.embed, ids, "embed", "ids")
        return self._shaped(given, "embed", ids_RT.shape, self.module.input_size).to(self._weight.dtype)

    def logits(self, hidden_RTH: Tensor) -> Tensor:
        """(R, T, V): what the head makes of outputs. Raises ConfigError where it cannot."""
        given = _called(self.head, self._laid(hidden_RTH.to(self._weight)), "head", "outputs")
        return self._shaped(given, "head", hidden_RTH.shape[:2], None)

    def log_probs(self, ids_RT: Tensor) -> Tensor:
        """(R, T, V) float64, natural logs, from the zero state."""
        outputs, _ = self.module(self._laid(self.inputs(ids_RT)))
        return self.logits(self._laid(outputs)).double().log_softmax(-1)

    @property
    def _weight(self) -> Tensor:
        return next(self.module.parameters())

    def _laid(self, each: Tensor) -> Tensor:
        """Streams first <-> the module's layout."""
        return each if self.module.batch_first else each.transpose(0, 1)

    def _shaped(self, given: Any, what: str, shape: torch.Size, width: int | None) -> Tensor:
        wanted = shape if self.module.batch_first else shape[::-1]
        if isinstance(given, Tensor) and given.dim() == 2 and len(given) == shape.numel():
            given = given.unflatten(0, tuple(wanted))  # what puts streams and steps on one axis
        is_whole = isinstance(given, Tensor) and given.dim() == 3 and given.shape[:2] == wanted
        if not is_whole or (width is not None and given.shape[2] != width):
            got = f"{tuple(given.shape)}" if isinstance(given, Tensor) else f"a {type(given).__name__}"
            raise ConfigError(
                f"{what} gave {got} where {(*wanted, width or 'logits')} is needed: the module reads "
                f"{'streams' if self.module.batch_first else 'steps'} first"
            )
        return self._laid(given)


def _called(part: Part, given: Tensor, what: str, of: str) -> Any:
    try:
        return part(given)
    except (RuntimeError, IndexError, TypeError, ValueError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise ConfigError(
            f"{what} cannot be called on {of} of shape {tuple(given.shape)}: {type(error).__name__} {reason}"
        ) from error
