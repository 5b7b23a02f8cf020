"""The WebSocket of the view 'Live': one answer at a time, stopped by the next message. Knows no torch.

    -> {"kind": "read", "text": ..., "holds": [...]}            as POST .../read
    -> {"kind": "write", "prime": ..., "chars": ..., ...}       as POST .../write
    -> {"kind": "stop"}
    <- Readings, Written, Change, Done as views.live has them, in batches
    <- {"kind": "stopped"}, {"kind": "refused", "error": ...}

Every message may have an `id`, which comes back with all that answers it.
"""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from rnnscope.errors import ConfigError, RnnscopeError
from rnnscope.explorer.views.live import (
    Done,
    Held,
    ReadAsked,
    Readings,
    ReadStreamed,
    Said,
    WriteStreamed,
    known_ids,
    live_of,
    runnable,
)

router = APIRouter()
MOST_SOCKETS = 32
"""Open at once."""
_open: set[WebSocket] = set()


@dataclass
class Sent:
    """What the page has of a text already, so that typing on asks for the new characters alone."""

    fingerprint: str = ""
    ids: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    how: tuple[list[Held], int] = ([], 0)


@router.websocket("/live/{corpus}/{run}")
async def stream(socket: WebSocket, corpus: str, run: str) -> None:
    """Answers until the page goes."""
    await socket.accept()
    if len(_open) >= MOST_SOCKETS:
        return await socket.close(1013, "too many pages are open")
    _open.add(socket)
    sent, running = Sent(), None
    try:
        while True:
            message = await socket.receive_text()
            if running is not None:
                await _stopped(running)
            running = asyncio.create_task(_answer(socket, corpus, run, message, sent))
    except (WebSocketDisconnect, KeyError):  # KeyError: bytes where text is wanted
        pass
    finally:
        _open.discard(socket)
        if running is not None:
            await _stopped(running)


async def _stopped(running: asyncio.Task) -> None:
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError, RuntimeError, WebSocketDisconnect):
        await running


async def _answer(socket: WebSocket, corpus: str, run: str, message: str, sent: Sent) -> None:
    asked: dict = {}
    try:
        asked = _parsed(message)
        await _tell(socket, asked, await _batches(socket, corpus, run, asked, sent))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "message"
        await _send(socket, asked, {"kind": "refused", "error": f"{where}: {first['msg']}"[:500]})
    except RnnscopeError as error:
        await _send(socket, asked, {"kind": "refused", "error": str(error)})


def _parsed(message: str) -> dict:
    try:
        asked = json.loads(message)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise ConfigError("a message is a JSON object")
    return asked


async def _batches(socket: WebSocket, corpus: str, run: str, asked: dict, sent: Sent) -> Iterator[Said]:
    """What answers a message. Raises ValidationError, RnnscopeError."""
    kind = asked.get("kind")
    fields = {name: value for name, value in asked.items() if name not in ("kind", "id")}
    if kind == "stop":
        return iter(())
    live, library = live_of(socket.app.state.live), socket.app.state.library
    network, alphabet = await run_in_threadpool(runnable, library, corpus, run)
    if kind == "read":
        reading = ReadStreamed.model_validate(fields)
        ids, note = known_ids(alphabet, reading.text)
        first = _there(sent, network.manifest.fingerprint, ids, reading)
        return _with_note(_from(live.read(network, ids, reading, alphabet), first, ids, sent), note)
    if kind == "write":
        writing = WriteStreamed.model_validate(fields)
        ids, note = known_ids(alphabet, writing.prime)
        return _with_note(live.write(network, ids, writing, alphabet), note)
    raise ConfigError("a message's kind is one of: read, write, stop")


def _there(sent: Sent, fingerprint: str, ids: np.ndarray, reading: ReadAsked) -> int:
    """How many characters of this text the page has as they are now."""
    how = (reading.holds, reading.likeliest)
    shared = min(len(ids), len(sent.ids))
    if (sent.fingerprint, sent.how) != (fingerprint, how):
        shared = 0
    differs = np.flatnonzero(ids[:shared] != sent.ids[:shared])
    first = int(differs[0]) if len(differs) else shared
    sent.fingerprint, sent.ids, sent.how = fingerprint, ids[:first], how
    return first


def _from(batches: Iterator[Readings], first: int, ids: np.ndarray, sent: Sent) -> Iterator[Readings]:
    """Of the batches what comes from character `first` on; the first says where the page's text is cut."""
    yield Readings(first=first, text="", nats=[], likeliest=[], chances=[], units=[])
    for batch in batches:
        end = batch.first + len(batch.text)
        if end > first:
            sent.ids = ids[:end]
            yield _cut(batch, max(0, first - batch.first))


def _cut(batch: Readings, away: int) -> Readings:
    if not away:
        return batch
    import base64

    units = []
    for each in batch.units:
        values = base64.b64decode(each)
        units.append(base64.b64encode(values[away * len(values) // len(batch.text) :]).decode())
    return Readings(
        first=batch.first + away,
        text=batch.text[away:],
        nats=batch.nats[away:],
        likeliest=batch.likeliest[away:],
        chances=batch.chances[away:],
        units=units,
    )


def _with_note(batches: Iterator[Said], note: str) -> Iterator[Said]:
    yield from batches
    yield Done(note=note)


async def _tell(socket: WebSocket, asked: dict, batches: Iterator[Said]) -> None:
    """Sends batch after batch; each is made in another thread, and a stop comes between two of them."""
    if asked.get("kind") == "stop":
        return await _send(socket, asked, {"kind": "stopped"})
    while (batch := await run_in_threadpool(next, batches, None)) is not None:
        await _send(socket, asked, batch.model_dump())


async def _send(socket: WebSocket, asked: dict, message: dict) -> None:
    number = asked.get("id")
    told = message | ({"id": number} if isinstance(number, int) else {})
    await socket.send_text(json.dumps(told, allow_nan=False))
