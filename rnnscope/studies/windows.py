"""Corpus -> n-NNs of many context lengths and sizes, the best size of each beside the n-gram. Knows how they
are planned and read, not how they are trained.
"""

from collections.abc import Mapping, Sequence

from rnnscope.models.sizing import WINDOW
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Row
from rnnscope.records.run import Run
from rnnscope.records.surprisal import Surprisal
from rnnscope.studies.configs import train_config
from rnnscope.studies.counting import count_and_score
from rnnscope.studies.executor import on_processes
from rnnscope.studies.grid import planned_run
from rnnscope.studies.jobs import TrainJob
from rnnscope.studies.readers import Readers
from rnnscope.studies.reading import published_of
from rnnscope.studies.training import NOBODY, Listener, train_runs
from rnnscope.studies.work import Work


def train_windows(
    work: Work,
    corpus: Corpus,
    *,
    contexts: Sequence[int],
    sizes: Sequence[int],
    recipe: str = "fast",
    settings: Mapping[str, object] | None = None,
    processes: int = 1,
    seed: int = 0,
    command: str = "",
    listener: Listener = NOBODY,
) -> list[Row]:
    """A row for every context: the size with the lowest validation loss, its losses, the n-gram's and what
    the 2015 paper has. What is on disk is reused.

    Raises ConfigError for what cannot be trained, and the first error of a training that failed.
    """
    scores = {int(row["context"] or 0): row for row in count_and_score(work, corpus, contexts, command)}
    planned = []
    for context in contexts:
        for hidden in sizes:
            config = train_config(recipe, WINDOW, 1, hidden, seed, settings, context)
            planned.append(planned_run(config, corpus.symbols))
    planned.sort(key=lambda plan: -plan.cost)
    nats = {n: float(row["validation_nats"] or 0) for n, row in scores.items()}
    jobs = [TrainJob(work.folder, corpus.name, plan.name, plan.config, nats, 0, command) for plan in planned]
    listener.on_plan({plan.name: plan.cost for plan in planned})
    runs, failures = train_runs(jobs, work, on_processes(processes), listener)
    for error in failures.values():
        raise error
    published = published_of(corpus)
    return [
        {
            **_row(run),
            "ngram_test_nats": scores[context]["test_nats"],
            "published_window_nats": published.window_nats.get(context) if published else None,
            "published_ngram_nats": published.ngram_nats.get(context) if published else None,
        }
        for context, run in Readers(list(runs.values())).windows.items()
    ]


def _row(run: Run) -> Row:
    test = Surprisal.read(run.replay_folder("test", "surprisal")).manifest
    facts = run.manifest
    return {
        "context": facts.context,
        "run": run.reference,
        "hidden": facts.hidden,
        "parameters": facts.parameters,
        "validation_nats": facts.validation_nats,
        "test_nats": test.mean_nats,
        "error_rate": test.error_rate,
        "train_seconds": facts.train_seconds,
    }
