"""Independent jobs over local processes, one thread each. Knows no job.

An executor is anything that runs jobs: this one, or a cluster's (ray_executor.py). Jobs have a `name` of
their own; they leave what they make on disk or give it back, so that it does not matter which executor ran
them, or how often one was begun.

One process per core with one thread each is quicker for small networks than one process with many threads,
and results do not depend on how many processes there are.
"""

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from rnnscope.errors import RecordError, RnnscopeError

# glibc hands freed tensors back to the system at once unless told not to; keeping them is 10-60 % of a step
TRAINING_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
    "MALLOC_TOP_PAD_": str(1 << 28),
}
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

OnMessage = Callable[[str, Any], None]
"""Hears a job's name and its news."""
Executor = Callable[[Callable[[Any], Any], Sequence[Any], OnMessage], list[Any]]
"""A function, its jobs with the longest first, who hears of them -> results in the order of the jobs.

A path in a result is that of the worker, which may be another machine. A job that ends in a RnnscopeError
gives that error in place of its result, and the others go on.
"""
_listener: OnMessage | None = None


def tell(name: str, news: Any) -> None:
    """From inside a job to whoever started it; heard by `on_message`. Nothing happens outside an executor."""
    if _listener is not None:
        _listener(name, news)


def hear(listener: OnMessage) -> None:
    """From now on `tell` in this process goes to `listener`: for what starts a worker."""
    global _listener
    _listener = listener


def run_jobs(
    work: Callable[[Any], Any],
    jobs: Sequence[Any],
    processes: int,
    on_message: Callable[[str, Any], None] = lambda name, news: None,
) -> list[Any]:
    """Results in the order of `jobs`, which are started in that order: put the longest first.

    The first failure stops what has not begun and is raised. Raises RecordError where a process was killed.
    """
    if not jobs:
        return []
    context = multiprocessing.get_context("spawn")
    messages = context.Queue()
    with _environment(TRAINING_ENVIRONMENT | ONE_THREAD), _listening(messages, on_message):
        pool = ProcessPoolExecutor(
            min(processes, len(jobs)), mp_context=context, initializer=_begin_worker, initargs=(messages,)
        )
        try:
            futures = [pool.submit(work, job) for job in jobs]
            _raise_first(futures)
            return [future.result() for future in futures]
        except BrokenProcessPool:
            raise RecordError(
                "a worker process was killed (out of memory?); run the same command again and it goes on, "
                "with --processes 1 if memory is short"
            ) from None
        except BaseException:
            _stop(pool)
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def on_processes(processes: int) -> Executor:
    """Jobs on the cores of this machine, `processes` at a time."""

    def run(work: Callable[[Any], Any], jobs: Sequence[Any], on_message: OnMessage) -> list[Any]:
        return run_jobs(Forgiving(work), jobs, processes, on_message)

    return run


def in_this_process(work: Callable[[Any], Any], jobs: Sequence[Any], on_message: OnMessage) -> list[Any]:
    """An Executor that starts no process: one job after the other. `on_message` hears nothing."""
    return [Forgiving(work)(job) for job in jobs]


class Forgiving:
    """A job's work, with an error that the user can mend as its result."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self.work = work

    def __call__(self, job: Any) -> Any:
        try:
            return self.work(job)
        except RnnscopeError as error:
            return error


def _raise_first(futures: Sequence[Future]) -> None:
    done, _ = wait(futures, return_when=FIRST_EXCEPTION)
    for future in done:
        future.result()


def _stop(pool: ProcessPoolExecutor) -> None:
    """Ends workers at once: what they have on disk is whole, and a run goes on from its checkpoint."""
    pool.shutdown(wait=False, cancel_futures=True)
    for process in multiprocessing.active_children():
        process.terminate()


def _begin_worker(messages: Any) -> None:
    hear(lambda name, news: messages.put((name, news)))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker whose parent was killed would train on for nobody, and hold its run's lock."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextlib.contextmanager
def _listening(messages: Any, on_message: Callable[[str, Any], None]) -> Iterator[None]:
    def listen() -> None:
        while (message := messages.get()) is not None:
            on_message(*message)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield
    finally:
        messages.put(None)
        listener.join(timeout=5)


@contextlib.contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Sets variables for processes started meanwhile; what the user has set stays."""
    new = {name: value for name, value in settings.items() if name not in os.environ}
    os.environ.update(new)
    try:
        yield
    finally:
        for name in new:
            os.environ.pop(name, None)
