"""A run, what someone asks of its units -> a Finding that ranks them; traces what is not traced yet."""

from collections.abc import Sequence
from pathlib import Path

from rnnscope.analyses.cell_roles.states import UnitStates
from rnnscope.analyses.span_search import Span, span_search
from rnnscope.corpora.tracks import find_track
from rnnscope.errors import ConfigError
from rnnscope.progress import OnShare, unheard
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Finding
from rnnscope.records.run import Run
from rnnscope.studies.jobs import TraceJob, trace_run
from rnnscope.studies.ranked_units import ranked_by_track
from rnnscope.studies.unit_states import current_trace, unit_states

MOST_OVER = 10
"""A row may be so many times as long as what was asked for."""


def units_by_hypothesis(
    run: Run,
    corpus: Corpus,
    part: str,
    chars: int,
    name: str,
    seed: int,
    work: Path,
    command: str,
    told: OnShare = unheard,
) -> Finding:
    """All units by how closely they follow a track or a regular expression, beside the controls. `told` hears
    which share of the ranking is done.

    Raises ConfigError for a hypothesis that does not compile, or that the text has nowhere or everywhere.
    """
    track = find_track(name, corpus.manifest.language)
    states = traced_states(run, corpus, part, chars, work, command)
    return ranked_by_track(run, corpus, part, states, track, seed, command, told)


def units_by_span(
    run: Run,
    corpus: Corpus,
    part: str,
    chars: int,
    spans: Sequence[Span],
    counter_spans: Sequence[Span],
    seed: int,
    work: Path,
    command: str,
) -> Finding:
    """All units by being on in the spans and off around them and in the counter-spans. Raises ConfigError."""
    states = traced_states(run, corpus, part, chars, work, command)
    finding = span_search(run.name, corpus.name, states.sites, states.texts, spans, counter_spans, seed)
    return finding.model_copy(update={"command": command})


def traced_states(run: Run, corpus: Corpus, part: str, chars: int, work: Path, command: str) -> UnitStates:
    """The run's units on disk, traced first where they are not there for `chars` characters yet.

    Raises ConfigError where the part's rows, which are traced whole, are far longer than that.
    """
    import torch

    row_chars = corpus.part(part).row_chars
    if row_chars > MOST_OVER * chars and current_trace(run, part) is None:
        raise ConfigError(
            f"{part} has rows of {row_chars:,} characters, which are traced whole; --chars {row_chars} says "
            "that this is meant, another --part may be shorter"
        )
    job = TraceJob(work, corpus.name, run.folder, chars, command, torch.get_num_threads(), part)
    trace_run(job)
    return unit_states(run, corpus, part)
