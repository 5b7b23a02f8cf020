"""How long it takes to count War and Peace with every context length 1-20 and to score its test characters.

    python benchmarks/ngram.py PATH/warpeace_input.txt.xz [--repeats 5] [--json]

Every repeat is a fresh process: corpus record -> count model on disk (build), count model on disk -> nats of
330,000 characters at 20 lengths (score). The corpus record is made beforehand and not timed.
"""

import argparse
import json
import multiprocessing
import platform
import resource
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from rnnscope.corpora import build_corpus, war_and_peace
from rnnscope.ngrams import KneserNey, build_count_model, joined_rows
from rnnscope.records import find_corpus
from rnnscope.scoring import error_rate

CONTEXTS = range(1, 21)
TABLE_2 = {1: 2.3987, 2: 1.9278, 3: 1.5206, 4: 1.3137, 5: 1.2316, 6: 1.2033, 7: 1.1940, 8: 1.1936, 9: 1.1943}
TABLE_2 |= {20: 1.1951}
"""Losses of Karpathy, Johnson, Li (2015), Table 2, recomputed to four decimals with another program."""


def one_repeat(work: Path) -> dict:
    """Seconds, peak memory and record size of one build and score, and the losses."""
    corpus = find_corpus(work, "war-and-peace")
    begin = time.perf_counter()
    model = build_count_model(corpus, max(CONTEXTS), work / "counts" / "fresh")
    built = time.perf_counter()
    joined = joined_rows(corpus.ids, corpus.part("test"))
    nats = KneserNey(model).true_nats(*joined, CONTEXTS)
    scored = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    test = corpus.part("test")
    fresh = KneserNey(model).true_nats(corpus.inputs(test), corpus.targets(test), CONTEXTS)
    return {
        "build_seconds": built - begin,
        "score_seconds": scored - built,
        "total_seconds": scored - begin,
        "peak_memory_mb": peak * (1 if sys.platform == "darwin" else 1024) / 1e6,
        "record_mb": model.disk_bytes / 1e6,
        "test_nats": {n: float(nats[n].mean(dtype=np.float64)) for n in CONTEXTS},
        "error_rate": {n: error_rate(nats[n]) for n in CONTEXTS},
        "test_nats_rows_afresh": {n: float(fresh[n].mean(dtype=np.float64)) for n in CONTEXTS},
    }


def measure(path: Path, repeats: int) -> list[dict]:
    results = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        build_corpus(war_and_peace(path), None, work)
        for _ in range(repeats):
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh_process:
                results.append(fresh_process.submit(one_repeat, work).result())
            for file in sorted((work / "counts").rglob("*"), reverse=True):
                file.rmdir() if file.is_dir() else file.unlink()
    return results


def table(results: list[dict]) -> str:
    rows = ["| | min | median |", "|---|---|---|"]
    for key, name in {
        "build_seconds": "build, s",
        "score_seconds": "score, s",
        "total_seconds": "both, s",
        "peak_memory_mb": "peak memory, MB",
        "record_mb": "record, MB",
    }.items():
        values = [result[key] for result in results]
        rows.append(f"| {name} | {min(values):.2f} | {statistics.median(values):.2f} |")
    rows += [
        "",
        "| context | test nats | Table 2, recomputed | error rate | nats, rows afresh |",
        "|---|---|---|---|---|",
    ]
    for n in CONTEXTS:
        known = f"{TABLE_2[n]:.4f}" if n in TABLE_2 else ""
        last = results[-1]
        rows.append(
            f"| {n} | {last['test_nats'][n]:.4f} | {known} | {last['error_rate'][n]:.4f} | "
            f"{last['test_nats_rows_afresh'][n]:.4f} |"
        )
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path, help="the text of War and Peace, plain, .xz or .gz")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    results = measure(arguments.path, arguments.repeats)
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    if arguments.json:
        print(json.dumps({"repeats": results, "versions": versions}))
    else:
        print(f"{arguments.repeats} repeats, one thread, {versions}\n\n{table(results)}")


if __name__ == "__main__":
    main()
