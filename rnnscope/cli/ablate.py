"""`rnnscope ablate`: what a network loses without each of its units."""

from typing import Annotated

import typer

from rnnscope.cli.options import DEFAULT_WORK, JsonOption, WorkOption, command_line, emit
from rnnscope.cli.replay import RunArgument


def register(app: typer.Typer) -> None:
    app.command()(ablate)


def ablate(
    run: RunArgument,
    part: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    chars: Annotated[int, typer.Option(help="Characters of the part to read.")] = 20_000,
    to: Annotated[str, typer.Option(help="What a unit is held at: its mean, or zero.")] = "mean",
    at: Annotated[
        int | None, typer.Option(help="Hold it at this step of every row alone; by default at all.")
    ] = None,
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """Hold every unit still, one at a time: what that costs, and where."""
    from rnnscope.analyses.ablation import ablation
    from rnnscope.errors import ConfigError
    from rnnscope.records.corpus import find_corpus
    from rnnscope.records.run import find_run
    from rnnscope.studies.ablating import ablate_run
    from rnnscope.studies.unit_records import flags_of

    if to not in ("mean", "zero"):
        raise ConfigError(f"--to '{to}' is neither mean nor zero")
    if chars < 2:
        raise ConfigError(f"--chars {chars} is too few; give 1000 or more")
    found = find_run(work, run)
    corpus = find_corpus(work, found.manifest.corpus)
    record = ablate_run(found, corpus, part, chars, to, at, command_line())
    finding = ablation(record, flags_of(corpus, record))
    rows = finding.plain()["tables"]["units"]
    result = {
        "run": found.reference,
        "part": part,
        "to": to,
        "at": at,
        **finding.numbers,
        "reading": finding.reading,
        "caveats": finding.caveats,
        "units_by_change": rows,
        "folder": str(record.folder),
    }
    lines = [finding.reading, f"{'unit':>12} {'change, nats (95 %)':>34}  where it differs (inside, outside)"]
    for row in rows[:10]:
        where = (
            f"{row['track']} ({row['inside_nats']:+.4f}, {row['outside_nats']:+.4f})"
            if row.get("is_specific")
            else ""
        )
        change = f"{row['change_nats']:+.4f}"
        if row["low"] is not None:
            change += f" ({row['low']:+.4f} to {row['high']:+.4f})"
        lines.append(f"{row['layer']}.{row['unit']:>4}".rjust(12) + f" {change:>34}  {where}")
    emit(as_json, result, [*lines, f"in {record.folder}"])
