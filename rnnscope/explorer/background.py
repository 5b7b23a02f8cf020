"""Work that takes seconds, done once beside the answering. Knows not what is worked out."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from rnnscope.errors import RnnscopeError
from rnnscope.progress import OnShare

MOST_JOBS = 12
"""Results that are kept; the one that was asked for longest ago goes first."""


@dataclass
class Job:
    """One thing that is worked out."""

    value: Any = None
    """None until it is there."""
    share: float = 0.0
    """Done, 0 to 1."""
    failed: str = ""
    """Why it never will be there."""
    is_over: bool = False
    is_dropped: bool = False


class _Dropped(Exception):
    """Nobody wants it any more."""


class Background:
    """Works in threads that end with the process, the job that was asked for last before all others: where
    another one tells its share, it waits, and ends if it is dropped."""

    def __init__(self, most_jobs: int = MOST_JOBS) -> None:
        self._most = most_jobs
        self._jobs: OrderedDict[Hashable, Job] = OrderedDict()
        self._turn = threading.Condition()

    def of(self, key: Hashable, make: Callable[[OnShare], Any]) -> Job:
        """What is known under `key`; the first time that it is asked for, `make` begins."""
        with self._turn:
            job = self._jobs.pop(key, None)
            is_new = job is None
            job = job or Job()
            self._jobs[key] = job
            while len(self._jobs) > self._most:
                self._jobs.popitem(last=False)[1].is_dropped = True
            self._turn.notify_all()
        if is_new:
            threading.Thread(target=self._work, args=(job, make), daemon=True).start()
        return job

    def _work(self, job: Job, make: Callable[[OnShare], Any]) -> None:
        try:
            self._go_on(job, 0.0)
            job.value = make(lambda share: self._go_on(job, share))
            job.share = 1.0
        except _Dropped:
            pass
        except (RnnscopeError, OSError, ValueError) as error:
            # a record that is broken, or was replaced while it was read
            job.failed = str(error)
        finally:
            with self._turn:
                job.is_over = True
                self._turn.notify_all()

    def _go_on(self, job: Job, share: float) -> None:
        """Waits until nothing else that is not done was asked for since."""
        job.share = max(job.share, share)
        with self._turn:
            self._turn.wait_for(lambda: job.is_dropped or self._next() is job)
        if job.is_dropped:
            raise _Dropped

    def _next(self) -> Job | None:
        return next((job for job in reversed(self._jobs.values()) if not job.is_over), None)
