# pyright: reportAttributeAccessIssue=false
"""Two processes under torchrun train the network that one does, and go on after a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from rnnscope.errors import ConfigError
from rnnscope.training.batches import Window
from rnnscope.training.group import ALONE, Group

LINES = [f"let x{n % 13} = f{n % 7}(x{n * 31 % 13}) + {n * 7919 % 1000};" for n in range(2500)]
SETTINGS = [
    "--layers",
    "2",
    "--hidden",
    "24",
    "--set",
    "epochs=6",
    "--set",
    "dropout=0.2",
    "--set",
    "precision=float32",
]


def environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}


def training(work: Path, name: str, processes: int, *more: str) -> list[str]:
    command = [sys.executable, "-m", "rnnscope"]
    if processes > 1:
        started = ["torch.distributed.run", "--nproc-per-node", str(processes)]
        # no rendezvous over the network: one node, a free port of this machine
        command = [
            sys.executable,
            "-m",
            *started,
            "--standalone",
            "--local-addr",
            "127.0.0.1",
            "-m",
            "rnnscope",
        ]
    return [*command, "train", "lines", "--work", str(work), "--name", name, *SETTINGS, *more]


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, env=environment(), timeout=170, check=False
    )


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("group")
    (folder / "lines.js").write_text("\n".join(LINES))
    build = [sys.executable, "-m", "rnnscope", "corpus", "build", str(folder / "lines.js"), "--name", "lines"]
    subprocess.run([*build, "--work", str(folder)], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def together(work: Path) -> Path:
    """A run of two processes that nothing disturbed."""
    done = run(training(work, "together", 2, "--json"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["run"] == "lines/together"  # one process speaks
    return work / "runs" / "lines" / "together"


@pytest.mark.slow
def test_two_processes_train_the_network_that_one_trains(work: Path, together: Path):
    assert run(training(work, "alone", 1)).returncode == 0
    one, two = (load_file(folder / "weights.safetensors") for folder in (together.parent / "alone", together))
    for name, weight in one.items():
        np.testing.assert_allclose(two[name], weight, rtol=1e-3, atol=1e-4)
    losses = [
        json.loads((together.parent / name / "manifest.json").read_text()) for name in ("alone", "together")
    ]
    assert losses[0]["validation_nats"] == pytest.approx(losses[1]["validation_nats"], abs=1e-4)
    assert losses[1]["machine"]["processes"] == 2 and "processes" not in losses[0]["machine"]


@pytest.mark.slow
def test_killed_together_they_go_on_as_if_nothing_had_happened(work: Path, together: Path):
    process = subprocess.Popen(
        training(work, "killed", 2),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
        start_new_session=True,
    )
    folder, ending = work / "runs" / "lines" / "killed", time.monotonic() + 120
    try:
        while not list(folder.glob("checkpoints/*.safetensors")):
            assert time.monotonic() < ending and process.poll() is None, "no checkpoint was made"
            time.sleep(0.02)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
    assert not (folder / "manifest.json").exists(), "it was done before it was killed"
    done = run(training(work, "killed", 2))
    assert done.returncode == 0, done.stderr
    assert (folder / "weights.safetensors").read_bytes() == (together / "weights.safetensors").read_bytes()
    assert (folder / "log.jsonl").read_text() == (together / "log.jsonl").read_text()


def test_streams_are_shared_evenly_or_not_at_all():
    with pytest.raises(ConfigError, match="streams=32 cannot be shared evenly by 3 processes"):
        Group(0, 3).check(32)
    ids = np.arange(24).reshape(3, 8)
    whole = Window(ids, ids + 1, np.arange(8) % 2 == 0)
    parts = [Group(rank, 4).window(whole) for rank in range(4)]
    assert np.array_equal(np.concatenate([part.inputs_TB for part in parts], axis=1), whole.inputs_TB)
    assert np.array_equal(np.concatenate([part.fresh_B for part in parts]), whole.fresh_B)
    assert ALONE.window(whole).inputs_TB.shape == (3, 8) and ALONE.from_first(7) == 7
