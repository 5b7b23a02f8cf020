"""A file that another framework left -> the `nn.LSTM`, `nn.GRU` or `nn.RNN` that it holds."""

from rnnscope.models.foreign.loading import load_module
from rnnscope.models.foreign.reset_before import GRUResetBefore

__all__ = ["GRUResetBefore", "load_module"]
