"""The demo's unhappy starts: killed, twice at once, no room, leftovers of other times. The next is whole."""

import errno
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest
from explore_process import ROOT, ended, started
from planted_demo import CORPUS, SITE, TRACE, assert_whole, content, demo_process, seen, traced_here

from rnnscope.errors import RecordError
from rnnscope.explorer.demo import opening
from rnnscope.explorer.demo.opening import opened, records
from rnnscope.explorer.library import Library
from rnnscope.records import folder as record_folder
from rnnscope.records.folder import is_held
from rnnscope.scoring import error_rate


def test_the_records_ship_as_a_replay_of_them_leaves_them():
    library = Library(Path(str(records())))
    fingerprint = library.corpus(CORPUS).manifest.fingerprint
    shipped = library.surprisals(CORPUS, "test")
    assert len(shipped) == 11
    for each in shipped.values():
        assert each.manifest.parents["corpus"] == fingerprint  # else the first trace would score it again
        assert each.manifest.error_rate == error_rate(each.nats_RT)
        assert each.manifest.mean_nats == pytest.approx(each.nats_RT.mean(dtype="float64"), abs=1e-12)


def until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + 200
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


KILLED_AT = """
import os, signal
write, count = record_folder.write_bytes, 0
def killed(path, content):
    global count
    count += 1
    if count == {at}:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content[: len(content) // 2])  # what no write of ours leaves, a failing disk may
        os.kill(os.getpid(), signal.SIGKILL)
    write(path, content)
opening.write_bytes = killed
"""


@pytest.mark.slow
@pytest.mark.parametrize("at", [1, 20, 45])
def test_killed_while_it_is_unpacked_shows_nothing_half_and_is_whole_at_the_next_start(at: int, cache: Path):
    (work,) = cache.glob("demo-*")
    shutil.copytree(work / TRACE, cache / "trace")
    shutil.rmtree(work)
    with demo_process(cache, script=KILLED_AT.format(at=at)) as process:
        assert process.wait(100) == -signal.SIGKILL
    library = Library(work)
    for corpus in library.corpora():
        assert library.corpora()[corpus].ids is not None
        for run in library.runs(corpus).values():
            assert run.manifest.symbols and (run.folder / "weights.safetensors").stat().st_size > 100_000
    (work / TRACE).parent.mkdir(parents=True, exist_ok=True)
    (cache / "trace").rename(work / TRACE)
    seen(cache)


@pytest.mark.slow
def test_killed_while_it_is_traced_it_goes_on_and_gives_the_same_trace(
    cache: Path, monkeypatch: pytest.MonkeyPatch
):
    (work,) = cache.glob("demo-*")
    before = content(work / TRACE)
    shutil.rmtree(work / TRACE)
    with demo_process(cache) as process:
        assert process.stdout is not None
        tracing = int(process.stdout.readline())
        until(lambda: len(list(work.rglob(f".trace.unfinished/{SITE}/000??.npy"))) > 3)
        for each in (process.pid, tracing):
            os.kill(each, signal.SIGKILL)
    library = Library(work)
    assert library.traces(library.run(CORPUS, "lstm-1x128-e3-s1")) == {}
    begun = (work / TRACE).with_name(".trace.unfinished")
    until(lambda: not is_held(work / TRACE))
    (begun / ".begun.json.left").write_text("{")
    first = (begun / SITE / "00000.npy").stat().st_mtime_ns
    monkeypatch.setattr(opening, "_tracing", traced_here)
    seen(cache)
    assert (work / TRACE / SITE / "00000.npy").stat().st_mtime_ns == first
    after = content(work / TRACE)
    assert after.keys() == before.keys()
    for name in before:  # steps of the processor at hand round otherwise than PyTorch's
        made, kept = (np.load(io.BytesIO(each[name])) for each in (after, before))
        far = np.abs(made.astype(float) - kept).max()
        assert far <= (1 if made.dtype == np.int8 else 1e-4), name


@pytest.mark.slow
def test_two_at_once_are_both_served_and_trace_it_once(tmp_path: Path):
    with (
        started("--demo", XDG_CACHE_HOME=str(tmp_path)) as (one, first, said),
        started("--demo", XDG_CACHE_HOME=str(tmp_path)) as (two, second, too),
    ):
        bases = [address.rpartition("/")[0] for address in (first, second)]
        for base in bases:
            run = httpx.get(f"{base}/api/library", trust_env=False, timeout=60).json()["corpora"][0]["runs"][
                0
            ]
            assert run["untraced"]["test"]["making"] is not None
        assert ended(one) < 10  # who makes it goes; the other's process goes on
        until(lambda: traced(bases[1]))
        assert ended(two) < 10
    (work,) = (tmp_path / "rnnscope").glob("demo-*")
    assert_whole(work)
    assert [line for line in said + too if "demo" in line and "http" not in line] == []


def traced(base: str) -> dict:
    answer = httpx.get(f"{base}/api/library", trust_env=False, timeout=60)
    return answer.json()["corpora"][0]["runs"][0]["traces"]


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_puts_away_its_temporary_folder_and_the_process_that_traces(
    tmp_path: Path, by: signal.Signals
):
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "tmp").mkdir()
    places = {"XDG_CACHE_HOME": str(tmp_path / "file"), "TMPDIR": str(tmp_path / "tmp")}
    with started("--demo", python=sys.executable, cwd=ROOT, **places) as (process, address, _):
        httpx.get(address, trust_env=False, timeout=60).raise_for_status()
        assert list((tmp_path / "tmp").glob("rnnscope-demo-*"))
        os.killpg(process.pid, by) if by == signal.SIGINT else process.send_signal(by)
        process.wait(20)
        assert process.stderr is not None
        rest = process.stderr.read()  # ends once nobody writes to it: the other process is gone too
    assert process.returncode == (0 if by == signal.SIGINT else 128 + signal.SIGTERM)
    assert "could not be traced" not in rest and "Traceback" not in rest
    assert not list((tmp_path / "tmp").glob("rnnscope-demo-*"))


def test_a_cache_below_a_file_gives_a_temporary_folder_that_goes_at_the_end(
    tmp_path: Path, temporary: Path, untraced: None
):
    (tmp_path / "file").write_text("")
    heard: list[str] = []
    with opened(heard.append, tmp_path / "file" / "cache") as demo:
        assert demo.work.is_relative_to(temporary)
        assert Library(demo.work).corpora()[CORPUS].ids is not None
    (line,) = heard
    assert "a part of the path is a file; a temporary folder does" in line and "\n" not in line
    assert list(temporary.iterdir()) == []


def test_a_full_disk_gives_the_records_as_they_ship(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(path: Path, content: bytes) -> None:
        if len(content) > 10_000:
            raise RecordError(f"cannot write '{path}': the disk is full; free it") from OSError(
                errno.ENOSPC, ""
            )
        record_folder.write_bytes(path, content)

    monkeypatch.setattr(opening, "write_bytes", full)
    heard: list[str] = []
    with opened(heard.append, tmp_path / "cache") as demo:
        library = Library(demo.work, demo.promised)
        assert len(library.surprisals(CORPUS, "test")) == 11
        told = library.untraced(CORPUS, library.run(CORPUS, "lstm-1x128-e3-s1"), "test")
        assert told.making is None
    assert [line.partition("; ")[2] for line in heard] == [
        "a temporary folder does",
        "the demo opens without what its units did",
    ]
    assert all("the disk is full" in line for line in heard)
    assert list(temporary.iterdir()) == []


def test_no_temporary_folder_anywhere_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    (tmp_path / "file").write_text("")
    monkeypatch.setattr("tempfile.gettempdir", none)
    heard: list[str] = []
    with opened(heard.append, tmp_path / "file" / "cache") as demo:
        assert Library(demo.work).runs(CORPUS)
    assert "No usable temporary directory found; the demo opens without" in heard[1] and len(heard) == 2


LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # not even the weights can be written
sys.argv = ["rnnscope", "explore", "--demo", "--no-open", "--read-only"]
runpy.run_module("rnnscope", run_name="__main__")
"""


@pytest.mark.slow
def test_a_system_that_lets_nothing_be_written_says_so_in_lines_and_serves_the_text(tmp_path: Path):
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", LIMITED], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            said = [process.stderr.readline() for _ in range(3)]
            assert ["a temporary folder does" in said[0], "without what its units did" in said[1]] == [
                True,
                True,
            ]
            assert all("the file would exceed this system's size limit" in line for line in said[:2])
            base = said[2].split("/text")[0].split()[-1]
            where = f"{base}/api/text/{CORPUS}/test"
            shown = httpx.get(f"{where}/lines", trust_env=False, timeout=60).json()
            assert "".join(shown["text"])
            asked = {"row": 0, "step": 0}
            losses = httpx.get(f"{where}/surprise/lstm-1x128-e3-s1", params=asked, trust_env=False)
            assert losses.status_code == 200
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits another process")
def test_no_room_for_the_trace_is_one_line_and_the_next_start_makes_it(
    cache: Path, monkeypatch: pytest.MonkeyPatch
):
    import resource

    (work,) = cache.glob("demo-*")
    shutil.rmtree(work / TRACE)
    heard: list[str] = []
    with opened(heard.append, cache) as demo:
        assert demo.tracing is not None
        resource.prlimit(demo.tracing.pid, resource.RLIMIT_FSIZE, (100_000, 100_000))
        until(lambda: heard)
        assert not demo.promised(work / TRACE)
        assert len(Library(demo.work).surprisals(CORPUS, "test")) == 11
    (line,) = heard
    assert line.startswith("what the demo's units did could not be traced: cannot write")
    assert line.endswith("the file would exceed this system's size limit")
    monkeypatch.setattr(opening, "_tracing", traced_here)
    seen(cache)
