"""What is on disk of one text -> a Study of it, and one finding. Knows how a Study is put together after the
fact.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rnnscope.errors import ConfigError, RecordError
from rnnscope.models.sizing import has_units
from rnnscope.records.corpus import Corpus
from rnnscope.records.count_model import CountModel
from rnnscope.records.finding import Finding
from rnnscope.records.run import Run, find_run
from rnnscope.settings import Settings, changed
from rnnscope.studies.counting import count_and_score
from rnnscope.studies.executor import run_jobs
from rnnscope.studies.findings import analysis_named, make_findings
from rnnscope.studies.jobs import TraceJob, trace_run
from rnnscope.studies.readers import Readers, best_of_each_cell
from rnnscope.studies.reading import Study
from rnnscope.studies.scales import CELLS
from rnnscope.studies.work import Work

CONTEXTS = (*range(1, 10), 20)
"""n-grams that stand beside networks: those of the 2015 paper's Table 2."""
TRACE_CHARS = 100_000
SAMPLE_CHARS = 1_000


def analyse(
    name: str,
    work: Work,
    corpus: Corpus,
    *,
    models: Sequence[str] = (),
    told: Mapping[str, object] | None = None,
    processes: int = 1,
    seed: int = 0,
    command: str = "",
    notice: Callable[[str], None] = lambda line: None,
) -> Finding:
    """The finding of one analysis over finished runs of a corpus: those named, by default all of them; made
    again only where something that it hangs on has changed.

    Losses and traces that are missing are made. Raises ConfigError for an analysis, a run or a setting that
    there is not, RecordError where no run is finished.
    """
    analysis = analysis_named(name)
    if told and analysis.settings is None:
        raise ConfigError(f"analysis '{name}' has nothing to set; leave --set away")
    settings = {} if analysis.settings is None else {name: changed(analysis.settings, told or {})}
    study = study_of(
        work,
        corpus,
        models,
        opens=analysis.is_of_units,
        processes=processes,
        seed=seed,
        command=command,
        settings=settings,
        notice=notice,
    )
    return Finding.load(make_findings(study, [name])[name])


def study_of(
    work: Work,
    corpus: Corpus,
    models: Sequence[str],
    *,
    opens: bool,
    processes: int,
    seed: int,
    command: str,
    settings: Mapping[str, Settings],
    notice: Callable[[str], None],
) -> Study:
    """What the analyses read of finished runs of a corpus: those named, by default all of them. `opens`: the
    recurrent ones among them are traced, of many that are not named the best of each cell.

    Raises ConfigError for a run that there is not, RecordError where no run is finished, or where none could
    be opened.
    """
    named = [f"{corpus.name}/{each.removeprefix(f'{corpus.name}/')}" for each in models]
    runs = [find_run(work.folder, each) for each in named] or finished_runs(work, corpus)
    scores = count_and_score(work, corpus, CONTEXTS, command)
    readers = Readers(runs)
    opened = readers.networks if models else best_of_each_cell(runs, CELLS)
    if opens:
        _ = Readers(readers.networks).large  # without a recurrent network there is nothing to open
        growing = Readers(readers.networks).growing
        if growing is not None and growing not in opened:
            opened = [*opened, growing]
        notice("looking inside " + ", ".join(run.name for run in opened))
        jobs = [TraceJob(work.folder, corpus.name, run.folder, TRACE_CHARS, command) for run in opened]
        run_jobs(trace_run, jobs, processes)
    return Study(
        work=work,
        corpus=corpus,
        runs=tuple(runs),
        opened=tuple(opened),
        ngram_scores=tuple(scores),
        counts_fingerprint=CountModel.read(work.counts(corpus.name)).manifest.fingerprint,
        sample_chars=SAMPLE_CHARS,
        processes=processes,
        seed=seed,
        command=command,
        settings=settings,
    )


def finished_runs(work: Work, corpus: Corpus) -> list[Run]:
    """All runs of this very corpus, recurrent ones first. Raises RecordError where there is none."""
    folders = sorted((work.folder / "runs" / corpus.name).glob("*/manifest.json"))
    runs = [Run.read(path.parent) for path in folders]
    found = [run for run in runs if run.manifest.corpus_fingerprint == corpus.manifest.fingerprint]
    if not found:
        raise RecordError(f"no finished run of '{corpus.name}'; say 'rnnscope train {corpus.name}' first")
    return sorted(found, key=lambda run: (not has_units(run.manifest.cell), run.name))


def save_to(results: Path, finding: Finding) -> Path:
    """The finding as RESULTS/CORPUS/ANALYSIS.json, a file to be committed."""
    return finding.save(results / finding.corpus)
