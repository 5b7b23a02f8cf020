"""A network at work over HTTP and the WebSocket: what it says, that it stops, and what it refuses."""

import base64
import json
from pathlib import Path

import httpx
import numpy as np
import pytest
from planted_reader import COLUMN_UNIT, QUOTE_UNIT
from planted_speaker import speaker_work
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from rnnscope.explorer.live import Networks
from rnnscope.records.corpus import find_corpus
from rnnscope.records.run import find_run

TEXT = "abc “de fg” h"


@pytest.fixture(scope="module")
def live(small_work, served):
    with served(small_work, live=Networks()) as base:
        yield base


def post(base: str, where: str, **asked) -> httpx.Response:
    return httpx.post(f"{base}/api/live/tales/{where}", json=asked, timeout=60, trust_env=False)


def socket(base: str, run: str = "reader", **settings):
    return connect(f"{base.replace('http', 'ws')}/api/live/tales/{run}", proxy=None, **settings)


def answers(connection, **message) -> list[dict]:
    """All that comes until it is done or refused."""
    connection.send(json.dumps(message))
    heard = []
    while not heard or heard[-1]["kind"] not in ("done", "stopped", "refused"):
        heard.append(json.loads(connection.recv(timeout=60)))
    return heard


def test_what_is_read_has_the_networks_own_chances_surprise_and_units(live, small_work: Path):
    from rnnscope.studies.jobs import load

    answer = post(live, "lstm/read", text=TEXT, likeliest=3).json()["readings"]
    corpus, network = find_corpus(small_work, "tales"), load(find_run(small_work, "tales/lstm"))
    ids = corpus.alphabet.encode(TEXT.encode())
    log_TV = next(iter(network.log_prob_blocks(ids[None].astype(np.int64))))[:, 0]
    assert answer["text"] == TEXT and answer["nats"][0] is None
    np.testing.assert_allclose(answer["nats"][1:], -log_TV[np.arange(len(ids) - 1), ids[1:]], rtol=1e-3)
    assert [each[0] for each in answer["likeliest"]] == log_TV.argmax(-1).tolist()
    block = next(iter(network.record_blocks(ids[None].astype(np.int64), ["layers.1.tanh_c"])))
    units = np.frombuffer(base64.b64decode(answer["units"][1]), dtype=np.int8).reshape(len(ids), -1)
    np.testing.assert_allclose(units / 127, block["layers.1.tanh_c"][0], atol=0.005)


def test_the_planted_unit_is_on_inside_quotes_and_holding_it_holds_it(live):
    def quote(**asked) -> np.ndarray:
        units = base64.b64decode(post(live, "reader/read", text=TEXT, **asked).json()["readings"]["units"][0])
        return np.frombuffer(units, dtype=np.int8).reshape(len(TEXT), -1)[:, QUOTE_UNIT] / 127

    inside = np.array([4 <= at < 10 for at in range(len(TEXT))])
    assert (quote() > 0.6).tolist() == inside.tolist()
    held = quote(holds=[{"unit": f"1.{QUOTE_UNIT}", "value": 0.5}])
    np.testing.assert_allclose(held, 0.5, atol=0.01)


def test_holding_the_quote_unit_makes_quotes_and_holding_a_still_unit_changes_nothing(
    small_work, served, tmp_path
):
    with served(speaker_work(small_work, tmp_path / "work"), live=Networks()) as base:

        def written(*holds: int) -> dict:
            held = [{"unit": f"1.{unit}", "value": 0.9} for unit in holds]
            return post(base, "reader/write", prime="abc", chars=300, seed=3, holds=held).json()

        free, quote, still = written(), written(QUOTE_UNIT), written(COLUMN_UNIT)
        assert quote == written(QUOTE_UNIT)
    assert free["written"]["alone"] is None and free["change"] is None
    alone = free["written"]["held"]["text"]
    assert alone == quote["written"]["alone"]["text"] == still["written"]["alone"]["text"]
    assert quote["written"]["held"]["text"].count("”") > 3 * (alone.count("”") + 1)
    assert still["written"]["held"]["text"] == alone
    assert quote["change"]["nats"] > 0.1 and abs(still["change"]["nats"]) < 1e-9
    assert quote["change"]["more"][0]["symbol"] == "”" and len(quote["change"]["controls"]) == 7


def test_what_the_alphabet_does_not_know_is_left_out_and_told_in_one_line(live):
    answer = post(live, "reader/read", text="aéb☃").json()
    assert answer["readings"]["text"] == "ab"
    assert "é ☃" in answer["note"] and "\n" not in answer["note"]
    assert post(live, "reader/read", text="").json()["readings"]["text"] == ""
    refused = post(live, "reader/write", prime="☃")
    assert refused.status_code == 422 and "at least one character" in refused.json()["error"]


@pytest.mark.parametrize(
    ("run", "asked", "expected"),
    [
        ("reader/write", {"holds": [{"unit": "1.8", "value": 0.5}]}, "units 0 to 7"),
        ("reader/write", {"holds": [{"unit": "2.0", "value": 0.5}]}, "one layer"),
        ("reader/write", {"holds": [{"unit": "1.0", "value": 1}]}, "0.99"),
        ("reader/write", {"holds": [{"unit": "1.0", "value": 0.1}] * 2}, "twice"),
        ("reader/write", {"watch": "1.999"}, "units 0 to 7"),
        ("reader/write", {"chars": 10**9}, "less than or equal"),
        ("reader/write", {"temperature": -1}, "greater than or equal"),
        ("reader/read", {"text": "a" * 10**5}, "at most"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(live, run, asked, expected):
    answer = post(live, run, **({"text": "a"} if run.endswith("read") else {"prime": "a"}) | asked)
    assert answer.status_code == 422 and expected in answer.json()["error"]
    assert post(live, "nothing/read", text="a").status_code == 404


def test_a_stream_says_what_one_answer_says(live):
    asked = {
        "prime": "abc",
        "chars": 150,
        "seed": 5,
        "watch": "1.2",
        "holds": [{"unit": "1.2", "value": 0.8}],
    }
    whole = post(live, "reader/write", **asked).json()
    with socket(live) as connection:
        heard = answers(connection, kind="write", id=7, **asked)
    batches = [each for each in heard if each["kind"] == "written"]
    assert {each["id"] for each in heard} == {7}
    assert "".join(each["held"]["text"] for each in batches) == whole["written"]["held"]["text"]
    assert [value for each in batches for value in each["alone"]["values"]] == whole["written"]["alone"][
        "values"
    ]
    assert [each["kind"] for each in heard[-2:]] == ["change", "done"]
    assert {**heard[-2], "id": None} == {**whole["change"], "id": None}


def test_typing_on_sends_the_new_characters_alone(live):
    with socket(live) as connection:
        first = answers(connection, kind="read", text="abc def")
        more = answers(connection, kind="read", text="abc degh")
    assert "".join(each["text"] for each in first[:-1]) == "abc def"
    assert (more[0]["first"], "".join(each["text"] for each in more[:-1])) == (6, "gh")


def test_a_stop_ends_the_stream_and_what_is_asked_next_is_answered(live):
    with socket(live) as connection:
        connection.send(json.dumps({"kind": "write", "prime": "abc", "chars": 10_000, "id": 1}))
        assert json.loads(connection.recv(timeout=60))["id"] == 1
        connection.send(json.dumps({"kind": "stop", "id": 2}))
        heard = [json.loads(connection.recv(timeout=60))]
        while heard[-1]["id"] != 2:
            heard.append(json.loads(connection.recv(timeout=60)))
        assert heard[-1]["kind"] == "stopped" and "done" not in {each["kind"] for each in heard}
        assert answers(connection, kind="read", text="ab", id=3)[-1] == {"kind": "done", "note": "", "id": 3}


@pytest.mark.parametrize(
    "message", ["", "[]", "{}", "null", "[" * 200, '{"kind": "write", "chars": 0}', '{"kind": "fly"}']
)
def test_a_broken_message_is_refused_and_the_socket_lives(live, message):
    with socket(live) as connection:
        connection.send(message)
        assert json.loads(connection.recv(timeout=60))["kind"] == "refused"
        assert answers(connection, kind="read", text="a")[-1]["kind"] == "done"


def test_a_page_of_another_site_gets_no_socket(live):
    with pytest.raises((InvalidStatus, ConnectionClosed)):
        socket(live, origin="http://evil.example").__enter__()


def test_read_only_runs_no_network_and_says_so(small_explorer):
    assert (
        "--read-only"
        in httpx.get(f"{small_explorer}/api/live/tales/reader", trust_env=False).json()["why_not"]
    )
    assert post(small_explorer, "reader/read", text="a").status_code == 422
    with socket(small_explorer) as connection:
        assert "--read-only" in answers(connection, kind="read", text="a")[0]["error"]
