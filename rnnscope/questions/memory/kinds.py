"""Names: the memories, the kinds of error, and the columns that stand for them."""

NONE = "none"
"""The plain LSTM, as a memory's name."""
NGRAM = "n-gram"
ORACLES = (NGRAM, "memory", "rare-words", "word-model", "punctuation", "left")
"""The paper's oracles in its order, each a kind of error, and what none of them removes."""


def errors_of(oracle: str) -> str:
    """Column: how many errors of this kind."""
    return f"{oracle.replace('-', '_')}_errors"
