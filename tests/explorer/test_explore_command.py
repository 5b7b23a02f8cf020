"""`rnnscope explore` as a process: its address, a port that is taken, its end, the demo from a wheel."""

import re
import socket
import subprocess
import sys
import time
import venv
from pathlib import Path

import httpx
import pytest
from explore_process import ROOT, ended, started
from websockets.sync.client import connect


@pytest.mark.slow
def test_a_taken_port_gives_the_next_and_ctrl_c_ends_it_with_sockets_open(small_work):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with started(str(small_work), "--port", str(port)) as (process, address, said):
            assert f"port {port} is taken" in said[0] and f":{port}/" not in address
            assert httpx.get(f"{address}api/library", trust_env=False, timeout=60).json()["is_live"]
            with connect(f"{address.replace('http', 'ws')}api/live/tales/reader", proxy=None) as open_socket:
                open_socket.send('{"kind": "write", "prime": "abc", "chars": 10000}')
                open_socket.recv(timeout=60)
                assert ended(process) < 10


@pytest.mark.slow
def test_another_address_wants_the_token_that_it_says(small_work):
    with started(str(small_work), "--host", "0.0.0.0", "--read-only") as (process, address, _):
        address = re.sub(r"//[^/]+:", "//127.0.0.1:", address)
        base, _, _ = address.partition("?")
        assert httpx.get(f"{base}api/library", trust_env=False, timeout=60).status_code == 403
        with httpx.Client(trust_env=False, follow_redirects=True, timeout=60) as client:
            assert client.get(address).status_code == 200
            assert client.get(f"{base}api/library").json()["is_live"] is False
        ended(process)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_installed_wheel_shows_the_demo_without_a_network(tmp_path: Path):
    wheel = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(wheel, check=True, capture_output=True)
    venv.create(tmp_path / "venv", with_pip=False, system_site_packages=False)
    python = str(tmp_path / "venv" / "bin" / "python")
    site = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-e", str(next(tmp_path.glob("*.whl"))), str(site)], check=True
    )
    others = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "others.pth").write_text(others + "\n")
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": ""}
    with started("--demo", python=python, cwd=tmp_path, **cache) as (process, shown, _):
        address, _, view = shown.rpartition("/")
        address += "/"
        assert view == "text?unit=1.82"
        assert (site / "rnnscope" / "explorer" / "demo" / "records" / "files.json").is_file()
        with httpx.Client(trust_env=False, timeout=60) as client:
            library = client.get(f"{address}api/library").json()
            (run,) = library["corpora"][0]["runs"]
            asked = {"prime": "He said", "chars": 400, "holds": [{"unit": "1.105", "value": 0.95}], "seed": 1}
            where = f"{address}api/live/{library['corpora'][0]['name']}/{run['name']}/write"
            written = client.post(where, json=asked).json()["written"]
            # 32 a thousand characters against 3, as measured over three seeds
            assert written["held"]["text"].count('"') > written["alone"]["text"].count('"') + 3
            deadline = time.monotonic() + 200
            while not client.get(f"{address}api/library").json()["corpora"][0]["runs"][0]["traces"]:
                assert time.monotonic() < deadline
                time.sleep(0.3)
        ended(process)
