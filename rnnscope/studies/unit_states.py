"""Records of a run -> its units' values beside what the text says, for the analyses of units. Runs no
network.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from rnnscope.analyses.cell_roles import Hypothesis, UnitStates
from rnnscope.corpora.annotate import annotate_part
from rnnscope.corpora.tracks import Track, tracks_of
from rnnscope.records.corpus import Corpus
from rnnscope.records.folder import is_whole
from rnnscope.records.run import Run
from rnnscope.records.trace import Trace, TracedSite, TraceManifest
from rnnscope.recurrence.kinds import unit_site

UNTRAINED = "untrained"
"""The replay that holds the units' values before training."""


def state_sites(cell: str, layers: int) -> list[str]:
    """The sites that stand for the units, 'layers.{l}.tanh_c' or 'layers.{l}.h'."""
    return [f"layers.{layer}.{unit_site(cell)}" for layer in range(layers)]


def current_trace(run: Run, part: str, kind: str = "trace") -> TraceManifest | None:
    """What the trace on disk is of; None where there is none, or one of other weights."""
    folder = run.replay_folder(part, kind)
    if not is_whole(folder):
        return None
    manifest = TraceManifest.read(folder)
    return manifest if manifest.parents.get("run") == run.manifest.fingerprint else None


def unit_states(run: Run, corpus: Corpus, part: str = "test") -> UnitStates:
    """The run's units over the rows that were traced, and the same before training where that was traced too;
    on disk until they are asked for.

    Raises RecordError where there is no trace.
    """
    traced = Trace.read(run.replay_folder(part, "trace"))
    is_there = current_trace(run, part, UNTRAINED) is not None
    before = Trace.read(run.replay_folder(part, UNTRAINED)) if is_there else None
    rows = min(each.manifest.rows for each in (traced, before) if each is not None)
    sites = state_sites(run.manifest.cell, run.manifest.layers)
    return UnitStates(
        run.name,
        run.manifest.cell,
        _values(traced, sites, rows),
        texts_of(corpus, part, rows),
        {} if before is None else _values(before, sites, rows),
    )


def texts_of(corpus: Corpus, part: str, rows: int) -> list[str]:
    """What was read, row by row."""
    of = corpus.part(part)
    return [corpus.text(start, start + of.row_chars) for start in of.starts[:rows]]


def in_half_precision(blocks: Iterable[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Site -> all values of the blocks, (R, T, H), float16: what a trace would hold, without one."""
    halves = [{site: values.astype(np.float16) for site, values in block.items()} for block in blocks]
    return {site: np.concatenate([block[site] for block in halves], axis=1) for site in halves[0]}


def _values(trace: Trace, sites: Sequence[str], rows: int) -> dict[str, TracedSite]:
    return {name: trace.site_values(name, rows) for name in sites}


def hypotheses_of(
    corpus: Corpus, part: str, rows: int, tracks: Sequence[Track] | None = None
) -> list[Hypothesis]:
    """Tracks, by default all of the corpus's language, over the first rows of a part. Raises ConfigError."""
    tracks = tracks_of(corpus.manifest.language) if tracks is None else tracks
    annotated = annotate_part(corpus, corpus.part(part), slice(rows), tracks)
    return [Hypothesis(t.name, t.title, t.kind == "flag", annotated[t.name]) for t in tracks]
