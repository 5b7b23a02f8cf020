"""One step of one unit: as the cell's definition has it, and as the network's trace has it."""

import httpx
import numpy as np
import pytest
import torch

from rnnscope.explorer.cell_step import Before, LayerArrays, unit_step
from rnnscope.records.run import find_run
from rnnscope.records.trace import Trace
from rnnscope.recurrence.cells import DEFINITIONS, LayerWeights
from rnnscope.recurrence.kinds import KINDS

UNITS, INPUTS = 6, 5


@pytest.mark.parametrize("has_ids", [True, False])
@pytest.mark.parametrize("cell", sorted(KINDS))
def test_a_step_is_the_cells_own_in_float64(cell, has_ids):
    torch.manual_seed(1)
    stacked = KINDS[cell].stacked * UNITS
    shapes = [(stacked, INPUTS), (stacked, UNITS), (stacked,), (stacked,)]
    tensors = [torch.empty(shape, dtype=torch.float64).uniform_(-2, 2) for shape in shapes]
    state = tuple(torch.empty(1, UNITS, dtype=torch.float64).uniform_(-1, 1) for _ in KINDS[cell].state)
    x_I = (
        torch.nn.functional.one_hot(torch.tensor(3), INPUTS).double()
        if has_ids
        else torch.rand(INPUTS).double()
    )
    drive_BG = (tensors[0] @ x_I + tensors[2])[None]
    sites = vars(DEFINITIONS[cell].step(drive_BG, state, LayerWeights(*tensors)))
    arrays = LayerArrays(*(each.numpy() for each in tensors))
    for unit in range(UNITS):
        before = Before(3 if has_ids else x_I.numpy(), state[0][0].numpy(), float(state[-1][0, unit]))
        made = unit_step(cell, unit, arrays, before)
        for gate in made.gates:
            assert gate.value == pytest.approx(float(sites[gate.name][0, unit]), abs=1e-12)
            assert gate.pre == pytest.approx(float(sites[f"pre_{gate.name}"][0, unit]), abs=1e-12)
            parts = gate.input + gate.factor * (gate.recurrent + gate.inner_bias) + gate.bias
            assert gate.pre == pytest.approx(parts, abs=1e-12)
        for site, value in made.after.items():
            assert value == pytest.approx(float(sites[site][0, unit]), abs=1e-12)


@pytest.mark.parametrize(("run", "layer"), [("lstm", 1), ("lstm", 2), ("gru", 1), ("reader", 1)])
@pytest.mark.parametrize("step", [0, 1, 57])
def test_what_is_shown_is_what_the_network_did(small_explorer, small_work, run, layer, step):
    shown = httpx.get(
        f"{small_explorer}/api/teach/tales/{run}/test/{layer}/2",
        params={"row": 0, "step": step},
        trust_env=False,
    ).json()
    assert "error" not in shown, shown
    trace = Trace.read(find_run(small_work, f"tales/{run}").replay_folder("test", "trace"))
    for name, value in {**shown["after"], **{each["name"]: each["value"] for each in shown["gates"]}}.items():
        recorded = float(trace.site(f"layers.{layer - 1}.{name}")[0, step, 2])
        assert value == pytest.approx(recorded, abs=4e-3)
        assert shown["recorded"][name] == recorded
    assert len(shown["past"]["h"]) == min(60, step + 1)
    assert (len(shown["logits"]) > 0) == (layer == (2 if run == "lstm" else 1))
    np.testing.assert_allclose(
        [each["product"] for each in shown["logits"]],
        [each["weight"] * shown["after"]["h"] for each in shown["logits"]],
    )


@pytest.mark.parametrize(
    ("where", "status"),
    [("reader/test/2/0", 422), ("reader/test/1/8", 422), ("reader/train/1/0", 404), ("none/test/1/0", 404)],
)
def test_what_is_not_there_is_refused(small_explorer, where, status):
    answer = httpx.get(f"{small_explorer}/api/teach/tales/{where}", trust_env=False)
    assert answer.status_code == status and answer.json()["error"]
    beyond = httpx.get(
        f"{small_explorer}/api/teach/tales/reader/test/1/0", params={"step": 10**9}, trust_env=False
    )
    assert beyond.status_code == 422
