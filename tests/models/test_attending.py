"""What attention computes, beside plain loops in float64."""

import numpy as np
import pytest
import torch

from rnnscope.models import initialise
from rnnscope.models.attending import attend, empty_memory, visible
from rnnscope.models.attention import AttentionNetwork
from rnnscope.models.sizing import HEADS, KERNEL, AttentionConfig, TransformerConfig
from rnnscope.models.transformer import Transformer

SYMBOLS, HIDDEN, CONTEXT, STEPS = 7, 12, 5, 14
IDS_TB = np.random.default_rng(0).integers(SYMBOLS, size=(STEPS, 2))


def moved(model: AttentionNetwork | Transformer) -> dict[str, np.ndarray]:
    """Weights, all away from where they begin, that the model now has, in float64."""
    generator = torch.Generator().manual_seed(3)
    initialise(model, "orthogonal", generator)
    with torch.no_grad():
        for parameter in model.double().eval().parameters():
            parameter += 0.4 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return {name: each.detach().numpy() for name, each in model.named_parameters()}


def softmax(scores: list[float]) -> np.ndarray:
    raised = np.exp(np.array(scores) - max(scores))
    return raised / raised.sum()


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def lstm(inputs: list[np.ndarray], of: dict[str, np.ndarray], layer: int) -> list[np.ndarray]:
    """h of every step."""
    name = f"layers.{layer}."
    h, c, states = np.zeros(HIDDEN), np.zeros(HIDDEN), []
    for x in inputs:
        drive = of[name + "w_input_GI"] @ x + of[name + "b_input_G"]
        drive = drive + of[name + "w_hidden_GH"] @ h + of[name + "b_hidden_G"]
        i, f, g, o = np.split(drive, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        states.append(h)
    return states


def attended(states: list[np.ndarray], of: dict[str, np.ndarray]) -> list[np.ndarray]:
    """y_t = h_t + gain W_out sum over s of softmax((Q h_t) (K h_{s-1}) / sqrt(A)) V h_s."""
    query, key, value, out = (of[f"head.w_{name}"] for name in ("query_AH", "key_AH", "value_AH", "out_HA"))
    before, y = [np.zeros(HIDDEN), *states], []
    for t, h in enumerate(states):
        seen = range(max(0, t - CONTEXT + 1), t + 1)
        shares = softmax([(query @ h) @ (key @ before[s]) / np.sqrt(len(query)) for s in seen])
        read = sum(share * (value @ states[s]) for share, s in zip(shares, seen, strict=True))
        y.append(h + of["head.gain_H"] * (out @ read))
    return y


@pytest.mark.parametrize(("layers", "which"), [(1, 0), (2, 0), (3, 1)])
def test_an_attention_network_finds_states_by_the_ones_before_them_in_one_layer(layers: int, which: int):
    model = AttentionNetwork(AttentionConfig(layers=layers, hidden=HIDDEN, symbols=SYMBOLS, context=CONTEXT))
    of = moved(model)
    logits_TBV = model(torch.from_numpy(IDS_TB))[0].detach().numpy()
    for stream, ids_T in enumerate(IDS_TB.T):
        carried = list(np.eye(SYMBOLS)[ids_T])
        for layer in range(layers):
            carried = lstm(carried, of, layer)
            if layer == which:
                carried = attended(carried, of)
        wanted_TV = np.stack(carried) @ of["decoder_VH"].T + of["decoder_bias_V"]
        np.testing.assert_allclose(logits_TBV[:, stream], wanted_TV, atol=1e-9)


def norm(x: np.ndarray, gain: np.ndarray) -> np.ndarray:
    return gain * (x - x.mean()) / np.sqrt(x.var() + 1e-5)


def transformer_attended(y: list[np.ndarray], of: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Of every step, heads side by side. A head's halves are the real and the imaginary part of d / 2
    numbers, each turned by the distance times its rate."""
    query, key, value = (of[f"layers.0.w_{name}_AH"] for name in ("query", "key", "value"))
    width = len(query) // HEADS
    rates = 10_000.0 ** (-2 * np.arange(width // 2) / width)
    found = []
    for t in range(len(y)):
        seen, heads = range(max(0, t - CONTEXT + 1), t + 1), []
        for head in range(HEADS):
            rows = slice(head * width, (head + 1) * width)
            q, *k = (
                each[: width // 2] + 1j * each[width // 2 :]
                for each in (query[rows] @ y[t], *(key[rows] @ y[s] for s in seen))
            )
            turned = [np.exp(1j * (t - s) * rates) for s in seen]
            scores = [(q * each.conj() * turn).sum().real for each, turn in zip(k, turned, strict=True)]
            shares = softmax([score / np.sqrt(width) for score in scores])
            heads.append(sum(share * (value[rows] @ y[s]) for share, s in zip(shares, seen, strict=True)))
        found.append(np.concatenate(heads))
    return found


def test_a_transformer_of_one_layer_is_its_definition():
    model = Transformer(TransformerConfig(layers=1, hidden=HIDDEN, symbols=SYMBOLS, context=CONTEXT))
    of = moved(model)
    layer = {name.removeprefix("layers.0."): each for name, each in of.items()}
    logits_TBV = model(torch.from_numpy(IDS_TB))[0].detach().numpy()
    for stream, ids_T in enumerate(IDS_TB.T):
        carried = list(of["embed_VH"][ids_T])
        normed = [np.zeros(HIDDEN)] * (KERNEL - 1) + [norm(x, layer["gain_mix_H"]) for x in carried]
        y = [
            np.sum(
                [layer["kernel_KH"][back] * normed[t + KERNEL - 1 - back] for back in range(KERNEL)], axis=0
            )
            for t in range(STEPS)
        ]
        for t, read in enumerate(transformer_attended(y, of)):
            carried[t] = carried[t] + layer["w_out_HA"] @ read
            raised = np.maximum(0, layer["feed.w_up_FH"] @ norm(carried[t], layer["feed.gain_H"])) ** 2
            carried[t] = carried[t] + layer["feed.w_down_HF"] @ raised
        top = np.stack([norm(x, of["gain_H"]) for x in carried])
        wanted_TV = top @ of["decoder_VH"].T + of["decoder_bias_V"]
        np.testing.assert_allclose(logits_TBV[:, stream], wanted_TV, atol=1e-9)


@pytest.mark.parametrize("rotates", [False, True])
@pytest.mark.parametrize("context", [1, 3, 8])
@pytest.mark.parametrize("block", [1, 4, 12])
def test_attention_reaches_back_so_many_steps_and_no_further_whatever_the_block(context, block, rotates):
    """A value is heard at its own step and at the W - 1 after it."""
    steps, width = 12, 4
    generator = torch.Generator().manual_seed(0)
    query, key, value = torch.randn(3, 1, steps, width, generator=generator, dtype=torch.float64)

    def read(values: torch.Tensor) -> torch.Tensor:
        memory, pieces = empty_memory(values, 1, context, width), []
        for span in (slice(start, start + block) for start in range(0, steps, block)):
            seen = visible(memory[2], len(query[0, span]))
            mixed, memory = attend(
                query[:, span], key[:, span], values[:, span], memory, seen, heads=2, rotates=rotates
            )
            pieces.append(mixed)
        return torch.cat(pieces, 1)

    plain = read(value)
    for place in range(steps):
        other = value.clone()
        other[0, place] += 1
        is_heard = (read(other) != plain).any(-1)[0].tolist()
        assert is_heard == [place <= step < place + context for step in range(steps)]


def test_attention_in_blocks_of_steps_is_that_of_all_at_once_forward_and_gradient(
    monkeypatch: pytest.MonkeyPatch,
):
    draw = torch.Generator().manual_seed(0)

    def of(steps: int) -> torch.Tensor:
        return torch.randn(2, steps, 8, generator=draw, dtype=torch.float64)

    query, key, value = inputs = [of(STEPS).requires_grad_() for _ in range(3)]
    known_BM = torch.tensor([[0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]], dtype=torch.float64)
    memory, given = (of(CONTEXT - 1), of(CONTEXT - 1), known_BM), of(STEPS)
    found = []
    for block in (STEPS, 3):
        monkeypatch.setattr("rnnscope.models.attending.BLOCK_STEPS", block)
        read, after = attend(query, key, value, memory, visible(known_BM, STEPS), heads=2, rotates=True)
        found.append([read, *after, *torch.autograd.grad(read, inputs, given)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)
