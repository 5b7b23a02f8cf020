"""Predictor, a text of any length -> its mean loss. Knows the protocol, keeps nothing."""

from dataclasses import dataclass

import numpy as np

from rnnscope.errors import CorpusError
from rnnscope.scoring import Predictor, error_rate, score


@dataclass(frozen=True)
class TextScore:
    """What a predictor makes of a text that is not in its corpus."""

    nats_per_char: float
    error_rate: float
    chars: int
    """Characters predicted: one less than the text has, since the first has nothing before it."""

    @property
    def bits_per_char(self) -> float:
        return self.nats_per_char / float(np.log(2))


def score_text(predictor: Predictor, ids: np.ndarray, what: str = "text") -> TextScore:
    """Mean loss over a text as one row, state carried from its first character to its last. Raises
    CorpusError if too short.
    """
    if len(ids) < 2:
        raise CorpusError(f"{what} has {len(ids)} characters; a score needs at least 2")
    scores = score(predictor, ids[None, :-1], ids[None, 1:])
    return TextScore(scores.mean_nats, error_rate(scores.nats_RT), len(ids) - 1)
