"""`rnnscope replay`, `score`: a finished run reads."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rnnscope.cli.options import DEFAULT_WORK, JsonOption, WorkOption, command_line, emit, notice

RunArgument = Annotated[str, typer.Argument(help="CORPUS/NAME of a finished run, its NAME, or its folder.")]


def register(app: typer.Typer) -> None:
    for command in (replay, score):
        app.command()(command)


def replay(
    run: RunArgument,
    part: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    trace: Annotated[
        bool, typer.Option("--trace", help="Keep every gate, cell state and output of every unit, too.")
    ] = False,
    rows: Annotated[int | None, typer.Option(help="Trace only so many rows of the part.")] = None,
    memories: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="Read inside a memory: cache, ngram_mix, dynamic_evaluation; several: innermost first.",
            metavar="MEMORY",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Tell a memory, e.g. window=2000 or cache.window=2000; what is not told is tuned on "
            "validation.",
            metavar="FIELD=VALUE",
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(help="Of a trace: float16 (to within 2.5e-4; where none is named), float32 or int8."),
    ] = None,
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """Run a network over a part of its corpus: its loss at every character and, with --trace, its insides.
    With --with, the loss of the network inside a memory."""
    from rnnscope.errors import ConfigError
    from rnnscope.records.corpus import find_corpus
    from rnnscope.records.run import find_run
    from rnnscope.replay.trace import replay_trace
    from rnnscope.studies.jobs import load, replay_run

    if precision not in (None, "float16", "float32", "int8"):
        raise ConfigError(f"--precision '{precision}' is none of float16, float32, int8")
    if rows is not None and rows < 1:
        raise ConfigError(f"--rows {rows} is not a positive number")
    if memories:
        if trace:
            raise ConfigError("--trace shows the network alone; leave --with away")
        for option, given in (("--rows", rows), ("--precision", precision)):
            if given is not None:
                raise ConfigError(
                    f"{option} tells --trace, which shows the network alone; leave {option} away"
                )
        from rnnscope.cli.memories import replay_inside

        return replay_inside(work, run, memories, settings or [], part, as_json)
    if settings:
        raise ConfigError("--set tells a memory; name it by --with, e.g. --with cache")
    found = find_run(work, run)
    corpus = find_corpus(work, found.manifest.corpus)
    surprisal = replay_run(found, corpus, part, command_line())
    result: dict[str, object] = {
        "run": found.reference,
        "part": part,
        "chars": corpus.part(part).chars,
        "mean_nats": surprisal.manifest.mean_nats,
        "error_rate": surprisal.manifest.error_rate,
        "surprisal": str(surprisal.folder),
    }
    lines = [
        f"{found.reference} on {part}: {surprisal.manifest.mean_nats:.4f} nats per character, "
        f"error rate {surprisal.manifest.error_rate:.4f}",
        f"in {surprisal.folder}",
    ]
    if trace:
        precision = precision or "float16"
        folder = found.replay_folder(part, "trace")
        made = replay_trace(
            lambda: load(found),
            found,
            corpus,
            part,
            folder,
            rows=rows,
            dtype=precision,
            command=command_line(),
        )
        result["trace"] = str(made.folder)
        result["sites"] = made.manifest.sites
        result["largest_error"] = made.manifest.largest_error
        if errors := made.manifest.largest_error.values():
            lines.append(f"{precision}: every value within {max(errors):.2g} of what the network had")
        lines.append(f"in {made.folder}: {', '.join(f'{k} ({v})' for k, v in made.manifest.sites.items())}")
    emit(as_json, result, lines)


def score(
    run: RunArgument,
    file: Annotated[Path, typer.Argument(help="A text, plain or .gz or .xz, or - for standard input.")],
    skip_unknown: Annotated[
        bool, typer.Option("--skip-unknown", help="Leave out characters that the run's alphabet lacks.")
    ] = False,
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """Nats and bits per character of a text of yours."""
    from rnnscope.records.corpus import find_corpus
    from rnnscope.records.run import find_run
    from rnnscope.replay.text import score_text
    from rnnscope.studies.jobs import load_predictor

    found = find_run(work, run)
    alphabet = find_corpus(work, found.manifest.corpus).alphabet
    content = _read(file)
    ids = alphabet.encode(content, f"'{file}'", skip_unknown=skip_unknown)
    left_out = len(alphabet.codes_of(content)) - len(ids)
    if left_out:
        notice(f"{left_out} characters are not in the alphabet and were left out")
    scored = score_text(load_predictor(found), ids, f"'{file}'")
    result = {
        "nats_per_char": scored.nats_per_char,
        "bits_per_char": scored.bits_per_char,
        "chars": scored.chars,
        "error_rate": scored.error_rate,
    }
    emit(
        as_json,
        result,
        [
            f"{scored.nats_per_char:.4f} nats, {scored.bits_per_char:.4f} bits per character over "
            f"{scored.chars:,} characters"
        ],
    )


def _read(file: Path) -> bytes:
    """A whole text. Raises CorpusError where it cannot be read."""
    from rnnscope.corpora.reading import file_chunks

    return sys.stdin.buffer.read() if str(file) == "-" else b"".join(file_chunks(file))
