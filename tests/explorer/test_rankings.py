"""A ranking says how far it is, there is one at a time, and one that nobody waits for ends."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from rnnscope.cli.main import run as command
from rnnscope.errors import ConfigError
from rnnscope.explorer.rankings import Rankings
from rnnscope.explorer.views import search
from rnnscope.progress import OnShare

HYPOTHESIS = "/api/search/hypothesis/tales/reader/test"
LONGEST_S = 60


async def stays() -> bool:
    return False


class Held:
    """A ranking that goes on until it is let go, block after block."""

    def __init__(self, value: str = "") -> None:
        self.value = value
        self.has_begun, self.may_end, self.has_ended = (threading.Event() for _ in range(3))

    def __call__(self, told: OnShare) -> str:
        self.has_begun.set()
        try:
            while not self.may_end.wait(0.001):
                told(0.37)
        finally:
            self.has_ended.set()
        return self.value


def in_a_loop(work: Coroutine[None, None, None]) -> None:
    """In a thread of its own: where a browser was opened, this one has a loop already."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


async def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_S
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


def test_one_that_nobody_waits_for_ends_at_its_next_block_and_the_next_has_its_turn():
    async def asked() -> None:
        rankings: Rankings[str] = Rankings()
        old, new, is_gone = Held(), Held("new"), False

        async def gone() -> bool:
            return is_gone

        first = asyncio.create_task(rankings.of("old", old, gone))
        await until(old.has_begun.is_set)
        second = asyncio.create_task(rankings.of("new", new, stays))
        await until(lambda: rankings.share("old") == 0.37)
        assert rankings.share("new") == 0 and not new.has_begun.is_set()  # one at a time
        is_gone = True
        with pytest.raises(ConfigError, match="nobody waits"):
            await first
        await until(new.has_begun.is_set)
        assert old.has_ended.is_set() and not old.may_end.is_set()
        new.may_end.set()
        assert await second == "new" and rankings.share("new") == 1
        assert rankings.share("old") == 0  # nothing of it is kept
        old.may_end.set()
        assert await rankings.of("old", old, stays) == ""

    in_a_loop(asked())


def test_two_who_ask_for_the_same_wait_for_one_ranking_and_one_of_them_may_go():
    async def asked() -> None:
        rankings: Rankings[str] = Rankings()
        held, made, is_gone = Held("found"), [], False

        def make(told: OnShare) -> str:
            made.append(told)
            return held(told)

        async def gone() -> bool:
            return is_gone

        both = [asyncio.create_task(rankings.of("key", make, each)) for each in (gone, stays)]
        await until(held.has_begun.is_set)
        is_gone = True
        with pytest.raises(ConfigError):
            await both[0]
        held.may_end.set()
        assert await both[1] == "found" and len(made) == 1
        assert await rankings.of("key", make, stays) == "found" and len(made) == 1

    in_a_loop(asked())


def test_what_fails_is_told_to_who_waits_and_is_tried_again():
    async def asked() -> None:
        rankings: Rankings[str] = Rankings()
        tries: list[int] = []

        def fails(told: OnShare) -> str:
            tries.append(1)
            raise ConfigError("matches nothing")

        for _ in range(2):
            with pytest.raises(ConfigError, match="matches nothing"):
                await rankings.of("key", fails, stays)
        assert len(tries) == 2
        for number in range(40):  # the oldest go
            await rankings.of(number, lambda told: "", stays)
        assert rankings.share(0) == 0 and rankings.share(39) == 1

    in_a_loop(asked())


def test_the_share_of_a_ranking_rises_and_its_answer_is_the_commands(
    small_work: Path, served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    ranked, steps = search.ranked_by_track, threading.Semaphore(0)

    def stepwise(*arguments, told: OnShare, **named):
        def heard(share: float) -> None:
            told(share)
            assert steps.acquire(timeout=LONGEST_S)

        return ranked(*arguments, told=heard, **named)

    monkeypatch.setattr(search, "ranked_by_track", stepwise)
    said: list[httpx.Response] = []
    asked = {"pattern": "“[^”]*"}
    with (
        served(small_work) as base,
        httpx.Client(base_url=base, trust_env=False, timeout=LONGEST_S) as client,
    ):
        waiting = threading.Thread(target=lambda: said.append(client.get(HYPOTHESIS, params=asked)))
        waiting.start()
        shares: list[float] = []
        while waiting.is_alive():
            shares.append(client.get(f"{HYPOTHESIS}/progress", params=asked).json()["share"])
            steps.release()
        waiting.join()
        assert shares == sorted(shares) and len(set(shares)) > 4 and 0 < max(shares) <= 1
        assert client.get(f"{HYPOTHESIS}/progress", params=asked).json() == {"share": 1.0}
        assert client.get(f"{HYPOTHESIS}/progress", params={"track": "column"}).json() == {"share": 0.0}
    arguments = [
        "units",
        "tales/reader",
        "--hypothesis",
        asked["pattern"],
        "--json",
        "--work",
        str(small_work),
    ]
    capsys.readouterr()
    assert command(arguments) == 0
    assert said[0].json() == json.loads(capsys.readouterr().out)


def test_a_request_that_is_given_up_ends_its_ranking(small_work: Path, served, monkeypatch):
    held = Held()
    monkeypatch.setattr(search, "ranked_by_track", lambda *arguments, told, **named: held(told))
    with served(small_work) as base:
        with (
            pytest.raises(httpx.ReadTimeout),
            httpx.Client(base_url=base, trust_env=False, timeout=0.5) as client,
        ):
            client.get(HYPOTHESIS, params={"track": "column"})
        assert held.has_ended.wait(LONGEST_S) and not held.may_end.is_set()
