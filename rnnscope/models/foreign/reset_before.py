"""A GRU whose reset comes before the matmul, as Keras (`reset_after=False`) and ONNX have it."""

import torch
from torch import Tensor, nn

from rnnscope.errors import ConfigError
from rnnscope.recurrence.cells import GRU_RESET_BEFORE, LayerWeights
from rnnscope.recurrence.kinds import GRU_RESET_BEFORE as KIND
from rnnscope.recurrence.stepping import step_by_step


class GRUResetBefore(nn.GRU):
    """One layer, called as `nn.GRU` is.

    n = tanh(W x + b + U (r h') + b'), h = (1 - z) n + z h': the original form of Cho et al. 2014; `nn.GRU`
    itself resets after the matmul, and its weights mean another network. It runs step by step.
    """

    def __init__(self, input_size: int, hidden_size: int, **settings: bool) -> None:
        super().__init__(input_size, hidden_size, num_layers=1, **settings)  # pyright: ignore

    def forward(self, input: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Outputs and last state, in the layout of `nn.GRU`. Raises ConfigError for packed sequences."""
        if not isinstance(input, Tensor):
            raise ConfigError("a GRUResetBefore reads no packed sequences; give its texts one by one")
        batched = input.unsqueeze(1) if input.dim() == 2 else input
        inputs_TBI = batched.transpose(0, 1) if self.batch_first and input.dim() == 3 else batched
        ends = ["", "_reverse"] if self.bidirectional else [""]
        if hx is None:
            first_DBH = inputs_TBI.new_zeros(len(ends), inputs_TBI.shape[1], self.hidden_size)
        else:
            first_DBH = hx.unsqueeze(1) if hx.dim() == 2 else hx
        outputs, last = [], []
        for end, first_BH in zip(ends, first_DBH.unbind(0), strict=True):
            ordered = inputs_TBI.flip(0) if end else inputs_TBI
            sites, (last_BH,) = step_by_step(
                KIND, GRU_RESET_BEFORE, ordered, (first_BH,), self._weights_of(end), wanted=()
            )
            outputs.append(sites["h"].flip(0) if end else sites["h"])
            last.append(last_BH)
        hidden_TBU, last_DBH = torch.cat(outputs, -1), torch.stack(last)
        if input.dim() == 2:
            return hidden_TBU.squeeze(1), last_DBH.squeeze(1)
        return hidden_TBU.transpose(0, 1) if self.batch_first else hidden_TBU, last_DBH

    def _weights_of(self, end: str) -> LayerWeights:
        w_input_GI, w_hidden_GH = (getattr(self, f"weight_{name}_l0{end}") for name in ("ih", "hh"))
        zero_G = w_input_GI.new_zeros(len(w_input_GI))
        biases = [getattr(self, f"bias_{name}_l0{end}") if self.bias else zero_G for name in ("ih", "hh")]
        return LayerWeights(w_input_GI, w_hidden_GH, *biases)
