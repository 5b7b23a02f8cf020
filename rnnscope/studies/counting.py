"""Corpus -> CountModel and its losses at every context length. Knows where they lie and how they are
reused.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnnscope.ngrams import KneserNey, build_count_model, joined_rows
from rnnscope.records.corpus import Corpus, find_corpus
from rnnscope.records.count_model import CountModel
from rnnscope.records.finding import Row
from rnnscope.records.folder import is_whole, write_json
from rnnscope.records.surprisal import Surprisal
from rnnscope.replay.surprisal import replay_surprisal
from rnnscope.scoring import error_rate, is_error
from rnnscope.studies.work import Work

SCORES = "scores.json"


def ngram_name(context: int) -> str:
    """'20-gram' sees 20 characters before the one it predicts: the 2015 paper's name for it."""
    return f"{context}-gram"


def count_and_score(work: Work, corpus: Corpus, contexts: Sequence[int], command: str = "") -> list[Row]:
    """Validation and test loss of the n-gram of every context length asked for, counted and scored unless on
    disk.

    Rows: context, validation_nats, test_nats, error_rate (of the test text).
    """
    folder = work.counts(corpus.name)
    counts = build_count_model(corpus, max(contexts), folder, command)
    known = _known_scores(counts)
    missing = [context for context in contexts if context not in known]
    if missing:
        known |= _scored(counts, corpus, missing)
        rows = [row for _, row in sorted(known.items())]
        write_json(folder / SCORES, {"fingerprint": counts.manifest.fingerprint, "contexts": rows})
    return [known[context] for context in contexts]


def any_right(work: Work, corpus: Corpus, contexts: Sequence[int]) -> float:
    """Share of test characters, the rows read as one text, to which at least one of these n-grams, which are
    counted, is right, which is no error: what the n-gram oracle of the 2015 paper gets right.
    """
    counts = CountModel.read(work.counts(corpus.name))
    nats = KneserNey(counts).true_nats(*joined_rows(corpus.ids, corpus.part("test")), contexts)
    return 1 - float(is_error(np.minimum.reduce(list(nats.values()))).mean())


def known_validation_nats(work: Work, corpus: Corpus) -> dict[int, float]:
    """Context length -> validation loss, as far as n-grams of this corpus have been scored; nothing is
    counted.
    """
    folder = work.counts(corpus.name)
    if not is_whole(folder):
        return {}
    counts = CountModel.read(folder)
    if counts.manifest.corpus_fingerprint != corpus.manifest.fingerprint:
        return {}
    return {context: float(row["validation_nats"] or 0) for context, row in _known_scores(counts).items()}


def best_context(rows: Sequence[Row]) -> int:
    """The context length with the lowest validation loss: chosen without a look at the test text."""
    return int(min(rows, key=lambda row: float(row["validation_nats"] or 0))["context"] or 0)


def ngram_surprisal(
    work: Work, corpus: Corpus, context: int, part: str = "test", command: str = ""
) -> Surprisal:
    """The Surprisal record of the n-gram of one context length."""
    counts = CountModel.read(work.counts(corpus.name))
    name = ngram_name(context)
    return replay_surprisal(
        lambda: KneserNey(counts).predictor(context),
        f"{counts.manifest.fingerprint}:{context}",
        name,
        corpus,
        part,
        work.ngram_replay(corpus.name, name, part),
        command=command,
    )


@dataclass(frozen=True)
class NgramJob:
    """The n-gram of one context length, to read the test text."""

    work: Path
    corpus: str
    context: int
    command: str


def replay_ngram(job: NgramJob) -> None:
    """Leaves the n-gram's Surprisal."""
    ngram_surprisal(Work(job.work), find_corpus(job.work, job.corpus), job.context, command=job.command)


def _known_scores(counts: CountModel) -> dict[int, Row]:
    """What was scored before with these very counts."""
    try:
        stored = json.loads((counts.folder / SCORES).read_bytes())
    except (OSError, ValueError):
        return {}
    if stored.get("fingerprint") != counts.manifest.fingerprint:
        return {}
    return {row["context"]: row for row in stored["contexts"]}


def _scored(counts: CountModel, corpus: Corpus, contexts: Sequence[int]) -> dict[int, Row]:
    model = KneserNey(counts)
    nats = {}
    for part in ("validation", "test"):
        rows = corpus.part(part)
        nats[part] = model.true_nats(corpus.inputs(rows), corpus.targets(rows), contexts)
    joined = model.true_nats(*joined_rows(corpus.ids, corpus.part("test")), contexts)
    return {
        context: {
            "context": context,
            "validation_nats": float(nats["validation"][context].mean(dtype=np.float64)),
            "test_nats": float(nats["test"][context].mean(dtype=np.float64)),
            "error_rate": error_rate(nats["test"][context]),
            "joined_test_nats": float(joined[context].mean(dtype=np.float64)),
            "joined_error_rate": error_rate(joined[context]),
        }
        for context in contexts
    }
