"""Run, Corpus, Trace and rows of findings -> OpenedRun: which record each part of a unit's card is from. Only
reads, and runs no network.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from rnnscope.analyses.ablation import ablation
from rnnscope.analyses.saturation import GateCounts, saturation
from rnnscope.analyses.unit_cards import OpenedRun
from rnnscope.corpora.annotate import annotate_part
from rnnscope.corpora.tracks import tracks_of
from rnnscope.counters import SaturationCounter, gate_sites
from rnnscope.records.ablation import Ablation
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Finding, Row
from rnnscope.records.folder import is_whole
from rnnscope.records.run import Run
from rnnscope.records.trace import Trace
from rnnscope.recurrence.kinds import unit_site
from rnnscope.studies.unit_states import texts_of

Blocks = Callable[[list[str]], Iterable[Mapping[str, np.ndarray]]]


def opened_run(
    run: Run,
    corpus: Corpus,
    trace: Trace,
    roles: Sequence[Row] = (),
    gates: Sequence[Row] = (),
    held: Sequence[Row] = (),
) -> OpenedRun:
    """A run by its Trace, with the rows of `cell_roles`, `saturation` and `ablation` that are its own. Raises
    RecordError for weights that cannot be read."""
    manifest = trace.manifest
    return OpenedRun(
        run=run.name,
        reference=run.reference,
        cell=run.manifest.cell,
        layers=run.manifest.layers,
        units=run.manifest.hidden,
        state=unit_site(run.manifest.cell),
        texts=texts_of(corpus, manifest.part, manifest.rows),
        starts=corpus.part(manifest.part).starts[: manifest.rows],
        blocks=trace.blocks,
        decoder_VH=run.weights("decoder_VH")["decoder_VH"],
        symbols=corpus.alphabet.names,
        roles=[row for row in roles if row.get("run") == run.name],
        gates=[row for row in gates if row.get("run") == run.name],
        ablation=held,
        titles={track.name: track.title for track in tracks_of(corpus.manifest.language)},
    )


def ablation_of(run: Run, part: str) -> Ablation | None:
    """What `rnnscope ablate` left of this run's units held at their means; None where it was not called."""
    folder = run.replay_folder(part, "ablations") / "mean"
    if not is_whole(folder):
        return None
    record = Ablation.read(folder)
    return record if record.manifest.parents.get("run") == run.manifest.fingerprint else None


def held_rows(record: Ablation | None, corpus: Corpus) -> list[Row]:
    """What each unit is worth, by the record; none without one."""
    return ablation(record, flags_of(corpus, record)).tables["units"] if record else []


def flags_of(corpus: Corpus, record: Ablation) -> dict[str, np.ndarray]:
    """Title -> whether a yes/no track is on at the characters that were read, bool (R, T)."""
    manifest = record.manifest
    tracks = [track for track in tracks_of(corpus.manifest.language) if track.kind == "flag"]
    annotated = annotate_part(corpus, corpus.part(manifest.part), slice(manifest.rows), tracks)
    return {track.title: annotated[track.name][:, : manifest.steps] for track in tracks}


def is_of(finding: Finding | None, run: Run) -> bool:
    """Whether a finding read this run, as it now is."""
    return finding is not None and finding.parents.get(run.reference) == run.manifest.fingerprint


def rows_of(finding: Finding | None, table: str, run: Run) -> list[Row]:
    """A finding's rows of one run, as it now is; none where there is no finding of it."""
    if finding is None or not is_of(finding, run):
        return []
    return [row for row in finding.tables.get(table, []) if row.get("run") == run.name]


def gate_rows(run: Run, trace: Trace, blocks: Blocks | None = None) -> list[Row]:
    """What `saturation` tells of the gates, counted over the trace; `blocks` are by default the trace's."""
    sites = gate_sites(run.manifest.cell, run.manifest.layers)
    counter = SaturationCounter(sites)
    for block in (blocks or trace.blocks)(list(sites)) if sites else ():
        counter.update(block)
    counted = [GateCounts(run.name, run.manifest.cell, counter)] if sites else []
    return saturation(counted, trace.manifest.corpus, trace.manifest.part).tables["gates"]
