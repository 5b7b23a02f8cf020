"""A language model that was trained elsewhere, a corpus -> a Run: what is asked of runs can be asked of it.
Trains nothing.
"""

import hashlib
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from torch import nn

from rnnscope.errors import ConfigError
from rnnscope.models.foreign.language_model import ForeignLanguageModel, Part
from rnnscope.models.network import Network
from rnnscope.models.saved import model_bytes
from rnnscope.records.corpus import Corpus, find_corpus
from rnnscope.records.folder import checked_name, is_whole, new_record, write_bytes
from rnnscope.records.run import ADOPTED, Run, RunManifest
from rnnscope.replay.converting import Nearness, converted, nearness
from rnnscope.replay.scope import recurrent_in
from rnnscope.scoring import score, trapped_rows
from rnnscope.studies.jobs import replay_run
from rnnscope.studies.work import Work
from rnnscope.training.claim import alone

Symbols = Sequence[str | int] | Mapping[str, int]
MOST_NATS = 1e-3
"""A converted network whose log-probabilities differ by so much is another one."""
COMPARED = (4, 500)
"""Validation rows, and characters of each, on which both predict."""
MOST_NAMED = 8


def adopt(
    module: nn.Module,
    corpus: str,
    *,
    head: Part,
    embed: Part | None = None,
    path: str | None = None,
    alphabet: Symbols | None = None,
    name: str | None = None,
    work: str | Path = "work",
    command: str = "",
    notice: Callable[[str], None] | None = None,
) -> Run:
    """A character model of yours as a run of `corpus`: every command, analysis and view then takes it.

    `module`: its `nn.LSTM`, `nn.GRU` or `nn.RNN`, or a model that has one at `path` ('encoder.rnn'). `embed`:
    ids -> the module's input, one vector a symbol (an `nn.Embedding`, any module or function); without it
    symbols become one-hot vectors. `head`: the module's output -> logits, an affine function (an `nn.Linear`,
    after dropout or not). `alphabet`: the symbols of ids 0, 1, 2... (a string, a list; `range(256)` for
    bytes), or a mapping from symbol to id; without it the corpus's own, in the order of their codes.

    What the module does is kept; embedding and head become the one-hot input matrix and the decoder of a
    Network. Both read a piece of the validation text, and where a log-probability differs by 0.001 nats or
    more nothing is kept. The run has its losses on validation and test text. Made again of the same weights
    it stays as it is. `notice` is told in a line what should be known; without it that is a warning.

    Raises ConfigError for what cannot be adopted (projected, rectified, bidirectional; a head that is not
    affine; symbols that the network lacks), RecordError for a corpus that is not there.
    """
    model = ForeignLanguageModel(recurrent_in(module, path), head, embed)
    return adopt_model(model, corpus, alphabet, name, Path(work), command, notice or _warned)


def _warned(line: str) -> None:
    warnings.warn(line, stacklevel=4)


def adopt_model(
    model: ForeignLanguageModel,
    corpus: str,
    alphabet: Symbols | None,
    name: str | None,
    work: Path,
    command: str,
    notice: Callable[[str], None],
) -> Run:
    """`adopt` of a model whose parts are together."""
    place = Work(work)
    found = find_corpus(place.folder, corpus)
    ids = ids_of(alphabet, found, model.symbols)
    network = converted(model, ids)
    near = nearness(model, network, ids, _some_rows(found))
    if not near.most_nats < MOST_NATS:
        raise ConfigError(
            f"a log-probability is {near.most_nats:.2g} nats from the network's own, where {MOST_NATS:g} is "
            "the most: head must be an affine function of the module's output at its step, embed a function "
            "of one symbol, and both in eval mode"
        )
    config = network.config
    called = checked_name(name or f"{config.cell}-{config.layers}x{config.hidden}-{ADOPTED}", "run")
    run = _written(place.run(found.name, called), network, found, near, command)
    replay_run(run, found, "test", command)
    if model.symbols > len(ids):
        notice(
            f"{model.symbols - len(ids)} of the network's {model.symbols} symbols are not in this text; they "
            f"get no probability here, which makes a character {near.outside_nats:.2g} nats cheaper"
        )
    if run.manifest.validation_nats >= math.log(found.symbols):
        notice(
            f"its {run.manifest.validation_nats:.3f} validation nats are no better than a uniform guess: is "
            "the alphabet in the order of the network's ids?"
        )
    return run


def ids_of(alphabet: Symbols | None, corpus: Corpus, most: int) -> list[int]:
    """The network's id of every symbol of the corpus; it has `most`. Raises ConfigError for symbols that it
    lacks.
    """
    symbols = corpus.alphabet.symbols
    if alphabet is None:
        if most != len(symbols):
            raise ConfigError(
                f"the network has {most} symbols and '{corpus.name}' {len(symbols)}; give the network's "
                "alphabet"
            )
        return list(range(most))
    if isinstance(alphabet, Mapping):
        ids = dict(alphabet)
    else:
        listed = [chr(each) if isinstance(each, int) else each for each in alphabet]
        ids = {symbol: place for place, symbol in enumerate(listed)}
        if len(ids) < len(listed):
            twice = next(symbol for place, symbol in enumerate(listed) if ids[symbol] != place)
            raise ConfigError(f"the alphabet has {twice!r} twice; give the symbol of every id once")
    named = dict(zip(symbols, corpus.alphabet.names, strict=True))
    lacking = [named[symbol] for symbol in symbols if symbol not in ids]
    if lacking:
        names = ", ".join(lacking[:MOST_NAMED]) + (", ..." if len(lacking) > MOST_NAMED else "")
        raise ConfigError(
            f"the network's alphabet lacks {len(lacking)} of the {len(symbols)} symbols of '{corpus.name}' "
            f"({names}); build the corpus of a text without them"
        )
    chosen = [ids[symbol] for symbol in symbols]
    if wrong := [each for each in chosen if not 0 <= each < most]:
        raise ConfigError(f"the alphabet has id {wrong[0]}, and the network's go from 0 to {most - 1}")
    if len(set(chosen)) < len(chosen):
        raise ConfigError("the alphabet gives one id to several symbols; every symbol needs its own")
    return chosen


def _some_rows(corpus: Corpus) -> np.ndarray:
    rows, chars = COMPARED
    return corpus.inputs(corpus.part("validation"), slice(rows), slice(chars))


def _written(folder: Path, network: Network, corpus: Corpus, near: Nearness, command: str) -> Run:
    """The run in `folder`, made unless it is there. Raises ConfigError where another run is."""
    content = model_bytes(network)
    fingerprint = hashlib.sha256(corpus.manifest.fingerprint.encode() + content).hexdigest()
    with alone(folder):
        if is_whole(folder) and Run.read(folder).manifest.fingerprint == fingerprint:
            return Run.read(folder)
        if folder.exists():
            raise ConfigError(
                f"run '{folder.name}' of '{corpus.name}' is there and is another; give this one another name"
            )
        part = corpus.part("validation")
        scores = score(network, corpus.inputs(part), corpus.targets(part))
        manifest = RunManifest(
            command=command,
            parents={corpus.name: corpus.manifest.fingerprint},
            name=folder.name,
            corpus=corpus.name,
            corpus_fingerprint=corpus.manifest.fingerprint,
            cell=network.config.cell,
            layers=network.config.layers,
            hidden=network.config.hidden,
            symbols=corpus.symbols,
            parameters=network.parameter_count,
            recipe=ADOPTED,
            seed=0,
            epochs=0,
            steps=0,
            kept_step=0,
            chars_seen=0,
            train_seconds=0,
            chars_per_s=0,
            validation_nats=scores.mean_nats,
            trapped_rows=trapped_rows(scores.row_nats),
            adopted_within_nats=near.most_nats,
            outside_nats=near.outside_nats,
            fingerprint=fingerprint,
        )
        with new_record(folder) as partial:
            write_bytes(partial / "weights.safetensors", content)
            manifest.write(partial)
    return Run.read(folder)
