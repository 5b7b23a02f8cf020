"""A file that another framework left -> the `nn.LSTM`, `nn.GRU` or `nn.RNN` that it holds, or the language
model around one.
"""

from rnnscope.models.foreign.language_model import ForeignLanguageModel
from rnnscope.models.foreign.loading import load_module
from rnnscope.models.foreign.reset_before import GRUResetBefore
from rnnscope.models.foreign.torch_language_model import load_language_model

__all__ = ["ForeignLanguageModel", "GRUResetBefore", "load_language_model", "load_module"]
