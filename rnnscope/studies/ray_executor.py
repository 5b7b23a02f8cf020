"""Independent jobs on a Ray cluster that is running: one task a job. Knows no job and no network.

Workers need this package and Ray, not a shared disk: what a job needs of the work folder goes out with it
once, and while it runs its folder's new files come back to the driver every few seconds, checkpoints among
them. A task whose worker or node dies is begun again on another with all that had come back, and a run goes
on from its last checkpoint. Where the driver's work folder is on a disk that workers share, the same happens
and costs little.
"""

import contextlib
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rnnscope.errors import BackendError, ConfigError
from rnnscope.records.folder import write_bytes
from rnnscope.studies import executor as local
from rnnscope.studies.executor import ONE_THREAD, TRAINING_ENVIRONMENT, Executor, Forgiving, OnMessage
from rnnscope.studies.work import Work

SECONDS_BETWEEN_COPIES = 2.0
SECONDS_TO_ANSWER = 10.0
MOST_DEATHS = 5
"""Workers that one job may outlive; a job that ends more of them is at fault itself."""
Files = dict[str, bytes]
"""Path under the work folder -> content."""
Sender = tuple[str, int]
"""A run's folder, and which attempt at it: what an attempt sent that has ended since is not kept."""


@dataclass(frozen=True)
class Resources:
    """What one task is given."""

    cpus: float = 1.0
    gpus: float = 0.0


def on_ray(address: str, work: Work, resources: Resources = Resources()) -> Executor:
    """Jobs on the cluster at `address` ('auto': the one this machine belongs to).

    Raises BackendError where Ray is not installed or no cluster answers.
    """

    def run(function: Callable[[Any], Any], jobs: Sequence[Any], on_message: OnMessage) -> list[Any]:
        with _connected(address) as ray:
            return _Driver(ray, work, resources, on_message).run(function, jobs)

    return run


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Any]:
    try:
        import ray
    except ImportError:
        raise BackendError("--ray needs Ray; pip install 'rnnscope[ray]' here and on every node") from None
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    _check_answer(address)
    begun_here = not ray.is_initialized()
    if begun_here:
        try:
            ray.init(address=address, log_to_driver=False, configure_logging=False)
        except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise BackendError(
                f"no Ray cluster at '{address}' ({reason}); 'ray start --head' begins one"
            ) from None
    try:
        yield ray
    finally:
        if begun_here:
            ray.shutdown()


def _check_answer(address: str) -> None:
    """Raises BackendError where nobody listens at HOST:PORT: Ray itself would ask for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        with socket.create_connection((host, int(port)), timeout=SECONDS_TO_ANSWER):
            pass
    except (OSError, OverflowError) as error:
        raise BackendError(
            f"no Ray cluster at '{address}' ({error}); 'ray start --head' begins one"
        ) from None


class _Driver:
    """Hands jobs out, takes their files and news in, and begins again what died."""

    def __init__(self, ray: Any, work: Work, resources: Resources, on_message: OnMessage) -> None:
        self.ray, self.work, self.on_message = ray, work, on_message
        variables = TRAINING_ENVIRONMENT | ONE_THREAD
        self.task = ray.remote(_task).options(
            num_cpus=resources.cpus,
            num_gpus=resources.gpus,
            max_retries=0,
            runtime_env={
                "env_vars": {name: os.environ.get(name, value) for name, value in variables.items()}
            },
        )
        # on this node, which lives as long as the driver does
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False
        )
        self.attempts: dict[str, int] = {}
        self.mailbox = ray.remote(_Mailbox).options(num_cpus=0, scheduling_strategy=here).remote()

    def run(self, function: Callable[[Any], Any], jobs: Sequence[Any]) -> list[Any]:
        """Results in the order of the jobs."""
        shared = {name: self.ray.put(_files(self.work.folder, [name])) for name in _needs(self.work, jobs)}
        results: dict[int, Any] = {}
        deaths = dict.fromkeys(range(len(jobs)), 0)
        tasks = {self._begin(function, jobs[index], shared): index for index in range(len(jobs))}
        errors = self.ray.exceptions
        died = (
            errors.WorkerCrashedError,
            errors.NodeDiedError,
            errors.LocalRayletDiedError,
            errors.ObjectLostError,
            errors.OutOfMemoryError,
        )
        try:
            while tasks:
                ended, _ = self.ray.wait(list(tasks), timeout=1.0)
                self._take_mail()
                for task in ended:
                    index = tasks.pop(task)
                    try:
                        results[index], changes = self.ray.get(task)
                        self.attempts[_folder(jobs[index])] += 1  # mail still on its way is older than this
                        self._keep(changes)
                    except died as error:
                        self._take_mail()
                        deaths[index] += 1
                        if deaths[index] > MOST_DEATHS:
                            results[index] = BackendError(
                                f"'{jobs[index].name}' ended {deaths[index]} workers; the last: {error}"
                            )
                            continue
                        tasks[self._begin(function, jobs[index], shared)] = index
            return [results[index] for index in range(len(jobs))]
        finally:
            for task in tasks:
                self.ray.cancel(task, force=True)

    def _begin(self, function: Callable[[Any], Any], job: Any, shared: dict[str, Any]) -> Any:
        folder = _folder(job)
        own, attempt = _files(self.work.folder, [folder]), self.attempts.get(folder, 0) + 1
        self.attempts[folder] = attempt
        needed = [shared[name] for name in _needs(self.work, [job])]
        return self.task.remote(Forgiving(function), job, (folder, attempt), own, self.mailbox, *needed)

    def _take_mail(self) -> None:
        for name, news in self.ray.get(self.mailbox.take.remote()):
            if name is None:
                (folder, attempt), changes = news
                if self.attempts.get(folder) == attempt:
                    self._keep(changes)
            else:
                self.on_message(name, news)

    def _keep(self, changes: "Changes") -> None:
        """Logs before the checkpoints that count on them, manifests last: a record that has one is whole."""
        for name in sorted(changes.written, key=_place_in_time):
            write_bytes(self.work.folder / name, changes.written[name])
        for name in changes.removed:
            (self.work.folder / name).unlink(missing_ok=True)


def _place_in_time(name: str) -> tuple[bool, bool, str]:
    return name.endswith("manifest.json"), "/checkpoints/" in name, name


@dataclass(frozen=True)
class Changes:
    """What happened in a run's folder."""

    written: Files
    removed: tuple[str, ...]


class _Mailbox:
    """An actor on the driver's side of the cluster: tasks put, the driver takes."""

    def __init__(self) -> None:
        self.mail: list[tuple[str | None, Any]] = []

    def put(self, name: str | None, news: Any) -> None:
        self.mail.append((name, news))

    def take(self) -> list[tuple[str | None, Any]]:
        taken, self.mail = self.mail, []
        return taken


def _task(
    work: Callable[[Any], Any], job: Any, sender: Sender, own: Files, mailbox: Any, *shared: Files
) -> tuple:
    """On a worker: the job in a work folder of its own -> its result, and the files that had not gone back
    yet."""
    place = Path(tempfile.mkdtemp(prefix="rnnscope-"))
    try:
        for files in (*shared, own):
            for name, content in files.items():
                write_bytes(place / name, content)
        copies = _Copies(place, sender, mailbox)
        local.hear(lambda name, news: mailbox.put.remote(name, news))
        with copies.every(SECONDS_BETWEEN_COPIES):
            result = work(replace(job, work=place))
        return result, copies.new()
    finally:
        shutil.rmtree(place, ignore_errors=True)


class _Copies:
    """What is new in a run's folder since it was last asked."""

    def __init__(self, place: Path, sender: Sender, mailbox: Any) -> None:
        self.place, self.sender, self.mailbox = place, sender, mailbox
        self.folder, _ = sender
        self.sent = self._times()

    def new(self) -> Changes:
        """Checkpoints are read before the logs that they count on, which only grow."""
        times = self._times()
        names = {name for name, changed in times.items() if self.sent.get(name) != changed}
        if any("/checkpoints/" in name for name in names):
            # the logs may have grown after they were looked at
            names |= {name for name in times if name.endswith(".jsonl")}
        written = {}
        for name in sorted(names, key=_place_in_time, reverse=True):
            with contextlib.suppress(FileNotFoundError):
                written[name] = (self.place / name).read_bytes()
        removed = tuple(name for name in self.sent if name not in times)
        self.sent = times
        return Changes(written, removed)

    @contextlib.contextmanager
    def every(self, seconds: float) -> Iterator[None]:
        """Sends what is new while the body runs."""
        stopped = threading.Event()

        def send() -> None:
            import ray

            while not stopped.wait(seconds):
                changes = self.new()
                if changes.written or changes.removed:
                    # one after the other, and none left on its way when the task ends
                    ray.get(self.mailbox.put.remote(None, (self.sender, changes)))

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        try:
            yield
        finally:
            stopped.set()
            sender.join()

    def _times(self) -> dict[str, tuple[int, int]]:
        found = {}
        for path in (self.place / self.folder).rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and not path.name.startswith(".") and path.suffix != ".lock":
                    status = path.stat()
                    found[str(path.relative_to(self.place))] = (status.st_mtime_ns, status.st_size)
        return found


def _folder(job: Any) -> str:
    """A job's own folder under the work folder."""
    return str(Work(Path()).run(job.corpus, job.name))


def _needs(work: Work, jobs: Sequence[Any]) -> list[str]:
    """Folders and files that jobs read, once each: a job's corpus, and what its `reads` names besides.

    Raises ConfigError for what is not in the work folder.
    """
    needs = dict.fromkeys(
        name for job in jobs for name in (str(Work(Path()).corpus(job.corpus)), *getattr(job, "reads", ()))
    )
    for name in needs:
        if Path(name).is_absolute():
            raise ConfigError(f"'{name}' is not in '{work.folder}', and workers are sent that folder only")
    return list(needs)


def _files(root: Path, names: Sequence[str]) -> Files:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for name in names
        for path in [root / name, *sorted((root / name).rglob("*"))]
        if path.is_file() and path.suffix != ".lock" and not path.name.startswith(".")
    }
