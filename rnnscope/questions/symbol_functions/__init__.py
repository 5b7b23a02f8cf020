"""When each symbol has its own function, do more units specialise and saturate?
docs/questions/symbol_functions.md.

    question.py     the claim, the rule, the texts and the networks
    measuring.py    one network -> what it learned of each symbol, what its units follow, what saturates
    networks.py     all of that -> shares, slopes and tables
"""

from rnnscope.questions.symbol_functions.question import SYMBOL_FUNCTIONS, decide, texts

__all__ = ["SYMBOL_FUNCTIONS", "decide", "texts"]
