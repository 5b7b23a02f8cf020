"""Run, Corpus -> Ablation, made once. Knows which text is read."""

from rnnscope.records.ablation import Ablation, AblationManifest, ClampName, write_ablation
from rnnscope.records.corpus import Corpus
from rnnscope.records.folder import is_whole
from rnnscope.records.run import Run

MOST_ROWS = 10
"""Rows that are read side by side; each from its beginning."""


def ablate_run(
    run: Run,
    corpus: Corpus,
    part: str,
    chars: int,
    to: ClampName,
    at_step: int | None,
    command: str,
    name: str = "",
) -> Ablation:
    """The first characters of up to MOST_ROWS rows, about `chars` in all, kept under `name`, or else under
    what units are held at.

    Raises ConfigError for a part or a step that is not there, RecordError where the disk refuses.
    """
    of = corpus.part(part)
    rows = min(of.rows, MOST_ROWS)
    steps = max(1, min(of.row_chars, chars // rows))
    name = name or (to if at_step is None else f"{to}-at-{at_step}")
    folder = run.replay_folder(part, "ablations") / name
    parents = {"run": run.manifest.fingerprint, "corpus": corpus.manifest.fingerprint}
    if is_whole(folder):
        kept = Ablation.read(folder)
        if (kept.manifest.parents, kept.manifest.rows, kept.manifest.steps) == (parents, rows, steps):
            return kept
    from rnnscope.replay.ablation import ablate
    from rnnscope.studies.jobs import load

    span = (slice(rows), slice(steps))
    inputs_RT, targets_RT = corpus.inputs(of, slice(rows))[span], corpus.targets(of, slice(rows))[span]
    found = ablate(load(run), inputs_RT, targets_RT, to, at_step)
    manifest = AblationManifest(
        command=command,
        parents=parents,
        predictor=run.name,
        corpus=corpus.name,
        corpus_fingerprint=corpus.manifest.fingerprint,
        part=part,
        rows=rows,
        steps=steps,
        to=to,
        at_step=at_step,
        sites=found.sites,
    )
    return write_ablation(folder, manifest, found.nats_RT, found.change_URT, found.held_at_U)
