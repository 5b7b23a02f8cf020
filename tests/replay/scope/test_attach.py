"""What can be attached to, what can be given, and what is refused."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import rnnscope
from rnnscope.errors import ConfigError, CorpusError, RecordError
from rnnscope.models.initial import initialise
from rnnscope.models.network import Network
from rnnscope.models.sizing import NetworkConfig
from rnnscope.replay.scope import At
from rnnscope.replay.scope.layers import differentiable


class Tagger(nn.Module):
    """A model with a recurrent module inside, called with keywords."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(6, 3)
        self.encoder = nn.ModuleDict({"rnn": nn.GRU(3, 4, 2, batch_first=True, bidirectional=True)})
        self.head = nn.Linear(8, 5)

    def forward(self, ids: Tensor, *, scale: float = 1.0) -> Tensor:
        return self.head(self.encoder["rnn"](self.embed(ids) * scale)[0])


class Writer(nn.Module):
    """A model that calls its recurrent module once a step."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTM(3, 4)

    def forward(self, first: Tensor, steps: int) -> Tensor:
        state, outputs = None, []
        for _ in range(steps):
            output, state = self.cell(first, state)
            outputs.append(output)
        return torch.cat(outputs)


def tagger() -> Tagger:
    torch.manual_seed(0)
    return Tagger().eval()


def test_a_model_with_a_network_inside_is_run_whole_and_is_as_it_was_afterwards():
    model, ids = tagger(), torch.randint(6, (2, 7), generator=torch.Generator().manual_seed(1))
    calls = []
    model.encoder["rnn"].register_forward_hook(lambda *args: calls.append(1))
    scope = rnnscope.attach(model, path="encoder.rnn")
    logits, cache = scope.run_with_cache(ids, scale=2.0)
    assert calls == [1]
    with torch.no_grad():
        assert torch.equal(logits, model(ids, scale=2.0))
    assert cache["layers.1.reverse.z"].shape == (2, 7, 4)
    assert "forward" not in vars(model.encoder["rnn"])


def test_a_model_is_as_it_was_after_a_failure_too():
    model = tagger()
    with pytest.raises(RuntimeError, match="mine"):
        rnnscope.attach(model, path="encoder.rnn").run_with_hooks(
            torch.zeros(1, 2, dtype=torch.long), hooks=[("layers.0.h", _fail)]
        )
    assert "forward" not in vars(model.encoder["rnn"])


def _fail(value: Tensor, at: At) -> None:
    raise RuntimeError("mine")


def test_calls_of_one_run_are_one_stretch_of_time():
    torch.manual_seed(0)
    model, first = Writer().eval(), torch.randn(1, 2, 3)
    _, cache = rnnscope.attach(model, path="cell").run_with_cache(first, 5)
    _, whole = rnnscope.attach(model.cell).run_with_cache(first.expand(5, 2, 3).contiguous())
    for name in whole:
        torch.testing.assert_close(cache[name], whole[name], rtol=0, atol=1e-6)


def test_hooks_count_steps_over_all_calls_of_one_run():
    model, seen = Writer().eval(), []
    hooks = [("layers.0.c", lambda value, at: seen.append(at.step))]
    rnnscope.attach(model, path="cell").run_with_hooks(torch.zeros(1, 2, 3), 4, hooks=hooks)
    assert seen == [0, 1, 2, 3]


def test_a_module_is_opened_by_many_threads_at_once():
    torch.manual_seed(0)
    module, inputs = nn.GRU(3, 4).eval(), torch.randn(50, 2, 3)
    scope = rnnscope.attach(module)
    (expected, _), _ = scope.run_with_cache(inputs)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: scope.run_with_cache(inputs)[0][0], range(20)))
    assert all(torch.equal(each, expected) for each in found)
    assert "forward" not in vars(module)


def test_a_site_that_was_not_recorded_is_got_as_none():
    _, cache = rnnscope.attach(nn.RNN(3, 4)).run_with_cache(torch.zeros(2, 1, 3), names="*.h")
    assert cache.get("layers.0.pre_h") is None and "layers.0.pre_h" not in cache
    with pytest.raises(ConfigError, match="was not recorded"):
        cache["layers.0.pre_h"]


def test_embedding_head_and_alphabet_make_logits_of_a_text():
    model, alphabet = tagger(), "abcdef"
    scope = rnnscope.attach(model.encoder["rnn"], embed=model.embed, head=model.head, alphabet=alphabet)
    logits, cache = scope.run_with_cache("fade")
    with torch.no_grad():
        assert torch.equal(logits, model(torch.tensor([[5, 0, 3, 4]])))
    both, _ = scope.run_with_cache(["fade", "face"])
    assert both.shape == (2, 4, 5)
    # by path, the parts of a model
    parts = rnnscope.attach(model, path="encoder.rnn", embed=model.embed, head=model.head, alphabet=alphabet)
    again, _ = parts.run_with_cache("fade")
    assert torch.equal(again, logits)
    assert list(cache)[:3] == ["layers.0.pre_r", "layers.0.pre_z", "layers.0.pre_n"]


@pytest.mark.parametrize("batch_first", [True, False])
def test_without_an_embedding_a_text_is_one_hot_vectors(batch_first):
    module = nn.RNN(3, 4, batch_first=batch_first).eval()
    _, cache = rnnscope.attach(module, alphabet="xyz").run_with_cache(["zx", "yy", "zz"])
    ids = torch.tensor([[2, 0], [1, 1], [2, 2]])
    one_hot = nn.functional.one_hot(ids, 3).float()
    _, expected = rnnscope.attach(module).run_with_cache(one_hot if batch_first else one_hot.transpose(0, 1))
    assert torch.equal(cache["layers.0.h"], expected["layers.0.h"]) and len(cache["layers.0.h"]) == 3


@torch.no_grad()
def test_weights_that_are_trained_or_normalised_later_are_those_that_are_seen():
    torch.manual_seed(0)
    module, inputs = nn.GRU(3, 4).eval(), torch.randn(5, 2, 3)
    scope = rnnscope.attach(module)
    _, before = scope.run_with_cache(inputs)
    next(each for name, each in module.named_parameters() if name == "weight_hh_l0").mul_(2)
    (output, _), after = scope.run_with_cache(inputs)
    assert torch.equal(output, module(inputs)[0]) and not torch.equal(
        after["layers.0.z"], before["layers.0.z"]
    )
    nn.utils.parametrizations.weight_norm(module, "weight_hh_l0")
    (output, _), cache = scope.run_with_cache(inputs)
    assert torch.equal(output, module(inputs)[0])
    torch.testing.assert_close(cache["layers.0.h"], after["layers.0.h"])


@pytest.mark.parametrize("cell", ["lstm", "gru", "gru-2015", "rnn"])
def test_networks_of_ours_are_opened_like_any_other(cell):
    network = Network(NetworkConfig(cell=cell, layers=2, hidden=5, symbols=4, dropout=0.0)).eval()
    initialise(network, "orthogonal", torch.Generator().manual_seed(0))
    scope = rnnscope.attach(network, alphabet="abcd")
    logits, cache = scope.run_with_cache("abcda")
    with torch.no_grad():
        assert torch.equal(logits[0], network(torch.tensor([[0, 1, 2, 3, 0]]).T)[0][:, 0])
    blocks = list(network.record_blocks(torch.tensor([[0, 1, 2, 3, 0]]).numpy()))
    for name, values in blocks[0].items():
        torch.testing.assert_close(cache[name], torch.from_numpy(values), rtol=0, atol=1e-6)
    silent = scope.run_with_hooks("abcda", hooks=[("layers.1.h", lambda value, at: torch.zeros_like(value))])
    torch.testing.assert_close(silent, network.decoder_bias_V.detach().expand_as(silent))


def test_dropout_is_off_in_eval_and_refused_in_training():
    module, inputs = nn.LSTM(3, 4, 2, dropout=0.5), torch.randn(5, 2, 3)
    with pytest.raises(ConfigError, match=r"training mode with dropout 0.5.*\.eval\(\)"):
        rnnscope.attach(module).run_with_cache(inputs)
    module.eval()
    (output, _), _ = rnnscope.attach(module).run_with_cache(inputs)
    with torch.no_grad():
        assert torch.equal(output, module(inputs)[0])


def test_cudnn_is_left_out_where_gradients_flow_through_a_network_in_eval_mode():
    assert torch.backends.cudnn.enabled
    with differentiable("cuda", training=False):
        assert not torch.backends.cudnn.enabled
    with differentiable("cuda", training=True):
        assert torch.backends.cudnn.enabled
    with torch.no_grad(), differentiable("cuda", training=False):
        assert torch.backends.cudnn.enabled


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_gradients_flow_through_a_network_in_eval_mode_on_a_gpu():
    module = nn.LSTM(3, 4, 2).eval().cuda()
    inputs = torch.randn(5, 2, 3, device="cuda", requires_grad=True)
    (output, _), cache = rnnscope.attach(module).run_with_cache(inputs, gradients=True)
    output.sum().backward()
    assert inputs.grad is not None and cache["layers.0.f"].device.type == "cpu"


class Own(nn.LSTM):
    def forward(self, input, hx=None):
        return super().forward(input * 2, hx)


def replaced() -> nn.GRU:
    module = nn.GRU(2, 2)
    module.forward = lambda *given: nn.GRU.forward(module, *given)  # pyright: ignore
    return module


def training() -> Network:
    network = Network(NetworkConfig(cell="lstm", layers=2, hidden=5, symbols=4, dropout=0.5))
    initialise(network, "orthogonal", torch.Generator().manual_seed(0))
    return network.train()


EMBEDDED: dict[str, Any] = {"embed": nn.Embedding(6, 3), "alphabet": "abcdef"}


@pytest.mark.parametrize(
    ("attaching", "message"),
    [
        (lambda: rnnscope.attach(nn.Linear(2, 2)), "Linear is no nn.LSTM, nn.GRU or nn.RNN"),
        (lambda: rnnscope.attach(nn.LSTMCell(2, 2)), "LSTMCell is no nn.LSTM"),
        (lambda: rnnscope.attach(tagger()), "give path='encoder.rnn'"),
        (lambda: rnnscope.attach(tagger(), path="encoder.rn"), "did you mean 'encoder.rnn'"),
        (lambda: rnnscope.attach(Own(2, 2)), "Own has a forward of its own"),
        (lambda: rnnscope.attach(replaced()), "the forward of this GRU was replaced"),
        (lambda: rnnscope.attach(training()).run_with_cache([[0, 1]]), "training mode with dropout 0.5"),
        (lambda: rnnscope.attach(training().eval()).run_with_cache([[0]], hx=None), "takes no hx"),
        (lambda: rnnscope.attach(nn.GRU(3, 2)).run_with_cache([[1], [2, 3]]), "no array of numbers"),
        (lambda: rnnscope.attach(nn.GRU(2, 2), alphabet="aba"), "'a' twice"),
        (lambda: rnnscope.attach(nn.GRU(2, 2), alphabet=["a", "bc"]), "'bc', which is no single character"),
        (lambda: rnnscope.attach("nowhere", path="x"), "give the run alone"),
        (lambda: rnnscope.attach(nn.GRU(3, 2)).run_with_cache("abc"), "a text needs an alphabet"),
        (
            lambda: rnnscope.attach(nn.GRU(3, 2), **EMBEDDED).run_with_cache(["ab", "abc"]),
            "cut them to one length",
        ),
        (
            lambda: rnnscope.attach(nn.GRU(3, 2), **EMBEDDED).run_with_cache(torch.tensor([[1, 6]])),
            "id 6 is outside the alphabet, whose ids go from 0 to 5",
        ),
        (
            lambda: rnnscope.attach(nn.GRU(3, 2), embed=nn.Embedding(6, 3)).run_with_cache(
                torch.tensor([[-1]])
            ),
            "id -1 is outside the embedding",
        ),
        (
            lambda: rnnscope.attach(nn.GRU(3, 2), alphabet="ab").run_with_cache("ab"),
            "takes vectors of 3 numbers",
        ),
        (
            lambda: rnnscope.attach(nn.GRU(3, 2)).run_with_cache(torch.zeros(4, 1, 3), torch.zeros(1, 1, 2)),
            "2 inputs were given; give one",
        ),
        (
            lambda: rnnscope.attach(nn.GRU(3, 2)).run_with_cache(
                torch.zeros(4, 1, 3), hx=torch.zeros(1, 2, 2)
            ),
            r"initial state has shapes \[\(1, 2, 2\)\]; this module and input need \[\(1, 1, 2\)\]",
        ),
        (
            lambda: rnnscope.attach(nn.GRU(3, 2)).run_with_cache(torch.zeros(4, 1, 3), names="layers.0.f"),
            "no site 'layers.0.f'",
        ),
    ],
)
def test_bad_input_gets_one_line_that_says_what_would_do(attaching, message):
    with pytest.raises(ConfigError, match=message) as caught:
        attaching()
    assert "\n" not in str(caught.value)


def test_a_text_outside_the_alphabet_and_a_run_that_is_not_there_are_named(tmp_path):
    with pytest.raises(CorpusError, match="'x' is not in the alphabet of 6 symbols"):
        rnnscope.attach(nn.GRU(3, 2), **EMBEDDED).run_with_cache("axb")
    with pytest.raises(RecordError, match="nowhere"):
        rnnscope.attach(tmp_path / "nowhere")


def test_a_model_that_does_not_call_its_network_is_told_so():
    class Idle(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.RNN(2, 2)

        def forward(self, x: Tensor) -> Tensor:
            return x

    with pytest.raises(ConfigError, match="the RNN at 'rnn' was never run"):
        rnnscope.attach(Idle(), path="rnn").run_with_cache(torch.zeros(1))


def test_importing_the_package_loads_no_torch():
    code = (
        "import rnnscope, sys; print('torch' in sys.modules); rnnscope.attach; print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_the_page_of_sites_holds_the_table():
    page = Path(__file__).parents[3].joinpath("docs", "sites.md").read_text(encoding="utf-8")
    for module in (nn.LSTM(3, 4, proj_size=2), nn.GRU(3, 4), nn.RNN(3, 4)):
        for site in rnnscope.attach(module).sites():
            assert f"| `{site.name.rpartition('.')[2]}` |" in page and site.formula in page, site.name
