"""What the analyses of one study read: all of it is on disk. Knows no analysis."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from rnnscope import __version__
from rnnscope.analyses.comparison import LINUX_KERNEL, WAR_AND_PEACE, Published
from rnnscope.corpora.known_texts import WAR_AND_PEACE_SHA256
from rnnscope.records.corpus import Corpus
from rnnscope.records.count_model import CountModel
from rnnscope.records.finding import Row
from rnnscope.records.folder import is_whole
from rnnscope.records.run import Run
from rnnscope.records.surprisal import Surprisal
from rnnscope.settings import Settings
from rnnscope.studies.counting import NgramJob, ngram_name, ngram_surprisal, replay_ngram
from rnnscope.studies.executor import run_jobs
from rnnscope.studies.jobs import Look, LookJob, look_inside, replay_run
from rnnscope.studies.readers import Readers
from rnnscope.studies.work import Work

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
    settings: Mapping[str, Settings] = field(default_factory=dict)
    """Analysis -> what it was told, where that is not the default."""

    @cached_property
    def readers(self) -> Readers:
        """Which of the runs the analyses of the text read."""
        return Readers(self.runs)

    @cached_property
    def counts(self) -> CountModel:
        return CountModel.read(self.work.counts(self.corpus.name))

    @property
    def longest_context(self) -> int:
        """Of the n-grams: the 2015 paper's 20."""
        return max(self.validation_nats)

    @property
    def paper(self) -> str | None:
        """'war-and-peace' or 'linux-kernel', whose values the 2015 paper has; None for another text."""
        published = published_of(self.corpus)
        return published.name if published else None

    def surprisal(self, run: Run) -> Surprisal:
        """A run's losses on the test text."""
        return replay_run(run, self.corpus, "test", self.command)

    def ngram(self, context: int) -> Surprisal:
        """Those of the n-gram of one context length."""
        return ngram_surprisal(self.work, self.corpus, context, command=self.command)

    def ngrams(self, contexts: Iterable[int]) -> dict[int, Surprisal]:
        """Those of several, side by side on the cores, as far as they are counted."""
        known = [n for n in contexts if n in self.validation_nats]
        missing = [n for n in known if not is_whole(self._ngram_folder(n))]
        jobs = [NgramJob(self.work.folder, self.corpus.name, n, self.command) for n in reversed(missing)]
        run_jobs(replay_ngram, jobs, self.processes)
        return {n: self.ngram(n) for n in known}

    def _ngram_folder(self, context: int) -> Path:
        return self.work.ngram_replay(self.corpus.name, ngram_name(context), "test")

    @property
    def _contexts(self) -> str:
        return ",".join(str(row["context"]) for row in self.ngram_scores)

    @property
    def parents(self) -> dict[str, str]:
        """What every finding of this study hangs on."""
        runs = {run.reference: run.manifest.fingerprint for run in self.runs}
        return runs | {
            "corpus": self.corpus.manifest.fingerprint,
            "counts": self.counts_fingerprint,
            "rnnscope": __version__,
            "settings": f"sample_chars={self.sample_chars} seed={self.seed} "
            f"contexts={self._contexts} opened={','.join(run.name for run in self.opened)}",
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


def published_of(corpus: Corpus) -> Published | None:
    """What the 2015 paper has of this text in this split; None for another one."""
    manifest = corpus.manifest
    chars = tuple(manifest.parts[part].chars for part in ("train", "validation", "test"))
    if (manifest.text_sha256, manifest.split_kind, chars) == (WAR_AND_PEACE_SHA256, "streams", PAPER_CHARS):
        return WAR_AND_PEACE
    return LINUX_KERNEL if corpus.name == "linux-kernel" else None
