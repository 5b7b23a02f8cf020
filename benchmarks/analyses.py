"""How long the analyses of a text's losses take, and how that grows with the text.

    python benchmarks/analyses.py --large RUN --small RUN [--corpus war-and-peace] [--times 1,10] [--json]

Of a corpus whose n-grams of 1 to 9 and 20 characters are counted and of two finished runs: error overlap,
gains by character, closing distance and line length, error oracles with both networks, and effective context
from its record, each from the losses on disk. The losses are made first and not timed. For ten times the text
corpus and losses are laid end to end ten times over. Each length runs in a process of its own, so that its
highest memory is its own.
"""

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rnnscope.analyses.effective_context import effective_context
from rnnscope.analyses.error_oracles import error_oracles
from rnnscope.analyses.error_overlap import error_overlap
from rnnscope.analyses.long_range import long_range
from rnnscope.analyses.per_character import per_character
from rnnscope.records.context_losses import ContextLosses
from rnnscope.records.corpus import PARTS, Corpus, PartRows, find_corpus
from rnnscope.records.run import find_run
from rnnscope.records.surprisal import Surprisal, write_surprisal
from rnnscope.studies.context import ContextJob, ContextSettings, run_context
from rnnscope.studies.counting import count_and_score, ngram_surprisal
from rnnscope.studies.jobs import replay_run
from rnnscope.studies.work import Work

CONTEXTS = (*range(1, 10), 20)


def tiled(corpus: Corpus, times: int, folder: Path) -> Corpus:
    """The corpus laid end to end so many times, its fingerprint as it was."""
    if times == 1:
        return corpus
    place, chars = folder / "corpus", corpus.manifest.ids_chars
    place.mkdir(parents=True)
    np.save(place / "ids.npy", np.tile(np.asarray(corpus.ids), times))
    np.save(place / "alphabet.npy", corpus.codes)
    parts = {}
    for name in PARTS:
        part = corpus.part(name)
        starts = tuple(start + time * chars for time in range(times) for start in part.starts)
        parts[name] = PartRows(starts=starts, row_chars=part.row_chars)
    corpus.manifest.model_copy(update={"parts": parts, "ids_chars": chars * times}).write(place)
    return Corpus.read(place)


def repeated(surprisal: Surprisal, times: int, folder: Path) -> Surprisal:
    """Its losses the same number of times."""
    if times == 1:
        return surprisal
    manifest = surprisal.manifest.model_copy(update={"rows": surprisal.manifest.rows * times})
    values = (np.tile(each, (times, 1)) for each in (surprisal.nats_RT, surprisal.likeliest_RT))
    return write_surprisal(folder / surprisal.name, manifest, *values)


def analyses(
    corpus: Corpus,
    runs: list[Surprisal],
    ngrams: dict[int, Surprisal],
    context: ContextLosses | None,
) -> dict[str, Callable[[], object]]:
    """Name -> what is timed."""
    longest = ngrams[CONTEXTS[-1]]
    of_oracles = {n: each for n, each in ngrams.items() if n < 10}
    found: dict[str, Callable[[], object]] = {
        "error_overlap": lambda: error_overlap([runs[0], ngrams[7], longest], corpus),
        "per_character": lambda: per_character(runs[0], longest, corpus),
        "long_range": lambda: long_range([runs[0], longest, runs[1]], corpus),
        "error_oracles": lambda: error_oracles(runs, of_oracles, corpus),
    }
    if context is not None:  # its readings do not grow with the text
        found["effective_context"] = lambda: effective_context([context], corpus)
    return found


def measured(arguments: argparse.Namespace, times: int) -> dict:
    """Seconds of each analysis over so many times the text, and the highest memory of the process."""
    work = Work(Path(arguments.work))
    original = find_corpus(work.folder, arguments.corpus)
    count_and_score(work, original, CONTEXTS)
    runs = [
        find_run(work.folder, f"{arguments.corpus}/{name}") for name in (arguments.large, arguments.small)
    ]
    context = (
        run_context(ContextJob(work.folder, runs[1].folder, ContextSettings(), "")) if times == 1 else None
    )
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        corpus = tiled(original, times, place)
        losses = [repeated(replay_run(run, original, "test"), times, place) for run in runs]
        ngrams = {n: repeated(ngram_surprisal(work, original, n), times, place) for n in CONTEXTS}
        seconds, of_processor = {}, {}
        for name, analysis in analyses(corpus, losses, ngrams, context).items():
            begun, spent = time.perf_counter(), time.process_time()
            analysis()
            seconds[name] = round(time.perf_counter() - begun, 2)
            of_processor[name] = round(time.process_time() - spent, 2)
        return {
            "chars": corpus.part("test").chars,
            "seconds": seconds,
            "processor_seconds": of_processor,
            "total_seconds": round(sum(seconds.values()), 2),
            "highest_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", default="work")
    parser.add_argument("--corpus", default="war-and-peace")
    parser.add_argument("--large", required=True, help="a run's name")
    parser.add_argument("--small", required=True, help="another one's")
    parser.add_argument("--times", default="1,10")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measured(arguments, arguments.one)))
        return
    found = []
    for times in arguments.times.split(","):
        command = [sys.executable, __file__, *sys.argv[1:], "--one", times]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    if arguments.json:
        print(json.dumps({"machine": platform.processor() or platform.machine(), "lengths": found}))
        return
    names = list(found[0]["seconds"])
    print(f"{'characters':>12} " + " ".join(f"{name:>17}" for name in names) + f" {'together':>9} {'MB':>6}")
    for each in found:
        shown = " ".join(f"{each['seconds'].get(name, float('nan')):>17.2f}" for name in names)
        print(f"{each['chars']:>12,} {shown} {each['total_seconds']:>9.2f} {each['highest_mb']:>6}")


if __name__ == "__main__":
    main()
