"""Records of a study -> its Findings. Knows which records each analysis reads; the analyses themselves know
none.

A new analysis is one entry in ANALYSES. A finding is made again only if its parents have changed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from rnnscope import __version__
from rnnscope.analyses.cell_roles import Hypothesis, UnitStates, cell_roles
from rnnscope.analyses.comparison import LINUX_KERNEL, WAR_AND_PEACE, Competitor, Published, compare
from rnnscope.analyses.model_map import Mapped, model_map
from rnnscope.analyses.samples import samples
from rnnscope.analyses.saturation import GateCounts, saturation
from rnnscope.analyses.training_curves import training_curves
from rnnscope.corpora.annotate import annotate_part
from rnnscope.corpora.known_texts import WAR_AND_PEACE_SHA256
from rnnscope.corpora.tracks import tracks_of
from rnnscope.errors import ConfigError, RecordError, did_you_mean
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Finding, Row, Scalar
from rnnscope.records.run import Run
from rnnscope.records.surprisal import Surprisal
from rnnscope.records.trace import Trace
from rnnscope.studies.counting import best_context, ngram_surprisal
from rnnscope.studies.executor import run_jobs
from rnnscope.studies.jobs import Look, LookJob, look_inside, replay_run
from rnnscope.studies.unit_statistics import STATE_SITE
from rnnscope.studies.work import Work
from rnnscope.training.config import TrainConfig

PAPER_CHARS = (2_600_000, 320_000, 330_000)
"""Parts of War and Peace in the 2015 paper."""
TEMPERATURE = 0.7


@dataclass(frozen=True)
class Study:
    """What the analyses of one study read: all of it is on disk."""

    work: Work
    corpus: Corpus
    runs: tuple[Run, ...]
    opened: tuple[Run, ...]
    """Those of the runs that are looked into, all of them with a test Trace."""
    ngram_scores: tuple[Row, ...]
    """context, validation_nats, test_nats, error_rate for every context length."""
    counts_fingerprint: str
    sample_chars: int
    processes: int
    seed: int
    command: str

    @property
    def parents(self) -> dict[str, str]:
        """What every finding of this study hangs on."""
        runs = {run.reference: run.manifest.fingerprint for run in self.runs}
        return runs | {
            "corpus": self.corpus.manifest.fingerprint,
            "counts": self.counts_fingerprint,
            "rnnscope": __version__,
            "settings": f"sample_chars={self.sample_chars} seed={self.seed} "
            f"contexts={len(self.ngram_scores)} opened={','.join(run.name for run in self.opened)}",
        }

    @property
    def validation_nats(self) -> dict[int, float]:
        """Context length -> the n-gram's validation loss."""
        return {int(row["context"] or 0): float(row["validation_nats"] or 0) for row in self.ngram_scores}

    @cached_property
    def looks(self) -> list[Look]:
        """Every opened run looked into once, for all analyses that need it."""
        train = self.corpus.part("train")
        prime = self.corpus.text(train.starts[0], train.starts[0] + 200).rpartition("\n")
        jobs = [
            LookJob(
                self.work.folder,
                run.folder,
                prime[1] or prime[2][:1],
                self.sample_chars,
                TEMPERATURE,
                self.seed,
            )
            for run in self.opened
        ]
        return run_jobs(look_inside, jobs, self.processes)


def make_findings(study: Study, names: Iterable[str] | None = None) -> dict[str, Path]:
    """Analysis -> its finding's file, made where it is missing or its parents have changed. Raises
    ConfigError.
    """
    names = list(ANALYSES if names is None else names)
    for name in names:
        if name not in ANALYSES:
            raise ConfigError(f"no analysis '{name}'; {did_you_mean(name, ANALYSES)}")
    return {name: _finding(study, name) for name in names}


def _finding(study: Study, name: str) -> Path:
    folder = study.work.findings(study.corpus.name)
    path = folder / f"{name}.json"
    if path.is_file():
        try:
            if Finding.load(path).parents == study.parents:
                return path
        except RecordError:
            pass  # written by another version: it is made again
    made = ANALYSES[name](study)
    return made.model_copy(update={"parents": study.parents, "command": study.command}).save(folder)


def _comparison(study: Study) -> Finding:
    competitors = [Competitor(*each) for each in _scored(study)]
    return compare(competitors, study.ngram_scores, _published(study.corpus))


def _model_map(study: Study) -> Finding:
    return model_map([Mapped(*each) for each in _scored(study)])


def _scored(study: Study) -> list[tuple[Surprisal, str, dict[str, Scalar]]]:
    """Losses, family and facts of the best and the longest n-gram and of every run."""
    contexts = dict.fromkeys([best_context(study.ngram_scores), max(study.validation_nats)])
    found: list[tuple[Surprisal, str, dict[str, Scalar]]] = [
        (
            ngram_surprisal(study.work, study.corpus, context, command=study.command),
            "n-gram",
            {"context": context},
        )
        for context in contexts
    ]
    fields = {"cell", "layers", "hidden", "parameters", "epochs", "train_seconds", "seed", "recipe"}
    for run in study.runs:
        config = TrainConfig.load(run.config_path)
        facts = run.manifest.model_dump(include=fields)
        facts |= {"dropout": config.dropout, "epochs_asked": config.epochs}
        found.append((_surprisal(study, run), "network", facts))
    return found


def _published(corpus: Corpus) -> Published | None:
    """What the 2015 paper has of this text in this split; None for another one."""
    manifest = corpus.manifest
    chars = tuple(manifest.parts[part].chars for part in ("train", "validation", "test"))
    if (manifest.text_sha256, manifest.split_kind, chars) == (WAR_AND_PEACE_SHA256, "streams", PAPER_CHARS):
        return WAR_AND_PEACE
    return LINUX_KERNEL if corpus.name == "linux-kernel" else None


def _surprisal(study: Study, run: Run) -> Surprisal:
    return replay_run(run, study.corpus, "test", study.command)


def _training_curves(study: Study) -> Finding:
    return training_curves(study.runs, study.validation_nats, study.corpus.name)


def _saturation(study: Study) -> Finding:
    counts = [
        GateCounts(run.name, run.manifest.cell, look.gates)
        for run, look in zip(study.opened, study.looks, strict=True)
    ]
    return saturation([c for c in counts if c.counter.steps], study.corpus.name, "test")


def _cell_roles(study: Study) -> Finding:
    traces = [(run, Trace.read(run.replay_folder("test", "trace"))) for run in study.opened]
    rows = min(trace.manifest.rows for _, trace in traces)
    part = study.corpus.part("test")
    annotated = annotate_part(study.corpus, part, slice(rows))
    tracks = tracks_of(study.corpus.manifest.language)
    hypotheses = [Hypothesis(t.name, t.title, t.kind == "flag", annotated[t.name]) for t in tracks]
    texts = [study.corpus.text(start, start + part.row_chars) for start in part.starts[:rows]]
    networks = [
        UnitStates(run.name, run.manifest.cell, _states(run, trace, rows), texts) for run, trace in traces
    ]
    return cell_roles(networks, hypotheses, study.corpus.name, "test", study.seed)


def _states(run: Run, trace: Trace, rows: int) -> dict[str, np.ndarray]:
    """The sites that are shown, as float32, shape (R, T, H)."""
    site = STATE_SITE.get(run.manifest.cell, "h")
    names = [f"layers.{layer}.{site}" for layer in range(run.manifest.layers)]
    return {name: trace.site(name)[:rows].astype(np.float32) for name in names}


def _samples(study: Study) -> Finding:
    train = study.corpus.part("train")
    train_text = "\n".join(study.corpus.text(start, start + train.row_chars) for start in train.starts)
    return samples([look.sample for look in study.looks], train_text, study.corpus.name, study.seed)


ANALYSES: dict[str, Callable[[Study], Finding]] = {
    "comparison": _comparison,
    "model_map": _model_map,
    "training_curves": _training_curves,
    "saturation": _saturation,
    "cell_roles": _cell_roles,
    "samples": _samples,
}
"""In the order of the report."""
