"""What one worker process does: train, replay, trace, look inside. Knows one run, not the study."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rnnscope.analyses.samples import Sample
from rnnscope.counters import SaturationCounter, gate_sites
from rnnscope.errors import RecordError
from rnnscope.records.corpus import Corpus, find_corpus
from rnnscope.records.run import Run
from rnnscope.records.surprisal import Surprisal
from rnnscope.studies.configs import train_config
from rnnscope.studies.executor import in_this_process, tell
from rnnscope.studies.unit_states import UNTRAINED, current_trace, state_sites
from rnnscope.studies.work import Work
from rnnscope.training.config import TrainConfig

if TYPE_CHECKING:
    from rnnscope.models.network import Network
    from rnnscope.models.saved import Model
    from rnnscope.training.progress import Progress

# torch is imported in the functions: the process that plans a study needs none, and that is two seconds saved


@dataclass(frozen=True)
class TrainJob:
    """One network to train and replay."""

    work: Path
    corpus: str
    name: str
    config: TrainConfig
    ngram_validation_nats: Mapping[int, float]
    trace_chars: int
    """Test characters whose every gate and state is kept; 0 keeps none."""
    command: str
    threads: int = 1
    is_one_of_many_texts: bool = False

    @property
    def called(self) -> str:
        """What its news are told under: the run's name, with its corpus where there are many."""
        return f"{self.corpus}/{self.name}" if self.is_one_of_many_texts else self.name


@dataclass(frozen=True)
class TraceJob:
    """One finished run whose states on some text are to be kept."""

    work: Path
    corpus: str
    run: Path
    trace_chars: int
    command: str
    threads: int = 1
    part: str = "test"


@dataclass(frozen=True)
class LookJob:
    """One finished run to look into without keeping what is seen."""

    work: Path
    run: Path
    prime: str
    sample_chars: int
    temperature: float
    seed: int
    threads: int = 1


@dataclass(frozen=True)
class Look:
    gates: SaturationCounter
    """Over every character of the test text."""
    sample: Sample


def train_and_replay(job: TrainJob, on_news: Callable[[str, "Progress | str"], None] = tell) -> Run:
    """Trains the run or goes on with it, then leaves its test Surprisal and Trace; whole records are kept.

    `on_news` hears what the job is called and how far it is, or a line for people.

    Under torchrun the processes train it together, and the first of them leaves the records.
    """
    import torch

    from rnnscope.training.group import joined
    from rnnscope.training.loop import train

    torch.set_num_threads(job.threads)
    work = Work(job.work)
    corpus = find_corpus(job.work, job.corpus)
    with joined() as group:
        run = train(
            corpus,
            job.config,
            work.run(job.corpus, job.name),
            on_progress=lambda progress: on_news(job.called, progress),
            notice=lambda line: on_news(job.called, line),
            ngram_validation_nats=job.ngram_validation_nats,
            group=group,
            command=job.command,
        )
    if not group.is_first:
        return run
    replay_run(run, corpus, "test", job.command)
    if job.trace_chars:
        trace_run(TraceJob(job.work, job.corpus, run.folder, job.trace_chars, job.command, job.threads))
    return run


def trace_run(job: TraceJob) -> None:
    """Leaves the run's Trace, and that of its units' states before training. One that is there is kept if it
    is as long.
    """
    import torch

    from rnnscope.replay.trace import replay_trace, rows_for

    torch.set_num_threads(job.threads)
    run, corpus = Run.read(job.run), find_corpus(job.work, job.corpus)
    rows, dtype = rows_for(corpus, job.part, job.trace_chars), "float16"
    there = current_trace(run, job.part)
    if there is not None and there.rows >= rows:
        rows, dtype = there.rows, there.dtype
    for kind, network in (("trace", load), (UNTRAINED, load_untrained)):
        replay_trace(
            partial(network, run),
            run,
            corpus,
            job.part,
            run.replay_folder(job.part, kind),
            rows=rows,
            dtype=dtype,
            sites=state_sites(run.manifest.cell, run.manifest.layers) if kind == UNTRAINED else None,
            command=job.command,
        )


def check_text(run: Run, corpus: Corpus) -> None:
    """Raises RecordError where the run is of another text than the corpus has."""
    if run.manifest.corpus_fingerprint != corpus.manifest.fingerprint:
        raise RecordError(
            f"run '{run.name}' is of another text than '{corpus.name}' is now; make it anew or build the "
            "corpus as it was"
        )


def replay_run(run: Run, corpus: Corpus, part: str, command: str = "") -> Surprisal:
    """A run's Surprisal on a part of a corpus. Raises RecordError where it is of another text."""
    from rnnscope.replay.surprisal import replay_surprisal

    check_text(run, corpus)
    folder = run.replay_folder(part, "surprisal")
    return replay_surprisal(
        lambda: load_predictor(run), run.manifest.fingerprint, run.name, corpus, part, folder, command=command
    )


def look_inside(job: LookJob) -> Look:
    """Gate statistics of a run over the whole test text, and a text that it writes."""
    import numpy as np
    import torch

    from rnnscope.replay.sampling import sample
    from rnnscope.studies.unit_statistics import counted

    torch.set_num_threads(job.threads)
    run = Run.read(job.run)
    corpus = find_corpus(job.work, run.manifest.corpus)
    counter = SaturationCounter(gate_sites(run.manifest.cell, run.manifest.layers))
    (gates,) = counted(run, corpus, "test", [counter], in_this_process)
    prime = corpus.alphabet.encode(job.prime.encode(), "the prime")
    ids = sample(load(run), prime, job.sample_chars, job.temperature, np.random.default_rng(job.seed))
    text = corpus.alphabet.readable(ids)
    return Look(gates, Sample(run.name, job.temperature, job.prime, text))


def load(run: Run) -> "Network":
    """The run's recurrent network. Raises RecordError where its weights are missing or do not fit,
    ConfigError where it is a model without units to look into.
    """
    from rnnscope.models.saved import load_network

    return load_network(run.weights_path)


def load_predictor(run: Run) -> "Model":
    """The run's model of any kind, to be read with. Raises RecordError as `load` does."""
    from rnnscope.models.saved import load_model

    return load_model(run.weights_path)


def load_untrained(run: Run) -> "Network":
    """The network that the run's training began with; for an adopted one, whose beginning is not known, one
    of its shape as `fast` begins. Raises RecordError where its config is missing.
    """
    from rnnscope.models.network import Network
    from rnnscope.training.learner import untrained

    of = run.manifest
    if run.is_adopted:
        config = train_config("fast", of.cell, of.layers, of.hidden, seed=0)
    else:
        config = TrainConfig.load(run.config_path)
    network = untrained(config, of.symbols)
    assert isinstance(network, Network), "only a recurrent network is looked into"
    return network
