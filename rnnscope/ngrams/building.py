"""Corpus -> CountModel on disk. Knows no way of counting."""

from pathlib import Path

import numpy as np

from rnnscope.errors import ConfigError, RecordError
from rnnscope.ngrams.counting import count
from rnnscope.records.corpus import Corpus
from rnnscope.records.count_model import CountManifest, CountModel, write_count_model
from rnnscope.records.folder import held, is_whole

LONGEST_CONTEXT = 99


def build_count_model(corpus: Corpus, context: int, folder: Path, command: str = "") -> CountModel:
    """The counts of the corpus's training part with contexts of up to `context` characters.

    A record in `folder` of the same corpus whose contexts are at least as long is taken as it is; any other
    is replaced. Raises ConfigError for a context that is not 0..99, RecordError where the disk refuses;
    nothing half-made is left then.
    """
    if not 0 <= context <= LONGEST_CONTEXT:
        raise ConfigError(f"context {context} cannot be counted; give 0 to {LONGEST_CONTEXT} characters")
    with held(folder, lambda: None):
        return _reusable(folder, corpus, context) or _built(corpus, context, folder, command)


def _built(corpus: Corpus, context: int, folder: Path, command: str) -> CountModel:
    part = corpus.part("train")
    counts = count(corpus.ids, part, corpus.symbols, context)
    manifest = CountManifest(
        command=command,
        parents={corpus.name: corpus.manifest.fingerprint},
        machine={"numpy": np.__version__},
        corpus=corpus.name,
        corpus_fingerprint=corpus.manifest.fingerprint,
        part="train",
        symbols=corpus.symbols,
        context=context,
        chars=part.chars,
        levels=[level.facts for level in counts.levels],
    )
    return write_count_model(folder, manifest, counts)


def _reusable(folder: Path, corpus: Corpus, context: int) -> CountModel | None:
    if not is_whole(folder):
        return None
    try:
        there = CountModel.read(folder)
    except RecordError:
        return None
    is_same = there.manifest.corpus_fingerprint == corpus.manifest.fingerprint
    return there if is_same and there.context >= context else None
