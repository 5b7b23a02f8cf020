import numpy as np
import pytest
from scipy import stats

from rnnscope.estimate import mean_interval, paired_difference, resampled, tail_of


def test_intervals_hold_the_true_mean_about_as_often_as_they_say():
    """Correlated series (moving average of 20), true mean 1: blocks must be drawn, not characters."""
    generator = np.random.default_rng(1)
    held = naive = 0
    for seed in range(60):
        noise = np.convolve(generator.normal(size=20_019), np.ones(20) / np.sqrt(20), "valid")
        values = 1 + noise
        interval = mean_interval(values[None], seed=seed, block_chars=400)
        held += interval.low <= 1 <= interval.high
        half = stats.norm.ppf(0.975) * values.std() / np.sqrt(len(values))
        naive += abs(values.mean() - 1) <= half
    assert held >= 50
    assert naive < 35


def test_a_difference_is_clear_only_where_there_is_one():
    generator = np.random.default_rng(2)
    hard = generator.exponential(size=(4, 5000))
    clear = paired_difference(hard, hard + 0.05 + 0.1 * generator.normal(size=hard.shape))
    same = paired_difference(hard, hard + 0.1 * generator.normal(size=hard.shape))
    assert clear.is_clear and clear.value < 0
    assert not same.is_clear


def test_the_value_is_the_plain_mean_whatever_the_blocks():
    values = np.random.default_rng(3).normal(size=(3, 2717))
    assert mean_interval(values, block_chars=500).value == pytest.approx(values.mean(), abs=1e-12)


@pytest.mark.parametrize("blocks", [1, 2, 4])
def test_too_few_blocks_give_no_interval(blocks: int):
    interval = mean_interval(np.random.default_rng(0).normal(size=(blocks, 10)))
    assert np.isnan(interval.low) and np.isnan(interval.high) and not interval.is_clear


@pytest.mark.parametrize("blocks", [5, 8, 12, 29, 30])
def test_with_few_blocks_too_the_interval_holds_the_true_mean_as_often_as_it_says(blocks: int):
    """Independent blocks. 300 tries of 95 % give 285 +- 4; the plain percentiles of 5 blocks give 250."""
    draw = np.random.default_rng(blocks)
    tries = [mean_interval(draw.normal(size=(blocks, 1)), seed) for seed in range(300)]
    assert 265 <= sum(each.low <= 0 <= each.high for each in tries) <= 296


def test_many_blocks_have_plain_percentiles():
    assert tail_of(30) == tail_of(1000) == pytest.approx(0.025)
    assert tail_of(5) < tail_of(8) < tail_of(29) < 0.025


def test_other_characters_are_refused():
    with pytest.raises(ValueError, match="not the same characters"):
        paired_difference(np.ones((1, 5)), np.ones((1, 6)))


def test_series_resampled_together_give_each_pair_its_own_interval():
    draw = np.random.default_rng(3)
    series = [draw.exponential(size=(7, 5300)) + 0.01 * index for index in range(4)]
    together = resampled(series)
    for a in range(4):
        alone = mean_interval(series[a])
        np.testing.assert_allclose(together.combination({a: 1.0}), alone, rtol=1e-9)
        for b in range(a):
            pair = paired_difference(series[a], series[b])
            np.testing.assert_allclose(together.combination({a: 1.0, b: -1.0}), pair, rtol=1e-7, atol=1e-9)


def test_a_lone_block_gives_series_no_width_and_other_characters_are_refused():
    lone = resampled([np.ones((1, 50)), np.zeros((1, 50))]).combination({0: 1.0, 1: -1.0})
    assert lone.value == 1.0 and np.isnan(lone.low) and not lone.is_clear
    with pytest.raises(ValueError, match="not the same characters"):
        resampled([np.ones((1, 50)), np.ones((1, 51))])


def test_a_ratio_is_a_mean_over_the_marked_characters_alone_and_its_interval_widens_where_they_are_few():
    rng = np.random.default_rng(3)
    values_RT = rng.normal(2.0, 1.0, (20, 3000))
    few_RT, many_RT = (rng.random((20, 3000)) < share for share in (0.01, 0.5))
    means = resampled([values_RT * few_RT, few_RT, values_RT * many_RT, many_RT])
    few, many = means.ratio({0: 1.0}, {1: 1.0}), means.ratio({2: 1.0}, {3: 1.0})
    assert few.value == pytest.approx(values_RT[few_RT].mean())
    assert few.low < 2.0 < few.high and many.low < 2.0 < many.high
    assert few.high - few.low > 4 * (many.high - many.low)


def test_a_ratio_over_nothing_is_no_number():
    means = resampled([np.ones((4, 2000)), np.zeros((4, 2000))])
    assert all(np.isnan(means.ratio({0: 1.0}, {1: 1.0})))
