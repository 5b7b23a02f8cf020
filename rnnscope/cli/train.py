"""`rnnscope train`: Corpus -> Run."""

import os
import sys
from typing import Annotated

import typer

from rnnscope.cli.options import (
    DEFAULT_WORK,
    JsonOption,
    SeedOption,
    WorkOption,
    command_line,
    emit,
    parse_settings,
)


def register(app: typer.Typer) -> None:
    app.command()(train)


def train(
    corpus: Annotated[str, typer.Argument(help="Name of a corpus in the work folder.")],
    cell: Annotated[
        str,
        typer.Option(
            help="lstm, gru, gru-2015 (reset before the matmul), rnn (tanh); attention (LSTM layers with an "
            "attention head), transformer, mlstm (matrix memory); or window: an n-NN."
        ),
    ] = "lstm",
    context: Annotated[
        int,
        typer.Option(
            help="With --cell window: last characters that it sees; with attention, transformer: how many "
            "a layer attends to."
        ),
    ] = 0,
    layers: Annotated[int, typer.Option(help="Layers.")] = 1,
    hidden: Annotated[int, typer.Option(help="Units in each layer.")] = 128,
    recipe: Annotated[str, typer.Option(help="fast, or paper-2015: Karpathy, Johnson, Li's own.")] = "fast",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="A setting of the recipe, e.g. epochs=1; may be given again.", metavar="FIELD=VALUE"
        ),
    ] = None,
    seed: SeedOption = 0,
    name: Annotated[str | None, typer.Option(help="What the run is to be called.")] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Only go on with a run that was begun: refuse to begin a new one."),
    ] = False,
    threads: Annotated[
        int | None, typer.Option(help="Threads; by default one for small networks, else one per core.")
    ] = None,
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """Train one network. The same command again goes on where it was stopped, or returns at once."""
    from rnnscope.cli.progress import RunsOnScreen
    from rnnscope.errors import RecordError
    from rnnscope.models.sizing import parameter_count
    from rnnscope.records.corpus import find_corpus
    from rnnscope.records.surprisal import Surprisal
    from rnnscope.studies.configs import run_name, train_config
    from rnnscope.studies.counting import known_validation_nats
    from rnnscope.studies.health import health_of
    from rnnscope.studies.jobs import TrainJob, train_and_replay
    from rnnscope.studies.training import Listener
    from rnnscope.studies.work import Work, cores

    place = Work(work)
    found = find_corpus(work, corpus)
    config = train_config(recipe, cell, layers, hidden, seed, parse_settings(settings or []), context)
    called = name or run_name(config)
    folder = place.run(found.name, called)
    if resume and not (folder / "config.json").is_file():
        raise RecordError(f"no run '{called}' of '{found.name}' was begun; leave --resume away to begin it")
    size = parameter_count(config.network(found.symbols))
    job = TrainJob(
        work=work,
        corpus=found.name,
        name=called,
        config=config,
        ngram_validation_nats=known_validation_nats(place, found),
        trace_chars=0,
        command=command_line(),
        threads=threads or (1 if size < LARGE_NET or "LOCAL_WORLD_SIZE" in os.environ else cores()),
    )
    with RunsOnScreen() as screen:
        run = train_and_replay(job, Listener(screen.notice, screen.update).hear)
    if int(os.environ.get("RANK", "0")):
        # under torchrun the first process speaks for all; the others end at once, since threads of torch's
        # that outlive the group have aborted a process that took its time to end
        sys.stderr.flush()
        os._exit(0)
    test = Surprisal.read(run.replay_folder("test", "surprisal")).manifest
    manifest, health = run.manifest, health_of(run)
    result = {
        "run": run.reference,
        "parameters": manifest.parameters,
        "epochs": manifest.epochs,
        "validation_nats": manifest.validation_nats,
        "test_nats": test.mean_nats,
        "test_error_rate": test.error_rate,
        "is_sound": health.is_sound,
        "train_seconds": manifest.train_seconds,
        "chars_per_s": manifest.chars_per_s,
        "folder": str(run.folder),
    }
    emit(
        as_json,
        result,
        [
            f"{run.reference}: {manifest.parameters:,} parameters, {manifest.epochs:g} epochs in "
            f"{manifest.train_seconds:.0f} s ({manifest.chars_per_s:,.0f} characters a second)",
            f"validation {manifest.validation_nats:.4f}, test {test.mean_nats:.4f} nats per character",
            *([] if health.is_sound else [str(health)]),
        ],
    )


LARGE_NET = 1_000_000
"""Parameters from which more threads than one pay."""


def keep_freed_memory(arguments: list[str]) -> None:
    """Starts this process again with settings under which glibc keeps freed tensors: 10-60 % quicker
    training.

    They must be there when a process starts. It keeps its number, so that whoever started it finds it still.
    """
    from rnnscope.studies.executor import TRAINING_ENVIRONMENT

    missing = {k: v for k, v in TRAINING_ENVIRONMENT.items() if k not in os.environ}
    if arguments[:1] == ["train"] and sys.platform == "linux" and missing and "--help" not in arguments:
        os.execve(sys.executable, [sys.executable, "-m", "rnnscope", *arguments], os.environ | missing)
