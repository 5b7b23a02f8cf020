"""Library -> a run opened: what records know of its units now, and what is still being worked out.

Roles and gates come from findings where they have the run, gates else from the trace; what only the trace
tells is measured once, beside the answering. Knows no view.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rnnscope.analyses.unit_cards import (
    Measured,
    OpenedRun,
    Place,
    excerpt_at,
    measure,
    span_of,
    spots_of,
)
from rnnscope.counters import KEEPING, gate_sites
from rnnscope.errors import ConfigError
from rnnscope.explorer.background import Background, Job
from rnnscope.explorer.kept import Kept
from rnnscope.explorer.library import Library
from rnnscope.models.sizing import has_units, why_no_gates
from rnnscope.progress import OnShare
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Finding, Row
from rnnscope.records.run import Run
from rnnscope.records.trace import Trace
from rnnscope.studies.unit_records import ablation_of, gate_rows, held_rows, is_of, opened_run, rows_of

SEED = 0
"""Of the excerpts: that of a study and of `rnnscope unit`."""
MOST_OPENED = 4
"""Runs whose texts and output weights are held."""
MOST_EXCERPTS = 64
"""Units whose excerpts are held."""
ROLES_PART = "test"
"""The part that the findings of roles and gates are of."""


@dataclass(frozen=True)
class Known:
    """All that is known of the units of a run at this moment."""

    run: Run
    corpus: Corpus
    trace: Trace
    opened: OpenedRun
    """With the rows of roles, gates and ablation that there are."""
    are_roles_known: bool
    """Whether roles were looked for in this run, as it now is."""
    roles_command: str
    gates_from: str
    """'finding', 'trace', 'none' (the cell has no gates) or '' (they are still counted)."""
    gates_steps: int
    """Steps that the gates were counted over."""
    is_ablation_known: bool
    measured: Measured | None
    jobs: tuple[Job, ...]

    @property
    def part(self) -> str:
        return self.trace.manifest.part


class Opening:
    """Opens runs for the views of units and gates."""

    def __init__(self, background: Background | None = None) -> None:
        self._background = background or Background()
        self._opened: Kept[OpenedRun] = Kept(MOST_OPENED)
        self._excerpts: Kept[list[dict[str, Any]]] = Kept(MOST_EXCERPTS)

    def known(self, library: Library, corpus_name: str, run_name: str, part: str) -> Known:
        """Raises NotThere, with the command that makes what is missing, and ConfigError for a model that has
        no units."""
        corpus, run = library.corpus(corpus_name), library.run(corpus_name, run_name)
        if not has_units(run.manifest.cell):
            raise ConfigError(why_no_gates(run.name, run.manifest.cell))
        trace = library.trace(corpus_name, run_name, part)
        findings = library.findings(corpus_name)
        roles = findings.get("cell_roles")
        base, key = self._base(run, corpus, trace), _key(run, trace)
        # what is asked for last is worked out first: the quickest
        numbers = self._background.of(
            ("numbers", *key), lambda say: measure(_heard(base, _passes(base), say))
        )
        gates = self._gates(run, part, findings.get("saturation"), lambda: trace)
        record = ablation_of(run, part)
        stamp = record.manifest.model_dump_json() if record else ""
        held = self._background.of(("held", *key, stamp), lambda say: held_rows(record, corpus))
        opened = replace(
            base,
            roles=rows_of(roles, "roles", run),
            gates=[row for row in gates.rows if row.get("run") == run.name],
            ablation=held.value or (),
        )
        return Known(
            run=run,
            corpus=corpus,
            trace=trace,
            opened=opened,
            are_roles_known=is_of(roles, run),
            roles_command=_roles_command(library, corpus, run, roles),
            gates_from=gates.source,
            gates_steps=gates.steps,
            is_ablation_known=record is not None,
            measured=numbers.value,
            jobs=(numbers, held, *([gates.job] if gates.job else [])),
        )

    def gates(self, library: Library, corpus_name: str, run_name: str, part: str) -> tuple[Run, "Gates"]:
        """What the gates of a run do, without anything else of it. Raises as `known` does."""
        run = library.run(corpus_name, run_name)
        if not has_units(run.manifest.cell):
            raise ConfigError(why_no_gates(run.name, run.manifest.cell))
        finding = library.findings(corpus_name).get("saturation")
        return run, self._gates(run, part, finding, lambda: library.trace(corpus_name, run_name, part))

    def excerpts(self, known: Known, place: Place) -> list[dict[str, Any]]:
        """The text that drives a unit most and least, as its card in a finding has it, and where."""
        key = (*_key(known.run, known.trace), place)
        return self._excerpts.get(key, lambda: _excerpts(known.opened, place))

    def _gates(self, run: Run, part: str, finding: Finding | None, trace_of: Callable[[], Trace]) -> "Gates":
        """Those of the finding `saturation`, else counted over the trace, which is asked for only then."""
        sites = gate_sites(run.manifest.cell, run.manifest.layers)
        if not sites:
            return Gates([], "none", 0, None)
        found = rows_of(finding, "gates", run) if part == ROLES_PART else []
        if found and finding:
            return Gates(found, "finding", int(finding.numbers.get("steps") or 0), None)
        trace = trace_of()
        counted = self._background.of(
            ("gates", *_key(run, trace)),
            lambda say: gate_rows(run, trace, _telling(trace.blocks, _steps(trace) * len(sites), say)),
        )
        is_there = counted.value is not None
        return Gates(counted.value or [], "trace" if is_there else "", _steps(trace), counted)

    def _base(self, run: Run, corpus: Corpus, trace: Trace) -> OpenedRun:
        """The run by its trace alone."""
        return self._opened.get(_key(run, trace), lambda: opened_run(run, corpus, trace))


@dataclass(frozen=True)
class Gates:
    """What is known of the gates of a run."""

    rows: list[Row]
    """As `saturation` has them."""
    source: str
    """As `Known.gates_from`."""
    steps: int
    job: Job | None


def _excerpts(opened: OpenedRun, place: Place) -> list[dict[str, Any]]:
    values_RT = opened.columns(opened.site(place[0]), [place[1]])[..., 0]
    found = []
    for spot in spots_of(place, values_RT, SEED):
        excerpt = excerpt_at(opened, place, values_RT, spot)
        where = {"row": spot.row, "step": spot.step}
        where["first_step"] = span_of(spot.step, values_RT.shape[1]).start
        told = {"note": excerpt.note, "text": excerpt.text, "values": excerpt.values}
        found.append({"kind": spot.kind} | where | told)
    return found


def _key(run: Run, trace: Trace) -> tuple:
    """What numbers of a trace depend on."""
    stamp = (trace.folder / "manifest.json").stat().st_mtime_ns
    return str(trace.folder), run.manifest.fingerprint, trace.manifest.rows, stamp


def _steps(trace: Trace) -> int:
    return trace.manifest.rows * trace.manifest.row_chars


def _passes(run: OpenedRun) -> int:
    """Values of a unit that `measure` reads, over all its passes."""
    groups = len(run.groups)
    of_layer = groups + 1 + (run.cell in KEEPING)
    return run.chars * (run.layers * of_layer + (0 if run.state == "h" else groups) + run.layers)


def _heard(run: OpenedRun, total: int, say: OnShare) -> OpenedRun:
    return replace(run, blocks=_telling(run.blocks, total, say))


def _telling(
    blocks: Callable[[list[str]], Iterator[Mapping[str, np.ndarray]]], total: int, say: OnShare
) -> Callable[[list[str]], Iterator[Mapping[str, Any]]]:
    """The blocks, and how much of them was read: `total` is rows x steps x sites, over all passes."""
    read = 0

    def told(sites: list[str]) -> Iterator[Mapping[str, np.ndarray]]:
        nonlocal read
        for block in blocks(sites):
            yield block
            read += sum(values.shape[0] * values.shape[1] for values in block.values())
            say(min(1.0, read / max(1, total)))

    return told


def _roles_command(library: Library, corpus: Corpus, run: Run, roles: Finding | None) -> str:
    """What looks for this run's roles, and keeps those of other runs that are still here."""
    kept = [each.name for each in library.runs(corpus.name).values() if is_of(roles, each)]
    names = ",".join([*(name for name in kept if name != run.name), run.name])
    return f"rnnscope analyse cell_roles {corpus.name} --models {names}"
