"""What is in the demo's cache is looked through at every start: the broken is mended, the left over goes."""

import json
import os
import time
from pathlib import Path

import pytest
from planted_demo import CORPUS, SITE, TRACE, content, demo_process, seen

from rnnscope.explorer.demo.opening import opened


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
