"""What an oracle is given: a part's text and what one model made of it. Knows no oracle."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnnscope.analyses.error_oracles.settings import OracleSettings
from rnnscope.analyses.error_oracles.words import PartText
from rnnscope.scoring import is_error


@dataclass(frozen=True)
class ErrorText:
    """The errors of one model and the text around them. Every array has shape (R, T), one value for each
    predicted character; what does not depend on the model is in `text`."""

    text: PartText
    nats_RT: np.ndarray
    """Surprisal of the true character, nats."""
    ngram_nats: Mapping[int, np.ndarray]
    """Context length -> the same of the n-gram, as far as there are n-grams."""

    @property
    def settings(self) -> OracleSettings:
        return self.text.settings

    @cached_property
    def errors_RT(self) -> np.ndarray:
        """Whether the true character got less than the threshold."""
        return is_error(self.nats_RT, self.settings.threshold)

    @cached_property
    def probability_RT(self) -> np.ndarray:
        """Of the true character, float32."""
        return np.exp(-self.nats_RT)
