# pyright: reportOperatorIssue=false
"""The question of memory from training to verdict, at a tiny scale."""

from dataclasses import replace
from pathlib import Path

import pytest

from rnnscope.questions import question as asking
from rnnscope.questions.memory import MEMORY, measuring
from rnnscope.questions.memory.kinds import NONE, ORACLES, errors_of
from rnnscope.questions.memory.measuring import FORMS
from rnnscope.questions.memory.question import TRAINED, networks
from rnnscope.questions.question import Scale, answer
from rnnscope.questions.text import Text
from rnnscope.replay import memory_tuning
from rnnscope.studies.executor import in_this_process
from rnnscope.studies.work import Work


def test_every_memory_has_the_plain_networks_size_and_reads_as_much():
    for scale in MEMORY.scales.values():
        for text in scale.texts:
            by_size: dict[str, list] = {}
            for plan in scale.planned(scale, text, 87):
                assert plan.budget is not None
                by_size.setdefault(plan.budget.label, []).append(plan)
            for plans in by_size.values():
                sizes = [plan.parameters for plan in plans]
                assert max(sizes) <= 1.03 * min(sizes)
                assert len({plan.config.epochs for plan in plans}) == 1
                assert {plan.config.cell for plan in plans} >= {"lstm", "attention"}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_whole_question_is_answered_and_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # in this process alone: what is measured of a network is measured here
    monkeypatch.setattr(measuring, "READINGS", 15)
    monkeypatch.setattr(memory_tuning, "SCALE_CHARS", 2_000)
    monkeypatch.setattr(asking, "run_jobs", lambda work, jobs, processes: [work(job) for job in jobs])
    tiny = Scale((Text("python-library", 0.5, (10,), 60_000),), seeds=2, planned=networks)
    question = replace(MEMORY, scales={"tiny": tiny})
    work = Work(tmp_path)
    finding = answer(question, "tiny", work, processes=1, executor=in_this_process)
    assert finding.numbers["networks"] == 8 and finding.numbers["seeds"] == 2
    memories = {row["memory"]: row for row in finding.tables["memories"]}
    assert set(memories) == {NONE, *FORMS, *TRAINED}
    for row in finding.tables["networks"]:
        assert sum(int(row[errors_of(kind)]) for kind in ORACLES) == row["errors"]  # pyright: ignore[reportArgumentType]
    assert memories[NONE]["removed"] == 0 == memories[NONE]["new"]
    assert memories["ngram_mix"]["nats"] < memories[NONE]["nats"]
    assert all(row["sees_of_chars"] is not None for row in memories.values())
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/*/questions/*.json")}
    assert len(kept) == 8
    assert answer(question, "tiny", work, processes=1, executor=in_this_process).tables == finding.tables
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
