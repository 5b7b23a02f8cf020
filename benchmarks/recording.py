"""What it costs to see every gate of an LSTM: `attach` against a loop of cells that keeps the same, and
against the module alone; and what it costs to count all statistics of every unit of a long text.

    python benchmarks/recording.py [--layers 2] [--hidden 512] [--steps 1000] [--streams 32] [--json]
    python benchmarks/recording.py --stream 1,2,5,10 --layers 1 --hidden 128 --repeats 2 [--json]

The first: all sites of all layers at every step. The three take turns within every repeat, in one process.
Memory is the highest that the process reached during one recording, above what it held before, and is read
from Linux.

The second: so many millions of random characters in ten rows, by the counters of `rnnscope statistics`, each
length in a process of its own with one thread, the lengths by turns in every repeat. Memory is the highest of
the whole process, pages of the text's file among it; seconds of the processor tell the work where others
share the machine.
"""

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import rnnscope
from rnnscope.models import initialise
from rnnscope.models.network import Network
from rnnscope.models.sizing import NetworkConfig
from rnnscope.records.corpus import Corpus, CorpusManifest, PartRows
from rnnscope.replay.counts import count_over
from rnnscope.studies.executor import run_jobs
from rnnscope.studies.unit_statistics import GROUP_ROWS, unit_counters

SITES = ("pre_i", "pre_f", "pre_g", "pre_o", "i", "f", "g", "o", "c", "tanh_c", "h")


def cell_loop(module: nn.LSTM, inputs_TBI: Tensor) -> dict[str, Tensor]:
    """Every site by steps of a cell, as a user writes it; (batch, time, units)."""
    found = {}
    for layer in range(module.num_layers):
        w_input, w_hidden, b_input, b_hidden = (
            getattr(module, f"{name}_l{layer}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        h = c = inputs_TBI.new_zeros(inputs_TBI.shape[1], module.hidden_size)
        kept: dict[str, list[Tensor]] = {site: [] for site in SITES}
        for x in inputs_TBI.unbind(0):
            pre = (F.linear(x, w_input, b_input) + F.linear(h, w_hidden, b_hidden)).chunk(4, 1)
            i, f, g, o = pre[0].sigmoid(), pre[1].sigmoid(), pre[2].tanh(), pre[3].sigmoid()
            c = f * c + i * g
            tanh_c = c.tanh()
            h = o * tanh_c
            for site, value in zip(SITES, (*pre, i, f, g, o, c, tanh_c, h), strict=True):
                kept[site].append(value)
        found |= {f"layers.{layer}.{site}": torch.stack(values, 1) for site, values in kept.items()}
        inputs_TBI = found[f"layers.{layer}.h"].transpose(0, 1)
    return found


def seconds(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def highest_bytes(run: Callable[[], object]) -> int:
    """The most that this process held during `run`, above what it held before."""
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins anew
    before = _status("VmRSS")
    run()
    return _status("VmHWM") - before


def _status(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field))


def measured(layers: int, hidden: int, steps: int, streams: int, repeats: int) -> dict:
    torch.manual_seed(0)
    module = nn.LSTM(hidden, hidden, layers).eval()
    inputs = torch.randn(steps, streams, hidden)
    scope = rnnscope.attach(module)
    ways: dict[str, Callable[[], object]] = {
        "module": lambda: module(inputs),
        "attach": lambda: scope.run_with_cache(inputs),
        "cell loop": lambda: cell_loop(module, inputs),
    }
    with torch.no_grad():
        scope.run_with_cache(inputs[:2])
        most = highest_bytes(ways["attach"])  # before anything else left memory behind that could be reused
        for run in ways.values():
            run()
        took = {name: [] for name in ways}
        for _ in range(repeats):
            for name, run in ways.items():
                took[name].append(seconds(run))
        _, cache = scope.run_with_cache(inputs)
    recorded = sum(each.numel() * each.element_size() for each in cache.values())
    per_repeat = {
        "times_module": [a / m for a, m in zip(took["attach"], took["module"], strict=True)],
        "loop_over_attach": [c / a for c, a in zip(took["cell loop"], took["attach"], strict=True)],
    }
    return {
        "shape": {"layers": layers, "hidden": hidden, "steps": steps, "streams": streams},
        "seconds": {name: {"min": min(t), "median": statistics.median(t)} for name, t in took.items()},
        **{
            name: {"min": min(r), "median": statistics.median(r), "max": max(r)}
            for name, r in per_repeat.items()
        },
        "recorded_bytes": recorded,
        "highest_bytes": most,
        "memory_ratio": most / recorded,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "machine": platform.machine(),
    }


@dataclass(frozen=True)
class StreamJob:
    layers: int
    hidden: int
    chars: int


def streamed(job: StreamJob) -> dict:
    """All statistics of a random LSTM over a text of random characters, in this process."""
    torch.set_num_threads(1)
    network = Network(NetworkConfig(cell="lstm", layers=job.layers, hidden=job.hidden, symbols=SYMBOLS))
    initialise(network, "orthogonal", torch.Generator().manual_seed(0))
    with tempfile.TemporaryDirectory() as folder:
        corpus = random_corpus(Path(folder), job.chars)
        begun, begun_cpu = time.perf_counter(), time.process_time()
        distribution, *_ = count_over(network, corpus, "test", unit_counters("lstm", job.layers))
        took, took_cpu = time.perf_counter() - begun, time.process_time() - begun_cpu
    counted = {found.count for found in distribution.result().values()}
    assert counted == {job.chars}
    return {
        "chars": job.chars,
        "seconds": took,
        "cpu_seconds": took_cpu,
        "chars_per_s": job.chars / took,
        "highest_bytes": _status("VmHWM"),
    }


SYMBOLS = 87


def random_corpus(folder: Path, chars: int) -> Corpus:
    """On disk, written a piece at a time, so that making it costs no memory."""
    draw, row_chars = np.random.default_rng(0), chars // GROUP_ROWS
    ids = np.lib.format.open_memmap(folder / "ids.npy", "w+", np.uint8, (GROUP_ROWS * row_chars + 1,))
    for start in range(0, len(ids), 2**18):
        piece = ids[start : start + 2**18]
        piece[:] = draw.integers(0, SYMBOLS, len(piece))
    del ids, piece
    part = PartRows(starts=tuple(row * row_chars for row in range(GROUP_ROWS)), row_chars=row_chars)
    manifest = CorpusManifest.model_construct(name="random", symbols=SYMBOLS, parts={"test": part})
    return Corpus(folder, manifest)


def stream(millions: list[float], layers: int, hidden: int, repeats: int, as_json: bool) -> None:
    jobs = [StreamJob(layers, hidden, round(1_000_000 * each)) for each in millions]
    for repeat in range(repeats):
        for job in jobs if repeat % 2 == 0 else reversed(jobs):
            (found,) = run_jobs(streamed, [job], 1)
            if as_json:
                print(json.dumps(found), flush=True)
            else:
                print(
                    f"{found['chars']:>12,} characters {found['seconds']:9.1f} s "
                    f"({found['cpu_seconds']:.1f} of a processor) "
                    f"{found['chars_per_s']:9,.0f} chars/s {found['highest_bytes'] / 1e6:7.0f} MB",
                    flush=True,
                )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("layers", 2), ("hidden", 512), ("steps", 1000), ("streams", 32), ("repeats", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--stream", help="millions of characters, e.g. 1,2,5,10")
    parser.add_argument("--json", action="store_true")
    asked = vars(parser.parse_args())
    as_json, millions = asked.pop("json"), asked.pop("stream")
    if millions:
        lengths = [float(each) for each in millions.split(",")]
        stream(lengths, asked["layers"], asked["hidden"], asked["repeats"], as_json)
        return
    found = measured(**asked)
    if as_json:
        print(json.dumps(found))
        return
    for name, times in found["seconds"].items():
        print(f"{name:10} {times['min']:7.2f} s at best, {times['median']:7.2f} in the median")
    print(f"attach over module    {found['times_module']['median']:.2f}")
    print(f"cell loop over attach {found['loop_over_attach']['median']:.2f}")
    print(
        f"memory: {found['highest_bytes'] / 1e6:.0f} MB for {found['recorded_bytes'] / 1e6:.0f} MB recorded"
    )


if __name__ == "__main__":
    main()
