"""attach: a module, a model with one inside, a run of ours -> Scope."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

from rnnscope.errors import ConfigError, did_you_mean
from rnnscope.models.foreign.reset_before import GRUResetBefore
from rnnscope.models.network import Network
from rnnscope.models.saved import load_network
from rnnscope.records.corpus import find_corpus
from rnnscope.records.run import Run
from rnnscope.replay.scope.entry import Pass, let_in, through_network
from rnnscope.replay.scope.layers import ModuleLayers, NetworkLayers
from rnnscope.replay.scope.scope import Scope
from rnnscope.replay.scope.symbols import Symbols, check_ids, ids_BT

OPENED = (nn.LSTM, nn.GRU, nn.RNN)
Function = Callable[[Any], Any]


def attach(
    module: nn.Module | str | Path,
    *,
    path: str | None = None,
    embed: nn.Module | Function | None = None,
    head: nn.Module | Function | None = None,
    alphabet: Sequence[str] | None = None,
) -> Scope:
    """A Scope on a recurrent network.

    `module`: an `nn.LSTM`, `nn.GRU` or `nn.RNN`; a model that has one at `path` ('encoder.rnn'); a Network,
    or the folder of a finished run of ours. `embed` makes the module's input of ids, `head` logits of its
    output, both in the module's own layout; without them the module, or the model around it, is given what
    it takes, and gives what it gives. `alphabet`: the symbols of ids 0, 1, 2..., so that texts can be given;
    without `embed` they become one-hot vectors.

    Raises ConfigError where there is nothing to open, RecordError for a run that cannot be read.
    """
    if isinstance(module, str | Path):
        if path or embed or head or alphabet:
            raise ConfigError("a run of ours has its own embedding, head and alphabet; give the run alone")
        return _attach_run(Path(module))
    symbols = None if alphabet is None else Symbols(alphabet)
    model = getattr(module, "_orig_mod", module)  # what torch.compile wraps
    if isinstance(model, Network):
        if path or embed or head:
            raise ConfigError("a network of ours has its own embedding and head; give the network alone")
        return _attach_network(model, symbols, "the network")
    layers = ModuleLayers(recurrent_in(model, path))
    what = f"the {type(layers.module).__name__}" + (f" at '{path}'" if path else "")
    if path and embed is None and head is None and symbols is None:
        return Scope(layers, _through_model(layers, model), what)
    return Scope(layers, _through_parts(layers, embed, head, symbols), what)


def _attach_run(folder: Path) -> Scope:
    run = Run.read(folder)
    corpus = find_corpus(folder.resolve().parents[2], run.manifest.corpus)
    alphabet = corpus.alphabet

    def encode(text: str) -> list[int]:
        return alphabet.encode(text.encode("utf-8", "surrogateescape")).tolist()

    symbols = Symbols(alphabet.symbols, encode)
    return _attach_network(load_network(run.weights_path), symbols, f"run '{run.reference}'")


def _attach_network(network: Network, symbols: Symbols | None, what: str) -> Scope:
    def run(one_pass: Pass, inputs: tuple[Any, ...], named: dict[str, Any]) -> Tensor:
        if named:
            raise ConfigError(f"a network of ours takes no {', '.join(named)}; it begins from its zero state")
        ids = _ids(_only(inputs), symbols, batch_first=True)
        if not isinstance(ids, Tensor) or ids.is_floating_point():
            raise ConfigError("a network of ours reads a text or ids of shape (batch, time) or (time,)")
        check_ids(ids, network.symbols, "the alphabet")
        return through_network(network, one_pass, (ids[None] if ids.dim() == 1 else ids).long())

    return Scope(NetworkLayers(network), run, what)


def recurrent_in(model: nn.Module, path: str | None) -> nn.RNNBase:
    """The module to open. Raises ConfigError with the paths where there is one."""
    inside = [name for name, each in model.named_modules() if isinstance(each, OPENED) and name]
    try:
        found = model.get_submodule(path) if path else model
    except AttributeError:
        raise ConfigError(f"no module at path '{path}'; {did_you_mean(path or '', inside)}") from None
    if not isinstance(found, OPENED):
        known = " or ".join(f"path='{name}'" for name in inside)
        paths = f"; give {known}" if inside and not path else ""
        raise ConfigError(
            f"{type(found).__name__} is no nn.LSTM, nn.GRU or nn.RNN, which are what can be opened{paths}"
        )
    if type(found).forward not in [each.forward for each in (*OPENED, GRUResetBefore)]:
        raise ConfigError(
            f"{type(found).__name__} has a forward of its own, which cannot be seen into; attach to the "
            "nn.LSTM, nn.GRU or nn.RNN that it calls"
        )
    if "forward" in vars(found):
        raise ConfigError(
            f"the forward of this {type(found).__name__} was replaced, by a wrapper perhaps; attach before"
        )
    return found


def _through_model(layers: ModuleLayers, model: nn.Module):
    def run(one_pass: Pass, inputs: tuple[Any, ...], named: dict[str, Any]) -> Any:
        with let_in(layers, one_pass):
            return model(*inputs, **named)

    return run


def _through_parts(
    layers: ModuleLayers, embed: Function | None, head: Function | None, symbols: Symbols | None
):
    def run(one_pass: Pass, inputs: tuple[Any, ...], named: dict[str, Any]) -> Any:
        given = _ids(_only(inputs), symbols, layers.module.batch_first)
        embedded = _embedded(given, embed, symbols, layers.module)
        with let_in(layers, one_pass):
            output, end = layers.module(embedded, **named)
        return (output, end) if head is None else _on_data(head, output)

    return run


def _only(inputs: tuple[Any, ...]) -> Any:
    if len(inputs) != 1:
        raise ConfigError(f"{len(inputs)} inputs were given; give one: a text, ids or the module's input")
    return inputs[0]


def _ids(given: Any, symbols: Symbols | None, batch_first: bool) -> Any:
    """Ids for a text, in the module's layout; anything else as it is."""
    if isinstance(given, str) or (isinstance(given, list) and all(isinstance(each, str) for each in given)):
        ids = ids_BT(given, symbols)
        return ids if batch_first else ids.T
    if not isinstance(given, list | np.ndarray):
        return given
    try:
        return torch.as_tensor(given)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"what was given is no array of numbers: {error}") from None


def _embedded(given: Any, embed: Function | None, symbols: Symbols | None, module: nn.RNNBase) -> Any:
    numbers: Any = given.data if isinstance(given, PackedSequence) else given
    is_ids = isinstance(numbers, Tensor) and not numbers.is_floating_point()
    if is_ids and symbols is not None:
        check_ids(numbers, len(symbols), "the alphabet")
    if is_ids and isinstance(embed, nn.Embedding):
        check_ids(numbers, embed.num_embeddings, "the embedding")
    weight = next(module.parameters())
    if is_ids:
        given = _on_data(lambda ids: ids.to(weight.device), given)
    if embed is not None:
        return _on_data(embed, given)
    if not is_ids:
        return given
    if symbols is None or len(symbols) != module.input_size:
        raise ConfigError(
            f"ids were given, and the module takes vectors of {module.input_size} numbers; give attach "
            f"embed=, or an alphabet of {module.input_size} symbols for one-hot vectors"
        )
    return _on_data(lambda ids: F.one_hot(ids.long(), len(symbols)).to(weight.dtype), given)


def _on_data(function: Function, value: Any) -> Any:
    """`function` of the steps of packed sequences, or of anything else as it is."""
    return value._replace(data=function(value.data)) if isinstance(value, PackedSequence) else function(value)
