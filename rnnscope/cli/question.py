"""`rnnscope question`: an open question, answered by its rule."""

from pathlib import Path
from typing import Annotated

import typer

from rnnscope.cli.options import DEFAULT_WORK, JsonOption, WorkOption, command_line, emit, processes_or_cores


def register(app: typer.Typer) -> None:
    app.command()(question)


def question(
    name: Annotated[
        str, typer.Argument(help="single_layer_gating, units_without_a_role, memory or symbol_functions.")
    ],
    scale: Annotated[
        str, typer.Option(help="small (minutes, for a look) or full (hours, for the verdict).")
    ] = "small",
    results: Annotated[
        Path | None, typer.Option(help="Folder for the verdict and its figure, too.", metavar="DIR")
    ] = None,
    processes: Annotated[int | None, typer.Option(help="Networks trained at a time; one per core.")] = None,
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """Answer an open question: train what it needs, measure it, give the verdict of a rule fixed beforehand.

    The same command again reuses what is on disk and goes on where it was stopped.
    """
    from rnnscope.cli.progress import RunsOnScreen
    from rnnscope.figures import charts, save
    from rnnscope.questions.all import question_named
    from rnnscope.questions.question import answer
    from rnnscope.records.folder import write_text
    from rnnscope.studies.training import Listener
    from rnnscope.studies.work import Work, only_one_study

    at_a_time = processes_or_cores(processes)
    asked = question_named(name, scale)
    place = Work(work)
    with RunsOnScreen() as screen, only_one_study(place, screen.notice):
        finding = answer(
            asked,
            scale,
            place,
            processes=at_a_time,
            command=command_line(),
            listener=Listener(screen.notice, screen.update, screen.expect, screen.is_done),
        )
    folders = [place.questions, *([results] if results else [])]
    # a look must not take the place of a verdict
    stem = finding.analysis if scale == "full" else f"{finding.analysis}-{scale}"
    paths = [folder / f"{stem}.json" for folder in folders]
    for path in paths:
        write_text(path, finding.model_dump_json(indent=1) + "\n")
    pictures = [
        save(figure, folder / f"{stem}.svg")
        for folder in folders
        for figure in list(charts(finding).values())[:1]
    ]
    numbers = finding.plain()["numbers"]
    result = {
        "question": finding.title,
        "claim": numbers["claim"],
        "rule": numbers["rule"],
        "verdict": numbers["verdict"],
        "effect": numbers["effect"],
        "interval": [numbers["low"], numbers["high"]],
        "seeds": numbers["seeds"],
        "scale": scale,
        "reading": finding.reading,
        "caveats": finding.caveats,
        "figure": str(pictures[-1]) if pictures else None,
        "file": str(paths[-1]),
    }
    lines = [finding.title, f"Claim: {numbers['claim']}", f"Rule: {numbers['rule']}", finding.reading]
    emit(as_json, result, [*lines, *finding.caveats, *map(str, [*pictures[-1:], paths[-1]])])
