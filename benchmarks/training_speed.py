"""How fast the training step is: forward, loss and all gradients of a whole network, against PyTorch's own
layers.

    python benchmarks/training_speed.py PATH/warpeace_input.txt.xz [--repeats 5] [--json] [--pairs] [--only
    lstm-1x64]

One thread, one core, the same text, the same memory settings for all. The baseline is the fastest way to
train with
`torch.nn.LSTM`, `GRU` or `RNN`, `Linear` and `cross_entropy` in float32: fed with one-hot vectors, or with
rows of an identity matrix looked up. The same under bfloat16 autocast is shown beside it where the processor
has bfloat16. All take turns within every repeat. `--pairs`: two processes at once against one alone, each on
a core of its own.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rnnscope.corpora import build_corpus, war_and_peace
from rnnscope.models import Network, NetworkConfig, initialise
from rnnscope.recurrence.kinds import CellName
from rnnscope.recurrence.stack import native_step
from rnnscope.studies.executor import TRAINING_ENVIRONMENT
from rnnscope.training.machine import has_bfloat16, training_dtype

SHAPES: tuple[tuple[CellName, int, int], ...] = (
    ("lstm", 1, 64),
    ("lstm", 1, 128),
    ("lstm", 1, 256),
    ("lstm", 1, 512),
    ("lstm", 2, 84),
    ("lstm", 3, 241),
    ("gru", 1, 77),
    ("gru", 1, 151),
    ("gru", 1, 300),
    ("gru", 1, 596),
    ("rnn", 1, 141),
    ("rnn", 1, 273),
    ("rnn", 1, 531),
)
WINDOWS = ((100, 100), (32, 50))
"""Streams, window_chars."""
LAYERS: dict[str, type[nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
CPU = torch.device("cpu")
LEAST_SECONDS = 0.05
"""A repeat goes on at least so long."""
GATES = {"lstm": 4, "gru": 3, "rnn": 1}


def plain(
    cell: str,
    layers: int,
    hidden: int,
    symbols: int,
    ids: Tensor,
    targets: Tensor,
    feed: str,
    dtype: torch.dtype,
) -> Callable[[], None]:
    """PyTorch's own: layer, decoder, cross entropy, backward."""
    recurrent = LAYERS[cell](symbols, hidden, layers)  # pyright: ignore[reportArgumentType]
    decoder, ones = nn.Linear(hidden, symbols), torch.eye(symbols)
    parameters = [*recurrent.parameters(), *decoder.parameters()]

    def run() -> None:
        for parameter in parameters:
            parameter.grad = None
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
            inputs = F.one_hot(ids, symbols).float() if feed == "one-hot" else F.embedding(ids, ones)
            outputs, _ = recurrent(inputs)
            logits = decoder(outputs.flatten(0, 1))
        F.cross_entropy(logits.float(), targets.flatten()).backward()

    return run


def ours(
    cell: CellName, layers: int, hidden: int, symbols: int, ids: Tensor, targets: Tensor, dtype: torch.dtype
) -> Callable[[], None]:
    """What `Learner.update` calls before the optimiser."""
    network = Network(NetworkConfig(cell=cell, layers=layers, hidden=hidden, symbols=symbols)).train()
    initialise(network, "orthogonal", torch.Generator().manual_seed(0))
    state = network.zero_state(ids.shape[1])

    def run() -> None:
        network.backpropagate(ids, targets, state, dtype=dtype)

    return run


def repeated(runs: dict[str, Callable[[], None]], repeats: int) -> dict[str, list[float]]:
    """Name -> seconds a call of every repeat, the names taking turns; a first round is not counted."""
    calls = {}
    for name, run in runs.items():
        run()
        begun = time.perf_counter()
        run()
        calls[name] = max(1, round(LEAST_SECONDS / (time.perf_counter() - begun)))
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            begun = time.perf_counter()
            for _ in range(calls[name]):
                run()
            taken[name].append((time.perf_counter() - begun) / calls[name])
    return taken


def measure(ids: Tensor, symbols: int, shape: tuple, window: tuple[int, int], repeats: int) -> dict:
    cell, layers, hidden = shape
    streams, chars = window
    starts = torch.arange(streams) * (len(ids) // streams - chars - 1)
    text = ids[starts[None, :] + torch.arange(chars + 1)[:, None]]
    inputs, targets = text[:-1].contiguous(), text[1:].contiguous()
    dtype = training_dtype("auto", CPU)
    torch.manual_seed(0)
    runs: dict[str, Callable[[], None]] = {
        "ours": ours(cell, layers, hidden, symbols, inputs, targets, dtype),
        "plain one-hot": plain(cell, layers, hidden, symbols, inputs, targets, "one-hot", torch.float32),
        "plain lookup": plain(cell, layers, hidden, symbols, inputs, targets, "lookup", torch.float32),
    }
    if has_bfloat16(CPU):  # elsewhere it is taken apart and takes minutes
        runs["autocast"] = plain(cell, layers, hidden, symbols, inputs, targets, "lookup", torch.bfloat16)
    taken = repeated(runs, repeats)
    rival = min(("plain one-hot", "plain lookup"), key=lambda name: min(taken[name]))
    total = streams * chars
    products = 3 * hidden * (GATES[cell] * hidden * (2 * layers - 1) + symbols)
    return {
        "cell": cell,
        "layers": layers,
        "hidden": hidden,
        "streams": streams,
        "window": chars,
        "ours_chars_per_s": round(total / min(taken["ours"])),
        "plain_chars_per_s": round(total / min(taken[rival])),
        "ratio": round(min(taken[rival]) / min(taken["ours"]), 2),
        "ratio_of_medians": round(statistics.median(taken[rival]) / statistics.median(taken["ours"]), 2),
        "plain": rival,
        "autocast_chars_per_s": round(total / min(taken["autocast"])) if "autocast" in taken else None,
        "gflop_per_s": round(2e-9 * products * total / min(taken["ours"]), 1),
        "repeats": repeats,
    }


def one_of_a_pair(
    core: int | None, shape: tuple, ids: Tensor, symbols: int, seconds: float, barrier, out
) -> None:
    """Characters a second of one process for `seconds`."""
    if core is not None:
        os.sched_setaffinity(0, {core})
    torch.set_num_threads(1)
    cell, layers, hidden = shape
    text = ids[: 33 * 51].reshape(33, 51).T[:, :32]
    run = ours(
        cell,
        layers,
        hidden,
        symbols,
        text[:-1].contiguous(),
        text[1:].contiguous(),
        training_dtype("auto", CPU),
    )
    run()
    barrier.wait()
    begun, calls = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds:
        run()
        calls += 1
    out.put(calls * 32 * 50 / (time.perf_counter() - begun))


def pairs(ids: Tensor, symbols: int, repeats: int) -> list[dict]:
    """Two processes at once against one alone."""
    context = multiprocessing.get_context("fork")
    cores = sorted(os.sched_getaffinity(0))[:2]
    rows = []
    for shape in SHAPES:
        speeds: dict[int, list[float]] = {1: [], 2: []}
        for _ in range(repeats):
            for count in (1, 2):
                barrier, out = context.Barrier(count), context.Queue()
                started = [
                    context.Process(target=one_of_a_pair, args=(core, shape, ids, symbols, 1.0, barrier, out))
                    for core in cores[:count]
                ]
                for process in started:
                    process.start()
                speeds[count].append(sum(out.get() for _ in started))
                for process in started:
                    process.join()
        cell, layers, hidden = shape
        gain = statistics.median(speeds[2]) / statistics.median(speeds[1])
        rows.append({"cell": cell, "layers": layers, "hidden": hidden, "two_against_one": round(gain, 2)})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path, help="the text of War and Peace, plain, .xz or .gz")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="networks whose name holds this")
    parser.add_argument("--pairs", action="store_true", help="two processes against one instead")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if missing := {name: value for name, value in TRAINING_ENVIRONMENT.items() if name not in os.environ}:
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | missing)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        corpus = build_corpus(war_and_peace(arguments.path), None, Path(folder))
        ids, symbols = torch.from_numpy(corpus.ids[:].astype("int64")), corpus.symbols
    native = native_step(CPU, training_dtype("auto", CPU), notice=lambda line: print(line, file=sys.stderr))
    if arguments.pairs:
        rows = pairs(ids, symbols, arguments.repeats)
    else:
        rows = []
        for shape in SHAPES:
            if arguments.only in "{}-{}x{}".format(*shape):
                for window in WINDOWS:
                    rows.append(measure(ids, symbols, shape, window, arguments.repeats))
                    print(rows[-1], file=sys.stderr, flush=True)
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"torch {torch.__version__}, {native.name if native else 'no native step'}, one thread")
    names = list(rows[0]) if rows else []
    print("| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|")
    for row in rows:
        print("| " + " | ".join(str(row[name]) for name in names) + " |")


if __name__ == "__main__":
    main()
