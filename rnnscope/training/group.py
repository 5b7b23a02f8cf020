"""The processes that train one network together, each with a share of the streams. Knows no network and no
file.

`torchrun` starts them and says in the environment who each is. Every process reads its own streams,
gradients are averaged over all of them before they are clipped, and so all make the same update: weights
never differ. What is told, logged and kept is the first process's business; what it needs of the others is
gathered. Gradients are averaged here and not by DistributedDataParallel because the native step makes them
without autograd.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed

from rnnscope.errors import ConfigError
from rnnscope.training.batches import Window


@dataclass(frozen=True)
class Group:
    """This process among those that train one network; one alone is a group too."""

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def check(self, streams: int) -> None:
        """Raises ConfigError where the streams cannot be shared out evenly."""
        if streams % self.size:
            raise ConfigError(
                f"streams={streams} cannot be shared evenly by {self.size} processes; set streams to a "
                "multiple"
            )

    def part(self, count: int) -> slice:
        """This process's share of `count` things in a row."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def window(self, window: Window) -> Window:
        """This process's streams of a window."""
        part = self.part(window.inputs_TB.shape[1])
        return Window(window.inputs_TB[:, part], window.targets_TB[:, part], window.fresh_B[part])

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Every tensor becomes its mean over the processes, which is the same in all of them to the last
        bit.
        """
        if self.size == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat)
        flat /= self.size
        done = 0
        for tensor in tensors:
            tensor.copy_(flat[done : done + tensor.numel()].view_as(tensor))
            done += tensor.numel()

    def gathered(self, own: Tensor, dim: int) -> Tensor:
        """The processes' parts of a tensor side by side, in the order of the processes."""
        if self.size == 1:
            return own
        parts = [torch.empty_like(own) for _ in range(self.size)]
        distributed.all_gather(parts, own.contiguous())
        return torch.cat(parts, dim=dim)

    def gathered_objects(self, own: Any) -> list[Any]:
        """What every process has, in the order of the processes."""
        if self.size == 1:
            return [own]
        found: list[Any] = [None] * self.size
        distributed.all_gather_object(found, own)
        return found

    def from_first(self, own: Any) -> Any:
        """What the first process has."""
        if self.size == 1:
            return own
        held = [own]
        distributed.broadcast_object_list(held, src=0)
        return held[0]


ALONE = Group()


@contextlib.contextmanager
def joined() -> Iterator[Group]:
    """The group that torchrun started, for as long as the body lasts; a process that it did not start is
    alone.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1 or "RANK" not in os.environ:
        yield ALONE
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield Group(distributed.get_rank(), size)
        distributed.barrier()  # none takes its connections down while another still waits for something
    finally:
        distributed.destroy_process_group()
