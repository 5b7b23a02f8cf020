"""What the native step's bfloat16 costs in loss: 500 updates of real text against the same in float32, over
seeds.

    python benchmarks/native_loss.py PATH/warpeace_input.txt.xz [--seeds 5] [--updates 500] [--json]

Same weights, same windows, same rates; only the precision of the matrix products differs. Rates fall to zero
over the updates. Both networks are then read in float32 on the whole validation part. `full` windows are 100
streams x 100.
"""

import argparse
import json
import math
import statistics
import tempfile
from pathlib import Path

import torch

from rnnscope.corpora import build_corpus, war_and_peace
from rnnscope.records.corpus import Corpus
from rnnscope.recurrence.kinds import CellName
from rnnscope.scoring import score
from rnnscope.training.batches import windows_of
from rnnscope.training.learner import Learner
from rnnscope.training.recipes import fast

NETWORKS: tuple[tuple[CellName, int, int, tuple[int, int]], ...] = (
    ("lstm", 1, 64, (100, 100)),
    ("lstm", 1, 64, (32, 50)),
    ("lstm", 1, 128, (32, 50)),
    ("lstm", 1, 256, (32, 50)),
    ("lstm", 1, 512, (32, 50)),
    ("lstm", 2, 84, (32, 50)),
    ("lstm", 3, 241, (32, 50)),
    ("gru", 1, 77, (32, 50)),
    ("gru", 1, 151, (32, 50)),
    ("gru", 1, 300, (32, 50)),
    ("gru-2015", 1, 151, (32, 50)),
    ("rnn", 1, 141, (32, 50)),
    ("rnn", 1, 273, (32, 50)),
    ("rnn", 1, 531, (32, 50)),
)
"""Cell, layers, hidden, (streams, window_chars)."""


def validation_nats(
    corpus: Corpus,
    network: tuple[CellName, int, int, tuple[int, int]],
    updates: int,
    seed: int,
    dtype: torch.dtype,
) -> tuple[float, float]:
    """Mean training nats of the last tenth of the updates, and validation nats after them."""
    cell, layers, hidden, (streams, window_chars) = network
    config = fast(cell, layers, hidden, seed=seed).model_copy(
        update={"streams": streams, "window_chars": window_chars}
    )
    windows = windows_of(corpus, config)
    learner = Learner(config, corpus.symbols, updates, torch.device("cpu"), dtype)
    for step in range(updates):
        if step == updates - max(1, updates // 10):
            learner.take_means()
        learner.update(
            windows.window(step), step, min(1.0, (step + 1) / (0.02 * updates)) * (1 - step / updates)
        )
    train_nats, _ = learner.take_means()
    part = corpus.part("validation")
    return train_nats, score(learner.network, corpus.inputs(part), corpus.targets(part)).mean_nats


def differences(corpus: Corpus, network: tuple, updates: int, seeds: int) -> dict:
    """bfloat16 less float32, over seeds."""
    found = []
    for seed in range(seeds):
        low = validation_nats(corpus, network, updates, seed, torch.bfloat16)
        full = validation_nats(corpus, network, updates, seed, torch.float32)
        found.append((low[0] - full[0], low[1] - full[1], full[1]))
    train, validation, losses = zip(*found, strict=True)
    cell, layers, hidden, (streams, window_chars) = network
    return {
        "cell": cell,
        "layers": layers,
        "hidden": hidden,
        "streams": streams,
        "window": window_chars,
        "float32_validation_nats": statistics.mean(losses),
        "train_difference": statistics.mean(train),
        "validation_difference": statistics.mean(validation),
        "standard_error": statistics.stdev(validation) / math.sqrt(seeds) if seeds > 1 else float("nan"),
        "by_seed": [round(each, 4) for each in validation],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("text", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=500)
    parser.add_argument("--only", default="", help="networks whose name holds this, as in lstm-1x64")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        corpus = build_corpus(war_and_peace(options.text), None, Path(folder))
        for network in NETWORKS:
            name = "{}-{}x{}".format(*network[:3])
            if options.only not in name:
                continue
            rows.append(differences(corpus, network, options.updates, options.seeds))
            if not options.json:
                row = rows[-1]
                print(
                    f"{name:14} {network[3][0]:>3} x {network[3][1]:<3} float32 "
                    f"{row['float32_validation_nats']:.4f}  bfloat16 - float32: train "
                    f"{row['train_difference']:+.4f}, validation {row['validation_difference']:+.4f} +- "
                    f"{row['standard_error']:.4f}  {row['by_seed']}",
                    flush=True,
                )
    if options.json:
        print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
