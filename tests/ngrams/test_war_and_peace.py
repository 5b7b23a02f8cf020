"""Table 2 of Karpathy, Johnson, Li (2015), recomputed, and its error rates."""

import numpy as np
import pytest

from rnnscope.ngrams import KneserNey, count, joined_rows
from rnnscope.records.corpus import PartRows
from rnnscope.scoring import error_rate, score

NATS = {
    1: 2.3987,
    2: 1.9278,
    3: 1.5206,
    4: 1.3137,
    5: 1.2316,
    6: 1.2033,
    7: 1.1940,
    8: 1.1936,
    9: 1.1943,
    20: 1.1951,
}
ERROR_RATES = {
    1: 0.928,
    2: 0.785,
    3: 0.644,
    4: 0.540,
    5: 0.493,
    6: 0.474,
    7: 0.4645,
    8: 0.4598,
    9: 0.4586,
    20: 0.4646,
}
ROWS = tuple(range(0, 3_250_000, 32_500))
TEST = PartRows(starts=tuple(start + 29_200 for start in ROWS), row_chars=3_300)


@pytest.fixture(scope="module")
def text(war_and_peace_bytes) -> np.ndarray:
    codes = np.frombuffer(war_and_peace_bytes, dtype=np.uint8)
    return np.searchsorted(np.unique(codes), codes).astype(np.uint8)


@pytest.fixture(scope="module")
def model(text) -> KneserNey:
    return KneserNey(count(text, PartRows(starts=ROWS, row_chars=26_000), 87, 20))


def test_ten_losses_and_error_rates_are_those_of_table_2(text, model):
    nats = model.true_nats(*joined_rows(text, TEST), NATS)
    for n, wanted in NATS.items():
        assert nats[n].mean(dtype=np.float64) == pytest.approx(wanted, abs=0.0003), n
        assert error_rate(nats[n]) == pytest.approx(ERROR_RATES[n], abs=0.0006), n


def test_one_of_the_first_nine_is_right_as_often_as_recomputed_for_the_paper(text, model):
    nats = model.true_nats(*joined_rows(text, TEST), range(1, 10))
    right = np.minimum.reduce(list(nats.values())) < np.log(2)
    assert right.mean() == pytest.approx(0.6143, abs=5e-5)


def test_rows_that_start_afresh_are_up_to_four_thousandths_of_a_nat_easier(text, model):
    inputs = np.stack([text[s : s + TEST.row_chars] for s in TEST.starts])
    targets = np.stack([text[s + 1 : s + 1 + TEST.row_chars] for s in TEST.starts])
    nats = model.true_nats(inputs, targets, NATS)
    for n, wanted in NATS.items():
        assert 0.0005 < wanted - nats[n].mean(dtype=np.float64) < 0.004, n
    few = slice(0, 10)
    scores = score(model.predictor(20), inputs[few], targets[few])
    np.testing.assert_allclose(scores.nats_RT, nats[20][few], atol=1e-5)


def test_only_the_characters_themselves_need_fallback_discounts(model):
    assert model.counts.fallbacks == ["continuation counts after 0 characters"]
