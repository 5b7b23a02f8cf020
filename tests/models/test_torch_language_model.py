"""A bare state_dict says which matrix is what, or the reader is asked."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from rnnscope.errors import ConfigError, RecordError
from rnnscope.models.foreign import load_language_model

SYMBOLS, WIDTH, HIDDEN = 9, 4, 6
IDS = torch.randint(0, SYMBOLS, (2, 30), generator=torch.Generator().manual_seed(0))


def saved(path: Path, **modules: nn.Module) -> Path:
    torch.manual_seed(0)
    state = nn.ModuleDict(modules).state_dict()
    (save_file if path.suffix == ".safetensors" else torch.save)(state, path)
    return path


def logits(rnn: nn.RNNBase, head: Callable, inputs: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return head(rnn(inputs.transpose(0, 1))[0]).transpose(0, 1).double().log_softmax(-1)


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_embedding_module_and_decoder_are_found_by_their_shapes(tmp_path: Path, suffix: str):
    embed, rnn, head = nn.Embedding(SYMBOLS, WIDTH), nn.LSTM(WIDTH, HIDDEN, 2), nn.Linear(HIDDEN, SYMBOLS)
    twice = nn.Linear(HIDDEN, SYMBOLS)
    twice.load_state_dict(head.state_dict())
    parts = {"e": embed, "rnn": rnn, "out": head, "all": nn.Sequential(nn.ReLU(), twice)}
    model = load_language_model(saved(tmp_path / f"m{suffix}", **parts))
    with model.reading():
        assert torch.equal(model.log_probs(IDS), logits(rnn, head, embed(IDS)))
    assert model.symbols == SYMBOLS


def test_without_an_embedding_the_input_is_one_hot(tmp_path: Path):
    rnn, head = nn.GRU(SYMBOLS, HIDDEN), nn.Linear(HIDDEN, SYMBOLS)
    model = load_language_model(saved(tmp_path / "m.pt", rnn=rnn, out=head))
    with model.reading():
        assert torch.equal(
            model.log_probs(IDS), logits(rnn, head, nn.functional.one_hot(IDS, SYMBOLS).float())
        )


def test_a_decoder_that_shares_the_embedding_is_named(tmp_path: Path):
    embed, rnn = nn.Embedding(SYMBOLS, HIDDEN), nn.LSTM(HIDDEN, HIDDEN)
    file = saved(tmp_path / "m.pt", embed=embed, rnn=rnn)
    with pytest.raises(ConfigError, match=r"decoder is not clear; say --decoder NAME: embed \(9, 6\)"):
        load_language_model(file)
    model = load_language_model(file, decoder="embed.weight", embedding="embed")
    with model.reading():
        assert torch.equal(
            model.log_probs(IDS), logits(rnn, lambda hidden: hidden @ embed.weight.T, embed(IDS))
        )


def test_what_cannot_be_is_told_in_a_line(tmp_path: Path):
    parts = {"rnn": nn.LSTM(WIDTH, HIDDEN), "out": nn.Linear(HIDDEN, SYMBOLS)}
    file = saved(tmp_path / "m.pt", **parts, a=nn.Embedding(SYMBOLS, WIDTH), b=nn.Embedding(SYMBOLS, WIDTH))
    for asked, said in (
        ({}, r"embedding is not clear; say --embedding NAME: a \(9, 4\), b \(9, 4\), out \(9, 6\)"),
        ({"embedding": "c"}, "no embedding 'c' in the file; there is: a, b, out"),
        ({"embedding": "out"}, "'out' does not fit as the embedding"),
        ({"layer": "encoder"}, "no recurrent layer 'encoder'"),
    ):
        with pytest.raises(ConfigError, match=said):
            load_language_model(file, **asked)
    with pytest.raises(ConfigError, match=r"a language model is read from .pt, .pth"):
        load_language_model(tmp_path / "m.onnx")
    with pytest.raises(RecordError, match="no file"):
        load_language_model(tmp_path / "none.pt")


def test_weights_besides_are_refused_unless_they_are_said_to_have_no_part(tmp_path: Path):
    """A file cannot tell what a model does with them: a norm before the decoder, say."""
    rnn, head = nn.LSTM(SYMBOLS, HIDDEN), nn.Linear(HIDDEN, SYMBOLS)
    for name, more in (
        ("norm", nn.LayerNorm(HIDDEN)),
        ("deeper", nn.Linear(HIDDEN + 1, 3)),
        ("second", nn.GRU(HIDDEN, HIDDEN)),
        ("temperature", nn.ParameterList([torch.ones(1)])),
    ):
        file = saved(tmp_path / f"{name}.pt", rnn=rnn, out=head, **{name: more})
        with pytest.raises(
            ConfigError, match=f"what they do to predictions is not known: {name}[.].*--ignore"
        ):
            load_language_model(file, layer="rnn", decoder="out")
        model = load_language_model(file, layer="rnn", decoder="out", ignore=[f"{name}."])
        assert model.symbols == SYMBOLS


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model"])
def test_a_checkpoint_that_holds_the_state_dict_is_opened(tmp_path: Path, key: str):
    rnn, head = nn.LSTM(SYMBOLS, HIDDEN), nn.Linear(HIDDEN, SYMBOLS)
    state = nn.ModuleDict({"rnn": rnn, "out": head}).state_dict()
    optimiser = torch.optim.Adam(head.parameters()).state_dict()
    torch.save({"epoch": 3, "optimizer": optimiser, key: state}, tmp_path / "m.ckpt")
    assert load_language_model(tmp_path / "m.ckpt").symbols == SYMBOLS
