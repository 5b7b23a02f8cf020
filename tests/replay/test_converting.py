"""A language model of others becomes a Network that predicts, and computes inside, what it did."""

import pytest
import torch
from torch import nn

import rnnscope
from rnnscope.errors import ConfigError
from rnnscope.models.foreign import ForeignLanguageModel, GRUResetBefore
from rnnscope.replay.converting import converted, nearness

SYMBOLS, WIDTH, HIDDEN = 7, 3, 5
IDS = [5, 0, 2, 6]
"""Of four symbols of ours."""
TEXT = torch.randint(0, len(IDS), (3, 40), generator=torch.Generator().manual_seed(1)).numpy()


def wide(*modules: nn.Module) -> None:
    """Weights of a size at which gates saturate and predictions differ."""
    torch.manual_seed(0)
    with torch.no_grad():
        for module in modules:
            for each in module.parameters():
                each.uniform_(-1.5, 1.5)


def parts(made, *, one_hot: bool = False) -> ForeignLanguageModel:
    module = made(SYMBOLS if one_hot else WIDTH)
    embed, head = nn.Embedding(SYMBOLS, WIDTH), nn.Linear(HIDDEN, SYMBOLS)
    wide(module, embed, head)
    for each in (embed, head):
        each.to(next(module.parameters()).dtype)
    return ForeignLanguageModel(module, head, None if one_hot else embed)


MADE = {
    "lstm": lambda inputs: nn.LSTM(inputs, HIDDEN, 2, batch_first=True),
    "lstm without biases": lambda inputs: nn.LSTM(inputs, HIDDEN, bias=False),
    "lstm in double precision": lambda inputs: nn.LSTM(inputs, HIDDEN, 2).double(),
    "gru": lambda inputs: nn.GRU(inputs, HIDDEN, 3),
    "gru that resets before": lambda inputs: GRUResetBefore(inputs, HIDDEN),
    "rnn": lambda inputs: nn.RNN(inputs, HIDDEN, 2, batch_first=True),
}


@pytest.mark.parametrize("one_hot", [False, True], ids=["embedded", "one-hot"])
@pytest.mark.parametrize("kind", MADE)
def test_it_predicts_what_its_parts_do(kind: str, one_hot: bool):
    model = parts(MADE[kind], one_hot=one_hot)
    near = nearness(model, converted(model, IDS), IDS, TEXT)
    assert near.most_nats < 1e-5 and near.chars == TEXT.size
    # what the other three symbols get is counted, and is what the rest is renormalised by
    with model.reading():
        inside = model.log_probs(torch.tensor(IDS)[torch.from_numpy(TEXT)])[..., IDS].exp().sum(-1)
    assert near.outside_nats == pytest.approx(-inside.log().mean().item(), rel=1e-6)
    assert near.outside_nats > 0.05


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
def test_every_gate_and_state_inside_is_the_modules_own(kind: str):
    model = parts(MADE[kind])
    network = converted(model, IDS)
    scope = rnnscope.attach(model.module, embed=model.embed)
    theirs = torch.tensor(IDS)[torch.from_numpy(TEXT)]
    _, inside = scope.run_with_cache(theirs if model.module.batch_first else theirs.T)
    _, ours = rnnscope.attach(network).run_with_cache(torch.from_numpy(TEXT))
    assert set(ours) == set(inside)
    assert any(float(values.abs().max()) > 0.9 for values in inside.values())
    for name, values in inside.items():
        torch.testing.assert_close(ours[name], values, atol=1e-5, rtol=1e-5, msg=name)


def test_another_network_is_not_near():
    model = parts(MADE["lstm"])
    assert nearness(model, converted(model, IDS), [0, 5, 2, 6], TEXT).most_nats > 0.1


class Normalised(nn.Module):
    """A head that no matrix is."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.linear = nn.LayerNorm(HIDDEN), nn.Linear(HIDDEN, SYMBOLS)

    def forward(self, outputs):
        return self.linear(self.norm(outputs))


def test_a_head_that_is_not_affine_and_an_embedding_that_looks_back_are_not_near():
    module, embed, head = nn.LSTM(WIDTH, HIDDEN, batch_first=True), nn.Embedding(SYMBOLS, WIDTH), Normalised()
    wide(module, embed, head)
    for other in (
        ForeignLanguageModel(module, head, embed),
        ForeignLanguageModel(module, head.linear, lambda ids: embed(ids).cumsum(1)),
    ):
        assert nearness(other, converted(other, IDS), IDS, TEXT).most_nats > 0.01


def test_parts_are_read_in_eval_mode_and_left_as_they_were():
    module, embed = nn.LSTM(WIDTH, HIDDEN, 2, dropout=0.5, batch_first=True), nn.Embedding(SYMBOLS, WIDTH)
    head = nn.Sequential(nn.Dropout(0.5), nn.Linear(HIDDEN, SYMBOLS))
    wide(module, embed, head)
    noisy = ForeignLanguageModel(module, head, embed)
    assert nearness(noisy, converted(noisy, IDS), IDS, TEXT).most_nats < 1e-5
    assert module.training and head[0].training


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda inputs: nn.LSTM(inputs, HIDDEN, proj_size=3), "lstm-projected"),
        (lambda inputs: nn.RNN(inputs, HIDDEN, nonlinearity="relu"), "rnn-relu"),
        (lambda inputs: nn.GRU(inputs, HIDDEN, bidirectional=True), "reads backwards too"),
    ],
)
def test_what_no_network_of_ours_is_is_refused(made, said: str):
    model = ForeignLanguageModel(made(WIDTH), nn.Linear(HIDDEN, SYMBOLS), nn.Embedding(SYMBOLS, WIDTH))
    with pytest.raises(ConfigError, match=f"{said}.*rnnscope.attach opens it"):
        converted(model, IDS)


def test_numbers_of_another_precision_and_heads_that_put_streams_and_steps_together_are_taken():
    module, embed, head = (
        nn.LSTM(WIDTH, HIDDEN).double(),
        nn.Embedding(SYMBOLS, WIDTH),
        nn.Linear(HIDDEN, SYMBOLS),
    )
    wide(module, embed, head)
    flat = ForeignLanguageModel(module, lambda h: head(h.reshape(-1, HIDDEN).float()), embed)
    assert nearness(flat, converted(flat, IDS), IDS, TEXT).most_nats < 1e-4
    whole = ForeignLanguageModel(
        nn.RNN(SYMBOLS, HIDDEN), head, lambda ids: nn.functional.one_hot(ids, SYMBOLS)
    )
    assert nearness(whole, converted(whole, IDS), IDS, TEXT).most_nats < 1e-5


def test_large_logits_are_allowed_the_rounding_that_they_have_and_no_more():
    model = parts(MADE["lstm"])
    large = ForeignLanguageModel(model.module, lambda h: model.head(h) * 2000, model.embed)
    near = nearness(large, converted(large, IDS), IDS, TEXT)
    assert 1e-3 < near.most_nats < near.allowed_nats < 1
    assert nearness(model, converted(model, IDS), IDS, TEXT).allowed_nats < 2e-3


def test_weights_that_are_not_finite_are_named():
    module, embed, head = nn.GRU(WIDTH, HIDDEN), nn.Embedding(SYMBOLS, WIDTH), nn.Linear(HIDDEN, SYMBOLS)
    with torch.no_grad():
        head.bias[2] = -float("inf")
    model = ForeignLanguageModel(module, head, embed)
    with pytest.raises(ConfigError, match="'decoder_VH' would hold numbers that are not finite"):
        converted(model, IDS)


def test_parts_that_do_not_fit_each_other_are_told_in_a_line():
    module, head = nn.LSTM(WIDTH, HIDDEN, batch_first=True), nn.Linear(HIDDEN, SYMBOLS)
    for embed, of, said in (
        (nn.Embedding(4, WIDTH), head, r"embed cannot be called on ids of shape \(1, 4\): IndexError"),
        (nn.Embedding(SYMBOLS, WIDTH + 1), head, r"embed gave \(1, 4, 4\) where \(1, 4, 3\) is needed"),
        (lambda ids: (ids, ids), head, "embed gave a tuple where"),
        (nn.Embedding(SYMBOLS, WIDTH), nn.Linear(9, SYMBOLS), "head cannot be called on outputs of shape"),
        (None, head, "without embed ids become one-hot vectors"),
    ):
        with pytest.raises(ConfigError, match=said):
            converted(ForeignLanguageModel(module, of, embed), IDS)
    with pytest.raises(ConfigError, match=r"float16; give it in float32: model.float\(\)"):
        ForeignLanguageModel(nn.LSTM(WIDTH, HIDDEN).half(), head)
