"""`rnnscope adopt`: a language model of anyone's -> Run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rnnscope.cli.options import DEFAULT_WORK, JsonOption, WorkOption, command_line, emit, notice

if TYPE_CHECKING:
    from rnnscope.studies.alphabets import Symbols


def register(app: typer.Typer) -> None:
    app.command()(adopt)


def adopt(
    corpus: Annotated[str, typer.Argument(help="Name of a corpus in the work folder.")],
    file: Annotated[
        Path,
        typer.Argument(help="A bare state_dict: .pt, .pth, .ckpt, .bin or .safetensors.", metavar="FILE"),
    ],
    alphabet: Annotated[
        str | None,
        typer.Option(
            help="Symbols of ids 0, 1, 2...: a .json (a list, or symbol -> id), a text file that has them in "
            "this order, or the word bytes; by default the corpus's own, sorted.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option(help="What comes before weight_ih_l0 in the file's names.", metavar="NAME"),
    ] = None,
    embedding: Annotated[
        str | None, typer.Option(help="The embedding in the file's names.", metavar="NAME")
    ] = None,
    decoder: Annotated[str | None, typer.Option(help="The matrix that makes logits.", metavar="NAME")] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(help="Weights with no part in predictions; may be given again.", metavar="NAME"),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the run is to be called.")] = None,
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """Take a character model that was trained elsewhere as a run: every other command then takes it.

    A file holds weights and not what is done with them: it is taken for an embedding, a recurrent module and
    a decoder, one after the other. From Python, rnnscope.adopt checks the model itself.
    """
    from rnnscope.models.foreign import load_language_model
    from rnnscope.records.surprisal import Surprisal
    from rnnscope.studies.adopting import adopt_model
    from rnnscope.studies.health import health_of

    model = load_language_model(file, layer=layer, embedding=embedding, decoder=decoder, ignore=ignore or ())
    symbols = None if alphabet is None else _symbols(alphabet)
    run = adopt_model(model, corpus, symbols, name, work, command_line(), notice)
    manifest, health = run.manifest, health_of(run)
    test = Surprisal.read(run.replay_folder("test", "surprisal")).manifest
    result = {
        "run": run.reference,
        "parameters": manifest.parameters,
        "within_nats": manifest.adopted_within_nats,
        "outside_nats": manifest.outside_nats,
        "validation_nats": manifest.validation_nats,
        "test_nats": test.mean_nats,
        "test_error_rate": test.error_rate,
        "is_sound": health.is_sound,
        "folder": str(run.folder),
    }
    emit(
        as_json,
        result,
        [
            f"{run.reference}: {manifest.cell} {manifest.layers}x{manifest.hidden}, {manifest.parameters:,} "
            f"parameters; {manifest.adopted_within_nats:.0e} nats from what these weights give in PyTorch",
            f"validation {manifest.validation_nats:.4f}, test {test.mean_nats:.4f} nats per character",
            f"a file does not say what else a model does with its weights{_taken(manifest.cell)}: is this "
            "the loss that you know?",
            *([] if health.is_sound else [str(health)]),
        ],
    )


def _taken(cell: str) -> str:
    return ", and tanh is taken for its nonlinearity" if cell == "rnn" else ""


def _symbols(alphabet: str) -> "Symbols":
    """Raises ConfigError for a file that holds no alphabet."""
    import json

    from rnnscope.errors import ConfigError

    if alphabet == "bytes":
        return range(256)
    try:
        text = Path(alphabet).read_bytes().decode()
        content = json.loads(text) if alphabet.endswith(".json") else list(text)
    except (OSError, ValueError) as error:
        raise ConfigError(f"--alphabet '{alphabet}' cannot be read: {error}") from None
    is_mapping = isinstance(content, dict) and all(isinstance(each, int | str) for each in content.values())
    if not is_mapping and not (isinstance(content, list) and all(isinstance(e, str | int) for e in content)):
        raise ConfigError(
            f"--alphabet '{alphabet}' holds no list of symbols, and no mapping between them and ids"
        )
    return content
