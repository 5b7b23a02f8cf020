"""What every test gets: no network, and War and Peace where it is there."""

import hashlib
import lzma
import os
import socket
from pathlib import Path

import pytest

WAR_AND_PEACE_SHA256 = "fb66ba999dafe24017cdd59e04c56d385a9c8466993d374fd4c6f08b2142985e"
TEST_DATA = Path(os.environ.get("RNNSCOPE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


def _refuse(address: object) -> None:
    host = address[0] if isinstance(address, tuple) else None
    if host is not None and host not in ("127.0.0.1", "::1", "localhost"):
        raise AssertionError(f"tests must not use the network, and this one asked for {host}")


def _local_connect(self: socket.socket, address):  # noqa: ANN001
    _refuse(address)
    return _connect(self, address)


def _local_connect_ex(self: socket.socket, address):  # noqa: ANN001
    _refuse(address)
    return _connect_ex(self, address)


@pytest.fixture(autouse=True, scope="session")
def network_is_refused():
    """Only this machine can be reached; processes that tests start find a proxy that is not there."""
    socket.socket.connect = _local_connect
    socket.socket.connect_ex = _local_connect_ex
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        os.environ[name] = "http://127.0.0.1:9"
    yield
    socket.socket.connect = _connect
    socket.socket.connect_ex = _connect_ex


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder with the large texts."""
    return TEST_DATA


@pytest.fixture(scope="session")
def war_and_peace_path() -> Path:
    path = TEST_DATA / "warpeace_input.txt.xz"
    if not path.is_file():
        pytest.skip(f"War and Peace is not in {TEST_DATA} (set RNNSCOPE_TEST_DATA)")
    return path


@pytest.fixture(scope="session")
def war_and_peace_bytes(war_and_peace_path: Path) -> bytes:
    content = lzma.decompress(war_and_peace_path.read_bytes())
    assert hashlib.sha256(content).hexdigest() == WAR_AND_PEACE_SHA256
    return content
