"""Text changes settings, or one line says what is wrong."""

import pytest
from pydantic import Field

from rnnscope.errors import ConfigError
from rnnscope.settings import Numbers, Settings, Words, changed


class Oracle(Settings):
    threshold: float = Field(default=0.5, gt=0, lt=1)
    contexts: Numbers = tuple(range(1, 10))
    symbols: Words = ("a",)


def test_text_becomes_what_the_field_holds():
    made = changed(Oracle(), {"threshold": "0.4", "contexts": "1-3,20", "symbols": "x, yz"})
    assert (made.threshold, made.contexts, made.symbols) == (0.4, (1, 2, 3, 20), ("x", "yz"))
    assert changed(Oracle(), {}) == Oracle()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"treshold": "1"}, "did you mean 'threshold'"),
        ({"threshold": "1.5"}, "threshold=1.5: input should be less than 1"),
        ({"contexts": "3-1"}, "contexts=3-1: write it as 1-9,20"),
        ({"contexts": "1-99999999"}, "write it as 1-9,20"),
        ({"threshold": "nan"}, "threshold"),
    ],
)
def test_what_cannot_be_is_one_line(changes: dict[str, object], said: str):
    with pytest.raises(ConfigError, match="(?s)" + said.replace("(", "\\(")) as caught:
        changed(Oracle(), changes)
    assert "\n" not in str(caught.value)
