"""`rnnscope doctor` says what is in use, and why not where it is not."""

import json
import os
import subprocess
import sys
from pathlib import Path


def doctor(cache: Path, *more: str, **environment: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "rnnscope", "doctor", "--json", *more],
        capture_output=True,
        text=True,
        env=os.environ | {"RNNSCOPE_CACHE": str(cache)} | environment,
        check=True,
    )
    return json.loads(done.stdout)


def test_it_says_what_is_off_and_why(tmp_path: Path):
    said = doctor(tmp_path, RNNSCOPE_NATIVE="off")
    for precision, state in said["native_step"].items():
        assert precision == "cache" or "not here: the environment says RNNSCOPE_NATIVE=off" in state
    assert said["native_step"]["cache"] == str(tmp_path)


def test_what_will_be_compiled_is_told_and_can_be_compiled_now(tmp_path: Path, can_compile):
    before = doctor(tmp_path)["native_step"]["float64 (tests)"]
    assert "will be compiled at first use" in before and list(tmp_path.iterdir()) == []
    after = doctor(tmp_path, "--build")["native_step"]["float64 (tests)"]
    assert "compiled, " in after and len(list(tmp_path.glob("*.so"))) >= 2


def test_what_stands_in_for_the_processors_own_products_is_told(tmp_path: Path, can_compile):
    state = doctor(tmp_path, RNNSCOPE_NATIVE="avx2")["native_step"]["bfloat16 (training)"]
    assert state.startswith("bfloat16-avx2, products spelled out, for tests: ")
