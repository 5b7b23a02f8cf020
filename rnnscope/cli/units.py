"""`rnnscope units`: which units follow a hypothesis, or are on exactly where one points."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from rnnscope.cli.options import DEFAULT_WORK, JsonOption, SeedOption, WorkOption, command_line, emit
from rnnscope.cli.replay import RunArgument

if TYPE_CHECKING:
    from rnnscope.analyses.span_search import Span
    from rnnscope.records.finding import Finding, Row

SHOWN_UNITS = 10


def register(app: typer.Typer) -> None:
    app.command()(units)


def units(
    run: RunArgument,
    hypothesis: Annotated[
        str | None,
        typer.Option(
            help="A track by name (inside_quotes), or a regular expression: on at each character of a match.",
            metavar="NAME|REGEX",
        ),
    ] = None,
    spans: Annotated[
        list[str] | None,
        typer.Option(
            "--span", help="Characters A to B of the part, B left out; may be given again.", metavar="A:B"
        ),
    ] = None,
    counter_spans: Annotated[
        list[str] | None,
        typer.Option("--not", help="Where the units are to be off, too; may be given again.", metavar="A:B"),
    ] = None,
    part: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    chars: Annotated[int, typer.Option(help="Characters to trace, where no trace is as long.")] = 200_000,
    seed: SeedOption = 0,
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """Rank units by how closely they follow a hypothesis, or by being on in a span and off around it."""
    from rnnscope.cli.progress import share_told
    from rnnscope.errors import ConfigError
    from rnnscope.records.corpus import find_corpus
    from rnnscope.records.run import find_run
    from rnnscope.studies.ranked_units import as_told
    from rnnscope.studies.unit_search import units_by_hypothesis, units_by_span

    if bool(hypothesis) == bool(spans):
        raise ConfigError("units are ranked by --hypothesis or by --span A:B; give one of the two")
    if counter_spans and not spans:
        raise ConfigError("--not goes with --span; a hypothesis says itself where it is off")
    if chars < 2:
        raise ConfigError(f"--chars {chars} is too few; give 1000 or more")
    found = find_run(work, run)
    corpus = find_corpus(work, found.manifest.corpus)
    row_chars = corpus.part(part).row_chars
    if hypothesis:
        told = share_told("the ranking")
        finding = units_by_hypothesis(
            found, corpus, part, chars, hypothesis, seed, work, command_line(), told
        )
    else:
        given, against = (
            [_span(text, row_chars) for text in texts or ()] for texts in (spans, counter_spans)
        )
        finding = units_by_span(found, corpus, part, chars, given, against, seed, work, command_line())
    result = as_told(finding, found, part)
    table = _by_hypothesis if hypothesis else _by_span
    emit(as_json, result, [finding.reading, *table(finding), *finding.caveats])


def _span(text: str, row_chars: int) -> "Span":
    """'120:140' -> a span within one row. Raises ConfigError for anything else."""
    from rnnscope.analyses.span_search import Span
    from rnnscope.errors import ConfigError

    match = re.fullmatch(r"\s*(\d{1,12}):(\d{1,12})\s*", text, re.ASCII)
    first, stop = (int(match[1]), int(match[2])) if match else (0, 0)
    if not first < stop:
        raise ConfigError(f"'{text}' is not a span of characters; write it as 1200:1240")
    row = first // row_chars
    if (stop - 1) // row_chars != row:
        raise ConfigError(
            f"span {text} crosses from one row of the part to the next, where networks begin afresh; rows "
            f"have {row_chars} characters"
        )
    return Span(row, first - row * row_chars, stop - row * row_chars)


def _by_hypothesis(finding: "Finding") -> list[str]:
    lines = [
        f"{'unit':>10} {'score (95 %)':>26} {'bits':>7} {'q':>9}  against shifted, untrained, last character"
    ]
    for row in finding.tables["units"][:SHOWN_UNITS]:
        ends = "" if row["low"] is None else f" ({row['low']:.3f} to {row['high']:.3f})"
        untrained = "none" if row["untrained"] is None else f"{row['untrained']:.3f}"
        against = f"{row['control_high']:.3f}, {untrained}, {row['last_character']:.3f}"
        score, sign = (
            f"{row['score']:.3f}{ends}",
            "" if row["direction"] == "on" else "  (off where it is on)",
        )
        lines.append(f"{_name(row):>10} {score:>26} {row['bits']:7.3f} {row['q']:9.2g}  {against}{sign}")
    return lines


def _by_span(finding: "Finding") -> list[str]:
    lines = [f"{'unit':>10} {'':>4} {'gap':>7} {'chance':>7} {'p':>7} {'of the text':>12}"]
    lines += [
        f"{_name(row):>10} {row['direction']:>4} {row['gap']:7.3f} {row['chance_gap']:7.3f} {row['p']:7.3f} "
        f"{row['share_of_text']:12.1%}"
        for row in finding.tables["units"][:SHOWN_UNITS]
    ]
    return lines


def _name(row: "Row") -> str:
    return f"{row['layer']}.{row['unit']}"
