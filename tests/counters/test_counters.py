"""Whatever the blocks, the groups of rows and the order of merging: the numbers of the whole."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnscope.counters import (
    AutocorrelationCounter,
    DistributionCounter,
    KeepingCounter,
    SaturationCounter,
)

ROWS, STEPS, UNITS = 6, 90, 5
SITES = ("layers.0.f", "layers.0.c")
LAGS = (1, 2, 4, 8, 16)


def values(seed: int) -> dict[str, np.ndarray]:
    """A gate, and a state that lasts, with units far from 0, at bounds, and still."""
    draw = np.random.default_rng(seed)
    gate_RTH = draw.beta(0.4, 0.3, (ROWS, STEPS, UNITS))
    gate_RTH[..., 1] = gate_RTH[..., 1] > 0.3
    state_RTH = np.cumsum(draw.normal(0, 1, (ROWS, STEPS, UNITS)), axis=1)
    state_RTH[..., 2] += 3000
    state_RTH[..., 4] = 0.7
    return {SITES[0]: gate_RTH.astype(np.float32), SITES[1]: state_RTH.astype(np.float32)}


def counters() -> list[Any]:
    return [
        SaturationCounter(SITES),
        DistributionCounter(SITES),
        KeepingCounter(SITES[:1]),
        KeepingCounter(SITES[:1], overwrites=True),
        AutocorrelationCounter(SITES, LAGS),
    ]


def over(whole: dict[str, np.ndarray], rows: slice, cuts: list[int]) -> list[Any]:
    """What counters find in these rows, given in blocks that end at `cuts`."""
    found = counters()
    for start, end in zip([0, *cuts], [*cuts, STEPS], strict=True):
        for counter in found:
            counter.update({site: each[rows, start:end] for site, each in whole.items()})
    return found


def in_any_order(parts: list[list[Any]], draw: np.random.Generator) -> list[Any]:
    """Merged two at a time, whichever come."""
    parts = [*parts, counters()]
    while len(parts) > 1:
        first, second = (parts.pop(int(draw.integers(len(parts)))) for _ in range(2))
        parts.append([a.merge(b) for a, b in zip(first, second, strict=True)])
    return parts[0]


def assert_equal(found: list[Any], expected: list[Any]) -> None:
    """Counts and bounds to the last bit, moments to rounding."""
    saturation, distribution, keeps, overwrites, lasting = found
    assert saturation.steps == expected[0].steps
    for site in SITES:
        np.testing.assert_array_equal(saturation.result()[site], expected[0].result()[site])
        mine, whole = distribution.result()[site], expected[1].result()[site]
        assert mine.count == whole.count
        for field in ("least_H", "largest_H", "places_HK"):
            np.testing.assert_array_equal(getattr(mine, field), getattr(whole, field))
        np.testing.assert_allclose(mine.variance_H, whole.variance_H, rtol=1e-12, atol=1e-24)
        apart_H = np.abs(mine.mean_H - whole.mean_H)
        assert (apart_H <= 1e-12 * np.hypot(whole.mean_H, np.sqrt(whole.variance_H))).all()
        mine, whole = lasting.result()[site], expected[4].result()[site]
        np.testing.assert_allclose(mine.values_KH, whole.values_KH, rtol=1e-9, atol=1e-10)
    for mine, whole in zip((keeps, overwrites), expected[2:4], strict=True):
        mine, whole = mine.result()[SITES[0]], whole.result()[SITES[0]]
        assert mine.count == whole.count
        for field in ("mean_H", "steps_H", "steps_by_mean_H"):
            np.testing.assert_allclose(getattr(mine, field), getattr(whole, field), rtol=1e-12)


CUTS = st.lists(st.integers(0, STEPS), max_size=6).map(sorted)
GROUPS = st.lists(st.integers(1, ROWS - 1), max_size=3, unique=True).map(sorted)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), cuts=st.lists(CUTS, min_size=4, max_size=4), groups=GROUPS)
def test_blocks_groups_of_rows_and_the_order_of_merging_change_nothing(seed, cuts, groups):
    whole = values(seed)
    parts = [
        over(whole, slice(first, last), cuts[index])
        for index, (first, last) in enumerate(zip([0, *groups], [*groups, ROWS], strict=True))
    ]
    assert_equal(in_any_order(parts, np.random.default_rng(seed)), over(whole, slice(None), []))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda each: each[:, : STEPS - 1],
        lambda each: np.roll(each, 45, axis=1),
        lambda each: np.nextafter(each, np.float32(9e9)),
    ],
    ids=["a step less", "blocks in another order", "the last bit of every value"],
)
def test_the_comparison_sees_what_is_not_the_same(spoil: Callable):
    whole = values(1)
    spoilt = {site: spoil(each) for site, each in whole.items()}
    with pytest.raises(AssertionError):
        assert_equal(over(spoilt, slice(None), [30, 60]), over(whole, slice(None), []))


def test_the_whole_is_what_numpy_says():
    whole = values(2)
    saturation, distribution, keeps, overwrites, lasting = over(whole, slice(None), [])
    for site in SITES:
        each = whole[site].reshape(-1, UNITS).astype(np.float64)
        left, right = saturation.result()[site]
        np.testing.assert_array_equal(left, (each < 0.1).mean(axis=0))
        np.testing.assert_array_equal(right, (each > 0.9).mean(axis=0))
        found = distribution.result()[site]
        np.testing.assert_allclose(found.mean_H, each.mean(axis=0), rtol=1e-13)
        np.testing.assert_allclose(found.variance_H, each.var(axis=0), rtol=1e-12, atol=1e-24)
        squeezed = each / (1 + np.abs(each)) if site.endswith(".c") else each
        low = -1 if site.endswith(".c") else 0
        for unit in range(UNITS):
            counts, _ = np.histogram(squeezed[:, unit], 50, (low, 1))
            np.testing.assert_array_equal(found.histogram_HK[unit], counts)
        assert not found.places_HK[:, [0, -1]].any()
        for k, lag in enumerate(LAGS):
            apart = whole[site].astype(np.float64) - each.mean(axis=0)
            moves = each.var(axis=0) > 1e-12
            covariance = (apart[:, lag:] * apart[:, :-lag]).mean(axis=(0, 1))
            r = covariance[moves] / each.var(axis=0)[moves]
            np.testing.assert_allclose(lasting.result()[site].values_KH[k, moves], r, rtol=1e-9)
            assert np.isnan(lasting.result()[site].values_KH[k, ~moves]).all()
    gate = whole[SITES[0]].reshape(-1, UNITS).astype(np.float64)
    kept, moving = keeps.result()[SITES[0]], [0, 2, 3, 4]
    np.testing.assert_allclose(kept.steps_H[moving], -1 / np.log(gate[:, moving]).mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(kept.steps_by_mean_H, -1 / np.log(gate.mean(axis=0)), rtol=1e-12)
    np.testing.assert_allclose(overwrites.result()[SITES[0]].mean_H, 1 - kept.mean_H, rtol=1e-12)


def test_counters_of_other_things_are_not_merged():
    for counter, other in (
        (SaturationCounter(SITES), SaturationCounter(SITES[:1])),
        (SaturationCounter(SITES, below=0.2), SaturationCounter(SITES)),
        (DistributionCounter(SITES), DistributionCounter(SITES[:1])),
        (KeepingCounter(SITES), KeepingCounter(SITES, overwrites=True)),
        (AutocorrelationCounter(SITES, LAGS), AutocorrelationCounter(SITES)),
    ):
        with pytest.raises(ValueError, match="cannot be merged"):
            counter.merge(other)  # pyright: ignore[reportArgumentType]


def test_other_rows_are_not_taken_for_the_next_steps_of_these():
    counter = AutocorrelationCounter(("s",), LAGS)
    counter.update({"s": np.zeros((2, 20, 1))})
    with pytest.raises(ValueError, match="3 rows after 2"):
        counter.update({"s": np.zeros((3, 20, 1))})


def test_what_falls_outside_the_bins_is_counted():
    counter = DistributionCounter(("layers.0.h",))
    counter.update({"layers.0.h": np.array([[[-2.0], [-1.0], [0.0], [1.0], [7.0]]])})
    found = counter.result()["layers.0.h"]
    assert found.places_HK[:, [0, -1]].tolist() == [[1, 1]] and found.histogram_HK.sum() == 3
    assert (found.histogram_HK[0, [0, 25, 49]] == 1).all()
    assert (found.least_H, found.largest_H, found.mean_H) == (-2, 7, 1)


def test_quantiles_are_those_of_the_values_to_within_a_bin():
    draw = np.random.default_rng(0).beta(0.5, 2, (2, 5000, 3))
    counter = DistributionCounter(("layers.0.z",))
    counter.update({"layers.0.z": draw})
    found = counter.result()["layers.0.z"]
    for share in (0.1, 0.5, 0.9):
        exact = np.quantile(draw.reshape(-1, 3), share, axis=0)
        np.testing.assert_allclose(found.quantile_H(share), exact, atol=0.02)
        assert np.abs(found.quantile_H(share) - found.quantile_H(share - 0.1)).min() > 0.005


def test_a_state_of_a_known_time_constant_is_found_and_noise_has_none():
    draw, steps = np.random.default_rng(3), np.array([4.0, 30.0, 200.0])
    kept = np.exp(-1 / steps)
    state = np.zeros((20, 20_000, 4))
    noise = draw.normal(size=state.shape)
    for t in range(1, state.shape[1]):
        state[:, t, :3] = kept * state[:, t - 1, :3] + np.sqrt(1 - kept**2) * noise[:, t, :3]
    state[..., 3] = noise[..., 3]
    counter = AutocorrelationCounter(("s",))
    for start in range(0, state.shape[1], 333):
        counter.update({"s": state[:, start : start + 333]})
    found = counter.result()["s"].steps_H
    np.testing.assert_allclose(found[:3], steps, rtol=0.1)
    assert found[3] < 1


def test_a_state_that_outlasts_all_lags_is_told_from_one_that_never_moves():
    state = np.zeros((1, 4000, 2))
    state[0, 2000:, 0] = 1
    state[..., 1] = 0.3
    counter = AutocorrelationCounter(("s",))
    counter.update({"s": state})
    slow, still = counter.result()["s"].steps_H
    assert slow == np.inf and np.isnan(still)


def test_a_gate_time_constant_is_that_of_the_product_and_the_mean_overstates_it():
    gate = np.ones((1, 1000, 3), np.float32)
    gate[0, ::10, 0] = 0.001
    gate[..., 1] = np.exp(-1 / 25)
    counter = KeepingCounter(("f",))
    counter.update({"f": gate})
    found = counter.result()["f"]
    product = np.prod(gate[0, :, 0].astype(np.float64))
    assert np.exp(-1000 / found.steps_H[0]) == pytest.approx(product, rel=1e-6)
    assert found.steps_by_mean_H[0] > 6 * found.steps_H[0]
    assert found.steps_H[1] == pytest.approx(25, rel=1e-5) == found.steps_by_mean_H[1]
    assert found.steps_H[2] == np.inf


def test_a_gate_at_zero_once_does_not_end_the_count():
    gate = np.full((1, 100, 1), 0.5, np.float32)
    gate[0, 7] = 0
    counter = KeepingCounter(("f",))
    counter.update({"f": gate})
    assert 0 < counter.result()["f"].steps_H[0] < -1 / np.log(0.5)
