from pathlib import Path

import planted_questions

from rnnscope.records.finding import Finding
from rnnscope.report import write_report
from rnnscope.studies.study import answered_questions
from rnnscope.studies.work import Work


def verdict(name: str, reading: str) -> Finding:
    (made,) = (each for each in planted_questions.findings() if each.analysis == name)
    numbers = {"claim": "It <i>does</i>.", "rule": "Above zero: yes.", "verdict": "yes"}
    return made.model_copy(update={"reading": reading, "numbers": numbers})


def test_a_verdict_at_full_scale_goes_before_a_look_and_what_is_no_finding_is_left_out(tmp_path: Path):
    work = Work(tmp_path)
    work.questions.mkdir()
    for stem, reading in {
        "single_layer_gating": "The verdict.",
        "single_layer_gating-small": "A look.",
        "units_without_a_role-small": "A look alone.",
    }.items():
        finding = verdict(stem.removesuffix("-small"), reading)
        (work.questions / f"{stem}.json").write_text(finding.model_dump_json())
    (work.questions / "notes.json").write_text("{}")
    assert [each.reading for each in answered_questions(work)] == ["The verdict.", "A look alone."]
    assert answered_questions(Work(tmp_path / "other")) == []


def test_the_report_shows_claim_and_rule_beside_the_verdict(tmp_path: Path):
    page = write_report(
        [verdict("single_layer_gating", "Yes: it does.")], tmp_path / "report.html"
    ).read_text()
    assert "It &lt;i&gt;does&lt;/i&gt;." in page and "Above zero: yes." in page and "Yes: it does." in page
