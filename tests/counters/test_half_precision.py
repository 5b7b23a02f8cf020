"""Gates in half precision are counted as the definition counts them."""

import numpy as np
import pytest

from rnnscope.counters import SaturationCounter

SITE = "layers.0.f"


@pytest.mark.parametrize("spoil", [None, -0.0, -0.25, np.inf])
def test_half_precision_is_counted_as_the_comparisons_themselves_count(spoil):
    draw = np.random.default_rng(0)
    values_RtH = (1 / (1 + np.exp(-4 * draw.normal(size=(3, 50, 7))))).astype(np.float16)
    values_RtH[0, :4, 0] = [0, 0.1, 0.9, 1]
    if spoil is not None:
        values_RtH[1, 7, 2] = spoil
    counter = SaturationCounter((SITE,))
    counter.update({SITE: values_RtH[:, :20]})
    counter.update({SITE: values_RtH[:, 20:]})
    flat_NH = values_RtH.reshape(-1, 7)
    assert counter.left[SITE].tolist() == (flat_NH < np.float16(0.1)).sum(axis=0).tolist()
    assert counter.right[SITE].tolist() == (flat_NH > np.float16(0.9)).sum(axis=0).tolist()
    assert counter.lowest[SITE].tolist() == flat_NH.min(axis=0).tolist()
    assert counter.highest[SITE].tolist() == flat_NH.max(axis=0).tolist()
