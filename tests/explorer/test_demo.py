"""The demo's unhappy starts: killed, twice at once, no room, leftovers of other times. The next is whole."""

import errno
import io
import json
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

from rnnscope.cli.main import run as command
from rnnscope.errors import RecordError
from rnnscope.explorer.demo import opening
from rnnscope.explorer.demo.opening import Demo, opened, records
from rnnscope.explorer.library import Library
from rnnscope.records import folder as record_folder
from rnnscope.records.columns import build_columns
from rnnscope.records.folder import is_held
from rnnscope.records.trace import Trace
from rnnscope.scoring import error_rate

CORPUS = "war-and-peace-excerpt"
TRACE = f"runs/{CORPUS}/lstm-1x128-e3-s1/replays/test/trace"
SITE = "layers.0.tanh_c"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache whose demo has been opened and traced once. Tests change copies."""
    cache = tmp_path_factory.mktemp("demo") / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "_tracing", traced_here)
        demo = seen(cache)
    build_columns(Trace.read(demo.work / TRACE), SITE, demo.work / TRACE / f"../columns/{SITE}")
    return cache


def traced_here(folder: Path) -> None:
    """Makes the trace within this process, which has torch already."""
    assert command(opening._command(opening._run(folder), folder)) == 0


@pytest.fixture
def cache(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "cache"))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made during the test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def untraced(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process makes the trace."""
    monkeypatch.setattr(opening, "_tracing", lambda folder: None)


def seen(cache: Path, *said: str) -> Demo:
    """Opens the demo until it is traced; it must be whole and say nothing but `said`."""
    heard: list[str] = []
    with opened(heard.append, cache) as demo:
        if demo.tracing is not None:
            assert demo.tracing.wait(300) == 0
        assert_whole(demo.work)
    assert heard == list(said)
    return demo


def test_the_records_ship_as_a_replay_of_them_leaves_them():
    library = Library(Path(str(records())))
    fingerprint = library.corpus(CORPUS).manifest.fingerprint
    shipped = library.surprisals(CORPUS, "test")
    assert len(shipped) == 11
    for each in shipped.values():
        assert each.manifest.parents["corpus"] == fingerprint  # else the first trace would score it again
        assert each.manifest.error_rate == error_rate(each.nats_RT)
        assert each.manifest.mean_nats == pytest.approx(each.nats_RT.mean(dtype="float64"), abs=1e-12)


def assert_whole(work: Path) -> None:
    for name in json.loads((records() / "files.json").read_text()):
        assert (work / name).read_bytes() == (records() / name).read_bytes(), name
    Trace.read(work / TRACE).check()
    left = [path for path in work.rglob(".*") if path.suffix != ".lock" and path.name != ".opened"]
    assert left == []


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.npy"))}


def demo_process(cache: Path, *, script: str = "") -> subprocess.Popen:
    """Opens the demo, runs `script` with `demo` there, and waits."""
    lines = f"""
import sys, time
from pathlib import Path
from rnnscope.explorer.demo import opening
from rnnscope.records import folder as record_folder
{script}
with opening.opened(lambda line: print(line, file=sys.stderr), Path({str(cache)!r})) as demo:
    print(demo.tracing.pid if demo.tracing else 0, flush=True)
    time.sleep(600)
"""
    return subprocess.Popen([sys.executable, "-c", lines], stdout=subprocess.PIPE, text=True)


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


def test_what_is_broken_in_the_cache_is_mended_and_the_rest_left_alone(cache: Path, untraced: None):
    (work,) = cache.glob("demo-*")
    run = work / TRACE / "../../.."
    weights, ids = run / "weights.safetensors", work / f"corpora/{CORPUS}/ids.npy"
    weights.write_bytes(weights.read_bytes()[:1000])
    ids.unlink()
    (work / f"corpora/{CORPUS}/alphabet.npy").unlink()
    (work / f"corpora/{CORPUS}/alphabet.npy").mkdir()
    config = run / "config.json"
    stamp = config.stat().st_mtime_ns
    seen(cache)
    assert config.stat().st_mtime_ns == stamp


@pytest.mark.parametrize("breakage", ["short", "gone", "manifest", "other run"])
def test_a_broken_trace_is_removed_to_be_made_anew(breakage: str, cache: Path, untraced: None):
    (work,) = cache.glob("demo-*")
    shard, manifest = work / TRACE / SITE / "00007.npy", work / TRACE / "manifest.json"
    if breakage == "short":
        os.truncate(shard, shard.stat().st_size // 2)
    elif breakage == "gone":
        shard.unlink()
    elif breakage == "manifest":
        manifest.write_text(manifest.read_text().replace('"kind"', '"sort"'))
    else:
        told = json.loads(manifest.read_text())
        manifest.write_text(json.dumps(told | {"parents": told["parents"] | {"run": "another"}}))
    with opened(print, cache):
        assert not (work / TRACE).exists()


def test_a_broken_index_goes_and_its_trace_stays(cache: Path, untraced: None):
    (work,) = cache.glob("demo-*")
    columns = work / TRACE / f"../columns/{SITE}"
    before = content(work / TRACE)
    with opened(print, cache):
        assert columns.is_dir()
    os.truncate(columns / "values.npy", 5000)
    with opened(print, cache):
        assert not columns.exists()
    assert content(work / TRACE) == before


def test_what_other_versions_left_goes_after_a_while_and_nothing_else(cache: Path, untraced: None):
    (work,) = cache.glob("demo-*")
    days = 86400
    for name, age in (("demo-0123456789ab", 40), ("demo-ba9876543210", 3), ("other-0123456789", 40)):
        (cache / name).mkdir()
        (cache / name / ".opened").touch()
        then = time.time() - age * days
        for path in (cache / name / ".opened", cache / name):
            os.utime(path, (then, then))
    (cache / ".demo-0123456789ab.lock").touch()
    seen(cache)
    assert {path.name for path in cache.iterdir() if path.is_dir()} == {
        work.name,
        "demo-ba9876543210",
        "other-0123456789",
    }
    assert not (cache / ".demo-0123456789ab.lock").exists()


@pytest.mark.slow
def test_a_temporary_folder_that_a_killed_process_left_goes_at_the_next_start(
    tmp_path: Path, temporary: Path, untraced: None
):
    (tmp_path / "file").write_text("")
    script = f"""
import tempfile
tempfile.tempdir = {str(temporary)!r}
opening._tracing = lambda folder: None
"""
    with demo_process(tmp_path / "file" / "cache", script=script) as process:
        assert process.stdout is not None and process.stdout.readline()
        (of_another,) = temporary.iterdir()
        with opened(lambda line: None, tmp_path / "file" / "cache") as demo:
            assert of_another.is_dir() and not demo.work.is_relative_to(of_another)
        process.kill()
        process.wait()
    with opened(lambda line: None, tmp_path / "file" / "cache") as demo:
        assert list(temporary.iterdir()) == [demo.work.parent]
    assert list(temporary.iterdir()) == []
