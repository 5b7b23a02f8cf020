"""Predictor, Corpus -> Surprisal. Knows the protocol of scoring.py and no kind of predictor."""

import math
import time
from collections.abc import Callable
from pathlib import Path

from rnnscope.errors import RecordError
from rnnscope.records.corpus import Corpus
from rnnscope.records.folder import is_whole
from rnnscope.records.surprisal import Surprisal, SurprisalManifest, write_surprisal
from rnnscope.scoring import Predictor, score


def replay_surprisal(
    predictor: Callable[[], Predictor],
    fingerprint: str,
    name: str,
    corpus: Corpus,
    part: str,
    folder: Path,
    *,
    command: str = "",
    on_steps: Callable[[int], None] | None = None,
) -> Surprisal:
    """The record in `folder`, made unless it is there for this corpus and predictor.

    `predictor` is called only if it has to run, `fingerprint` says which one it is. Raises RecordError where
    the disk refuses or the mean loss is not finite, ConfigError for a part that is not there.
    """
    parents = {"predictor": fingerprint, "corpus": corpus.manifest.fingerprint}
    if is_whole(folder) and SurprisalManifest.read(folder).parents == parents:
        return Surprisal.read(folder)
    rows = corpus.part(part)
    runs = predictor()
    begun = time.process_time_ns()
    scores = score(runs, corpus.inputs(rows), corpus.targets(rows), on_steps)
    if not math.isfinite(scores.mean_nats):
        raise RecordError(
            f"the mean loss of '{name}' on the {part} part is {scores.mean_nats}, no finite number: it is "
            "not kept; change its settings or train it anew"
        )
    manifest = SurprisalManifest(
        command=command,
        parents=parents,
        machine={"ns_per_char": (time.process_time_ns() - begun) // rows.chars},
        predictor=name,
        corpus=corpus.name,
        corpus_fingerprint=corpus.manifest.fingerprint,
        part=part,
        rows=rows.rows,
        row_chars=rows.row_chars,
        mean_nats=scores.mean_nats,
        error_rate=scores.error_rate,
    )
    return write_surprisal(folder, manifest, scores.nats_RT, scores.likeliest_RT)
