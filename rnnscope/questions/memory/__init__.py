"""Could a memory remove the errors that n-grams would not have made? docs/questions/memory.md.

question.py    the claim, the rule and the networks
measuring.py   one run -> what it and every memory around it made of the test text
deciding.py    all of that -> the verdict
"""

from rnnscope.questions.memory.deciding import decide
from rnnscope.questions.memory.question import MEMORY

__all__ = ["MEMORY", "decide"]
