"""A work folder with a trace as large as is asked for, made in a minute without any network: smooth random
values in the shards that `rnnscope replay --trace` would leave. For benchmarks/explorer.py."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from rnnscope.corpora import build_corpus, text_file
from rnnscope.records.corpus import Corpus
from rnnscope.records.run import Run, RunManifest
from rnnscope.records.surprisal import SurprisalManifest, write_surprisal
from rnnscope.records.trace import Carried, write_trace

SITES = ("i", "f", "g", "o", "c", "tanh_c", "h")
NAME = "long"
POOL_STEPS = 8_192
BLOCK_NUMBERS = 4_000_000
"""As rnnscope.models.network has it: how many steps are in a shard follows from it."""


def made(work: Path, chars: int, units: int) -> Path:
    """The work folder, made where it is not there yet."""
    if (work / "runs" / NAME / "lstm" / "replays" / "test" / "trace" / "manifest.json").is_file():
        return work
    generator = np.random.default_rng(0)
    corpus = _corpus(work, chars, generator)
    run = _run(work, corpus, units, generator)
    rows = corpus.part("test")
    facts = {
        "predictor": run.name,
        "corpus": NAME,
        "corpus_fingerprint": corpus.manifest.fingerprint,
        "part": "test",
        "rows": rows.rows,
        "row_chars": rows.row_chars,
        "parents": {"run": run.manifest.fingerprint, "corpus": corpus.manifest.fingerprint},
    }
    nats = generator.exponential(1.2, (rows.rows, rows.row_chars)).astype(np.float32)
    losses = SurprisalManifest.model_validate(facts | {"mean_nats": float(nats.mean()), "error_rate": 0.4})
    likeliest = np.zeros(nats.shape, np.uint8)
    write_surprisal(run.replay_folder("test", "surprisal"), losses, nats, likeliest)
    steps = max(1, BLOCK_NUMBERS // (rows.rows * (corpus.symbols + 12 * units)))
    shards = _shards(rows.rows, rows.row_chars, units, steps, generator)
    folder = run.replay_folder("test", "trace")
    write_trace(folder, facts | {"cell": "lstm", "dtype": "float16"}, lambda first, carried: shards)
    return work


def _corpus(work: Path, chars: int, generator: np.random.Generator) -> Corpus:
    """Words in lines of about 108 characters; nearly all of it is the test part, in rows of 10,000."""
    words = ["".join(generator.choice(list("abcdefghij"), generator.integers(1, 9))) for _ in range(2_000)]
    lines, made_chars = [], 0
    while made_chars < chars * 1.012 + 30_000:
        lines.append(" ".join(words[at] for at in generator.integers(0, len(words), 20)))
        made_chars += len(lines[-1]) + 1
    work.mkdir(parents=True, exist_ok=True)
    source = work / "long.txt"
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    corpus = build_corpus(text_file(source), NAME, work, language="prose")
    path = corpus.folder / "manifest.json"
    manifest = json.loads(path.read_text())
    row_chars = max(100, min(10_000, chars // 100))
    manifest["parts"]["test"] = {
        "starts": [row * row_chars for row in range(chars // row_chars)],
        "row_chars": row_chars,
    }
    path.write_text(json.dumps(manifest))
    return Corpus.read(corpus.folder)


def _run(work: Path, corpus: Corpus, units: int, generator: np.random.Generator) -> Run:
    folder = work / "runs" / NAME / "lstm"
    folder.mkdir(parents=True, exist_ok=True)
    RunManifest(
        name="lstm",
        corpus=NAME,
        corpus_fingerprint=corpus.manifest.fingerprint,
        cell="lstm",
        layers=1,
        hidden=units,
        symbols=corpus.symbols,
        parameters=4 * units * (units + corpus.symbols),
        recipe="fast",
        seed=0,
        epochs=1,
        steps=1,
        kept_step=1,
        chars_seen=1,
        train_seconds=1,
        chars_per_s=1,
        validation_nats=1.2,
        fingerprint="made up",
    ).write(folder)
    decoder = generator.normal(0, 0.3, (corpus.symbols, units)).astype(np.float32)
    bias = np.zeros(corpus.symbols, np.float32)
    save_file({"decoder_VH": decoder, "decoder_bias_V": bias}, folder / "weights.safetensors")
    return Run.read(folder)


def _shards(rows: int, row_chars: int, units: int, steps: int, generator: np.random.Generator):
    """Every row reads the same stretch of smooth noise from a place of its own."""
    noise = generator.normal(0, 1, (POOL_STEPS + 64, units)).astype(np.float32).cumsum(0)
    smooth = noise - np.linspace(0, 1, len(noise))[:, None] * noise[-1]
    pools = {}
    for turn, site in enumerate(SITES):
        values = np.roll(smooth, 37 * turn, axis=1) / 8
        bounded = values if site == "c" else np.tanh(values)
        pools[site] = ((bounded + 1) / 2 if site in ("i", "f", "o") else bounded).astype(np.float16)
    for first in range(0, row_chars, steps):
        stop = min(first + steps, row_chars)
        at = (np.arange(rows)[:, None] * 611 + np.arange(first, stop)) % POOL_STEPS
        carried: Carried = {}
        yield {f"layers.0.{site}": pool[at] for site, pool in pools.items()}, carried
