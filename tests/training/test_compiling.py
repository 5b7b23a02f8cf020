"""When a pass is compiled, and that its graph is the same."""

import subprocess
import sys
from collections.abc import Callable

import pytest
import torch

from rnnscope.training import compiling
from rnnscope.training.config import TrainConfig

CPU = torch.device("cpu")
SAME = """
import torch
from rnnscope.models import initialise
from rnnscope.models.saved import model_of
from rnnscope.models.sizing import MatrixMemoryConfig, TransformerConfig

torch.set_num_threads(1)
for config in (
    TransformerConfig(layers=1, hidden=6, symbols=5, context=3),
    MatrixMemoryConfig(layers=1, hidden=6, symbols=5),
):
    plain, compiled = model_of(config).double().train(), model_of(config).double().train()
    initialise(plain, "orthogonal", torch.Generator().manual_seed(1))
    compiled.load_state_dict(plain.state_dict())
    compiled.compile(backend="aot_eager", fullgraph=True, dynamic=False)
    states = [plain.zero_state(2), plain.zero_state(2)]
    ids = torch.randint(5, (3, 2, 71, 2), generator=torch.Generator().manual_seed(2))
    for inputs, targets in ids:
        losses = []
        for which, model in enumerate((plain, compiled)):
            loss, states[which] = model.backpropagate(inputs, targets, states[which])
            losses.append(loss)
        torch.testing.assert_close(*losses)
        for one, other in zip(plain.parameters(), compiled.parameters(), strict=True):
            torch.testing.assert_close(one.grad, other.grad)
"""


@pytest.mark.slow
def test_one_graph_of_the_pass_has_its_loss_and_gradient_over_several_windows():
    # in a process of its own: checked annotations are no part of a graph. The graphs are those of
    # training, run by PyTorch's kernels: to make code of them takes a minute or more
    subprocess.run([sys.executable, "-W", "ignore", "-c", SAME], check=True)


@pytest.mark.parametrize(
    ("cell", "settings", "updates", "compiles"),
    [
        ("transformer", {}, 500, True),
        ("mlstm", {}, 500, True),
        ("mlstm", {}, 499, False),
        ("mlstm", {"dropout": 0.1}, 500, False),
        ("attention", {}, 500, False),
        ("lstm", {}, 500, False),
    ],
)
def test_only_a_long_training_of_residual_blocks_without_dropout_is_compiled(
    monkeypatch: pytest.MonkeyPatch,
    small_config: Callable[..., TrainConfig],
    cell: str,
    settings: dict[str, float],
    updates: int,
    compiles: bool,
):
    monkeypatch.setattr(compiling, "_why_not", lambda: None)
    config, told = small_config(cell=cell, **settings), []
    assert compiling.pays_to_compile(config, updates, CPU, torch.float32, told.append) == compiles
    assert bool(told) == compiles


def test_where_nothing_can_be_compiled_a_line_says_why(
    monkeypatch: pytest.MonkeyPatch, small_config: Callable[..., TrainConfig]
):
    monkeypatch.setattr(compiling, "_why_not", lambda: "no compiler")
    told: list[str] = []
    config = small_config(cell="mlstm")
    assert not compiling.pays_to_compile(config, 500, CPU, torch.float32, told.append)
    assert told == ["no compiled pass: no compiler"]
