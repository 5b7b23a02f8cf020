# pyright: reportMissingImports=false
"""Runs on a real cluster of two nodes, one of which is killed while it trains: the same networks to the last
bit."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ray = pytest.importorskip("ray")

LINES = [f"let x{n % 13} = f{n % 7}(x{n * 31 % 13}) + {n * 7919 % 1000};" for n in range(2500)]
SCRIPT = [sys.executable, "-m", "rnnscope"]
PATIENCE_S = 400

CLUSTER = """
import json, os, signal, sys, time
import ray
from ray.cluster_utils import Cluster
head = dict(node_ip_address="127.0.0.2", num_cpus=0, include_dashboard=False)
cluster = Cluster(initialize_head=True, head_node_args=head)
other = cluster.add_node(num_cpus=2, node_ip_address="127.0.0.3")
print(json.dumps({"address": cluster.address}), flush=True)
for line in sys.stdin:
    if line.strip() == "kill":
        cluster.remove_node(other, allow_graceful=False)
        other = cluster.add_node(num_cpus=2, node_ip_address="127.0.0.3")
        print("killed", flush=True)
cluster.shutdown()
"""


def environment() -> dict[str, str]:
    return os.environ | {
        "OMP_NUM_THREADS": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
    }


def grid(text: Path, work: Path, *more: str) -> list[str]:
    options = ["--params", "40k", "--cells", "lstm,rnn", "--layers", "1", "--set", "epochs=20"]
    return [
        *SCRIPT,
        "study",
        str(text),
        "--scale",
        "smoke",
        "--grid",
        "figure1",
        *options,
        "--work",
        str(work),
        *more,
    ]


def weights(work: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in work.glob("runs/*/*/weights.safetensors")}


def wait_for(what: Callable, reason: str):
    ending = time.monotonic() + PATIENCE_S
    while not (found := what()):
        assert time.monotonic() < ending, reason
        time.sleep(0.1)
    return found


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "lines.js"
    path.write_text("\n".join(LINES))
    return path


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_node_killed_in_mid_run_changes_no_bit_of_any_network(text: Path, tmp_path: Path):
    local = subprocess.run(grid(text, tmp_path / "local"), capture_output=True, text=True, env=environment())
    assert local.returncode == 0, local.stderr
    far, said = tmp_path / "far", tmp_path / "said"
    with (
        subprocess.Popen(
            [sys.executable, "-c", CLUSTER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        ) as cluster,
        said.open("w") as errors,
    ):
        try:
            _study_through_a_death(cluster, text, far, errors, said)
            cluster.communicate(timeout=PATIENCE_S)
        finally:
            cluster.kill()
    assert len(weights(far)) == 2 and weights(far) == weights(tmp_path / "local")
    for path in (tmp_path / "local").glob("runs/*/*/log.jsonl"):
        assert path.read_text() == (far / path.relative_to(tmp_path / "local")).read_text()


def _study_through_a_death(cluster, text: Path, far: Path, errors, said: Path) -> None:
    address = json.loads(cluster.stdout.readline())["address"]
    command = grid(text, far, "--ray", address)
    study = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=environment())
    try:
        checkpoint = wait_for(
            lambda: study.poll() is not None or list(far.glob("runs/*/*/checkpoints/*.safetensors")),
            "no checkpoint ever came back",
        )
        assert study.poll() is None and checkpoint, said.read_text()
        cluster.stdin.write("kill\n")
        cluster.stdin.flush()
        assert cluster.stdout.readline().strip() == "killed"
        assert weights(far) == {}, "the runs were done before their node was killed"
        assert study.wait(timeout=PATIENCE_S) == 0, said.read_text()
    finally:
        study.kill()
        study.wait(timeout=60)


def rnnscope(*arguments: str, work: Path) -> dict:
    command = [*SCRIPT, *arguments, "--work", str(work), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_statistics_of_units_are_the_same_numbers_on_a_cluster_and_here(text: Path, tmp_path: Path):
    work = tmp_path / "work"
    rnnscope("corpus", "build", str(text), "--name", "lines", "--split", "streams", work=work)
    rnnscope("train", "lines", "--hidden", "8", "--set", "epochs=1", "--name", "tiny", work=work)
    count = ["statistics", "lines/tiny", "--part", "train"]
    here = rnnscope(*count, "--processes", "2", work=work)
    before = sorted(work.rglob("*"))
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as cluster:
        try:
            assert cluster.stdout is not None
            address = json.loads(cluster.stdout.readline())["address"]
            far = rnnscope(*count, "--ray", address, work=work)
            elsewhere = shutil.copytree(work / "runs" / "lines" / "tiny", tmp_path / "elsewhere")
            command = [*SCRIPT, "statistics", str(elsewhere), "--ray", address, "--work", str(work)]
            refused = subprocess.run(command, capture_output=True, text=True, env=environment())
            cluster.communicate(timeout=PATIENCE_S)
        finally:
            cluster.kill()
    assert far == here and here["steps"] > 10_000
    assert refused.returncode == 2 and f"is not in '{work}'" in refused.stderr.splitlines()[-1]
    assert sorted(work.rglob("*")) == before, "something was left behind"
    assert rnnscope("statistics", "lines/tiny", work=work)["units"] != here["units"]


def test_no_cluster_is_one_clear_line(text: Path, tmp_path: Path):
    done = subprocess.run(
        grid(text, tmp_path / "work", "--ray", "127.0.0.1:1"),
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert done.returncode == 2 and "no Ray cluster at '127.0.0.1:1'" in done.stderr.splitlines()[-1]
