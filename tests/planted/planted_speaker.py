"""The planted reader with another decoder: the quote unit makes quotes, the column unit nothing."""

import shutil
from pathlib import Path

import torch
from planted_reader import COLUMN_UNIT, QUOTE_UNIT

from rnnscope.models.saved import load_network, save_model
from rnnscope.records.corpus import find_corpus
from rnnscope.records.run import find_run

PROMOTES = 8.0
"""What the quote unit adds to the logit of ”, times its output."""


def speaker_work(work: Path, to: Path) -> Path:
    """A copy of `work`, of 'tales/reader', in `to`. No unit and no symbol hears the column unit."""
    shutil.copytree(work, to)
    run, corpus = find_run(to, "tales/reader"), find_corpus(to, "tales")
    network = load_network(run.weights_path)
    closes = int(corpus.alphabet.encode("”".encode())[0])
    with torch.no_grad():
        network.decoder_VH[:, [QUOTE_UNIT, COLUMN_UNIT]] = 0
        network.decoder_VH[closes, QUOTE_UNIT] = PROMOTES
    save_model(run.weights_path, network)
    run.manifest.model_copy(update={"fingerprint": "speaker"}).write(run.folder)
    return to
