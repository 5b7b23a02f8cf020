"""Counts of any context against counting by hand, and the discounts made of them."""

import numpy as np
import pytest

from rnnscope.errors import ConfigError
from rnnscope.ngrams import context_counts, count
from rnnscope.ngrams.discounts import discounts
from rnnscope.records.corpus import PartRows


@pytest.mark.parametrize(("symbols", "context"), [(2, 9), (4, 5), (300, 14)])
def test_raw_and_continuation_counts_of_every_context_are_those_of_the_definition(
    dictionary_model, symbols, context
):
    generator = np.random.default_rng(symbols)
    ids = np.tile(generator.integers(0, symbols, 40), 5)
    ids[generator.integers(0, 200, 30)] = 0
    part = PartRows(starts=(0, 40, 90), row_chars=39)
    slow = dictionary_model(ids, part, symbols, context)
    counts = count(ids, part, symbols, context)
    for k in range(context + 1):
        for history in {h for h, _ in slow.raw[k]}:
            found = context_counts(counts, np.array(history, dtype=np.int64))
            raw = {w: c for (h, w), c in slow.raw[k].items() if h == history}
            assert dict(zip(found.symbols.tolist(), found.raw.tolist(), strict=True)) == raw
            if k == context:
                assert found.continuations is None
            else:
                lefts = {w: c for (h, w), c in slow.continuations[k].items() if h == history}
                assert found.continuations is not None
                assert dict(zip(found.symbols.tolist(), found.continuations.tolist(), strict=True)) == lefts


def test_counts_of_counts_include_the_contexts_that_are_not_written_down(dictionary_model):
    ids = np.random.default_rng(7).integers(0, 3, 300)
    part = PartRows(starts=(0, 150), row_chars=149)
    slow = dictionary_model(ids, part, 3, 8)
    for k, level in enumerate(count(ids, part, 3, 8).levels):
        kinds = [(level.raw_discounts, slow.raw[k]), (level.continuation_discounts, slow.continuations[k])]
        for found, pairs in kinds[: 2 if k < 8 else 1]:
            assert found is not None
            wanted = tuple(sum(c == i for c in pairs.values()) for i in (1, 2, 3, 4))
            assert found.counts_of_counts == wanted
            estimates = (found.one, found.two, found.three_plus)
            np.testing.assert_allclose(estimates, dictionary_model.discounts(pairs))


def test_a_context_that_never_occurred_has_no_successors():
    counts = count(np.array([0, 1, 0, 1, 0]), PartRows(starts=(0,), row_chars=4), 2, 3)
    assert len(context_counts(counts, np.array([1, 1])).symbols) == 0
    assert context_counts(counts, np.array([1, 0])).raw.tolist() == [1]
    assert context_counts(counts, np.array([0])).continuations.tolist() == [2]  # type: ignore


def test_discounts_that_cannot_be_estimated_fall_back_and_say_so():
    usable = discounts(np.repeat([1, 2, 3, 4], [100, 40, 20, 10]))
    assert not usable.is_fallback
    y = 100 / 180
    np.testing.assert_allclose(
        [usable.one, usable.two, usable.three_plus], [1 - 0.8 * y, 2 - 1.5 * y, 3 - 2 * y]
    )
    for counts in ([], [5, 9, 30], [1, 1, 2], np.repeat([1, 2, 3, 4], [10, 1, 50, 1])):
        fallen = discounts(np.array(counts, dtype=np.int64))
        assert fallen.is_fallback
        assert (fallen.one, fallen.two, fallen.three_plus) == (0.5, 1.0, 1.5)


def test_levels_whose_discounts_fell_back_are_named():
    counts = count(np.array([0, 1, 0, 1, 1, 0]), PartRows(starts=(0,), row_chars=5), 2, 1)
    assert counts.fallbacks == [
        "counts after 0 characters",
        "counts after 1 characters",
        "continuation counts after 0 characters",
    ]


@pytest.mark.parametrize(
    ("part", "symbols", "context", "message"),
    [
        (PartRows(starts=(0,), row_chars=3), 2, -1, "context -1 is negative"),
        (PartRows(starts=(0,), row_chars=0), 2, 3, "no characters"),
        (PartRows(starts=(), row_chars=3), 2, 3, "no characters"),
        (PartRows(starts=(0,), row_chars=3), 1, 3, "id 1 is not in this alphabet of 1 symbols"),
    ],
)
def test_what_cannot_be_counted_is_refused_in_one_line(part, symbols, context, message):
    with pytest.raises(ConfigError, match=message):
        count(np.array([0, 1, 0, 1]), part, symbols, context)
