"""Run, Corpus -> the card of one unit, of a Trace that is made where there is none."""

from pathlib import Path

from rnnscope.analyses.cell_roles import role_rows
from rnnscope.analyses.unit_cards import Place, unit_cards
from rnnscope.errors import RecordError
from rnnscope.models.sizing import check_unit
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Finding, Row
from rnnscope.records.run import Run
from rnnscope.records.trace import Trace
from rnnscope.studies.jobs import TraceJob, trace_run
from rnnscope.studies.unit_records import ablation_of, gate_rows, held_rows, opened_run, rows_of
from rnnscope.studies.unit_states import UNTRAINED, current_trace, hypotheses_of, unit_states
from rnnscope.studies.work import Work, cores

CARD_CHARS = 200_000
"""Test characters that are traced for a card, where there is no trace yet."""


def card_of(work: Work, run: Run, corpus: Corpus, place: Place, command: str) -> Finding:
    """The card of one unit on test text: its Trace is made if it is not there, of at most CARD_CHARS; roles
    and gates are those of findings of this run, else of the Trace. Raises ConfigError for a unit that there
    is not."""
    layer, unit = place
    check_unit(layer, unit, run.manifest.layers, run.manifest.hidden)
    traced = current_trace(run, "test")
    if traced is None or current_trace(run, "test", UNTRAINED) is None:
        # one that is there is kept, however short
        chars = traced.rows * traced.row_chars if traced else CARD_CHARS
        trace_run(TraceJob(work.folder, corpus.name, run.folder, chars, command, cores()))
    trace = Trace.read(run.replay_folder("test", "trace"))
    findings = work.findings(corpus.name)
    gates = rows_of(_finding(findings, "saturation"), "gates", run) or gate_rows(run, trace)
    roles = rows_of(_finding(findings, "cell_roles"), "roles", run) or _roles(run, corpus)
    held = held_rows(ablation_of(run, "test"), corpus)
    opened = opened_run(run, corpus, trace, roles, gates, held)
    return unit_cards([opened], corpus.name, "test", only=[place])


def _finding(folder: Path, analysis: str) -> Finding | None:
    try:
        return Finding.load(folder / f"{analysis}.json")
    except RecordError:
        return None


def _roles(run: Run, corpus: Corpus) -> list[Row]:
    states = unit_states(run, corpus)
    return role_rows(states, hypotheses_of(corpus, "test", states.shape[0]))[1]
