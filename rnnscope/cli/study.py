"""`rnnscope study`, `report`: the whole flow, and its page once more."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from rnnscope.studies.executor import Executor
    from rnnscope.studies.grid import Grid
    from rnnscope.studies.study import Outcome
    from rnnscope.studies.work import Work


def register(app: typer.Typer) -> None:
    for command in (study, report):
        app.command()(command)


def study(
    corpus: Annotated[
        str,
        typer.Argument(help="A corpus in the work folder, or a source as 'rnnscope corpus build' takes it."),
    ] = "python-library",
    scale: Annotated[str, typer.Option(help="smoke, demo, small or paper.")] = "demo",
    models: Annotated[
        str | None,
        typer.Option(
            help="Train nothing, whatever the scale: study these finished runs of the corpus, by name; 'all' "
            "takes all of them.",
            metavar="RUN,RUN",
        ),
    ] = None,
    grid: Annotated[
        str | None,
        typer.Option(help="Train a grid of networks instead of the scale's: figure1.", show_default=False),
    ] = None,
    budgets: Annotated[
        str | None,
        typer.Option(
            help="Sizes of the grid, each named by the one-layer LSTM of that many units.", metavar="64,128"
        ),
    ] = None,
    params: Annotated[
        str | None, typer.Option(help="Sizes of the grid in parameters.", metavar="400k,1.3M")
    ] = None,
    cells: Annotated[str | None, typer.Option(help="Cells of the grid.", metavar="rnn,lstm,gru")] = None,
    layers: Annotated[str | None, typer.Option(help="Depths of the grid.", metavar="1,2,3")] = None,
    seeds: Annotated[
        str,
        typer.Option(
            help="Runs of every network of the grid; one number, or one a budget.", metavar="3,3,1,1"
        ),
    ] = "1",
    recipe: Annotated[str | None, typer.Option(help="Recipe of the grid: fast or paper-2015.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="A setting of the grid's recipe, or of one budget's (512:dropout=0.1); may be given again.",
            metavar="FIELD=VALUE",
        ),
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="File that the grid's losses are added to.", metavar="FILE")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what the grid would train.")] = False,
    processes: Annotated[int | None, typer.Option(help="Networks trained at a time; one per core.")] = None,
    ray: Annotated[
        str | None,
        typer.Option(help="Train on a Ray cluster that is running: its address, or auto.", metavar="ADDRESS"),
    ] = None,
    seed: SeedOption = 0,
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """From a text to a report: count models, an LSTM, a GRU and an RNN of equal size, and what is inside
    them.

    The same command again reuses what is on disk and goes on where it was stopped.
    """
    from dataclasses import replace

    from rnnscope.cli.progress import RunsOnScreen
    from rnnscope.errors import ConfigError
    from rnnscope.studies.grid import parse_numbers
    from rnnscope.studies.scales import scale_named
    from rnnscope.studies.study import run_study, study_corpus, study_runs
    from rnnscope.studies.training import Listener
    from rnnscope.studies.work import Work

    at_a_time = processes_or_cores(processes)
    runs_of_each = parse_numbers(seeds, "--seeds", "3 or 3,3,1,1")
    chosen = _grid(grid, budgets, params, cells, layers, runs_of_each, recipe, settings)
    if chosen is not None:
        chosen = replace(chosen, first_seed=seed)
    elif dry_run or results or ray or seeds != "1":
        raise ConfigError("--dry-run, --results, --ray and --seeds are a grid's; say --grid figure1 too")
    place = Work(work)
    if models is not None:
        if chosen is not None:
            raise ConfigError("--models trains nothing, and --grid does; leave one of them away")
        named = parse_names(models)
        with RunsOnScreen() as screen:
            outcome = study_runs(
                corpus,
                place,
                [] if "all" in named else named,
                processes=at_a_time,
                seed=seed,
                command=command_line(),
                listener=Listener(screen.notice),
            )
        _emit(outcome, as_json)
        return
    if chosen is not None and dry_run:
        found = study_corpus(corpus, scale_named(scale), place, command_line(), notice)
        _print_plan(chosen, found.symbols, found.part("train").chars, as_json)
        return
    with RunsOnScreen() as screen:
        outcome = run_study(
            corpus,
            scale_named(scale),
            place,
            processes=at_a_time,
            grid=chosen,
            executor=_cluster(ray, place) if ray else None,
            results=results,
            seed=seed,
            command=command_line(),
            listener=Listener(screen.notice, screen.update, screen.expect, screen.is_done),
        )
    _emit(outcome, as_json)


def _emit(outcome: "Outcome", as_json: bool) -> None:
    findings = {name: str(path) for name, path in outcome.findings.items()}
    emit(
        as_json,
        {"report": str(outcome.report), "findings": findings, "failed": outcome.failures},
        [*outcome.readings, str(outcome.report)],
    )


def _grid(
    name: str | None,
    budgets: str | None,
    params: str | None,
    cells: str | None,
    layers: str | None,
    seeds: tuple[int, ...],
    recipe: str | None,
    settings: list[str] | None,
) -> "Grid | None":
    """The grid that the options describe. Raises ConfigError where they do without --grid."""
    from dataclasses import replace

    from rnnscope.errors import ConfigError
    from rnnscope.studies.grid import grid_named, parse_budgets, parse_numbers

    if name is None:
        given = {"--budgets": budgets, "--params": params, "--cells": cells, "--layers": layers}
        for option, value in (given | {"--recipe": recipe, "--set": settings}).items():
            if value:
                raise ConfigError(f"{option} is a grid's; say --grid figure1 too")
        return None
    grid = replace(grid_named(name), seeds=seeds, settings=parse_settings(settings or []))
    if budgets or params:
        grid = replace(grid, budgets=parse_budgets(budgets, params))
    if cells:
        grid = replace(grid, cells=tuple(dict.fromkeys(cell.strip() for cell in cells.split(","))))
    if layers:
        grid = replace(grid, layers=tuple(dict.fromkeys(parse_numbers(layers, "--layers", "1,2,3"))))
    return replace(grid, recipe=recipe) if recipe else grid


def _print_plan(grid: "Grid", symbols: int, train_chars: int, as_json: bool) -> None:
    from rnnscope.studies.grid import planned_runs

    planned = planned_runs(grid, symbols)
    rows = [
        {
            "run": plan.name,
            "parameters": plan.parameters,
            "budget": plan.budget.label if plan.budget else None,
            "epochs": plan.config.epochs,
            "chars": round(plan.config.epochs * train_chars),
        }
        for plan in planned
    ]
    lines = [f"{'run':32} {'parameters':>10} {'epochs':>7} {'characters':>12}"]
    lines += [
        f"{row['run']:32} {row['parameters']:>10,} {row['epochs']:>7g} {row['chars']:>12,}" for row in rows
    ]
    total = sum(int(str(row["chars"])) for row in rows)
    emit(as_json, {"runs": rows}, [*lines, f"{len(rows)} runs, {total:,} characters to train on"])


def _cluster(address: str, work: "Work") -> "Executor":
    from rnnscope.studies.ray_executor import on_ray

    return on_ray(address, work)


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
