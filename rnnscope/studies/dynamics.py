"""A run with milestones -> its Divergence from n-grams and n-NNs, and how its roles came about. Knows which
predictors those are, not what is concluded.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from rnnscope.analyses.cell_roles import UnitStates, followed
from rnnscope.analyses.training_dynamics import DynamicsSettings, RoleHistory
from rnnscope.errors import ConfigError
from rnnscope.ngrams import KneserNey
from rnnscope.records.corpus import Corpus
from rnnscope.records.count_model import CountModel
from rnnscope.records.divergence import Divergence, DivergenceManifest, write_divergence
from rnnscope.records.finding import Row
from rnnscope.records.folder import is_whole
from rnnscope.records.run import Run
from rnnscope.scoring import Predictor
from rnnscope.studies.counting import ngram_name
from rnnscope.studies.jobs import load_predictor
from rnnscope.studies.unit_states import hypotheses_of, state_sites, texts_of

PART = "test"


def divergence_of(
    run: Run,
    corpus: Corpus,
    counts: CountModel,
    windows: Mapping[int, Run],
    settings: DynamicsSettings,
    command: str = "",
) -> Divergence:
    """How far the run was at each milestone from n-grams and n-NNs of the contexts asked for, as far as there
    are; made unless it is there. Raises ConfigError where there is none of them.
    """
    from rnnscope.models.saved import load_model
    from rnnscope.replay.divergence import apart

    references, parents = _references(counts, windows, settings.contexts)
    if not references:
        raise ConfigError(
            f"there is no n-gram and no n-NN of {', '.join(map(str, settings.contexts))} characters; set "
            "contexts=1-9"
        )
    part = corpus.part(PART)
    steps = max(1, min(part.row_chars, settings.chars // part.rows))
    rows = max(1, min(part.rows, settings.chars // steps))
    folder = run.replay_folder(PART, "divergence")
    parents |= {"run": run.manifest.fingerprint, "corpus": corpus.manifest.fingerprint}
    if is_whole(folder):
        known = DivergenceManifest.read(folder)
        if (known.parents, known.rows, known.steps) == (parents, rows, steps):
            return Divergence.read(folder)
    milestones = run.milestones()
    manifest = DivergenceManifest(
        command=command,
        parents=parents,
        predictor=run.name,
        corpus=corpus.name,
        corpus_fingerprint=corpus.manifest.fingerprint,
        part=PART,
        rows=rows,
        steps=steps,
        milestones=list(milestones),
        epochs=_epochs(run),
        references=list(references),
    )
    found = apart(
        [load_model(path) for path in milestones.values()],
        [load() for load in references.values()],
        corpus.inputs(part, slice(rows), slice(steps)),
        corpus.targets(part, slice(rows))[:, :steps],
    )
    return write_divergence(folder, manifest, *found)


def _epochs(run: Run) -> list[float]:
    """Its milestones as times that the train part was read."""
    per_epoch = run.manifest.steps / run.manifest.epochs
    return [step / per_epoch for step in run.milestones()]


def _references(
    counts: CountModel, windows: Mapping[int, Run], contexts: Sequence[int]
) -> tuple[dict[str, Callable[[], Predictor]], dict[str, str]]:
    """Name -> how to load it, and name -> fingerprint."""
    model = KneserNey(counts)
    loads: dict[str, Callable[[], Predictor]] = {}
    parents: dict[str, str] = {}
    for n in contexts:
        if n <= model.context:
            loads[ngram_name(n)] = partial(model.predictor, n)
            parents[ngram_name(n)] = counts.manifest.fingerprint
    for n in contexts:
        if n in windows:
            loads[windows[n].name] = partial(load_predictor, windows[n])
            parents[windows[n].name] = windows[n].manifest.fingerprint
    return loads, parents


def role_history(run: Run, corpus: Corpus, roles: Sequence[Row], settings: DynamicsSettings) -> RoleHistory:
    """How closely the units of the run's final roles followed their tracks at each milestone."""
    from rnnscope.models.saved import load_network
    from rnnscope.replay.trace import rows_for

    rows = rows_for(corpus, PART, settings.role_chars)
    part = corpus.part(PART)
    texts, hypotheses = texts_of(corpus, PART, rows), hypotheses_of(corpus, PART, rows)
    sites = state_sites(run.manifest.cell, run.manifest.layers)
    milestones = run.milestones()
    scores = []
    for path in milestones.values():
        blocks = list(load_network(path).record_blocks(corpus.inputs(part, slice(rows)), sites))
        values = {site: np.concatenate([block[site] for block in blocks], axis=1) for site in sites}
        scores.append(followed(UnitStates(run.name, run.manifest.cell, values, texts), hypotheses, roles))
    return RoleHistory(run.name, _epochs(run), roles, np.stack(scores, axis=1))
