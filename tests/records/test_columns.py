"""A trace turned unit by unit says what the trace says, and is made anew where the trace is another."""

from pathlib import Path

import numpy as np
import pytest

from rnnscope.analyses.span_search import Span, span_search
from rnnscope.errors import RecordError
from rnnscope.records import columns
from rnnscope.records.columns import build_columns, columns_folder, find_columns
from rnnscope.records.half_levels import levels_of, values_of
from rnnscope.records.trace import Trace, TraceDtype, write_trace

ROWS, STEPS, UNITS = 3, 700, 6
SITE = "layers.0.h"


def trace_of(folder: Path, dtype: TraceDtype = "float16", seed: int = 0) -> Trace:
    generator = np.random.default_rng(seed)
    values = np.tanh(generator.normal(0, 2, (ROWS, STEPS, UNITS))).astype(np.float32)
    values[:, :, 1] *= 40  # not within [-1, 1]
    values[:, :, 2] = 0
    values[:, :, 3] = np.round(values[:, :, 3])  # on a level, over and over
    facts = {"predictor": "p", "cell": "gru", "corpus": "c", "corpus_fingerprint": "f", "part": "test"}
    facts |= {"rows": ROWS, "row_chars": STEPS, "dtype": dtype, "command": str(seed)}
    shards = (({SITE: values[:, at : at + 130]}, {}) for at in range(0, STEPS, 130))
    return write_trace(folder, facts, lambda first, carried: shards)


@pytest.mark.parametrize("dtype", ["float16", "float32", "int8"])
def test_every_value_comes_back_within_a_254th_of_its_units_scale(
    tmp_path: Path, dtype: TraceDtype, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(columns, "SLAB_NUMBERS", 2 * ROWS * STEPS)  # units in three slabs
    trace = trace_of(tmp_path / "trace", dtype)
    told: list[float] = []
    made = build_columns(trace, SITE, columns_folder(trace, SITE), told.append)
    truth_RTH = trace.site(SITE).astype(np.float32)
    assert made.values_HRT.shape == (UNITS, ROWS, STEPS) and made.shape == (ROWS, STEPS, UNITS)
    for unit in range(UNITS):
        for row in range(ROWS):
            apart = np.abs(made.unit(unit, row, slice(None)) - truth_RTH[row, :, unit]).max()
            assert apart <= made.scale_H[unit] * (1 / 254 + 2**-11)
    assert told == sorted(told) and told[-1] == 1


def test_shares_and_sides_are_those_of_the_trace_to_the_last_value(tmp_path: Path):
    trace = trace_of(tmp_path / "trace")
    made = build_columns(trace, SITE, columns_folder(trace, SITE))
    truth_RTH = trace.site(SITE).astype(np.float32)
    generator = np.random.default_rng(1)
    for _ in range(20):
        row, step = generator.integers(ROWS), generator.integers(STEPS)
        levels_H = truth_RTH[row, step]  # values that are there, so that ties would be seen
        for side in (1, -1):
            truth = side * (truth_RTH - levels_H) > 0
            side_H = np.full(UNITS, side)
            assert made.share_beyond(levels_H, side_H) == pytest.approx(truth.mean(axis=(0, 1)), abs=1e-12)
            for unit in range(UNITS):
                assert (made.beyond(unit, float(levels_H[unit]), side) == truth[:, :, unit]).all()


def test_a_search_gives_the_same_from_disk_and_from_memory(tmp_path: Path):
    trace = trace_of(tmp_path / "trace")
    made = build_columns(trace, SITE, columns_folder(trace, SITE))
    spans, counters = [Span(0, 30, 42), Span(2, 400, 405)], [Span(1, 5, 9)]
    texts = ["x" * STEPS] * ROWS
    found = [
        span_search("net", "tales", {SITE: values}, texts, spans, counters)
        for values in (made, trace.site(SITE))
    ]
    assert found[0] == found[1]


def test_columns_of_another_trace_are_not_taken_and_are_made_anew(tmp_path: Path):
    trace = trace_of(tmp_path / "trace")
    folder = columns_folder(trace, SITE)
    build_columns(trace, SITE, folder)
    assert find_columns(trace, SITE, folder) is not None
    other = trace_of(tmp_path / "trace", seed=1)
    assert find_columns(other, SITE, folder) is None
    made = build_columns(other, SITE, folder)
    assert np.abs(made.unit(0, 0, slice(None)) - other.site(SITE)[0, :, 0]).max() < 0.01


def test_what_is_stopped_halfway_leaves_no_columns_and_nothing_beside(tmp_path: Path):
    trace = trace_of(tmp_path / "trace")
    folder = columns_folder(trace, SITE)

    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_columns(trace, SITE, folder, stop)
    assert find_columns(trace, SITE, folder) is None
    assert not list(folder.parent.glob("*partial*"))


def test_a_site_that_the_trace_does_not_have_is_said(tmp_path: Path):
    trace = trace_of(tmp_path / "trace")
    with pytest.raises(RecordError, match="no site"):
        build_columns(trace, "layers.9.h", columns_folder(trace, "layers.9.h"))


def test_levels_give_their_values_back_in_order():
    values = np.random.default_rng(0).normal(0, 100, 1000).astype(np.float16)
    assert (values_of(levels_of(values)) == values).all()
    assert (np.argsort(levels_of(values), kind="stable") == np.argsort(values, kind="stable")).all()
