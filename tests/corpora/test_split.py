"""Which characters train, validate and test."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnscope.corpora.split import (
    checked_fractions,
    contiguous_parts,
    parse_fractions,
    split_parts,
    stream_parts,
)
from rnnscope.errors import ConfigError, CorpusError
from rnnscope.records.corpus import PARTS

PAPER = (0.8, 0.1, 0.1)
USUAL = (0.9, 0.05, 0.05)


def inputs_of(part):
    return np.concatenate([np.arange(start, start + part.row_chars) for start in part.starts])


def test_the_paper_split_of_war_and_peace_has_its_counts():
    parts = stream_parts(3_258_246, PAPER)
    assert [parts[name].chars for name in PARTS] == [2_600_000, 320_000, 330_000]
    assert [parts[name].rows for name in PARTS] == [100, 100, 100]
    assert parts["test"].starts[:2] == (29_200, 29_200 + 32_500)


def test_the_paper_split_of_the_kernel_text_has_its_counts():
    parts = stream_parts(6_206_996, USUAL)
    assert [parts[name].chars for name in PARTS] == [5_580_000, 310_000, 310_000]


def test_a_text_of_exactly_so_many_blocks_keeps_a_target_after_its_last_input():
    parts = stream_parts(100 * 100 * 10, PAPER)
    assert inputs_of(parts["test"]).max() + 1 < 100 * 100 * 10
    assert sum(part.chars for part in stream_parts(100 * 100 * 10 + 1, PAPER).values()) == 100 * 100 * 10


def test_a_short_text_has_fewer_streams_and_a_shorter_one_is_refused():
    parts = stream_parts(5_001, PAPER)
    assert [(part.rows, part.row_chars) for part in parts.values()] == [(5, 800), (5, 100), (5, 100)]
    assert stream_parts(1_001, PAPER)["test"].rows == 1
    with pytest.raises(CorpusError, match=r"too short to split: it has 1,000 characters, .* needs 1,001"):
        stream_parts(1_000, PAPER)


@settings(deadline=None)
@given(
    st.integers(0, 400_000), st.tuples(*[st.integers(1, 50)] * 3), st.sampled_from(["streams", "contiguous"])
)
def test_parts_never_overlap_and_every_input_has_a_target(chars, weights, kind):
    fractions = tuple(weight / sum(weights) for weight in weights)
    try:
        parts = split_parts(chars, kind, checked_fractions(fractions))
    except CorpusError as error:
        assert "too short" in str(error)
        return
    inputs = np.concatenate([inputs_of(part) for part in parts.values()])
    assert len(np.unique(inputs)) == len(inputs)
    assert inputs.min() == 0
    assert inputs.max() + 1 < chars
    assert all(part.chars > 0 for part in parts.values())
    if kind == "contiguous":
        assert len(inputs) == chars - 1
        assert parts["train"].rows == 1


@settings(deadline=None)
@given(st.integers(200, 3_000_000))
def test_contiguous_parts_are_one_after_the_other_in_rows_side_by_side(chars):
    parts = contiguous_parts(chars, USUAL)
    train, validation, test = (parts[name] for name in PARTS)
    assert validation.starts[0] == train.row_chars
    assert test.starts[0] == validation.starts[0] + validation.chars
    for part in (validation, test):
        assert np.all(np.diff(part.starts) == part.row_chars)
        assert abs(part.chars - 0.05 * (chars - 1)) < part.rows + 1
        assert 1 <= part.rows <= 100
        assert part.rows == 1 or part.row_chars >= 10_000


def test_a_text_too_short_for_three_parts_says_what_would_do():
    with pytest.raises(CorpusError, match="it has 20 characters, and these fractions need 21"):
        contiguous_parts(20, USUAL)
    assert contiguous_parts(21, USUAL)["test"].chars == 1


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("0.9,0.1", "not three numbers"),
        ("a,b,c", "not three numbers"),
        ("0.9,0.1,0", "not three positive numbers"),
        ("1.2,-0.1,-0.1", "not three positive numbers"),
        ("nan,0.5,0.5", "not three positive numbers"),
        ("0.9,0.05,0.06", "sum to 1.01"),
    ],
)
def test_fractions_that_cannot_be_used_are_named(said, reason):
    with pytest.raises(ConfigError, match=reason):
        parse_fractions(said)


def test_fractions_are_read_as_they_are_written():
    assert parse_fractions("0.8,0.1,0.1") == PAPER
