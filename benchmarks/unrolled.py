"""How fast GRUs and RNNs train and read on one core, by each path of `rnnscope.recurrence.scan`.

    python benchmarks/unrolled.py PATH/warpeace_input.txt.xz [--repeats 5] [--json]

Training is `Learner.update` of the recipe `fast` on windows of War and Peace: network, loss, way back,
clipping, Muon and AdamW. Reading is the network without gradients on 200 characters of each row. The paths
take turns within every repeat, in one process.
"""

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from rnnscope.corpora import build_corpus, war_and_peace
from rnnscope.models import Network
from rnnscope.records.corpus import Corpus
from rnnscope.recurrence.kinds import KINDS, CellName
from rnnscope.recurrence.scan import BACKENDS
from rnnscope.training.batches import windows_of
from rnnscope.training.learner import Learner, untrained
from rnnscope.training.recipes import fast

NETWORKS: tuple[tuple[CellName, int], ...] = (
    ("gru", 151),
    ("gru", 300),
    ("rnn", 273),
    ("rnn", 534),
    ("gru-2015", 151),
)
TRAINED = ((32, 50, 4), (100, 100, 1))
"""Streams, window_chars, updates a repeat."""
READ_ROWS = (7, 100)
READ_CHARS = 200
CPU = torch.device("cpu")


def paths_of(cell: str) -> list[str]:
    return [name for name, backend in BACKENDS.items() if backend.refusal(cell, CPU) is None]


def trainer(
    corpus: Corpus, cell: CellName, hidden: int, work: tuple, dtype: torch.dtype, path: str
) -> Callable:
    """A function that makes some updates and gives how many characters they read."""
    streams, window_chars, updates = work
    config = fast(cell, 1, hidden).model_copy(update={"streams": streams, "window_chars": window_chars})
    windows = windows_of(corpus, config)
    learner = Learner(config, corpus.symbols, updates, CPU, dtype)
    assert isinstance(learner.network, Network)
    learner.network.backend = path
    ready = [windows.window(step) for step in range(updates)]

    def run() -> int:
        for step, window in enumerate(ready):
            learner.update(window, step, 0.1)
        return updates * streams * window_chars

    return run


def reader(corpus: Corpus, cell: CellName, hidden: int, rows: int, path: str) -> Callable:
    """A function that reads, and gives how many characters."""
    network = untrained(fast(cell, 1, hidden), corpus.symbols, CPU)
    assert isinstance(network, Network)
    network.backend = path
    ids = torch.from_numpy(corpus.ids[: rows * READ_CHARS].astype("int64")).reshape(rows, READ_CHARS).T

    def run() -> int:
        with torch.inference_mode():
            network(ids)
        return rows * READ_CHARS

    return run


def measured(runs: dict[str, Callable], repeats: int) -> dict[str, list[float]]:
    """Path -> microseconds per character of every repeat; one more before them is not counted."""
    taken: dict[str, list[float]] = {path: [] for path in runs}
    for repeat in range(repeats + 1):
        for path, run in runs.items():
            begin = time.perf_counter()
            chars = run()
            if repeat:
                taken[path].append((time.perf_counter() - begin) * 1e6 / chars)
    return taken


def measure(corpus: Corpus, repeats: int) -> list[dict]:
    results = []

    def note(work: str, cell: str, hidden: int, runs: dict[str, Callable]) -> None:
        results.append({"work": work, "network": f"{cell} 1x{hidden}", "us": measured(runs, repeats)})

    for cell, hidden in NETWORKS:
        for streams, window_chars, updates in TRAINED:
            for dtype in (torch.bfloat16, torch.float32):
                # the definition's way back is slower than any kernel's: a rival only where there is none
                paths = paths_of(cell)[:2] if KINDS[cell].kernel else paths_of(cell)
                work = (streams, window_chars, updates)
                runs = {path: trainer(corpus, cell, hidden, work, dtype, path) for path in paths}
                name = str(dtype).removeprefix("torch.")
                note(f"train {streams}x{window_chars}, {name}", cell, hidden, runs)
        for rows in READ_ROWS:
            runs = {path: reader(corpus, cell, hidden, rows, path) for path in paths_of(cell)}
            note(f"read {rows} rows, float32", cell, hidden, runs)
    return results


def table(results: list[dict]) -> str:
    """Thousands of characters a second, fastest and median repeat, and the gain over the best other path."""
    rows = ["| network | work | unrolled | kernel | definition | gain |", "|---|---|---|---|---|---|"]
    for result in results:
        taken = result["us"]
        cells = [
            f"{1e3 / min(taken[path]):.1f} ({1e3 / statistics.median(taken[path]):.1f})"
            if path in taken
            else ""
            for path in ("unrolled", "kernel", "definition")
        ]
        rival = min(min(values) for path, values in taken.items() if path != "unrolled")
        gain = f"{rival / min(taken['unrolled']):.2f}"
        rows.append("| " + " | ".join([result["network"], result["work"], *cells, gain]) + " |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path, help="the text of War and Peace, plain, .xz or .gz")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        corpus = build_corpus(war_and_peace(arguments.path), None, Path(folder))
        results = measure(corpus, arguments.repeats)
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    if arguments.json:
        print(json.dumps({"results": results, "versions": versions}))
    else:
        print(f"{arguments.repeats} repeats, one thread, {versions}\n\n{table(results)}")


if __name__ == "__main__":
    main()
