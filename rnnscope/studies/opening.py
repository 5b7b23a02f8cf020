"""Run, Corpus, Trace and rows of findings -> OpenedRun: which record each part of a unit's card is from."""

from collections.abc import Sequence
from pathlib import Path

from rnnscope.analyses.ablation import ablation
from rnnscope.analyses.unit_cards import OpenedRun
from rnnscope.corpora.tracks import tracks_of
from rnnscope.errors import RecordError
from rnnscope.records.ablation import Ablation
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Finding, Row
from rnnscope.records.folder import is_whole
from rnnscope.records.run import Run
from rnnscope.records.trace import Trace
from rnnscope.studies.ablating import flags_of

STATE_SITE = {"lstm": "tanh_c"}
"""What colours text: tanh(c) for an LSTM as in the 2015 paper, the output h for cells that have no c."""


def opened_run(
    run: Run, corpus: Corpus, trace: Trace, roles: Sequence[Row], gates: Sequence[Row]
) -> OpenedRun:
    """A run by its Trace, with the rows of `cell_roles` and `saturation` that are its own, and its Ablation
    where there is one."""
    import numpy as np
    from safetensors.numpy import load_file

    manifest, part = trace.manifest, corpus.part(trace.manifest.part)
    starts = part.starts[: manifest.rows]
    record = ablation_of(run, manifest.part)
    return OpenedRun(
        run=run.name,
        reference=run.reference,
        cell=run.manifest.cell,
        layers=run.manifest.layers,
        units=run.manifest.hidden,
        state=STATE_SITE.get(run.manifest.cell, "h"),
        texts=[corpus.text(start, start + part.row_chars) for start in starts],
        starts=starts,
        blocks=trace.blocks,
        decoder_VH=load_file(run.weights_path)["decoder_VH"].astype(np.float32),
        symbols=corpus.alphabet.names,
        roles=[row for row in roles if row.get("run") == run.name],
        gates=[row for row in gates if row.get("run") == run.name],
        ablation=ablation(record, flags_of(corpus, record)).tables["units"] if record else [],
        titles={track.name: track.title for track in tracks_of(corpus.manifest.language)},
    )


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
