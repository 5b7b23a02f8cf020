"""Compiling at first use: once, whole or not at all, and never what the processor cannot run."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rnnscope.errors import BackendError, ConfigError
from rnnscope.recurrence.native.building import built, loaded
from rnnscope.recurrence.native.variants import SWITCH, VARIANTS, processor_features, variant_for

ALL = frozenset("avx2 fma f16c avx512f avx512bw avx512vl avx512dq avx512_bf16".split())
WHOLE = '#include "part.h"\nextern "C" int answer() { return ANSWER; }\n'


@pytest.fixture
def sources(tmp_path, monkeypatch, can_compile) -> Path:
    """A step.cpp that compiles in no time, and a cache of its own."""
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "step.cpp").write_text(WHOLE)
    (folder / "part.h").write_text("#define ANSWER 42\n")
    monkeypatch.setenv("RNNSCOPE_CACHE", str(tmp_path / "cache"))
    return folder


def kept(tmp_path: Path) -> list[str]:
    return sorted(path.suffix for path in (tmp_path / "cache").iterdir() if path.suffix != ".lock")


def test_it_is_compiled_once_and_again_only_for_another_source(sources, tmp_path):
    heard: list[str] = []
    first = built(VARIANTS["float32-avx2"], heard.append, sources)
    assert built(VARIANTS["float32-avx2"], heard.append, sources) == first and len(heard) == 1
    (sources / "part.h").write_text("#define ANSWER 43\n")
    assert built(VARIANTS["float32-avx2"], heard.append, sources) != first and len(heard) == 2
    assert kept(tmp_path) == [".so", ".so"]


def test_two_processes_at_once_compile_once(sources, tmp_path):
    code = (
        "from pathlib import Path; import sys; from rnnscope.recurrence.native.building import built;"
        "from rnnscope.recurrence.native.variants import VARIANTS;"
        "print(built(VARIANTS['float32-avx2'], lambda line: print('compiles'), Path(sys.argv[1])))"
    )
    several = [
        subprocess.Popen([sys.executable, "-c", code, str(sources)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=100)[0].split() for process in several]
    assert sum("compiles" in words for words in said) == 1
    assert len({words[-1] for words in said}) == 1 and kept(tmp_path) == [".so"]


def test_broken_source_says_where_the_compilers_words_are(sources, tmp_path):
    (sources / "part.h").write_text("#define ANSWER no_such_name\n")
    with pytest.raises(BackendError, match=r"could not compile it; its words are in '.*\.log'"):
        built(VARIANTS["float32-avx2"], print, sources)
    assert kept(tmp_path) == [".log"]
    assert "no_such_name" in next((tmp_path / "cache").glob("*.log")).read_text()


def test_without_a_compiler_the_reason_names_one(sources, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(BackendError, match=r"no C\+\+ compiler"):
        built(VARIANTS["float32-avx2"], print, sources)


def test_a_library_that_cannot_be_loaded_is_named(sources):
    library = built(VARIANTS["float32-avx2"], print, sources)
    library.write_bytes(library.read_bytes()[:100])
    with pytest.raises(BackendError, match=r"cannot be loaded .* remove it, or name a folder"):
        loaded(VARIANTS["float32-avx2"], print, sources)


def test_a_cache_that_cannot_be_written_is_named(sources, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RNNSCOPE_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(BackendError, match=r"cannot be written .* RNNSCOPE_CACHE names another folder"):
        built(VARIANTS["float32-avx2"], print, sources)


def test_killed_in_mid_compile_leaves_no_library_and_the_next_one_makes_it(sources, tmp_path, monkeypatch):
    slow = tmp_path / "slow-compiler"
    slow.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && { echo slow; exit 0; }\n'
        f'touch {tmp_path}/started\n[ -e {tmp_path}/quick ] || sleep 60\nexec {shutil.which("c++")} "$@"\n'
    )
    slow.chmod(0o755)
    monkeypatch.setenv("CXX", str(slow))
    code = (
        "from pathlib import Path; import sys; from rnnscope.recurrence.native.building import built;"
        "from rnnscope.recurrence.native.variants import VARIANTS;"
        "built(VARIANTS['float32-avx2'], print, Path(sys.argv[1]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(sources)], start_new_session=True)
    try:
        ending = time.monotonic() + 60
        while not (tmp_path / "started").exists():
            assert time.monotonic() < ending and process.poll() is None, "the compiler was never started"
            time.sleep(0.02)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
    assert ".so" not in kept(tmp_path)
    (tmp_path / "quick").touch()
    assert built(VARIANTS["float32-avx2"], print, sources).is_file()


def test_a_variant_is_taken_only_where_the_processor_has_all_of_it(monkeypatch):
    monkeypatch.delenv(SWITCH, raising=False)
    assert variant_for("bfloat16", ALL).name == "bfloat16-avx512"
    assert variant_for("float32", ALL).name == "float32-avx512"
    assert variant_for("float32", ALL - {"avx512dq"}).name == "float32-avx2"
    stand_in = variant_for("bfloat16", ALL - {"avx512_bf16"})
    assert stand_in.name == "bfloat16-avx2" and stand_in.is_stand_in
    assert not any(
        variant_for(precision, ALL).is_stand_in for precision in ("bfloat16", "float32", "float64")
    )
    with pytest.raises(BackendError, match="no f16c"):
        variant_for("bfloat16", frozenset({"avx2", "fma"}))
    with pytest.raises(BackendError, match="no fma"):
        variant_for("float32", frozenset({"avx2"}))
    with pytest.raises(BackendError, match="x86-64"):
        variant_for("float32", frozenset())


def test_the_environment_can_turn_it_off_or_ask_for_less_but_never_for_more(monkeypatch):
    monkeypatch.setenv(SWITCH, "avx2")
    assert variant_for("float32", ALL).name == "float32-avx2"
    assert variant_for("bfloat16", ALL).name == "bfloat16-avx2"
    monkeypatch.setenv(SWITCH, "avx512")
    assert variant_for("float32", frozenset({"avx2", "fma"})).name == "float32-avx2"
    monkeypatch.setenv(SWITCH, "off")
    with pytest.raises(BackendError, match="RNNSCOPE_NATIVE=off"):
        variant_for("float32", ALL)
    monkeypatch.setenv(SWITCH, "sse")
    with pytest.raises(ConfigError, match="off, avx2 or avx512"):
        variant_for("float32", ALL)


def test_features_are_read_in_linuxs_words(tmp_path, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nflags\t\t: fpu avx2 fma\nflags\t\t: other\n")
    assert processor_features(tmp_path / "cpuinfo") == {"fpu", "avx2", "fma"}
    assert processor_features(tmp_path / "nothing") == frozenset()
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert processor_features(tmp_path / "cpuinfo") == frozenset()
