"""`rnnscope explore`: look inside, in a browser."""

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from rnnscope.cli.options import DEFAULT_WORK, notice
from rnnscope.errors import ConfigError


def register(app: typer.Typer) -> None:
    app.command()(explore)


def explore(
    work: Annotated[
        Path | None, typer.Argument(help="Folder that holds all records.", metavar="DIR", show_default="work")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Look into a small network that came with rnnscope.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(help="Port; if it is taken, the next free one.", min=1, max=65535)
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to answer at; one that others reach gets a token.")
    ] = "127.0.0.1",
    opens: Annotated[bool, typer.Option("--open/--no-open", help="Open a browser.")] = True,
    read_only: Annotated[bool, typer.Option("--read-only", help="Run no network.")] = False,
) -> None:
    """Open the explorer: a page of this machine that looks inside the networks of a work folder."""
    if demo and work is not None:
        raise ConfigError(f"--demo has a work folder of its own; leave '{work}' or --demo away")
    folder = work or DEFAULT_WORK
    if not demo and not folder.is_dir():
        raise ConfigError(f"no folder '{folder}'; 'rnnscope study' makes one, --demo shows a network of ours")

    from rnnscope.explorer.demo.opening import FIRST, Demo, opened
    from rnnscope.explorer.live import Networks
    from rnnscope.explorer.serving import serve

    with opened(notice) if demo else contextlib.nullcontext(Demo(folder)) as here:
        serve(
            here.work,
            host=host,
            port=port,
            live=None if read_only else Networks(),
            opens=opens,
            say=notice,
            first=FIRST if demo else "",
            promised=here.promised,
        )
