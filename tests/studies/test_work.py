import threading
from pathlib import Path

import pytest

from rnnscope.errors import RecordError
from rnnscope.studies.work import Work, only_one_study


def test_a_second_study_says_that_it_waits_and_begins_when_the_first_has_ended(tmp_path: Path):
    work, order, waits = Work(tmp_path / "work"), [], threading.Event()

    def notice(line: str) -> None:
        order.append(line)
        waits.set()

    def second() -> None:
        with only_one_study(work, notice):
            order.append("second")

    with only_one_study(work, order.append):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(timeout=30)
        order.append("first")
    thread.join(timeout=30)
    said, *rest = order
    assert "another study is at work" in said and rest == ["first", "second"]


def test_a_work_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(RecordError, match="a part of the path is a file"),
        only_one_study(Work(tmp_path / "file" / "work"), print),
    ):
        pass
