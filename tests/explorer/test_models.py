"""The view of models: its numbers are the findings' own, and the checkpoints say what was planted."""

from pathlib import Path

import pytest
from planted_dynamics import three_checkpoints

from rnnscope.explorer.learning import learning
from rnnscope.explorer.library import QUESTIONS
from rnnscope.records.finding import Finding
from rnnscope.report.write import ORDER


def test_every_question_there_is_has_a_place():
    from rnnscope.questions.all import QUESTIONS as there

    assert set(QUESTIONS) == set(there)


def test_findings_stand_in_the_reports_order_and_those_not_made_say_their_command(api, small_work: Path):
    told = api.get("/api/models/tales").json()
    assert [each["name"] for each in told["findings"]][: len(ORDER)] == list(ORDER)
    made = {each["name"] for each in told["findings"] if each["is_there"]}
    assert made == {path.stem for path in (small_work / "findings" / "tales").glob("*.json")} - {
        "grid",
        "windows",
    }
    missing = next(each for each in told["findings"] if each["name"] == "model_map")
    assert missing["command"].startswith("rnnscope analyse model_map tales --work ")


def test_a_finding_is_its_file_and_its_figures(api, small_work: Path):
    told = api.get("/api/findings/tales/saturation").json()
    finding = Finding.load(small_work / "findings" / "tales" / "saturation.json")
    assert told["finding"] == finding.plain()
    assert set(told["beside"]) <= set(finding.tables)
    for figure in told["figures"]:
        assert all(len(row) == len(figure["columns"]) for row in figure["rows"])


@pytest.mark.parametrize("name", ["nothing", "$(touch x)", "a;b"])
def test_no_command_is_offered_for_an_analysis_that_there_is_not(api, name: str):
    answer = api.get(f"/api/findings/tales/{name}")
    assert answer.status_code == 404 and answer.json()["command"] == ""


def test_at_a_checkpoint_the_nearest_and_the_passed_are_those_planted():
    told = learning(three_checkpoints())
    assert [each.epoch for each in told.checkpoints] == [0.5, 1.0, 2.0]
    assert [each.likeness[0].nearest for each in told.checkpoints] == [1, 2, 3]
    assert [each.likeness[0].ahead_of for each in told.checkpoints] == [[], [1], [1, 2]]
    assert told.checkpoints[0].loss_nats == pytest.approx(2.0 + 0.5)


def test_a_finding_without_what_it_needs_has_no_checkpoints():
    bare = Finding(
        analysis="training_dynamics", corpus="c", title="t", reading="r", tables={"curves": [{"a": 1}]}
    )
    assert learning(bare).checkpoints == []
