"""One finished run -> what it, and every memory around it, made of the test text. Runs in a process of its
own; what is replayed and tuned on the way is kept, so that it goes on where it was stopped.
"""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnnscope.analyses.effective_context import effective_context
from rnnscope.analyses.error_oracles import ErrorText, PartText, built_in_oracles
from rnnscope.analyses.error_oracles.breakdown import broken_down
from rnnscope.analyses.error_oracles.settings import AS_IN_2015
from rnnscope.estimate import resampled
from rnnscope.models.memory.settings import (
    CacheSettings,
    DynamicEvaluationSettings,
    MemorySettings,
    NgramMixSettings,
)
from rnnscope.models.sizing import matched_hidden
from rnnscope.questions.memory.kinds import NGRAM, NONE, ORACLES, errors_of
from rnnscope.questions.question import MeasureJob
from rnnscope.records.corpus import Corpus, find_corpus
from rnnscope.records.count_model import CountModel
from rnnscope.records.finding import Row
from rnnscope.records.run import Run
from rnnscope.records.surprisal import Surprisal
from rnnscope.scoring import Predictor
from rnnscope.studies.configs import run_name, train_config
from rnnscope.studies.counting import count_and_score, ngram_surprisal
from rnnscope.studies.grid import Budget
from rnnscope.studies.memories import VERSION
from rnnscope.studies.work import Work
from rnnscope.training.config import TrainConfig

ORACLE_CONTEXTS = tuple(range(1, 10))
"""Of the n-grams that an n-gram error is judged by."""
MIXED_CONTEXTS = (12, 20)
"""Longer ones, to be mixed in."""
PLAIN_LAYERS = 2
READINGS = 300
"""To measure how far back is seen: as many characters as the test text has, and more."""


GATED, SHARPENED = NgramMixSettings(gate=True), NgramMixSettings(gate=True, log_linear=True)
FORMS: dict[str, tuple[MemorySettings, ...]] = {
    "cache": (CacheSettings(),),
    "dynamic_evaluation": (DynamicEvaluationSettings(),),
    "ngram_mix": (NgramMixSettings(),),
    "ngram_mix with gate": (GATED,),
    "ngram_mix with gate, log-linear": (SHARPENED,),
    "all three": (DynamicEvaluationSettings(), SHARPENED, CacheSettings()),
}
"""What is put around the plain LSTM, the innermost first, by the name that it has in tables. More than one
memory has no say, and is told of the first seed alone.
"""


def prepare(work: Work, corpus: Corpus, command: str) -> None:
    """The n-grams and their losses."""
    count_and_score(work, corpus, [*ORACLE_CONTEXTS, *MIXED_CONTEXTS], command)
    for context in ORACLE_CONTEXTS:
        ngram_surprisal(work, corpus, context, command=command)


def measure(job: MeasureJob) -> list[Row]:
    """A row for every reader: of the plain LSTM's run one for itself and one for each of FORMS, of a trained
    memory's run one.
    """
    import torch

    from rnnscope.studies.jobs import load_predictor, replay_run
    from rnnscope.studies.memories import predictor_with, replay_with

    torch.set_num_threads(1)
    run, corpus = Run.read(job.run), find_corpus(job.work, job.corpus)
    work = Work(job.work)
    own = replay_run(run, corpus, "test", job.command)
    plain = replay_run(_plain_of(job), corpus, "test", job.command)
    measuring = _Measuring(work, run, corpus, plain, job.command)
    is_plain = plain.manifest.parents == own.manifest.parents
    of_itself = measuring.row(
        NONE if is_plain else run.manifest.cell,
        own,
        run.manifest.validation_nats,
        lambda: load_predictor(run),
        has_say=not is_plain,
        holds_ngrams=False,
    )
    rows = [of_itself]
    for name, form in FORMS.items() if is_plain else ():
        has_say = len(form) == 1
        if not has_say and run.manifest.seed:
            continue
        test, validation = (
            replay_with(work, run, corpus, form, part, job.command).surprisal
            for part in ("test", "validation")
        )
        reader = lambda form=form: predictor_with(work, run, corpus, form, job.command)  # noqa: E731
        holds_ngrams = any(isinstance(each, NgramMixSettings) for each in form)
        nats = validation.manifest.mean_nats
        rows.append(measuring.row(name, test, nats, reader, has_say=has_say, holds_ngrams=holds_ngrams))
    return rows


def hangs_on(job: MeasureJob) -> dict[str, str]:
    """The counts, the plain LSTM's run, how memories read, and which of them are put around it."""
    forms = json.dumps({name: [repr(form)] for name, form in FORMS.items()}, sort_keys=True)
    return {
        "counts": CountModel.read(Work(job.work).counts(job.corpus)).manifest.fingerprint,
        "plain": _plain_of(job).manifest.fingerprint,
        "memories": f"{VERSION}:{hashlib.sha256(forms.encode()).hexdigest()[:16]}",
    }


def _plain_of(job: MeasureJob) -> Run:
    """The plain LSTM of the same text, size, seed and length of training."""
    run = Run.read(job.run)
    config = TrainConfig.load(run.config_path)
    symbols = run.manifest.symbols
    size = Budget(int(job.budget)).parameters(symbols)
    hidden = matched_hidden("lstm", PLAIN_LAYERS, symbols, size)
    settings = {"epochs": config.epochs}
    plain = train_config(config.recipe, "lstm", PLAIN_LAYERS, hidden, config.seed, settings)
    return Run.read(Work(job.work).run(job.corpus, run_name(plain)))


@dataclass(frozen=True)
class _Measuring:
    """One run's readers beside the plain LSTM."""

    work: Work
    run: Run
    corpus: Corpus
    plain: Surprisal
    command: str

    def row(
        self,
        name: str,
        read: Surprisal,
        validation_nats: float,
        predictor: Callable[[], Predictor],
        *,
        has_say: bool,
        holds_ngrams: bool,
    ) -> Row:
        """What one reader made of the test text."""
        own, plain = self._errors(read), self._plain_errors
        mended, new = plain.all_RT & ~own.all_RT, own.all_RT & ~plain.all_RT
        of_text = resampled([each.of_RT(NGRAM).astype(np.float64) for each in (own, plain)])
        kept = of_text.ratio({1: 1.0, 0: -1.0}, {1: 1.0})
        return {
            "memory": name,
            "run": self.run.name,
            "has_say": has_say,
            "holds_ngrams": holds_ngrams,
            "parameters": self.run.manifest.parameters,
            "nats": read.manifest.mean_nats,
            "validation_nats": validation_nats,
            "error_rate": read.manifest.error_rate,
            "errors": int(own.all_RT.sum()),
            **own.counts(),
            "mended": int(mended.sum()),
            "new": int(new.sum()),
            **{f"new_{column}": count for column, count in own.counts(new).items()},
            "removed": kept.value,
            **kept.ends("removed_low", "removed_high"),
            "us_per_char": self._us_per_char(read, predictor),
            **(UNSEEN if self.run.manifest.seed else self._sees(read, predictor)),
        }

    def _errors(self, read: Surprisal) -> "_Errors":
        nats = {context: each.nats_RT for context, each in self._ngrams.items()}
        text = ErrorText(self._text, read.nats_RT, nats)
        return _Errors(broken_down(read.name, text, built_in_oracles(contexts=nats)).oracle_RT(), self._kinds)

    @cached_property
    def _plain_errors(self) -> "_Errors":
        return self._errors(self.plain)

    @cached_property
    def _ngrams(self) -> Mapping[int, Surprisal]:
        return {
            context: ngram_surprisal(self.work, self.corpus, context, command=self.command)
            for context in ORACLE_CONTEXTS
        }

    @cached_property
    def _text(self) -> PartText:
        return PartText(self.corpus, self.corpus.part("test"), AS_IN_2015)

    @property
    def _kinds(self) -> list[str]:
        """Name of each oracle in turn, as a kind of error."""
        return [each.name if each.is_cause else ORACLES[-1] for each in built_in_oracles()]

    def _us_per_char(self, read: Surprisal, predictor: Callable[[], Predictor]) -> float:
        """Microseconds of processor time to read a character, over the whole part."""
        part = self.corpus.part("test")
        if (known := read.manifest.machine.get("ns_per_char")) is not None:
            return float(known) / 1e3
        reader, begun = predictor(), time.process_time()
        for _ in reader.log_prob_blocks(self.corpus.inputs(part)):
            pass
        return 1e6 * (time.process_time() - begun) / part.chars

    def _sees(self, read: Surprisal, predictor: Callable[[], Predictor]) -> Row:
        """Characters after which the rest tells it less than 0.01 nats, None where it never comes so near;
        and how many were tried.
        """
        from rnnscope.replay.context import Readings, replay_context

        losses = replay_context(
            predictor,
            read,
            self.corpus,
            self.run.replay_folder("test", "contexts") / read.folder.name,
            Readings(readings=READINGS),
            command=self.command,
        )
        (row,) = effective_context([losses], self.corpus).tables["models"]
        return {"sees_chars": row["cut_chars"], "sees_of_chars": losses.manifest.most_chars}


UNSEEN: Row = {"sees_chars": None, "sees_of_chars": None}


@dataclass(frozen=True)
class _Errors:
    """Each error under the first oracle that would remove it."""

    oracle_RT: np.ndarray
    """Place of the oracle, below zero where there is no error."""
    kinds: list[str]

    @property
    def all_RT(self) -> np.ndarray:
        return self.oracle_RT >= 0

    def of_RT(self, kind: str) -> np.ndarray:
        places = [place for place, name in enumerate([*self.kinds, ORACLES[-1]]) if name == kind]
        return np.isin(self.oracle_RT, places)

    def counts(self, among_RT: np.ndarray | None = None) -> dict[str, int]:
        """Column -> errors of each kind, of all or of some characters."""
        within = self.all_RT if among_RT is None else among_RT
        return {errors_of(kind): int((self.of_RT(kind) & within).sum()) for kind in ORACLES}
