"""The forms that a recurrent module's sequences come in <-> (T, B, units), time first.

Knows no layer: batch first or time first, packed, or one text alone without a batch.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


@dataclass(frozen=True)
class Form:
    """How a module's sequences lie."""

    batch_first: bool

    def time_first(self, sequence: Tensor | PackedSequence) -> Tensor:
        """(T, B, units), packed sequences in the order in which they were given, zero after their ends."""
        if isinstance(sequence, PackedSequence):
            return pad_packed_sequence(sequence)[0]
        if not sequence.is_floating_point():
            return sequence  # ids of a network of ours
        if sequence.dim() == 2:
            return sequence.unsqueeze(1)
        return sequence.transpose(0, 1) if self.batch_first else sequence

    def steps(self, sequence: Tensor | PackedSequence) -> int:
        """T, of the longest stream."""
        if isinstance(sequence, PackedSequence):
            return len(sequence.batch_sizes)
        return len(self.time_first(sequence))

    def as_was(self, sequence: Tensor | PackedSequence, values_TBU: Tensor) -> Tensor | PackedSequence:
        """`values_TBU` in the form of `sequence`."""
        if isinstance(sequence, PackedSequence):
            order = sequence.sorted_indices
            lengths = lengths_of(sequence)
            assert lengths is not None
            if order is not None:
                values_TBU, lengths = values_TBU.index_select(1, order), lengths[order.cpu()]
            return PackedSequence(
                pack_padded_sequence(values_TBU, lengths).data,
                sequence.batch_sizes,
                sequence.sorted_indices,
                sequence.unsorted_indices,
            )
        if not sequence.is_floating_point():
            return values_TBU
        if sequence.dim() == 2:
            return values_TBU.squeeze(1)
        return values_TBU.transpose(0, 1) if self.batch_first else values_TBU


def lengths_of(sequence: Tensor | PackedSequence) -> Tensor | None:
    """Steps of every stream of packed sequences, in the order in which they were given; None where all
    have as many."""
    if not isinstance(sequence, PackedSequence):
        return None
    streams = torch.arange(int(sequence.batch_sizes[0]))
    lengths = (sequence.batch_sizes[:, None] > streams).sum(0)
    order = sequence.unsorted_indices
    return lengths if order is None else lengths[order.cpu()]


def alive(steps: int, lengths: Tensor | None, device: torch.device) -> Tensor | None:
    """(T, B) bool: which streams have not ended; None where none ends early."""
    if lengths is None:
        return None
    return torch.arange(steps, device=device)[:, None] < lengths.to(device)


def reversed_in_time(values_TBU: Tensor, lengths: Tensor | None) -> Tensor:
    """Every stream from its last step to its first; what is behind its end stays there."""
    if lengths is None:
        return values_TBU.flip(0)
    step_T1 = torch.arange(len(values_TBU), device=values_TBU.device)[:, None]
    last_B = lengths.to(values_TBU.device) - 1
    source_TB = torch.where(step_T1 <= last_B, last_B - step_T1, step_T1)
    return values_TBU.gather(0, source_TB[..., None].expand_as(values_TBU))
