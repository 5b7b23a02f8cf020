"""Records of a study -> its findings of what is predicted. Knows which records each analysis reads; the
analyses themselves know none.
"""

from rnnscope.analyses.comparison import Competitor, compare
from rnnscope.analyses.effective_context import effective_context
from rnnscope.analyses.error_oracles import OracleSettings, error_oracles
from rnnscope.analyses.error_overlap import OverlapSettings, error_overlap
from rnnscope.analyses.long_range import LongRangeSettings, long_range
from rnnscope.analyses.model_map import Mapped, model_map
from rnnscope.analyses.per_character import PerCharacterSettings, per_character
from rnnscope.analyses.training_curves import training_curves
from rnnscope.analyses.training_dynamics import DynamicsSettings, no_milestones, training_dynamics
from rnnscope.models.sizing import WINDOW, has_units
from rnnscope.records.finding import Finding, Scalar
from rnnscope.records.run import ADOPTED, Run
from rnnscope.studies.configs import asked_settings
from rnnscope.studies.context import ContextJob, ContextSettings, ngram_context, run_context
from rnnscope.studies.counting import best_context
from rnnscope.studies.dynamics import divergence_of, role_history
from rnnscope.studies.executor import run_jobs
from rnnscope.studies.reading import Study, published_of
from rnnscope.training.config import TrainConfig


def comparison(study: Study) -> Finding:
    same = study.ngrams(study.readers.windows)
    return compare(_scored(study), study.ngram_scores, published_of(study.corpus), same)


def map_of_models(study: Study) -> Finding:
    return model_map([Mapped(each.surprisal, each.family, each.facts) for each in _scored(study)])


def _scored(study: Study) -> list[Competitor]:
    """The best and the longest n-gram, every network and the best n-NN of every context."""
    contexts = dict.fromkeys([best_context(study.ngram_scores), study.longest_context])
    found = [
        Competitor(study.ngram(context), "n-gram", study.validation_nats[context], {"context": context})
        for context in contexts
    ]
    for run in [*study.readers.carrying, *study.readers.windows.values()]:
        settings, asked = _settings_of(run)
        each = Competitor(
            study.surprisal(run),
            "n-NN" if run.manifest.cell == WINDOW else "network",
            run.manifest.validation_nats,
            run.manifest.model_dump(include=SHAPE if run.is_adopted else SHAPE | TRAINING),
            settings,
            asked,
        )
        found.append(each)
    return found


SHAPE = {"cell", "context", "layers", "hidden", "parameters"}
TRAINING = {"epochs", "train_seconds", "seed"}
"""What is told of a run in the comparison; nothing is known of the training of an adopted one."""


def _settings_of(run: Run) -> tuple[dict[str, Scalar], frozenset[str]]:
    """What its weights hang on but the seed, and which of it was asked for. Of an adopted run neither is
    known, and no other is a seed of the same network.
    """
    if run.is_adopted:
        return {"recipe": ADOPTED, "name": run.name}, frozenset()
    config = TrainConfig.load(run.config_path)
    return config.all_but_seed(), frozenset(asked_settings(config))


def overlap(study: Study, *, settings: OverlapSettings) -> Finding:
    """The best network, the best n-NN where there is one, and the longest n-gram."""
    runs = [study.readers.large, study.readers.best_window]
    read = [*(study.surprisal(run) for run in runs if run), study.ngram(study.longest_context)]
    return error_overlap(read, study.corpus, settings, study.paper, study.seed)


def by_character(study: Study, *, settings: PerCharacterSettings) -> Finding:
    """The best network and the longest n-gram."""
    read = study.surprisal(study.readers.large), study.ngram(study.longest_context)
    return per_character(*read, study.corpus, settings, study.paper, study.seed)


def distances(study: Study, *, settings: LongRangeSettings) -> Finding:
    """The best network beside the longest n-gram, and a small network where there is one."""
    small = study.readers.small
    read = [study.surprisal(study.readers.large), study.ngram(study.longest_context)]
    read += [study.surprisal(small)] if small else []
    return long_range(read, study.corpus, settings, study.paper, study.seed)


def oracles(study: Study, *, settings: OracleSettings) -> Finding:
    """The best network, and a small one where there is one, beside the n-grams of every context asked for."""
    runs = [study.readers.large, study.readers.small]
    ngrams = study.ngrams(settings.contexts)
    models = [study.surprisal(run) for run in runs if run]
    return error_oracles(models, ngrams, study.corpus, settings, paper=study.paper, seed=study.seed)


def context(study: Study, *, settings: ContextSettings) -> Finding:
    """The best network, a small one, the best n-NN and some n-grams, as far as there are."""
    runs = [study.readers.large, study.readers.small, study.readers.best_window]
    jobs = [ContextJob(study.work.folder, run.folder, settings, study.command) for run in runs if run]
    losses = run_jobs(run_context, jobs, study.processes)
    contexts = dict.fromkeys([*NEAR_CONTEXTS, study.longest_context])
    losses += [ngram_context(study, n, settings) for n in contexts if n in study.validation_nats]
    return effective_context(losses, study.corpus, settings, study.paper, study.seed)


NEAR_CONTEXTS = (3, 7)
"""n-grams whose look back is shown beside that of the longest one."""


def curves(study: Study) -> Finding:
    trained = [run for run in study.readers.carrying if not run.is_adopted]
    return training_curves(trained, study.validation_nats, study.corpus.name)


def dynamics(study: Study, cell_roles: Finding, *, settings: DynamicsSettings) -> Finding:
    run = study.readers.growing
    if run is None:
        return no_milestones(study.corpus.name)
    windows = study.readers.windows
    divergence = divergence_of(run, study.corpus, study.counts, windows, settings, study.command)
    found = cell_roles.tables.get("roles", [])
    roles = [row for row in found if row["run"] == run.name and row["is_clear"]]
    histories = (
        [role_history(run, study.corpus, roles, settings)] if roles and has_units(run.manifest.cell) else []
    )
    return training_dynamics(divergence, histories, study.paper, study.seed)
