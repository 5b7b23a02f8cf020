"""`rnnscope study`, `report`: the whole flow, and its page once more."""

from typing import Annotated

import typer

from rnnscope.cli.options import DEFAULT_WORK, JsonOption, SeedOption, WorkOption, command_line, emit


def register(app: typer.Typer) -> None:
    for command in (study, report):
        app.command()(command)


def study(
    corpus: Annotated[
        str,
        typer.Argument(help="A corpus in the work folder, or a source as 'rnnscope corpus build' takes it."),
    ] = "python-library",
    scale: Annotated[str, typer.Option(help="smoke, demo, small or paper.")] = "demo",
    processes: Annotated[int | None, typer.Option(help="Networks trained at a time; one per core.")] = None,
    seed: SeedOption = 0,
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """From a text to a report: count models, an LSTM, a GRU and an RNN of equal size, and what is inside
    them.

    The same command again reuses what is on disk and goes on where it was stopped.
    """
    from rnnscope.cli.progress import RunsOnScreen
    from rnnscope.errors import ConfigError
    from rnnscope.studies.scales import scale_named
    from rnnscope.studies.study import Listener, run_study
    from rnnscope.studies.work import Work, cores

    if processes is not None and processes < 1:
        raise ConfigError(f"--processes {processes} is not a positive number")
    with RunsOnScreen() as screen:
        outcome = run_study(
            corpus,
            scale_named(scale),
            Work(work),
            processes=processes or cores(),
            seed=seed,
            command=command_line(),
            listener=Listener(screen.notice, screen.update),
        )
    findings = {name: str(path) for name, path in outcome.findings.items()}
    emit(
        as_json,
        {"report": str(outcome.report), "findings": findings},
        [*outcome.readings, str(outcome.report)],
    )


def report(
    corpus: Annotated[str, typer.Argument(help="A corpus that was studied.")],
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """Write the report of a study again, from its findings."""
    from rnnscope.records.corpus import find_corpus
    from rnnscope.studies.study import report_of
    from rnnscope.studies.work import Work

    path = report_of(Work(work), find_corpus(work, corpus), command_line())
    emit(as_json, {"report": str(path)}, [str(path)])
