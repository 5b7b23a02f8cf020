"""The unsmoothed model and what it writes."""

import numpy as np
import pytest

from rnnscope.errors import ConfigError
from rnnscope.ngrams import KneserNey, MaximumLikelihood, count, sample
from rnnscope.records.corpus import PartRows
from rnnscope.scoring import score

TEXT = np.frombuffer(b"abracadabra abracadabra", dtype=np.uint8)
CODES = np.unique(TEXT)
IDS = np.searchsorted(CODES, TEXT)


@pytest.fixture(scope="module")
def counts():
    return count(IDS, PartRows(starts=(0,), row_chars=len(IDS) - 1), len(CODES), 5)


def ids_of(text: str) -> np.ndarray:
    return np.searchsorted(CODES, np.frombuffer(text.encode(), dtype=np.uint8))


def test_probabilities_are_shares_of_what_followed(counts):
    model = MaximumLikelihood(counts, 1)
    after_a = dict(zip(CODES.tobytes().decode(), model.distribution(ids_of("a")), strict=True))
    assert after_a == pytest.approx({" ": 1 / 9, "a": 0, "b": 4 / 9, "c": 2 / 9, "d": 2 / 9, "r": 0})
    assert MaximumLikelihood(counts, 5).distribution(ids_of("cadab"))[ids_of("r")[0]] == 1


def test_a_context_that_never_occurred_hands_over_to_its_longest_suffix_that_did(counts):
    model = MaximumLikelihood(counts, 3)
    unseen, suffix = model.distribution(ids_of("dra")), model.distribution(ids_of("ra"))
    np.testing.assert_array_equal(unseen, suffix)
    assert suffix.sum() == 1


def test_what_never_followed_is_impossible_and_the_share_is_reported(counts):
    model = MaximumLikelihood(counts, 2)
    inputs, targets = ids_of("abrab")[None], ids_of("brabb")[None]
    scores = score(model, inputs, targets)
    assert np.isinf(scores.nats_RT).tolist() == [[False, False, False, True, True]]
    assert model.impossible(inputs, targets) == (2 / 5, 0.0)
    assert model.impossible(ids_of("acra")[None], ids_of("craa")[None]).contexts == 1 / 4


def test_at_temperature_zero_an_unsmoothed_model_of_a_periodic_text_writes_the_text(counts):
    model = MaximumLikelihood(counts, 5)
    generator = np.random.default_rng(0)
    written = sample(model.distribution, ids_of("abrac"), 18, 0.0, generator)
    assert CODES[written].tobytes().decode() == "adabra abracadabra"
    written = sample(model.distribution, ids_of("abrac"), 18, 1.0, generator)
    assert CODES[written].tobytes().decode() == "adabra abracadabra"


@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_samples_follow_the_distribution_at_their_temperature(counts, temperature):
    model = MaximumLikelihood(counts, 0)
    written = sample(model.distribution, ids_of(""), 1500, temperature, np.random.default_rng(1))
    wanted = model.distribution(ids_of("")) ** (1 / temperature)
    found = np.bincount(written, minlength=len(CODES)) / 1500
    np.testing.assert_allclose(found, wanted / wanted.sum(), atol=0.05)


def test_the_same_seed_writes_the_same_and_kneser_ney_writes_too(counts):
    model = KneserNey(counts)
    a, b = (sample(model.distribution, ids_of("ab"), 50, 0.8, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert a.shape == (50,)


@pytest.mark.parametrize(
    ("chars", "temperature", "message"), [(5, -1.0, "negative"), (-5, 1.0, "-5 characters")]
)
def test_a_sample_that_cannot_be_drawn_is_refused(counts, chars, temperature, message):
    model = MaximumLikelihood(counts, 2)
    with pytest.raises(ConfigError, match=message):
        sample(model.distribution, ids_of("a"), chars, temperature, np.random.default_rng(0))
