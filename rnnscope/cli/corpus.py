"""`rnnscope corpus`: text -> Corpus."""

from pathlib import Path
from typing import Annotated

import typer

from rnnscope.cli.options import (
    DEFAULT_WORK,
    JsonOption,
    WorkOption,
    command_line,
    emit,
    notice,
    parse_settings,
)

app = typer.Typer(help="Make corpora of texts.", no_args_is_help=True)


@app.command()
def build(
    source: Annotated[
        str,
        typer.Argument(
            help="'war-and-peace', 'python-library' (this Python's own source), 'synthetic' (symbols with "
            "functions), a file (plain, .gz, .xz), a folder, or - for standard input."
        ),
    ],
    name: Annotated[str | None, typer.Option(help="What the corpus is to be called.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="A copy of war-and-peace to take instead of downloading it.")
    ] = None,
    include: Annotated[
        list[str] | None, typer.Option(help="Files of a folder to take, e.g. '*.c'; may be given again.")
    ] = None,
    patterns: Annotated[
        list[str] | None, typer.Argument(help="More patterns after --include.", show_default=False)
    ] = None,
    alphabet: Annotated[
        str | None, typer.Option(help="bytes or chars; default chars where the text is UTF-8.")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="streams (the last parts of each of 100 rows are validation and test, as in the 2015 "
            "paper) or contiguous."
        ),
    ] = None,
    fractions: Annotated[
        str | None, typer.Option(help="Train, validation, test, e.g. 0.9,0.05,0.05.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="prose, python or c: what a quote and a comment are.")
    ] = None,
    chars: Annotated[
        int | None, typer.Option(help="Length of synthetic; where to cut python-library or a folder.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the order of files (default 2015).")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="symbols=4, control=true or seed=1 of synthetic.", metavar="FIELD=VALUE"),
    ] = None,
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """Make a corpus: ids, alphabet, and which characters train, validate and test."""
    from rnnscope.corpora import build_corpus, parse_fractions, source_from
    from rnnscope.errors import ConfigError

    if patterns and not include:
        raise ConfigError(f"unexpected '{patterns[0]}' after the source; patterns go behind --include")
    wanted = [*(include or []), *(patterns or [])] or None
    corpus = build_corpus(
        source_from(
            source,
            file=file,
            include=wanted,
            chars=chars,
            seed=seed,
            settings=parse_settings(settings or []),
            work=work,
        ),
        name,
        work,
        alphabet=alphabet,
        split=split,
        fractions=parse_fractions(fractions) if fractions else None,
        language=language,
        command=command_line(),
        notice=notice,
    )
    manifest = corpus.manifest
    result = {
        "name": manifest.name,
        "symbols": manifest.symbols,
        "train_chars": manifest.parts["train"].chars,
        "validation_chars": manifest.parts["validation"].chars,
        "test_chars": manifest.parts["test"].chars,
        "alphabet": manifest.alphabet_kind,
        "split": manifest.split_kind,
        "language": manifest.language,
        "fingerprint": manifest.fingerprint,
        "folder": str(corpus.folder),
    }
    emit(
        as_json,
        result,
        [
            f"{manifest.name}: {manifest.symbols} symbols ({manifest.alphabet_kind}), {manifest.split_kind} "
            f"split, "
            f"{result['train_chars']:,} / {result['validation_chars']:,} / {result['test_chars']:,} "
            f"characters "
            "to train, validate, test",
            f"in {corpus.folder}",
        ],
    )


@app.command(name="list")
def list_corpora(work: WorkOption = DEFAULT_WORK, as_json: JsonOption = False) -> None:
    """Corpora that are there."""
    from rnnscope.records.corpus import Corpus

    corpora = [Corpus.read(path.parent) for path in sorted((work / "corpora").glob("*/manifest.json"))]
    emit(
        as_json,
        {"corpora": [corpus.name for corpus in corpora]},
        [f"{c.name}: {c.symbols} symbols, {c.manifest.ids_chars:,} characters" for c in corpora]
        or [f"no corpora in '{work}' yet"],
    )
