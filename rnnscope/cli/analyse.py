"""`rnnscope analyse`: one finding of what is on disk."""

from pathlib import Path
from typing import Annotated

import typer

from rnnscope.cli.options import (
    DEFAULT_WORK,
    JsonOption,
    SeedOption,
    WorkOption,
    command_line,
    emit,
    notice,
    parse_names,
    parse_settings,
    processes_or_cores,
)


def register(app: typer.Typer) -> None:
    app.command()(analyse)


def analyse(
    name: Annotated[str, typer.Argument(help="error_oracles, long_range, comparison, ...: docs/analyses.")],
    corpus: Annotated[str, typer.Argument(help="Name of a corpus in the work folder.")],
    models: Annotated[
        str | None,
        typer.Option(help="Runs to read, by name; by default all finished ones.", metavar="RUN,RUN"),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of the analysis; may be given again.", metavar="FIELD=VALUE"),
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="Folder that the finding is kept in too, by corpus.", metavar="DIR")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Folder that its charts are drawn to, as SVG.", metavar="DIR")
    ] = None,
    processes: Annotated[int | None, typer.Option(help="Networks opened at a time; one per core.")] = None,
    seed: SeedOption = 0,
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """Make one finding from finished runs and counts; losses and traces that it needs are made first.

    What it reads are the best network by validation loss, a small one of the same cell, the best n-NN and the
    longest n-gram, or those among --models.
    """
    from rnnscope.figures import charts, save
    from rnnscope.records.corpus import find_corpus
    from rnnscope.studies import analysing
    from rnnscope.studies.findings import analysis_named
    from rnnscope.studies.work import Work

    analysis_named(name)  # said before anything is looked for
    place = Work(work)
    finding = analysing.analyse(
        name,
        place,
        find_corpus(work, corpus),
        models=parse_names(models),
        told=parse_settings(settings or []),
        processes=processes_or_cores(processes),
        seed=seed,
        command=command_line(),
        notice=notice,
    )
    paths = [
        place.findings(corpus) / f"{name}.json",
        *([analysing.save_to(results, finding)] if results else []),
    ]
    drawn = charts(finding) if figures else {}
    paths += [save(figure, (figures or Path()) / f"{name}-{figure.name}.svg") for figure in drawn.values()]
    told = [f"{key}: {value}" for key, value in finding.plain()["numbers"].items()]
    emit(
        as_json,
        finding.plain() | {"files": [str(path) for path in paths]},
        [finding.title, finding.reading, *told, *finding.caveats, *map(str, paths)],
    )
