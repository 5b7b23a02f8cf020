"""What was asked of a network's units -> their ranking, worked out while somebody waits. Knows no view.

A ranking fills memory and processor, so there is one at a time. One that nobody waits for any more, since
another was asked for or the page was left, ends at its next block.
"""

import asyncio
import queue
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from rnnscope.errors import ConfigError, RecordError, RnnscopeError
from rnnscope.progress import OnShare

MOST_KEPT = 32
"""Rankings; the one that was asked for longest ago goes first."""
LISTEN_S = 0.03
"""So often a request looks whether it is answered, or gone."""
Value = TypeVar("Value")


class _Unwanted(Exception):
    """Nobody waits for it any more."""


@dataclass
class _Ranking(Generic[Value]):
    waiting: int = 0
    """Requests."""
    share: float = 0.0
    is_over: bool = False
    value: Value | None = None
    error: Exception | None = None

    def told(self, share: float) -> None:
        self.share = share
        if not self.waiting:
            raise _Unwanted


class Rankings(Generic[Value]):
    """The rankings of one explorer."""

    def __init__(self) -> None:
        self._all: OrderedDict[Hashable, _Ranking[Value]] = OrderedDict()
        """Those that are there, at work or waiting for their turn."""
        self._lock = threading.Lock()
        self._asked: queue.SimpleQueue[tuple[_Ranking[Value], Callable[[OnShare], Value]]] = (
            queue.SimpleQueue()
        )
        self._thread: threading.Thread | None = None

    async def of(
        self, key: Hashable, make: Callable[[OnShare], Value], is_gone: Callable[[], Awaitable[bool]]
    ) -> Value:
        """What is known under `key`, or what `make` gives, which may raise; then nothing is kept.

        Raises ConfigError once the request `is_gone`.
        """
        ranking = self._joined(key, make)
        try:
            while not ranking.is_over:
                if await is_gone():
                    raise ConfigError("nobody waits for this any more")
                await asyncio.sleep(LISTEN_S)
        finally:
            self._left(key, ranking)
        if ranking.error is not None:
            raise ranking.error
        assert ranking.value is not None
        return ranking.value

    def share(self, key: Hashable) -> float:
        """How much of it is done, 0 to 1; 0 for what nobody asked for."""
        with self._lock:
            ranking = self._all.get(key)
        return 0.0 if ranking is None else 1.0 if ranking.is_over else min(ranking.share, 0.999)

    def _joined(self, key: Hashable, make: Callable[[OnShare], Value]) -> _Ranking[Value]:
        with self._lock:
            if (ranking := self._all.get(key)) is None:
                ranking = self._all[key] = _Ranking()
            is_new = ranking.waiting == 0 and not ranking.is_over
            self._all.move_to_end(key)
            ranking.waiting += 1
            if is_new:
                self._asked.put((ranking, make))
            if self._thread is None:
                # a daemon: Ctrl-C ends the explorer at once; and always the same one: what each thread has
                # had of memory the system keeps for that thread
                self._thread = threading.Thread(target=self._work_on, daemon=True)
                self._thread.start()
            over = [known for known, each in self._all.items() if each.is_over and known != key]
            for oldest in over[: max(0, len(over) + 1 - MOST_KEPT)]:
                del self._all[oldest]
        return ranking

    def _left(self, key: Hashable, ranking: _Ranking[Value]) -> None:
        with self._lock:
            ranking.waiting -= 1
            is_useless = ranking.error is not None or not (ranking.waiting or ranking.is_over)
            if is_useless and self._all.get(key) is ranking:
                del self._all[key]  # who asks again has it begun again

    def _work_on(self) -> None:
        while True:
            self._work(*self._asked.get())

    def _work(self, ranking: _Ranking[Value], make: Callable[[OnShare], Value]) -> None:
        try:
            ranking.told(0.0)
            ranking.value = make(ranking.told)
        except _Unwanted:
            pass
        except RnnscopeError as error:
            ranking.error = error
        except (OSError, ValueError) as error:  # a record that was replaced while it was read
            ranking.error = RecordError(str(error))
        except Exception as error:  # a waiting request must hear of it, and others have their turn
            ranking.error = error
        finally:
            ranking.is_over = True
