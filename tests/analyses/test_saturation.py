# pyright: reportOperatorIssue=false, reportArgumentType=false
import numpy as np

from rnnscope.analyses.saturation import GateCounts, saturation
from rnnscope.counters import SaturationCounter


def gates(seed: int = 0) -> np.ndarray:
    """(R, T, H): unit 0 always open, 1 always shut, 2 never moves at 0.5, 3 uniform."""
    values = np.random.default_rng(seed).uniform(size=(3, 40, 4))
    values[..., 0] = 0.95 + values[..., 0] / 25
    values[..., 1] = values[..., 1] / 20
    values[..., 2] = 0.5
    return values


def test_a_gate_that_never_moves_is_told_from_one_that_does():
    counter = SaturationCounter(("layers.0.f",))
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


def test_an_rnn_has_no_gates():
    finding = saturation([GateCounts("r", "rnn", SaturationCounter(()))], "c", "test")
    assert finding.reading == "No network here has gates."
