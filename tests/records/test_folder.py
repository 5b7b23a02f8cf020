import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rnnscope.errors import ConfigError, RecordError
from rnnscope.records.finding import Finding
from rnnscope.records.folder import checked_name, is_whole, new_record, save_array, write_bytes
from rnnscope.records.run import find_run, read_jsonl


def test_a_record_that_fails_leaves_nothing_behind(tmp_path: Path):
    with pytest.raises(ZeroDivisionError), new_record(tmp_path / "thing") as partial:
        (partial / "half").write_text("x")
        _ = 1 / 0
    assert list(tmp_path.iterdir()) == []


def test_a_new_record_replaces_the_old_one_whole(tmp_path: Path):
    for word in ("old", "new"):
        with new_record(tmp_path / "thing") as partial:
            (partial / word).write_text(word)
    assert [path.name for path in (tmp_path / "thing").iterdir()] == ["new"]


def test_a_folder_without_a_manifest_is_not_whole(tmp_path: Path):
    with new_record(tmp_path / "thing"):
        pass
    assert not is_whole(tmp_path / "thing")


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path):
    script = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from rnnscope.records.folder import new_record, save_array\n"
        "from rnnscope.errors import RecordError\n"
        "try:\n"
        "    with new_record(Path(sys.argv[1]) / 'thing') as p: save_array(p / 'a.npy', np.zeros(1 << 20))\n"
        "except RecordError as error: print(error)\n"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "cannot write" in done.stdout and len(done.stdout.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_keeps_its_old_content_if_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.json"
    write_bytes(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RecordError, match="the disk is full"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a b", "ü", "a\n", "x" * 200])
def test_names_that_no_folder_should_have_are_refused(name: str):
    with pytest.raises(ConfigError, match="cannot be used"):
        checked_name(name, "corpus")


def test_a_log_line_that_was_cut_off_is_left_out(tmp_path: Path):
    (tmp_path / "log.jsonl").write_text('{"step": 1}\n{"step": 2')
    assert read_jsonl(tmp_path / "log.jsonl") == [{"step": 1}]


@pytest.mark.parametrize("reference", ["*", "../..", "no/such", "/", "[", "lstm-1x8-s0"])
def test_a_run_that_is_not_there_is_one_clear_line(tmp_path: Path, reference: str):
    with pytest.raises(RecordError) as caught:
        find_run(tmp_path, reference)
    assert "\n" not in str(caught.value)


def test_a_finding_with_nan_is_still_json(tmp_path: Path):
    finding = Finding(
        analysis="a",
        corpus="c",
        title="t",
        reading="r",
        tables={"x": [{"low": float("nan"), "s": "</script>"}]},
    )
    path = finding.save(tmp_path)
    assert json.loads(path.read_text())["tables"]["x"][0]["low"] is None
    assert Finding.load(path).tables["x"][0]["s"] == "</script>"


def test_arrays_are_saved_without_pickle(tmp_path: Path):
    with pytest.raises(ValueError, match="pickle"):
        save_array(tmp_path / "a.npy", np.array([{}], dtype=object))
