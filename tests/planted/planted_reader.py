"""A run wired by hand, with its corpus: one unit is on inside quotes, one counts columns, the others follow
nothing but what random weights give."""

from pathlib import Path

import numpy as np
import torch
from planted_runs import run_manifest

from rnnscope.corpora import build_corpus, text_file
from rnnscope.models.network import Layer, Network
from rnnscope.models.saved import save_model
from rnnscope.models.sizing import NetworkConfig
from rnnscope.records.corpus import Corpus
from rnnscope.records.run import Run
from rnnscope.studies.configs import train_config

UNITS = 8
QUOTE_UNIT, COLUMN_UNIT = 2, 5
COLUMN_STEP = 0.02
"""What a character adds to the column unit's cell."""


def quoted_lines(lines: int, seed: int = 0) -> str:
    """Lines of words of random length, with quotations that open and close at random places."""
    generator = np.random.default_rng(seed)
    text, is_open = [], False
    for _ in range(lines):
        words = []
        for _ in range(generator.integers(4, 14)):
            word = "".join(generator.choice(list("abcdefgh"), size=generator.integers(1, 8)))
            if generator.uniform() < 0.12:
                word, is_open = (f"{word}”", False) if is_open else (f"“{word}", True)
            words.append(word)
        text.append(" ".join(words))
    return "\n".join(text) + "\n"


def reader_run(work: Path) -> tuple[Run, Corpus]:
    """The run 'tales/reader' in a work folder, whole on disk."""
    source = work / "tales.txt"
    work.mkdir(parents=True, exist_ok=True)
    source.write_text(quoted_lines(2500), encoding="utf-8")
    corpus = build_corpus(text_file(source), "tales", work, language="prose")
    network = wired(corpus)
    folder = work / "runs" / "tales" / "reader"
    folder.mkdir(parents=True)
    config = train_config("fast", "lstm", 1, UNITS, 0)
    (folder / "config.json").write_text(config.model_dump_json())
    save_model(folder / "weights.safetensors", network)
    facts = {"name": "reader", "hidden": UNITS, "symbols": corpus.symbols}
    run_manifest(**facts, corpus_fingerprint=corpus.manifest.fingerprint).write(folder)
    return Run.read(folder), corpus


def wired(corpus: Corpus) -> Network:
    """Weights are stacked i, f, g, o. The quote unit writes +1 at “ and -1 at ” and keeps it otherwise; the
    column unit adds a little at every character and forgets all at a line end."""
    torch.manual_seed(0)
    network = Network(NetworkConfig(cell="lstm", layers=1, hidden=UNITS, symbols=corpus.symbols))
    layer = network.layers[0]
    assert isinstance(layer, Layer)
    weights = layer.weights
    opens, closes, ends = (int(corpus.alphabet.encode(each.encode(), "")[0]) for each in "“”\n")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.uniform_(-0.8, 0.8)
        for unit in (QUOTE_UNIT, COLUMN_UNIT):
            rows = [gate * UNITS + unit for gate in range(4)]
            for each in (weights.w_input_GI, weights.w_hidden_GH, weights.b_input_G, weights.b_hidden_G):
                each[rows] = 0
        weights.w_hidden_GH[:, [QUOTE_UNIT, COLUMN_UNIT]] = 0  # and the others hear nothing of them
        i, f, g, _ = (gate * UNITS + QUOTE_UNIT for gate in range(4))
        weights.b_input_G[i], weights.b_input_G[f] = -12, 12
        weights.w_input_GI[i, [opens, closes]] = 24
        weights.w_input_GI[g, opens], weights.w_input_GI[g, closes] = 12, -12
        i, f, g, _ = (gate * UNITS + COLUMN_UNIT for gate in range(4))
        weights.b_input_G[i] = weights.b_input_G[f] = 12
        weights.w_input_GI[[i, f], ends] = -24
        weights.b_input_G[g] = COLUMN_STEP
    return network.eval()
