"""`rnnscope statistics`: how every unit of a run behaves over a whole part, with nothing kept on disk."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from rnnscope.cli.options import DEFAULT_WORK, JsonOption, WorkOption, emit, notice, processes_or_cores
from rnnscope.cli.replay import RunArgument


def register(app: typer.Typer) -> None:
    app.command()(statistics)


def statistics(
    run: RunArgument,
    part: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    processes: Annotated[
        int | None, typer.Option(help="Groups of ten rows read at a time; one per core.")
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(help="Read on a Ray cluster that is running: its address, or auto.", metavar="ADDRESS"),
    ] = None,
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """Every unit's mean, spread, saturation and time constants over a whole part: one pass, memory that does
    not grow with the text, nothing kept on disk. Any number of processes gives the same numbers.
    """
    from rnnscope.analyses.unit_statistics import unit_statistics
    from rnnscope.records.corpus import find_corpus
    from rnnscope.records.run import find_run
    from rnnscope.studies.executor import on_processes
    from rnnscope.studies.unit_statistics import count_units
    from rnnscope.studies.work import Work

    at_a_time = processes_or_cores(processes)
    found = find_run(work, run)
    corpus = find_corpus(work, found.manifest.corpus)
    of = corpus.part(part)
    if of.rows == 1 and (processes or 1) > 1:
        notice(f"the {part} part is one row, which cannot be divided: one process reads it")
    if ray:
        from rnnscope.studies.ray_executor import on_ray

        executor = on_ray(ray, Work(work))
    else:
        executor = on_processes(at_a_time)
    counters = count_units(found, corpus, part, executor, _progress(of.chars))
    finding = unit_statistics(found.reference, found.manifest.cell, counters, corpus.name, part)
    tables = finding.plain()["tables"]
    result = {
        **finding.numbers,
        "reading": finding.reading,
        "caveats": finding.caveats,
        **tables,
    }
    emit(as_json, result, [*_lines(tables), finding.reading])


def _progress(chars: int) -> Callable[[str, Any], None]:
    """Hears of jobs, and says now and then how much of the part is read."""
    from rnnscope.cli.progress import share_told

    done: dict[str, int] = {}
    told = share_told(f"{chars:,} characters")

    def hear(name: str, news: Any) -> None:
        done[name] = int(news)
        told(sum(done.values()) / chars)

    return hear


def _lines(tables: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Two tables for people: every site of every layer, and time constants."""
    lines = [
        f"{'layer':>5} {'site':22} {'mean: 10 %':>10} {'50 %':>8} {'90 %':>8} {'deviation':>9} shut  open"
    ]
    for row in tables["summary"]:
        means = " ".join(
            f"{row[f'mean_{share}']:>{width}.3f}" for share, width in (("p10", 10), ("p50", 8), ("p90", 8))
        )
        shares = f" {row['shut']:5.1%} {row['open']:5.1%}" if "shut" in row else ""
        site = f"{row['site']} {row['name']}".strip()
        lines.append(f"{row['layer']:>5} {site:22} {means} {row['deviation']:9.3f}{shares}")
    lines.append(
        "of each unit over all steps, quantiles over units; deviation, shut (< 0.1), open (> 0.9) of"
    )
    lines.append("the median unit")
    lines.append("")
    lines.append(f"{'layer':>5} {'steps to 1/e':22} {'10 %':>10} {'50 %':>8} {'90 %':>8}  beyond  never move")
    for row in tables["time_summary"]:
        by = f"by gate {row['site']}" if row["by"] == "gate" else f"by likeness of {row['site']}"
        steps = " ".join(
            f"{_said(row[f'steps_{share}']):>{width}}"
            for share, width in (("p10", 10), ("p50", 8), ("p90", 8))
        )
        counts = f"{row['beyond']:>6} {row['never_moves']:>11}"
        lines.append(f"{row['layer']:>5} {by:22} {steps}  {counts}")
    return lines


def _said(steps: float | None) -> str:
    return "-" if steps is None else f"{steps:.1f}"
