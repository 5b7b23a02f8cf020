import pytest

from rnnscope.cli.options import parse_contexts, parse_settings
from rnnscope.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "contexts"), [("1-9,20", [*range(1, 10), 20]), ("3", [3]), ("2,2,1", [1, 2]), ("0-1", [0, 1])]
)
def test_context_lists_are_read(text: str, contexts: list[int]):
    assert parse_contexts(text) == contexts


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "9-1", "1-999999999", "1;2"])
def test_other_context_lists_are_refused(text: str):
    with pytest.raises(ConfigError, match="1-9,20"):
        parse_contexts(text)


def test_settings_are_split_at_the_first_equals_sign():
    assert parse_settings(["a=1", " b = x=y "]) == {"a": "1", "b": "x=y"}
    with pytest.raises(ConfigError, match="FIELD=VALUE"):
        parse_settings(["=1"])
