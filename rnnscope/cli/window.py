"""`rnnscope window`: n-NNs of many context lengths, beside the n-grams that see as much."""

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
    parse_contexts,
    parse_settings,
    processes_or_cores,
)


def register(app: typer.Typer) -> None:
    app.command()(window)


def window(
    corpus: Annotated[str, typer.Argument(help="Name of a corpus in the work folder.")],
    context: Annotated[str, typer.Option(help="Context lengths, e.g. 1-9.")] = "1-9",
    hidden: Annotated[
        str, typer.Option(help="Sizes tried; the better one on the validation part is shown.")
    ] = "128,512",
    recipe: Annotated[str, typer.Option(help="fast, or paper-2015: Karpathy, Johnson, Li's own.")] = "fast",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="A setting of the recipe, e.g. epochs=1; may be given again.", metavar="FIELD=VALUE"
        ),
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="File that the table is kept in.", metavar="FILE")
    ] = None,
    processes: Annotated[int | None, typer.Option(help="Networks trained at a time; one per core.")] = None,
    seed: SeedOption = 0,
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """Train n-NNs: one tanh layer on the last n characters, as in the 2015 paper's Table 2.

    Each stands beside the n-gram that sees as much. Finished runs are read, not made again.
    """
    from rnnscope.cli.progress import RunsOnScreen
    from rnnscope.errors import ConfigError
    from rnnscope.records.corpus import find_corpus
    from rnnscope.records.folder import write_json
    from rnnscope.studies.grid import parse_numbers
    from rnnscope.studies.training import Listener
    from rnnscope.studies.windows import train_windows
    from rnnscope.studies.work import Work

    contexts = parse_contexts(context)
    if 0 in contexts:
        raise ConfigError("an n-NN sees at least one character; write --context 1-9")
    with RunsOnScreen() as screen:
        rows = train_windows(
            Work(work),
            find_corpus(work, corpus),
            contexts=contexts,
            sizes=parse_numbers(hidden, "--hidden", "128,512"),
            recipe=recipe,
            settings=parse_settings(settings or []),
            processes=processes_or_cores(processes),
            seed=seed,
            command=command_line(),
            listener=Listener(screen.notice, screen.update, screen.expect, screen.is_done),
        )
    lines = ["context  units  validation nats  test nats  n-gram  2015: n-NN  n-gram (rows joined)"]
    for row in rows:
        published = [
            f"{row[key]:.3f}" if row[key] else "-"
            for key in ("published_window_nats", "published_ngram_nats")
        ]
        lines.append(
            f"{row['context']:>7}  {row['hidden']:>5}  {row['validation_nats']:>15.4f}  "
            f"{row['test_nats']:>9.4f}  {row['ngram_test_nats']:>6.4f}  {published[0]:>10}  {published[1]}"
        )
    result = {"corpus": corpus, "command": command_line(), "windows": rows}
    if results is not None:
        write_json(results, result)
    emit(as_json, result, lines)
