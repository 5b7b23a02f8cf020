"""Records of a study -> its findings of gates and units. Knows which records each analysis reads; the
analyses themselves know none.
"""

from rnnscope.analyses.cell_roles import cell_roles
from rnnscope.analyses.samples import samples
from rnnscope.analyses.saturation import GateCounts, saturation
from rnnscope.analyses.unit_cards import unit_cards
from rnnscope.records.finding import Finding
from rnnscope.records.trace import Trace
from rnnscope.studies.reading import Study
from rnnscope.studies.unit_records import ablation_of, held_rows, opened_run
from rnnscope.studies.unit_states import hypotheses_of, unit_states


def gates(study: Study) -> Finding:
    counts = [
        GateCounts(run.name, run.manifest.cell, look.gates)
        for run, look in zip(study.opened, study.looks, strict=True)
    ]
    return saturation([c for c in counts if c.counter.steps], study.corpus.name, "test")


def roles(study: Study) -> Finding:
    rows = max(Trace.read(run.replay_folder("test", "trace")).manifest.rows for run in study.opened)
    hypotheses = hypotheses_of(study.corpus, "test", rows)
    networks = (unit_states(run, study.corpus) for run in study.opened)
    return cell_roles(networks, hypotheses, study.corpus.name, "test", study.seed)


def cards(study: Study, cell_roles: Finding, saturation: Finding) -> Finding:
    found, moved = cell_roles.tables.get("roles", []), saturation.tables.get("gates", [])
    opened = [
        opened_run(
            run,
            study.corpus,
            Trace.read(run.replay_folder("test", "trace")),
            found,
            moved,
            held_rows(ablation_of(run, "test"), study.corpus),
        )
        for run in study.opened
    ]
    return unit_cards(opened, study.corpus.name, "test", study.seed)


def written(study: Study) -> Finding:
    train = study.corpus.part("train")
    train_text = "\n".join(study.corpus.text(start, start + train.row_chars) for start in train.starts)
    return samples([look.sample for look in study.looks], train_text, study.corpus.name, study.seed)


def ablations(study: Study) -> dict[str, str]:
    """The ablation records of opened runs: made by hand, so that they come and go."""
    records = {run.name: ablation_of(run, "test") for run in study.opened}
    return {
        f"ablation of {name}": f"{record.manifest.rows}x{record.manifest.steps} characters"
        for name, record in records.items()
        if record
    }
