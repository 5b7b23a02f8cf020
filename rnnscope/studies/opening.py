"""Run, Corpus, Trace and rows of findings -> OpenedRun: which record each part of a unit's card is from."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from rnnscope.analyses.ablation import ablation
from rnnscope.analyses.cell_roles import role_rows
from rnnscope.analyses.saturation import GateCounts, saturation
from rnnscope.analyses.unit_cards import OpenedRun, Place, unit_cards
from rnnscope.corpora.tracks import tracks_of
from rnnscope.counters import SaturationCounter, gate_sites
from rnnscope.errors import ConfigError, RecordError
from rnnscope.models.sizing import why_no_unit
from rnnscope.records.ablation import Ablation
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Finding, Row
from rnnscope.records.folder import is_whole
from rnnscope.records.run import Run
from rnnscope.records.trace import Trace
from rnnscope.studies.ablating import flags_of
from rnnscope.studies.jobs import TraceJob, trace_run
from rnnscope.studies.unit_states import (
    STATE_SITE,
    UNTRAINED,
    current_trace,
    hypotheses_of,
    texts_of,
    unit_states,
)
from rnnscope.studies.work import Work, cores

CARD_CHARS = 200_000
"""Test characters that are traced for a card, where there is no trace yet."""


def opened_run(
    run: Run, corpus: Corpus, trace: Trace, roles: Sequence[Row], gates: Sequence[Row]
) -> OpenedRun:
    """A run by its Trace, with the rows of `cell_roles` and `saturation` that are its own, and its Ablation
    where there is one."""
    manifest = trace.manifest
    record = ablation_of(run, manifest.part)
    return OpenedRun(
        run=run.name,
        reference=run.reference,
        cell=run.manifest.cell,
        layers=run.manifest.layers,
        units=run.manifest.hidden,
        state=STATE_SITE.get(run.manifest.cell, "h"),
        texts=texts_of(corpus, manifest.part, manifest.rows),
        starts=corpus.part(manifest.part).starts[: manifest.rows],
        blocks=trace.blocks,
        decoder_VH=_decoder(run),
        symbols=corpus.alphabet.names,
        roles=[row for row in roles if row.get("run") == run.name],
        gates=[row for row in gates if row.get("run") == run.name],
        ablation=ablation(record, flags_of(corpus, record)).tables["units"] if record else [],
        titles={track.name: track.title for track in tracks_of(corpus.manifest.language)},
    )


def _decoder(run: Run) -> np.ndarray:
    """The output weights, (V, H), read without torch. Raises RecordError."""
    try:
        return load_file(run.weights_path)["decoder_VH"].astype(np.float32)
    except (OSError, KeyError, SafetensorError) as error:
        raise RecordError(
            f"weights '{run.weights_path}' cannot be read ({error}); train the run again"
        ) from None


def ablation_of(run: Run, part: str) -> Ablation | None:
    """What `rnnscope ablate` left of this run's units held at their means; None where it was not called."""
    folder = run.replay_folder(part, "ablations") / "mean"
    if not is_whole(folder):
        return None
    record = Ablation.read(folder)
    return record if record.manifest.parents.get("run") == run.manifest.fingerprint else None


def rows_of(folder: Path, analysis: str, table: str, run: Run) -> list[Row]:
    """A finding's rows of one run, as it now is; none where the finding is not there."""
    try:
        finding = Finding.load(folder / f"{analysis}.json")
    except RecordError:
        return []
    is_current = finding.parents.get(run.reference) == run.manifest.fingerprint
    return [row for row in finding.tables.get(table, []) if is_current and row.get("run") == run.name]


def card_of(work: Work, run: Run, corpus: Corpus, place: Place, command: str) -> Finding:
    """The card of one unit on test text: its Trace is made if it is not there, of at most CARD_CHARS; roles
    and gates are those of findings of this run, else of the Trace. Raises ConfigError for a unit that there
    is not."""
    layer, unit = place
    if why := why_no_unit(layer - 1, unit, run.manifest.layers, run.manifest.hidden):
        raise ConfigError(f"no unit {layer}.{unit}: {why}")
    traced = current_trace(run, "test")
    if traced is None or current_trace(run, "test", UNTRAINED) is None:
        # one that is there is kept, however short
        chars = traced.rows * traced.row_chars if traced else CARD_CHARS
        trace_run(TraceJob(work.folder, corpus.name, run.folder, chars, command, cores()))
    trace = Trace.read(run.replay_folder("test", "trace"))
    findings = work.findings(corpus.name)
    gates = rows_of(findings, "saturation", "gates", run) or _gates(run, trace)
    roles = rows_of(findings, "cell_roles", "roles", run) or _roles(run, corpus)
    opened = opened_run(run, corpus, trace, roles, gates)
    return unit_cards([opened], corpus.name, "test", only=[place])


def _roles(run: Run, corpus: Corpus) -> list[Row]:
    states = unit_states(run, corpus)
    return role_rows(states, hypotheses_of(corpus, "test", states.shape[0]))[1]


def _gates(run: Run, trace: Trace) -> list[Row]:
    sites = gate_sites(run.manifest.cell, run.manifest.layers)
    counter = SaturationCounter(sites)
    for block in trace.blocks(list(sites)) if sites else ():
        counter.update(block)
    counted = [GateCounts(run.name, run.manifest.cell, counter)] if sites else []
    return saturation(counted, trace.manifest.corpus, trace.manifest.part).tables["gates"]
