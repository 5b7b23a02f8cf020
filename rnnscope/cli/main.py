"""The command `rnnscope`: which commands there are, and how a failure is told. Knows no work.

What a user can act on is one line on stderr and exit status 2; anything else is a bug of ours and shows its
traceback. Commands import what they need when they run: `--help` loads no torch and no numpy.
"""

import os
import sys
from typing import Any

import typer

from rnnscope import __version__
from rnnscope.cli import (
    ablate,
    adopt,
    analyse,
    corpus,
    doctor,
    errors,
    explore,
    ngram,
    question,
    replay,
    sample,
    statistics,
    study,
    train,
    unit,
    units,
    window,
)
from rnnscope.cli.options import typed
from rnnscope.errors import RnnscopeError

# Typer has click inside, its own copy or the package by version: its public exceptions lead to the others.
UsageError = typer.BadParameter.__bases__[0]
CommandLineError = UsageError.__bases__[0]

app = typer.Typer(
    name="rnnscope",
    help="Train recurrent language models, set them beside count models, and look inside.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(corpus.app, name="corpus")
for module in (
    ngram,
    window,
    train,
    adopt,
    replay,
    sample,
    statistics,
    units,
    unit,
    ablate,
    analyse,
    errors,
    study,
    question,
    explore,
    doctor,
):
    module.register(app)


def _version(asked: bool | None) -> None:
    if asked:
        print(f"rnnscope {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool | None = typer.Option(
        None, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass


def main(arguments: list[str] | None = None) -> None:
    """Runs one command line and exits with its status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    train.keep_freed_memory(arguments)
    sys.exit(run(arguments))


def run(arguments: list[str]) -> int:
    """Runs one command line; its exit status."""
    try:
        with typed(arguments):
            status = app(arguments, standalone_mode=False, prog_name="rnnscope")
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except RnnscopeError as error:
        return _refused(str(error))
    except CommandLineError as error:  # pyright: ignore[reportGeneralTypeIssues]
        return _unusable(error)
    except (KeyboardInterrupt, typer.Abort):
        print("rnnscope: stopped; the same command goes on from what is on disk", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # whoever read our output has gone; nothing is left to say, and Python must not say it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _unusable(error: Any) -> int:
    """A command line that cannot be read; a command alone shows its help instead."""
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message())
        return 2
    context = getattr(error, "ctx", None)
    hint = f"; see '{context.command_path} --help'" if context else ""
    return _refused(error.format_message().rstrip(".") + hint)


def _refused(message: str) -> int:
    print(f"rnnscope: {' '.join(message.split())}", file=sys.stderr)
    return 2
