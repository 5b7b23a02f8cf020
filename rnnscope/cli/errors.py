"""`rnnscope errors`: what a network got wrong, and what would have got it right."""

from typing import TYPE_CHECKING, Annotated

import typer

from rnnscope.cli.options import (
    DEFAULT_WORK,
    JsonOption,
    WorkOption,
    command_line,
    emit,
    parse_settings,
    visible,
)
from rnnscope.cli.replay import RunArgument

if TYPE_CHECKING:
    from rnnscope.records.finding import Row


def register(app: typer.Typer) -> None:
    app.command()(errors)


def errors(
    run: RunArgument,
    oracle: Annotated[
        str | None,
        typer.Option(
            help="Those that it removes: n-gram, memory, rare-words, word-model, punctuation or boost.",
            metavar="NAME",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(help="List so many, spread over the text; 0 lists all.")] = 20,
    part: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="Change what an oracle does, e.g. memory_least_chars=1.", metavar="FIELD=VALUE"
        ),
    ] = None,
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """List a network's errors, each with its text and the oracle that removes it."""
    from rnnscope.analyses.error_oracles import OracleSettings, built_in_oracles, check_name, list_errors
    from rnnscope.errors import ConfigError
    from rnnscope.records.corpus import find_corpus
    from rnnscope.records.run import find_run
    from rnnscope.settings import changed
    from rnnscope.studies.counting import count_and_score, ngram_surprisal
    from rnnscope.studies.jobs import replay_run
    from rnnscope.studies.work import Work

    if limit < 0:
        raise ConfigError(f"--limit {limit} is not a number of errors; 0 lists all")
    chosen = changed(OracleSettings(), parse_settings(settings or []))
    check_name(oracle, built_in_oracles(chosen))
    found = find_run(work, run)
    corpus = find_corpus(work, found.manifest.corpus)
    corpus.part(part)  # a part that is not there is said before any counting
    if chosen.contexts:
        count_and_score(Work(work), corpus, chosen.contexts, command_line())
    ngrams = {n: ngram_surprisal(Work(work), corpus, n, part, command_line()) for n in chosen.contexts}
    surprisal = replay_run(found, corpus, part, command_line())
    rows = list_errors(surprisal, ngrams, corpus, chosen, oracle, limit or None)
    result = {"run": found.reference, "part": part, "oracle": oracle, "errors": rows}
    emit(as_json, result, [line for row in rows for line in _lines(row)] or [_none(oracle)])


def _lines(row: "Row") -> list[str]:
    text = f"{visible(str(row['before']))}[{visible(str(row['text']))}]{visible(str(row['after']))}"
    would = f"; would remove it: {row['would_remove']}" if row["would_remove"] else ""
    return [
        f"{row['position']:>9}  {text}",
        f"{'':11}{row['character']} got {row['probability']:.3f}, {row['likeliest']} was likeliest; "
        f"{row['oracle']}, {row['slice']}{would}",
    ]


def _none(oracle: str | None) -> str:
    return f"no error falls to {oracle}" if oracle else "no error"
