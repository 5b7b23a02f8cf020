"""Every gate of anyone's network: outputs to the last bit, sites as the plain definition has them."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence, pad_packed_sequence

import rnnscope

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
WITHIN = {torch.float32: 1e-6, torch.float64: 1e-12}
CELLS = {
    "lstm": (nn.LSTM, {}),
    "lstm-projected": (nn.LSTM, {"proj_size": 3}),
    "gru": (nn.GRU, {}),
    "rnn": (nn.RNN, {}),
    "rnn-relu": (nn.RNN, {"nonlinearity": "relu"}),
}
INPUTS, UNITS = 4, 5


@st.composite
def modules(draw) -> nn.RNNBase:
    made, extra = CELLS[draw(st.sampled_from(list(CELLS)))]
    torch.manual_seed(draw(st.integers(0, 2**31)))
    return made(
        INPUTS,
        UNITS,
        num_layers=draw(st.integers(1, 3)),
        bias=draw(st.booleans()),
        batch_first=draw(st.booleans()),
        bidirectional=draw(st.booleans()),
        dtype=draw(st.sampled_from(list(WITHIN))),
        **extra,
    ).eval()


def dtype_of(module: nn.RNNBase) -> torch.dtype:
    return next(module.parameters()).dtype


def inputs_for(module: nn.RNNBase, form: str, generator: torch.Generator) -> Tensor | PackedSequence:
    dtype = dtype_of(module)
    if form == "packed":
        texts = [torch.randn(n, INPUTS, generator=generator, dtype=dtype) for n in (2, 6, 4)]
        return pack_sequence(texts, enforce_sorted=False)
    shape = (6, INPUTS) if form == "alone" else (3, 6, INPUTS) if module.batch_first else (6, 3, INPUTS)
    return torch.randn(shape, generator=generator, dtype=dtype)


def state_for(module: nn.RNNBase, form: str, generator: torch.Generator):
    rows = module.num_layers * (2 if module.bidirectional else 1)
    streams = () if form == "alone" else (3,)
    shapes = [(rows, *streams, module.proj_size or UNITS)]
    if isinstance(module, nn.LSTM):
        shapes.append((rows, *streams, UNITS))
    drawn = [torch.rand(s, generator=generator, dtype=dtype_of(module)) for s in shapes]
    return tuple(drawn) if len(drawn) > 1 else drawn[0]


def tensors(value: object) -> list[Tensor]:
    """All tensors in a module's result."""
    if isinstance(value, Tensor):
        return [value]
    return [] if value is None else [tensor for each in value for tensor in tensors(each)]  # pyright: ignore


def plain_gates(
    module: nn.RNNBase, layer: int, end: str, x: Tensor, h: Tensor, c: Tensor
) -> dict[str, Tensor]:
    """One step for one stream, from PyTorch's documentation and nothing of ours: x (I), h (P), c (H)."""

    def weight(name: str) -> Tensor:
        return getattr(module, f"{name}_l{layer}{end}")

    b, b2 = (weight("bias_ih"), weight("bias_hh")) if module.bias else (x.new_zeros(()), x.new_zeros(()))
    drive, back = weight("weight_ih") @ x + b, weight("weight_hh") @ h + b2
    if isinstance(module, nn.LSTM):
        i, f, g, o = (drive + back).chunk(4)
        sites = {"pre_i": i, "pre_f": f, "pre_g": g, "pre_o": o}
        sites |= {"i": i.sigmoid(), "f": f.sigmoid(), "g": g.tanh(), "o": o.sigmoid()}
        sites["c"] = sites["f"] * c + sites["i"] * sites["g"]
        sites["tanh_c"] = sites["c"].tanh()
        sites["h"] = sites["o"] * sites["tanh_c"]
        if module.proj_size:
            sites["m"] = sites["h"]
            sites["h"] = weight("weight_hr") @ sites["m"]
        return sites
    if isinstance(module, nn.GRU):
        (r, z, n), (r2, z2, n2) = drive.chunk(3), back.chunk(3)
        sites = {"pre_r": r + r2, "pre_z": z + z2, "r": (r + r2).sigmoid(), "z": (z + z2).sigmoid()}
        sites["pre_n"] = n + sites["r"] * n2
        sites["n"] = sites["pre_n"].tanh()
        sites["h"] = (1 - sites["z"]) * sites["n"] + sites["z"] * h
        return sites
    pre = drive + back
    return {"pre_h": pre, "h": pre.relu() if module.mode == "RNN_RELU" else pre.tanh()}


def plain_sites(module: nn.RNNBase, texts: list[Tensor], states: list[Tensor]) -> dict[str, Tensor]:
    """Every site of every layer, direction and text, step by step; `texts` (T, I) each, (B, T, units) out."""
    found: dict[str, Tensor] = {}
    ends = ["", "_reverse"] if module.bidirectional else [""]
    longest = max(len(text) for text in texts)
    for layer in range(module.num_layers):
        above = []
        for stream, text in enumerate(texts):
            outputs = []
            for place, end in enumerate(ends):
                row = layer * len(ends) + place
                h, c = states[0][row, stream], states[-1][row, stream]
                steps = range(len(text)) if not end else range(len(text) - 1, -1, -1)
                hidden = text.new_zeros(len(text), len(h))
                for step in steps:
                    sites = plain_gates(module, layer, end, text[step], h, c)
                    h, c = sites["h"], sites.get("c", c)
                    hidden[step] = h
                    for site, value in sites.items():
                        name = f"layers.{layer}.{'reverse.' if end else ''}{site}"
                        if name not in found:
                            found[name] = value.new_zeros(len(texts), longest, len(value))
                        found[name][stream, step] = value
                outputs.append(hidden)
            above.append(torch.cat(outputs, -1))
        texts = above
    return found


@settings(max_examples=60, deadline=None)
@given(
    module=modules(),
    form=st.sampled_from(["batch", "packed", "alone"]),
    given_state=st.booleans(),
    seed=st.integers(0, 2**31),
)
@torch.no_grad()
def test_outputs_are_the_modules_own_and_sites_the_definitions(module, form, given_state, seed):
    generator = torch.Generator().manual_seed(seed)
    inputs = inputs_for(module, form, generator)
    state = state_for(module, form, generator)
    arguments: dict[str, Any] = {"hx": state} if given_state else {}
    expected = tensors(module(inputs, **arguments))

    scope = rnnscope.attach(module)
    result, cache = scope.run_with_cache(inputs, **arguments)

    for got, wanted in zip(tensors(result), expected, strict=True):
        assert torch.equal(got, wanted)
    if isinstance(inputs, PackedSequence):
        padded, lengths = pad_packed_sequence(inputs, batch_first=True)
        texts = [text[:n] for text, n in zip(padded, lengths, strict=True)]
    elif form == "alone":
        texts = [inputs]
    else:
        texts = list(inputs if module.batch_first else inputs.transpose(0, 1))
    states = [each if each.dim() == 3 else each[:, None] for each in tensors(state)]
    states = states if given_state else [torch.zeros_like(each) for each in states]
    wanted_sites = plain_sites(module, texts, states)
    assert set(cache) == set(wanted_sites) == set(scope.sites().names)
    for site in scope.sites():
        got, wanted = cache[site.name], wanted_sites[site.name]
        assert got.shape == wanted.shape and got.shape[2] == site.units
        scale = wanted.abs().max().clamp(min=1)
        assert (got - wanted).abs().max() <= WITHIN[got.dtype] * scale, site.name


@settings(max_examples=30, deadline=None)
@given(module=modules(), form=st.sampled_from(["batch", "packed", "alone"]), seed=st.integers(0, 2**31))
@torch.no_grad()
def test_hooks_that_change_nothing_change_nothing(module, form, seed):
    inputs = inputs_for(module, form, torch.Generator().manual_seed(seed))
    scope = rnnscope.attach(module)
    plain, cache = scope.run_with_cache(inputs)
    hooked, stepped = scope.run_with_hooks_and_cache(inputs, hooks=[(None, lambda value, at: None)])
    near = 1e-5 if dtype_of(module) == torch.float32 else 1e-12
    for got, wanted in zip(tensors(hooked), tensors(plain), strict=True):
        torch.testing.assert_close(got, wanted, rtol=near, atol=near)
    assert list(stepped) == list(cache)
    for name in cache:
        torch.testing.assert_close(stepped[name], cache[name], rtol=near, atol=near)


def test_a_long_text_is_recorded_in_blocks_like_a_short_one(monkeypatch):
    torch.manual_seed(0)
    module, inputs = nn.LSTM(3, 4, 2, bidirectional=True).eval(), torch.randn(50, 2, 3)
    _, whole = rnnscope.attach(module).run_with_cache(inputs)
    monkeypatch.setattr("rnnscope.recurrence.recording.BLOCK_NUMBERS", 7 * 2 * 16)
    _, blocks = rnnscope.attach(module).run_with_cache(inputs)
    for name in whole:
        torch.testing.assert_close(blocks[name], whole[name], rtol=0, atol=3e-7)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@torch.no_grad()
def test_low_precision_is_opened_in_its_own_precision(dtype):
    module = nn.GRU(3, 4, 2).eval().to(dtype)
    inputs = torch.randn(5, 2, 3).to(dtype)
    (output, _), cache = rnnscope.attach(module).run_with_cache(inputs)
    assert torch.equal(output, module(inputs)[0])
    assert {each.dtype for each in cache.values()} == {dtype}


def test_only_what_is_asked_for_is_recorded():
    module = nn.LSTM(3, 4, 2).eval()
    scope = rnnscope.attach(module)
    _, cache = scope.run_with_cache(torch.randn(5, 2, 3), names="layers.*.f")
    assert list(cache) == ["layers.0.f", "layers.1.f"]
    _, cache = scope.run_with_cache(torch.randn(5, 2, 3), names=["layers.1.c", "layers.0.h"])
    assert list(cache) == ["layers.0.h", "layers.1.c"]
    _, cache = scope.run_with_cache(torch.randn(5, 2, 3), names=lambda name: name.endswith(".c"))
    assert list(cache) == ["layers.0.c", "layers.1.c"]
    assert cache["layers.0.c"].is_contiguous()


def test_recorded_outputs_do_not_change_when_a_model_changes_them_in_place():
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.RNN(3, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.rnn(x)[0].zero_()

    _, cache = rnnscope.attach(Model().eval(), path="rnn").run_with_cache(torch.randn(5, 2, 3))
    assert cache["layers.0.h"].abs().max() > 0


def test_without_gradients_there_is_no_graph_and_with_them_there_is_the_modules_own():
    torch.manual_seed(0)
    module, inputs = nn.LSTM(3, 4, 2, bidirectional=True).eval(), torch.randn(5, 2, 3, requires_grad=True)
    scope = rnnscope.attach(module)
    (output, _), cache = scope.run_with_cache(inputs)
    assert not output.requires_grad and not cache["layers.1.c"].requires_grad
    (output, _), cache = scope.run_with_cache(inputs, gradients=True)
    (module_output, _) = module(inputs)
    assert torch.equal(output, module_output)
    (got,) = torch.autograd.grad(output.square().sum(), inputs, retain_graph=True)
    (wanted,) = torch.autograd.grad(module_output.square().sum(), inputs)
    assert torch.equal(got, wanted)
    (through_c,) = torch.autograd.grad(cache["layers.1.c"].sum(), inputs)
    assert through_c.abs().max() > 0
