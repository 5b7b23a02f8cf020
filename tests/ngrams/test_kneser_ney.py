"""Kneser-Ney against its definition, and what must hold after any context."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnscope.errors import ConfigError
from rnnscope.ngrams import KneserNey, count
from rnnscope.ngrams.lookup import find_contexts
from rnnscope.records.corpus import PartRows
from rnnscope.scoring import Predictor, score


def a_text(seed: int, chars: int, symbols: int) -> np.ndarray:
    """Chunks that come again and again, so that long contexts are seen, and noise between them."""
    generator = np.random.default_rng(seed)
    skewed = np.minimum(generator.geometric(min(0.9, 3 / symbols), size=4 * chars) - 1, symbols - 1)
    chunks = [
        skewed[i : i + generator.integers(1, 20)]
        for i in generator.integers(0, min(30, 3 * chars), size=chars)
    ]
    return np.concatenate(chunks)[:chars]


@st.composite
def a_counted_text(draw):
    symbols = draw(st.sampled_from([1, 2, 3, 7, 300]))
    context = draw(st.integers(0, 12))
    row_chars = draw(st.integers(1, 60))
    rows = draw(st.integers(1, 4))
    ids = a_text(draw(st.integers(0, 1000)), rows * (row_chars + 3) + 1, symbols)
    starts = tuple(range(0, rows * (row_chars + 3), row_chars + 3))
    return ids, PartRows(starts=starts, row_chars=row_chars), symbols, context


@settings(max_examples=40, deadline=None)
@given(case=a_counted_text(), seed=st.integers(0, 1000))
def test_whole_distributions_of_every_length_are_those_of_the_definition(dictionary_model, case, seed):
    ids, part, symbols, context = case
    slow = dictionary_model(ids, part, symbols, context)
    model = KneserNey(count(ids, part, symbols, context))
    generator = np.random.default_rng(seed)
    seen = ids[: min(len(ids), 25)]
    inputs_RT = np.stack([seen, generator.permutation(seen), generator.integers(0, symbols, len(seen))])
    matches = find_contexts(model.counts, inputs_RT)
    for n in {0, 1, context // 2, context} & set(range(context + 1)):
        found_QV = model.distributions(matches, n)
        wanted = [
            slow.distribution(tuple(row[: t + 1].tolist()), n) for row in inputs_RT for t in range(len(row))
        ]
        np.testing.assert_allclose(found_QV, wanted, rtol=0, atol=1e-9)
        np.testing.assert_allclose(found_QV.sum(axis=1), 1, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(case=a_counted_text(), seed=st.integers(0, 1000))
def test_the_scalar_path_and_the_blocks_agree_at_every_length(case, seed):
    ids, part, symbols, context = case
    model = KneserNey(count(ids, part, symbols, context))
    other = a_text(seed, 61, symbols).reshape(1, -1)
    inputs_RT = np.concatenate([other[:, :30], other[:, 30:60]])
    targets_RT = np.concatenate([other[:, 1:31], other[:, 31:61]])
    nats = model.true_nats(inputs_RT, targets_RT, range(context + 1))
    for n in range(context + 1):
        predictor = model.predictor(n)
        assert isinstance(predictor, Predictor)
        np.testing.assert_allclose(score(predictor, inputs_RT, targets_RT).nats_RT, nats[n], atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(case=a_counted_text(), context_ids=st.lists(st.integers(0, 299), max_size=15))
def test_probabilities_sum_to_one_and_leave_nothing_out_after_any_context(case, context_ids):
    ids, part, symbols, context = case
    model = KneserNey(count(ids, part, symbols, context))
    after_V = model.distribution(np.array(context_ids, dtype=np.int64) % symbols)
    assert abs(after_V.sum() - 1) < 1e-12
    assert after_V.min() > 0


def test_blocks_are_normalised_in_an_alphabet_of_70000():
    ids = np.random.default_rng(0).integers(0, 70_000, size=2000).astype(np.uint32)
    ids[1000:1500] = ids[:500]
    model = KneserNey(count(ids, PartRows(starts=(0, 1000), row_chars=900), 70_000, 4))
    blocks = list(model.predictor(4).log_prob_blocks(np.stack([ids[:40], ids[600:640]])))
    assert sum(len(block) for block in blocks) == 40
    for block in blocks:
        assert block.dtype == np.float32
        np.testing.assert_allclose(np.exp(block.astype(np.float64)).sum(axis=2), 1, atol=1e-6)


def test_blocks_cut_at_any_place_give_the_same_distributions(monkeypatch):
    ids = a_text(5, 400, 7)
    model = KneserNey(count(ids, PartRows(starts=(0,), row_chars=399), 7, 6))
    inputs_RT = a_text(6, 90, 7).reshape(3, 30)
    whole = np.concatenate(list(model.predictor(6).log_prob_blocks(inputs_RT)))
    monkeypatch.setattr("rnnscope.ngrams.dense.BLOCK_NUMBERS", 50)
    cut = np.concatenate(list(model.predictor(6).log_prob_blocks(inputs_RT)))
    np.testing.assert_array_equal(whole, cut)


def test_a_shorter_length_does_not_depend_on_the_longest_one_counted():
    ids, part = a_text(1, 500, 7), PartRows(starts=(0, 250), row_chars=249)
    short, long = (KneserNey(count(ids, part, 7, context)) for context in (3, 9))
    inputs_RT = a_text(2, 120, 7).reshape(2, 60)
    a, b = (model.true_nats(inputs_RT[:, :-1], inputs_RT[:, 1:], [3])[3] for model in (short, long))
    np.testing.assert_array_equal(a, b)


def test_a_row_starts_afresh_whatever_stands_before_it_in_the_text():
    ids = a_text(3, 600, 7)
    model = KneserNey(count(ids, PartRows(starts=(0,), row_chars=500), 7, 5))
    whole = model.true_nats(ids[None, 500:560], ids[None, 501:561], [5])[5]
    tail = model.true_nats(ids[None, 520:560], ids[None, 521:561], [5])[5]
    np.testing.assert_array_equal(whole[:, 24:], tail[:, 4:])
    assert (whole[:, 20:24] != tail[:, :4]).any()


def test_one_repeated_symbol_is_certain_in_its_own_alphabet_and_nearly_so_in_a_larger_one():
    ids, part = np.zeros(200, dtype=np.uint8), PartRows(starts=(0,), row_chars=199)
    alone = KneserNey(count(ids, part, 1, 20)).true_nats(ids[None, :50], ids[None, 1:51], [0, 1, 20])
    assert all((nats == 0).all() for nats in alone.values())
    beside = KneserNey(count(ids, part, 2, 20)).distribution(ids[:30])
    assert 0.9 < beside[0] < 1


def test_a_text_shorter_than_its_longest_context_can_be_counted_and_scored():
    ids = np.array([0, 1, 0])
    model = KneserNey(count(ids, PartRows(starts=(0,), row_chars=2), 2, 20))
    nats = model.true_nats(ids[None, :2], ids[None, 1:], range(21))
    assert all(np.isfinite(nats[n]).all() for n in range(21))


def test_a_length_or_an_id_that_the_model_does_not_have_is_refused():
    model = KneserNey(count(np.array([0, 1, 0, 1]), PartRows(starts=(0,), row_chars=3), 2, 2))
    with pytest.raises(ConfigError, match="context 3 is not in this count model; it has 0 to 2"):
        model.predictor(3)
    with pytest.raises(ConfigError, match="id 2 is not in this alphabet of 2 symbols"):
        model.true_nats(np.array([[0, 2]]), np.array([[0, 1]]), [1])
    with pytest.raises(ConfigError, match="id -1 is not"):
        model.distribution(np.array([-1]))
