"""Predictor, Surprisal, Corpus -> ContextLosses: what it loses without what lies further back. Knows no kind
of predictor.

One reading of K characters gives a loss at every k up to K, each of another character. To measure the same
characters at every k takes a reading for each k, 1,463 characters a target for 16 values of k up to 500, and
buys less. Half the interval of the excess over the whole context, for 1.5 million characters read either way
(War and Peace, LSTM 3x68, nats):

    k                              10      30      100
    the same characters at all k   0.0198  0.0125  0.0042
    readings, k to the next k      0.0079  0.0022  0.0004

What is compared is a loss with the ordinary loss of the same character, so both are paired where it matters;
the same characters would narrow the difference between neighbouring k by a factor of 2.5 at the very most.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import Field

from rnnscope.errors import CorpusError, RecordError
from rnnscope.records.context_losses import ContextLosses, ContextLossesManifest, write_context_losses
from rnnscope.records.corpus import Corpus, PartRows
from rnnscope.records.folder import is_whole
from rnnscope.records.surprisal import Surprisal, rows_scored
from rnnscope.scoring import Predictor, characters_seen, score
from rnnscope.settings import Settings

STREAMS = 256
"""Readings side by side."""


class Readings(Settings):
    """Where a text is begun in its midst, and how far it is read from there.

    A network reads `readings * (2 * most_chars + shuffled_chars)` characters: 3.6 million, 144 s at 25,000
    characters a second.
    """

    readings: int = Field(default=3000, ge=1)
    """About how many, evenly over the rows of the part."""
    most_chars: int = Field(default=500, ge=1)
    """How many characters each reads: the farthest look back that is measured."""
    shuffled_chars: int = Field(default=200, ge=1)
    """How many characters before it are read in shuffled order; 500 do what 200 do."""
    seed: int = Field(default=0, ge=0)
    """Of the readings' places and of the shuffling."""


AS_USUAL = Readings()


class Places(NamedTuple):
    """Readings, in the order of rows and, within one, of time; equally many in each row that has any."""

    rows_P: np.ndarray
    starts_P: np.ndarray
    """Steps of the row."""
    most_chars: int
    """As asked for, or what the rows are long enough for."""
    shuffled_chars: int


def places_of(part: PartRows, settings: Readings) -> Places:
    """At even steps from a random first one in each row, so far from its start that the whole context is at
    least twice as long as what a reading sees.

    Short rows are read less far: a third of their length. Raises CorpusError where that is nothing.
    """
    most, shuffled = (
        min(asked, part.row_chars // 3) for asked in (settings.most_chars, settings.shuffled_chars)
    )
    if not most:
        raise CorpusError(
            f"rows of {part.row_chars} characters are too short to be begun in their midst; 3 would do"
        )
    lead = max(most, shuffled)
    possible = part.row_chars - most - lead + 1
    per_row = min(possible, -(-settings.readings // part.rows))
    rows = np.linspace(0, part.rows - 1, min(part.rows, -(-settings.readings // per_row))).round()
    first_R1 = np.random.default_rng(settings.seed).random((len(rows), 1))
    starts_RN = lead + ((np.arange(per_row) + first_R1) * possible / per_row).astype(np.int64)
    return Places(np.repeat(rows.astype(np.int64), per_row), starts_RN.ravel(), most, shuffled)


def replay_context(
    predictor: Callable[[], Predictor],
    whole: Surprisal,
    corpus: Corpus,
    folder: Path,
    settings: Readings = AS_USUAL,
    *,
    command: str = "",
    on_steps: Callable[[int, int], None] = lambda done, of: None,
) -> ContextLosses:
    """The record in `folder`, made unless it is there for the same losses, corpus and settings.

    `whole` are the ordinary losses of the very predictor that `predictor` gives, which is called only if it
    has to run: they name it, and the part. `on_steps` hears how many characters are read, and of how many.
    Raises RecordError where the disk refuses, where `whole` is of another text, and for a predictor that
    holds some of the characters impossible; CorpusError as `places_of` does.
    """
    part = rows_scored([whole], corpus)
    places = places_of(part, settings)
    facts = {
        "parents": dict(whole.manifest.parents) | {"corpus": corpus.manifest.fingerprint},
        "predictor": whole.name,
        "part": whole.manifest.part,
        "readings": len(places.rows_P),
        "most_chars": places.most_chars,
        "shuffled_chars": places.shuffled_chars,
        "seed": settings.seed,
    }
    if is_whole(folder):
        there = ContextLossesManifest.read(folder)
        if {name: getattr(there, name) for name in facts} == facts:
            return ContextLosses.read(folder)
    runs = predictor()
    stretch_PL = _stretches(corpus, part, places)
    whole_PK = whole.nats_RT[places.rows_P[:, None], places.starts_P[:, None] + np.arange(places.most_chars)]
    cut_PK, shuffled_PK = _losses(runs, stretch_PL, whole_PK, places, settings.seed, on_steps)
    if not all(np.isfinite(each).all() for each in (whole_PK, cut_PK, shuffled_PK)):
        raise RecordError(
            f"'{whole.name}' gives some of these characters no probability at all, so it has no mean loss; "
            "take a smoothed predictor"
        )
    manifest = ContextLossesManifest(
        command=command,
        corpus=corpus.name,
        corpus_fingerprint=corpus.manifest.fingerprint,
        rows=len(np.unique(places.rows_P)),
        sees=characters_seen(runs),
        **facts,
    )
    return write_context_losses(
        folder,
        manifest,
        rows_P=places.rows_P,
        starts_P=places.starts_P,
        whole_PK=whole_PK,
        cut_PK=cut_PK,
        shuffled_PK=shuffled_PK,
    )


def _stretches(corpus: Corpus, part: PartRows, places: Places) -> np.ndarray:
    """(P, shuffled + most + 1) ids: what stands before each reading, what it reads, and the last target."""
    first_P = np.asarray(part.starts)[places.rows_P] + places.starts_P - places.shuffled_chars
    return corpus.ids[first_P[:, None] + np.arange(places.shuffled_chars + places.most_chars + 1)]


def _losses(
    predictor: Predictor,
    stretch_PL: np.ndarray,
    whole_PK: np.ndarray,
    places: Places,
    seed: int,
    on_steps: Callable[[int, int], None],
) -> tuple[np.ndarray, np.ndarray]:
    """Cut and shuffled, (P, K) each. Where all that a predictor sees is visible, its loss is the whole one's
    and nothing is read."""
    before = places.shuffled_chars
    # all at once, so that the order does not hang on how many are read side by side
    shuffled_PS = np.random.default_rng([seed, 1]).permuted(stretch_PL[:, :before], axis=1)
    read_PK, targets_PK = stretch_PL[:, before:-1], stretch_PL[:, before + 1 :]
    sees = characters_seen(predictor)
    if sees is not None:
        shuffled_PS = shuffled_PS[:, max(0, before - sees) :]
        read_PK = read_PK[:, : max(0, sees - 1)]
    steps = read_PK.shape[1]
    found = np.stack([whole_PK, whole_PK])
    if not steps:
        return found[0], found[1]
    done, of = 0, len(read_PK) * (2 * steps + shuffled_PS.shape[1])
    for first in range(0, len(read_PK), STREAMS):
        batch = slice(first, first + STREAMS)
        for kind, lead_bS in enumerate((shuffled_PS[batch, :0], shuffled_PS[batch])):
            inputs_bT = np.concatenate([lead_bS, read_PK[batch]], axis=1)
            # what the shuffled characters themselves cost is thrown away
            targets_bT = np.concatenate([lead_bS, targets_PK[batch, :steps]], axis=1)
            streams = len(inputs_bT)
            scores = score(
                predictor,
                inputs_bT,
                targets_bT,
                lambda read, before=done, streams=streams: on_steps(before + read * streams, of),
            )
            found[kind, batch, :steps] = scores.nats_RT[:, lead_bS.shape[1] :]
            done += inputs_bT.size
    return found[0], found[1]
