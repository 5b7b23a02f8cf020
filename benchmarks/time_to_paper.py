"""Wall time to the test loss that Karpathy, Johnson, Li 2015 print: `fast` with the native step, against
their recipe.

    python benchmarks/time_to_paper.py PATH/warpeace_input.txt.xz [--only lstm-1x128] [--json]

Ours is a whole run of the recipe `fast` with the epochs given here (chosen on validation): training, its
validations and its checkpoints. It counts only if its test loss is at or below the paper's. The paper's side
is 50 epochs of its recipe in plain float32 PyTorch (`nn.LSTM` and the like on looked-up one-hot vectors,
RMSProp, 100 streams x 100), whose speed is measured in the same run, before and after ours, and the faster
one is taken. One thread, one core.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from rnnscope.corpora import build_corpus, war_and_peace
from rnnscope.models import load_network
from rnnscope.records.corpus import Corpus
from rnnscope.recurrence.kinds import CellName
from rnnscope.scoring import score, trapped_rows
from rnnscope.studies.executor import TRAINING_ENVIRONMENT
from rnnscope.training import fast, train

NETWORKS: tuple[tuple[CellName, int, int, float, float], ...] = (
    ("lstm", 1, 128, 1.277, 1.5),
    ("rnn", 1, 273, 1.417, 0.6),
    ("gru", 1, 151, 1.230, 3.25),
    ("lstm", 2, 84, 1.227, 2.75),
    ("lstm", 1, 256, 1.189, 1.75),
    ("lstm", 1, 512, 1.161, 1.25),
)
"""Cell, layers, hidden, the paper's test loss in nats (Figure 1), epochs of ours."""
PAPER_EPOCHS = 50
LAYERS: dict[str, type[nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
UPDATES = 6
"""Of the paper's recipe in each measurement of its speed; the first is not counted."""


def paper_chars_per_s(corpus: Corpus, cell: str, layers: int, hidden: int) -> float:
    """The paper's recipe in plain PyTorch: one update after the other on real text."""
    torch.manual_seed(0)
    recurrent = LAYERS[cell](corpus.symbols, hidden, layers)  # pyright: ignore[reportArgumentType]
    decoder, ones = nn.Linear(hidden, corpus.symbols), torch.eye(corpus.symbols)
    parameters = [*recurrent.parameters(), *decoder.parameters()]
    optimiser = torch.optim.RMSprop(parameters, lr=2e-3, alpha=0.95)
    ids, state, best = torch.from_numpy(corpus.ids[:].astype("int64")), None, 0.0
    starts = torch.arange(100) * 26_000
    for update in range(UPDATES):
        begun = time.perf_counter()
        text = ids[starts[None, :] + update * 100 + torch.arange(101)[:, None]]
        outputs, state = recurrent(F.embedding(text[:-1], ones), state)
        state = tuple(each.detach() for each in state) if isinstance(state, tuple) else state.detach()
        optimiser.zero_grad()
        F.cross_entropy(decoder(outputs.flatten(0, 1)), text[1:].flatten()).backward()
        nn.utils.clip_grad_value_(parameters, 0.05)
        optimiser.step()
        if update:
            best = max(best, 10_000 / (time.perf_counter() - begun))
    return best


def measure(corpus: Corpus, network: tuple, folder: Path) -> dict:
    cell, layers, hidden, paper_nats, epochs = network
    before = paper_chars_per_s(corpus, cell, layers, hidden)
    config = fast(cell, layers, hidden, epochs=epochs)
    begun = time.perf_counter()
    run = train(corpus, config, folder / f"{cell}-{layers}x{hidden}")
    seconds = time.perf_counter() - begun
    after = paper_chars_per_s(corpus, cell, layers, hidden)
    test = corpus.part("test")
    scores = score(load_network(run.weights_path), corpus.inputs(test), corpus.targets(test))
    speed = max(before, after)
    paper_seconds = PAPER_EPOCHS * corpus.part("train").chars / speed
    return {
        "cell": cell,
        "layers": layers,
        "hidden": hidden,
        "paper_test_nats": paper_nats,
        "test_nats": round(scores.mean_nats, 4),
        "reached": scores.mean_nats <= paper_nats,
        "trapped_rows": len(trapped_rows(scores.row_nats)),
        "epochs": epochs,
        "seconds": round(seconds, 1),
        "train_seconds": run.manifest.train_seconds,
        "plain_chars_per_s": round(speed),
        "paper_seconds": round(paper_seconds),
        "times_faster": round(paper_seconds / seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path, help="the text of War and Peace, plain, .xz or .gz")
    parser.add_argument("--only", default="", help="networks whose name holds this")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if missing := {name: value for name, value in TRAINING_ENVIRONMENT.items() if name not in os.environ}:
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | missing)
    torch.set_num_threads(1)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        corpus = build_corpus(war_and_peace(arguments.path), None, Path(folder))
        for network in NETWORKS:
            if arguments.only in "{}-{}x{}".format(*network[:3]):
                rows.append(measure(corpus, network, Path(folder)))
                print(rows[-1], file=sys.stderr, flush=True)
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    names = list(rows[0]) if rows else []
    print("| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|")
    for row in rows:
        print("| " + " | ".join(str(row[name]) for name in names) + " |")


if __name__ == "__main__":
    main()
