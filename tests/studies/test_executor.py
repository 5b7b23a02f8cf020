import os
import signal
from typing import Any

import pytest

from rnnscope.errors import ConfigError, RecordError
from rnnscope.studies.executor import run_jobs, tell


def double(job: int) -> int:
    tell("double", job)
    return 2 * job


def refuse(job: int) -> int:
    if job == 2:
        raise ConfigError("job 2 is not to be had")
    return job


def be_killed(job: int) -> int:
    if job == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return job


def environment(job: int) -> tuple[str | None, str | None]:
    return os.environ.get("OMP_NUM_THREADS"), os.environ.get("MALLOC_TOP_PAD_")


def test_results_come_in_the_order_of_jobs_and_news_are_heard():
    heard: list[Any] = []
    assert run_jobs(double, [3, 1, 2], 2, lambda name, news: heard.append((name, news))) == [6, 2, 4]
    assert sorted(heard) == [("double", 1), ("double", 2), ("double", 3)]


def test_a_jobs_own_error_is_what_the_user_sees():
    with pytest.raises(ConfigError, match="job 2 is not to be had"):
        run_jobs(refuse, [1, 2, 3], 1)


def test_a_killed_worker_is_one_clear_line():
    with pytest.raises(RecordError, match=r"was killed.*same command again"):
        run_jobs(be_killed, [1], 1)


def test_workers_have_one_thread_and_keep_freed_memory_and_nothing_is_left_here():
    before = dict(os.environ)
    assert run_jobs(environment, [1], 1) == [(before.get("OMP_NUM_THREADS", "1"), str(1 << 28))]
    assert dict(os.environ) == before


def test_no_jobs_start_no_process():
    assert run_jobs(double, [], 4) == []
