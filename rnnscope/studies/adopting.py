"""A language model that was trained elsewhere, a corpus -> a Run: what is asked of runs can be asked of it.
Trains nothing.
"""

import hashlib
import math
import warnings
from collections.abc import Callable
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
from rnnscope.studies.alphabets import Symbols, ids_of
from rnnscope.studies.jobs import replay_run
from rnnscope.studies.work import Work
from rnnscope.training.claim import alone

PIECES, PIECE_CHARS = 4, 500
"""Of the validation text: what both predict."""


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
    after dropout or not). `alphabet`: the symbols of ids 0, 1, 2... (a string, a list; numbers are bytes,
    `range(256)` all of them), or a mapping from symbol to id, or back; without it the corpus's own, in the
    order of their codes.

    What the module does is kept; embedding and head become the one-hot input matrix and the decoder of a
    Network. Both read pieces of the validation text, and where a log-probability differs by more than 0.001
    nats (and what float32 rounds) nothing is kept. The run has its losses on validation and test text. Made
    again of the same weights it stays as it is. `notice` is told in a line what should be known; without it
    that is a warning.

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
    near = nearness(model, network, ids, _pieces(found))
    if not near.most_nats <= near.allowed_nats:
        raise ConfigError(
            f"a log-probability is {near.most_nats:.2g} nats from the network's own, and only "
            f"{near.allowed_nats:.2g} is allowed: head must be an affine function of the module's output at "
            "its step, embed a function of one symbol, and both in eval mode"
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


def _pieces(corpus: Corpus) -> np.ndarray:
    """Inputs, (R, T), of pieces that are spread over the validation text."""
    part = corpus.part("validation")
    chars = min(PIECE_CHARS, part.row_chars)
    places = [piece * part.chars // PIECES for piece in range(PIECES)]
    rows = [
        (place // part.row_chars, min(place % part.row_chars, part.row_chars - chars)) for place in places
    ]
    starts = dict.fromkeys(part.starts[row] + step for row, step in rows)
    return np.stack([corpus.ids[start : start + chars] for start in starts])


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
