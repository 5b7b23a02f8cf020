# pyright: reportOperatorIssue=false, reportArgumentType=false
import numpy as np
import pytest

from rnnscope.analyses.saturation import GateCounts, SaturationCounter, gate_sites, saturation


def gates(seed: int = 0) -> np.ndarray:
    """(R, T, H): unit 0 always open, 1 always shut, 2 never moves at 0.5, 3 uniform."""
    values = np.random.default_rng(seed).uniform(size=(3, 40, 4))
    values[..., 0] = 0.95 + values[..., 0] / 25
    values[..., 1] = values[..., 1] / 20
    values[..., 2] = 0.5
    return values


def test_a_gate_that_never_moves_is_told_from_one_that_does():
    counter = SaturationCounter()
    counter.update({"layers.0.f": gates()})
    finding = saturation([GateCounts("r", "lstm", counter)], "c", "test")
    rows = {row["unit"]: row for row in finding.tables["gates"]}
    assert [rows[unit]["never_moves"] for unit in range(4)] == [True, True, True, False]
    assert (rows[0]["right"], rows[0]["left"]) == (1, 0)
    assert (rows[1]["right"], rows[1]["left"]) == (0, 1)
    assert (rows[2]["right"], rows[2]["left"]) == (0, 0)
    assert (
        finding.tables["summary"][0]["mostly_open"] == 1 and finding.tables["summary"][0]["mostly_shut"] == 1
    )


def test_fractions_are_the_plain_ones():
    values = np.random.default_rng(3).uniform(size=(2, 50, 7))
    counter = SaturationCounter(below=0.2, above=0.7)
    counter.update({"layers.1.z": values})
    left, right = counter.result()["layers.1.z"]
    np.testing.assert_array_equal(left, (values < 0.2).mean(axis=(0, 1)))
    np.testing.assert_array_equal(right, (values > 0.7).mean(axis=(0, 1)))


def test_streaming_and_merging_change_nothing():
    values = gates(5)
    whole, first, second = SaturationCounter(), SaturationCounter(), SaturationCounter()
    whole.update({"a": values, "b": values / 2})
    first.update({"a": values[:, :13], "b": values[:, :13] / 2})
    for start in range(13, 40, 9):
        block = values[:, start : start + 9]
        second.update({"a": block, "b": block / 2})
    for merged in (first.merge(second), second.merge(first), SaturationCounter().merge(first).merge(second)):
        assert merged.steps == whole.steps == 120
        for site in ("a", "b"):
            np.testing.assert_array_equal(merged.result()[site], whole.result()[site])
            np.testing.assert_array_equal(merged.lowest[site], whole.lowest[site])
            np.testing.assert_array_equal(merged.highest[site], whole.highest[site])


def test_counters_with_other_thresholds_are_not_merged():
    with pytest.raises(ValueError, match="thresholds"):
        SaturationCounter(below=0.2).merge(SaturationCounter())


def test_sites_are_those_of_the_paper_and_an_rnn_has_none():
    assert gate_sites("lstm", 2) == [
        "layers.0.f",
        "layers.0.i",
        "layers.0.o",
        "layers.1.f",
        "layers.1.i",
        "layers.1.o",
    ]
    assert gate_sites("gru", 1) == ["layers.0.z", "layers.0.r"]
    assert gate_sites("rnn", 3) == []
    assert (
        saturation([GateCounts("r", "rnn", SaturationCounter())], "c", "test").reading
        == "No network here has gates."
    )
