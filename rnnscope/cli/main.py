"""The command `rnnscope`: which commands there are, and how a failure is told. Knows no work.

What a user can act on is one line on stderr and exit status 2; anything else is a bug of ours and shows its traceback.
Commands import what they need when they run: `--help` loads no torch and no numpy.
"""

import os
import sys

import click
import typer

from rnnscope import __version__
from rnnscope.cli import corpus, ngram, replay, study, train
from rnnscope.errors import RnnscopeError

app = typer.Typer(
    name="rnnscope",
    help="Train recurrent language models, set them beside count models, and look inside.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(corpus.app, name="corpus")
for module in (ngram, train, replay, study):
    module.register(app)


def _version(asked: bool) -> None:
    if asked:
        print(f"rnnscope {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass


def main(arguments: list[str] | None = None) -> None:
    """Runs one command line and exits with its status."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Runs one command line; its exit status."""
    try:
        status = app(arguments, standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except RnnscopeError as error:
        return _refused(str(error))
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message())
        return 2
    except click.UsageError as error:
        hint = f"; see '{error.ctx.command_path} --help'" if error.ctx else ""
        return _refused(error.format_message().rstrip(".") + hint)
    except click.ClickException as error:
        return _refused(error.format_message())
    except (KeyboardInterrupt, click.Abort):
        print("rnnscope: stopped; the same command goes on from what is on disk", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # whoever read our output has gone; nothing is left to say, and Python must not say it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _refused(message: str) -> int:
    print(f"rnnscope: {' '.join(message.split())}", file=sys.stderr)
    return 2
