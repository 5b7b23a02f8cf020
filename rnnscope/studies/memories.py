"""Run, Corpus, memories -> a predictor and its Surprisal. Knows where tuned settings are kept and when they
still hold.

runs/CORPUS/NAME/memories/LABEL.json             what was tuned on validation, with every loss tried
                 replays/PART/with/LABEL/        the Surprisal
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from rnnscope.errors import ConfigError, RecordError
from rnnscope.models.memory.settings import (
    CacheSettings,
    DynamicEvaluationSettings,
    MemorySettings,
    NgramMixSettings,
    checked_order,
    label_of,
    open_fields,
)
from rnnscope.records.corpus import Corpus
from rnnscope.records.count_model import CountModel, find_count_model
from rnnscope.records.folder import held, write_json
from rnnscope.records.run import Run
from rnnscope.records.surprisal import Surprisal
from rnnscope.scoring import Predictor
from rnnscope.studies.jobs import check_text, load_predictor
from rnnscope.studies.work import Work

if TYPE_CHECKING:
    from torch import Tensor

    from rnnscope.models.memory.reading import Reader
    from rnnscope.replay.memory_tuning import Tuned, TuningRows

# torch is imported in the functions: the process that plans a study needs none

VERSION = "1"
"""Of how memories read and are tuned: another one makes records anew."""
LONGEST_LABEL = 100


@dataclass(frozen=True)
class Replayed:
    surprisal: Surprisal
    tuned: "tuple[Tuned, ...]"
    """One a memory, the innermost first."""


def replay_with(
    work: Work,
    run: Run,
    corpus: Corpus,
    memories: Sequence[MemorySettings],
    part: str = "test",
    command: str = "",
    notice: Callable[[str], None] = lambda line: None,
) -> Replayed:
    """The Surprisal of a run inside these memories, the innermost first, made unless it is there.

    What they leave open is tuned on the validation part and kept. Raises ConfigError for an order, a context
    or a part that cannot be, RecordError where the run is of another text or there are no counts.
    """
    from rnnscope.replay.surprisal import replay_surprisal

    corpus.part(part)
    chain = _Chain(work, run, corpus, tuple(memories), command, notice)
    tuned = chain.tuned()
    label = short_label(tuple(memories))
    surprisal = replay_surprisal(
        lambda: chain.built(tuned),
        chain.fingerprint(tuned),
        f"{run.name}+{label}",
        corpus,
        part,
        run.replay_folder(part, "with") / label,
        command=command,
    )
    return Replayed(surprisal, tuple(tuned))


def predictor_with(
    work: Work,
    run: Run,
    corpus: Corpus,
    memories: Sequence[MemorySettings],
    command: str = "",
    notice: Callable[[str], None] = lambda line: None,
) -> Predictor:
    """A run inside these memories, tuned where they are not yet. Raises as `replay_with`."""
    chain = _Chain(work, run, corpus, tuple(memories), command, notice)
    return chain.built(chain.tuned())


def short_label(memories: tuple[MemorySettings, ...]) -> str:
    """`label_of`, its end replaced by a digest where it is too long for a folder's name."""
    label = label_of(memories)
    if len(label) <= LONGEST_LABEL:
        return label
    return f"{label[: LONGEST_LABEL - 13]}-{hashlib.sha256(label.encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class _Chain:
    work: Work
    run: Run
    corpus: Corpus
    memories: tuple[MemorySettings, ...]
    command: str
    notice: Callable[[str], None]

    def __post_init__(self) -> None:
        checked_order(self.memories)
        check_text(self.run, self.corpus)
        for each in self.memories:
            if isinstance(each, NgramMixSettings) and (each.context or 0) > self.counts.context:
                raise ConfigError(
                    f"context {each.context} is beyond the {self.counts.context} that are counted; count "
                    f"more with 'rnnscope ngram {self.corpus.name} --context {each.context}'"
                )

    @property
    def counts(self) -> CountModel:
        """Raises RecordError where there are none of this corpus as it is."""
        counts = find_count_model(self.work.folder, self.corpus.name)
        if counts.manifest.corpus_fingerprint != self.corpus.manifest.fingerprint:
            raise RecordError(
                f"the counts of '{self.corpus.name}' are of another text than it is now; count anew with "
                f"'rnnscope ngram {self.corpus.name}'"
            )
        return counts

    def tuned(self) -> "list[Tuned]":
        """Of every memory, the innermost first, from disk where they still hold."""
        tuned: list[Tuned] = []
        for index, settings in enumerate(self.memories):
            tuned.append(self._kept(self.memories[: index + 1], settings, tuned))
        return tuned

    def fingerprint(self, tuned: "Sequence[Tuned]") -> str:
        """The same for the same run, counts and settings, gates included."""
        numbers = [[each.settings, each.sharpness, each.gate] for each in tuned]
        said = json.dumps(
            [VERSION, label_of(self.memories), self._parents(len(tuned)), numbers], sort_keys=True
        )
        return hashlib.sha256(said.encode()).hexdigest()

    def _parents(self, length: int) -> dict[str, str]:
        parents = {"run": self.run.manifest.fingerprint, "corpus": self.corpus.manifest.fingerprint}
        if any(isinstance(each, NgramMixSettings) for each in self.memories[:length]):
            counts = self.counts
            # a context that is tuned depends on how many there are to choose from
            parents["counts"] = f"{counts.manifest.fingerprint}:{counts.context}"
        return parents

    def _kept(
        self, chain: tuple[MemorySettings, ...], settings: MemorySettings, before: "list[Tuned]"
    ) -> "Tuned":
        from rnnscope.replay.memory_tuning import Tuned

        if not open_fields(settings):
            return Tuned(settings=settings.model_dump())
        path = self.run.folder / "memories" / f"{short_label(chain)}.json"
        parents = self._parents(len(chain)) | {"version": VERSION}
        if before:
            parents["inner"] = self.fingerprint(before)
        with held(path, lambda: self.notice(f"another process tunes {short_label(chain)}; waiting for it")):
            there = _read(path)
            if there is not None and there[0] == parents:
                return there[1]
            self.notice(f"tuning {', '.join(open_fields(settings))} of {short_label(chain)} on validation")
            tuned = self._tune(settings, before)
            write_json(path, {"command": self.command, "parents": parents, "tuned": tuned.model_dump()})
        return tuned

    def _tune(self, settings: MemorySettings, before: "list[Tuned]") -> "Tuned":
        from rnnscope.ngrams import KneserNey
        from rnnscope.replay.memory_tuning import tuned_cache, tuned_dynamic_evaluation, tuned_ngram_mix

        rows = self._rows("validation")
        if isinstance(settings, DynamicEvaluationSettings):
            return tuned_dynamic_evaluation(
                settings, load_predictor(self.run), _scale_rows(self.corpus), rows
            )  # pyright: ignore[reportArgumentType]
        inner = self.built(before)
        if isinstance(settings, CacheSettings):
            return tuned_cache(settings, inner, rows)
        return tuned_ngram_mix(settings, inner, KneserNey(self.counts), rows)

    def built(self, tuned: "Sequence[Tuned]") -> "Reader":
        """The run inside the first memories, as many as `tuned` has."""
        from rnnscope.models.memory.cache import Cache
        from rnnscope.models.memory.dynamic_evaluation import DynamicEvaluation
        from rnnscope.models.memory.ngram_mix import NgramMix
        from rnnscope.models.memory.reading import Plain
        from rnnscope.ngrams import KneserNey

        model = load_predictor(self.run)
        reader: Reader = Plain(model)  # pyright: ignore[reportArgumentType]
        for settings, found in zip(self.memories, tuned, strict=False):
            whole = type(settings).model_validate(found.settings)
            if isinstance(whole, CacheSettings):
                assert whole.window is not None and whole.theta is not None and whole.weight is not None
                reader = Cache(reader, whole.window, whole.theta, whole.weight, whole.carries)
            elif isinstance(whole, NgramMixSettings):
                assert whole.context is not None
                reader = NgramMix(reader, KneserNey(self.counts), whole.context, found.mixing)
            else:
                segment, rate, decay = whole.segment_chars, whole.rate, whole.decay
                assert segment is not None and rate is not None and decay is not None
                scales_P = _scales_of(
                    self.run.weights_path, self.run.manifest.fingerprint, self.corpus.folder, segment
                )
                reader = DynamicEvaluation(model, scales_P, segment, rate, decay, whole.carries)  # pyright: ignore[reportArgumentType]
        return reader

    def _rows(self, part: str) -> "TuningRows":
        from rnnscope.replay.memory_tuning import TuningRows

        rows = self.corpus.part(part)
        return TuningRows(self.corpus.inputs(rows), self.corpus.targets(rows))


@lru_cache(maxsize=4)
def _scales_of(weights: Path, fingerprint: str, corpus: Path, segment_chars: int) -> "Tensor":
    """`gradient_scales` of a run, which `fingerprint` tells from another one of that name."""
    from rnnscope.models.memory.dynamic_evaluation import gradient_scales
    from rnnscope.models.saved import load_model

    train = _scale_rows(Corpus.read(corpus))
    return gradient_scales(load_model(weights), train.inputs_RT, train.targets_RT, segment_chars)


def _scale_rows(corpus: Corpus) -> "TuningRows":
    """Beginnings of training rows, evenly spread, SCALE_CHARS in all; where there are few rows, of equal
    pieces of each."""
    from rnnscope.replay.memory_tuning import SCALE_CHARS, SCALE_STRETCHES, TuningRows

    part = corpus.part("train")
    keep = np.unique(np.linspace(0, part.rows - 1, min(part.rows, SCALE_STRETCHES)).round().astype(int))
    pieces = round(SCALE_STRETCHES / len(keep)) if part.chars > SCALE_CHARS else 1
    piece_chars = part.row_chars // pieces
    chars = min(piece_chars, max(1, SCALE_CHARS // (len(keep) * pieces)))
    starts = [part.starts[row] + piece * piece_chars for row in keep for piece in range(pieces)]
    inputs, targets = (np.stack([corpus.ids[s + d : s + d + chars] for s in starts]) for d in (0, 1))
    return TuningRows(inputs, targets)


def _read(path: Path) -> "tuple[dict[str, str], Tuned] | None":
    """What is on disk; None where nothing is, or nothing that can be read."""
    from rnnscope.replay.memory_tuning import Tuned

    try:
        stored = json.loads(path.read_bytes())
        return stored["parents"], Tuned.model_validate(stored["tuned"])
    except (OSError, ValueError, KeyError, ValidationError):
        return None
