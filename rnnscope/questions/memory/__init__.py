"""Could a memory remove the errors that n-grams would not have made? docs/questions/memory.md."""

from rnnscope.questions.memory.deciding import decide

__all__ = ["decide"]
