"""Who may ask the explorer, and what every answer carries."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, WebSocket
from starlette.websockets import WebSocketDisconnect

from rnnscope.explorer.app import create_app
from rnnscope.explorer.guard import HEADERS, LOCAL_HOSTS, MOST_BODY_BYTES, Guard

with warnings.catch_warnings():
    # Starlette would have another httpx for its own client
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

TOKEN = "the-token-that-was-printed"
BASE = "http://127.0.0.1:8015"


def client_of(work: Path, base: str = BASE, **settings) -> TestClient:
    return TestClient(
        create_app(work, **settings), base_url=base, raise_server_exceptions=False, follow_redirects=False
    )


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return client_of(tmp_path)


@pytest.fixture
def tokened(tmp_path: Path) -> TestClient:
    return client_of(tmp_path, "http://box:8015", token=TOKEN, hosts=(*LOCAL_HOSTS, "box"))


@pytest.mark.parametrize("host", ["127.0.0.1:8015", "localhost:8015", "LOCALHOST", "[::1]:8015", "127.0.0.1"])
def test_its_own_names_are_answered(client: TestClient, host: str):
    assert client.get("/api/library", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8015",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "127.0.0.1@evil.example",
        "evil.example@127.0.0.1",
        "[::1].evil.example",
        "[::1]x",
        "192.168.1.5:8015",
        "127.0.0.1:8015:1",
        "",
    ],
)
def test_another_name_of_this_machine_is_refused(client: TestClient, host: str):
    answer = client.get("/api/library", headers={"host": host})
    assert answer.status_code == 400 and "host" in answer.text


def test_two_host_headers_are_refused(client: TestClient):
    headers = httpx.Headers([("host", "127.0.0.1:8015"), ("host", "evil.example")])
    assert client.get("/api/library", headers=headers).status_code == 400


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "http://[broken", "file://"]
)
def test_a_page_of_another_site_may_not_ask_nor_send(client: TestClient, origin: str):
    for method in ("GET", "POST"):
        answer = client.request(method, "/api/library", headers={"origin": origin})
        assert answer.status_code == 403, method
    assert client.get("/api/library", headers={"origin": BASE}).status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_foreign_page_may_link_to_a_view_and_fetch_nothing(client: TestClient, site: str):
    linked = {"sec-fetch-site": site, "sec-fetch-mode": "navigate"}
    assert client.get("/text", headers=linked).status_code == 200
    assert client.get("/api/library", headers=linked).status_code == 403
    for path in ("/text", "/api/library", "/static/app.js"):
        fetched = {"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}
        assert client.get(path, headers=fetched).status_code == 403, path
    own = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
    assert client.get("/api/library", headers=own).status_code == 200


def with_echo() -> TestClient:
    app = FastAPI()

    @app.websocket("/echo")
    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("here")

    @app.get("/fails")
    def fails() -> None:
        raise ValueError("a bug of ours")

    app.add_middleware(Guard)
    return TestClient(app, base_url=BASE, raise_server_exceptions=False)


def test_a_websocket_of_another_site_is_closed_before_it_is_open():
    client = with_echo()
    with client.websocket_connect("/echo", headers={"host": "127.0.0.1:8015", "origin": BASE}) as socket:
        assert socket.receive_text() == "here"
    for headers in ({"origin": "http://evil.example"}, {"origin": BASE, "host": "evil.example"}):
        with (
            pytest.raises(WebSocketDisconnect) as closed,
            client.websocket_connect("/echo", headers={"host": "127.0.0.1:8015", **headers}),
        ):
            pass
        assert closed.value.code == 1008


@pytest.mark.parametrize(
    "path",
    "/ /text /static/app.js /static/vega.js /api/library /api/openapi.json /nowhere /api/nowhere "
    "/static/nowhere /api/findings/no/where".split(),
)
def test_every_answer_says_what_a_browser_may_do_with_it(client: TestClient, path: str):
    answer = client.get(path)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_refusals_and_failures_carry_the_headers_too_and_tell_nothing_of_the_inside(client: TestClient):
    refused = client.get("/", headers={"host": "evil.example"})
    wrong = client.delete("/api/library")
    failed = with_echo().get("/fails")
    assert (wrong.status_code, failed.status_code) == (405, 500)
    assert "bug of ours" not in failed.text
    assert failed.json()["error"].startswith("the explorer failed")
    for answer in (refused, wrong, failed):
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_a_body_is_bounded_and_says_its_length(client: TestClient):
    large = client.post("/api/library", content=b"x" * (MOST_BODY_BYTES + 1))
    assert large.status_code == 413

    def stream() -> Iterator[bytes]:
        yield b"x"

    assert client.post("/api/library", content=stream()).status_code == 411


def test_without_its_token_nothing_is_answered(tokened: TestClient):
    for path in ("/", "/text", "/static/app.js", "/api/library", "/api/openapi.json"):
        assert tokened.get(path).status_code == 403, path
        for wrong in ("", TOKEN[:-1], TOKEN + "x", "%00", "%ff", "é"):
            assert tokened.get(f"{path}?token={wrong}").status_code == 403, (path, wrong)


def test_the_token_moves_from_the_address_into_a_cookie_of_this_port(tokened: TestClient):
    opened = tokened.get("/units", params={"token": TOKEN, "unit": "1.3", "corpus": "a&b"})
    assert opened.status_code == 303
    assert opened.headers["location"] == "/units?unit=1.3&corpus=a%26b"
    cookie = opened.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and cookie.startswith("rnnscope-")
    assert tokened.get("/units").status_code == 200
    assert tokened.get("/api/library").status_code == 200


def test_a_program_may_give_the_token_with_each_request(tokened: TestClient):
    assert tokened.get("/api/library", params={"token": TOKEN}).status_code == 200
    assert tokened.get("/api/library", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert tokened.get("/api/library", headers={"authorization": "Bearer no"}).status_code == 403


@pytest.mark.parametrize("cookie", ['theirs={"a": 1}; other=,;=', "=; ;;", "a=é", "rnnscope=; \x7f"])
def test_the_cookies_of_other_servers_of_this_host_lock_nobody_out(tokened: TestClient, cookie: str):
    name = tokened.get("/", params={"token": TOKEN}).headers["set-cookie"].partition("=")[0]
    tokened.cookies.clear()
    whole = f"{cookie}; {name}={TOKEN}".encode()
    answer = tokened.get("/api/library", headers=[(b"cookie", whole)])
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "/%2f%2fevil.example", "/\\evil.example", "/%5cevil.example", "/%09/evil.example"],
)
def test_taking_the_token_leads_to_no_other_site(tokened: TestClient, path: str):
    answer = tokened.get(f"http://box:8015{path}?token={TOKEN}")
    where = answer.headers.get("location", "/")
    assert where.startswith("/") and where[1:2] not in ("/", "\\") and "\n" not in where


def test_behind_a_token_an_address_in_numbers_is_answered_and_a_foreign_name_is_not(tokened: TestClient):
    params = {"token": TOKEN}
    for host, status in (("192.168.1.5:8015", 200), ("[fe80::1]:8015", 200), ("evil.example:8015", 400)):
        answer = tokened.get("/api/library", params=params, headers={"host": host})
        assert answer.status_code == status, host


@pytest.mark.parametrize(
    "path",
    [
        "/static/../guard.py",
        "/static/..%2fguard.py",
        "/static/%2e%2e/%2e%2e/guard.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/app.js%00",
        "/static/" + "a" * 5000,
        "/..%2f..%2fetc%2fpasswd",
        "/index.html",
    ],
)
def test_a_path_reaches_no_file(client: TestClient, path: str):
    answer = client.get(path)
    assert answer.status_code == 404 and "root:" not in answer.text and "import" not in answer.text


@pytest.mark.parametrize(
    "name",
    ["%2e%2e%2f", "..%2f..%2fetc", "%2e%2e", "%00", "a%00b", ".hidden", "a" * 4000, "%ff", "*", "[!.]*"],
)
def test_a_name_is_looked_up_and_never_a_path(client: TestClient, name: str):
    for path in (f"/api/findings/{name}/comparison", f"/api/models/{name}", f"/api/questions/{name}"):
        assert client.get(path).status_code in (404, 422), path
