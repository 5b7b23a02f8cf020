"""Work under way, on stderr: of training bars at a terminal, a line now and then elsewhere. Knows no work."""

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from rnnscope.progress import OnShare

if TYPE_CHECKING:
    from rnnscope.training.progress import Progress as TrainingProgress

SECONDS_BETWEEN_LINES = 15.0


class RunsOnScreen:
    """A bar a run, from its first news on; a context manager."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._is_live = console.is_terminal
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[news]}"),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}
        self._last_line: dict[str, float] = {}
        self._costs: dict[str, float] = {}
        """Run -> how much work it is; empty where there is but one."""
        self._shares: dict[str, float] = {}
        self._all: TaskID | None = None
        self._begun = (time.monotonic(), 0.0)
        """When the first news came, and how much work had been done then."""

    def __enter__(self) -> "RunsOnScreen":
        if self._is_live:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_live:
            self._bars.stop()

    def notice(self, line: str) -> None:
        """A line above the bars."""
        if self._is_live:
            self._bars.console.print(line, markup=False, highlight=False)
        else:
            print(line, file=sys.stderr, flush=True)

    def expect(self, costs: Mapping[str, float]) -> None:
        """The runs of a study, and how much work each is beside the others."""
        self._costs = dict(costs)

    def is_done(self, name: str) -> None:
        """A run that needs no training."""
        self._shares[name] = 1.0

    def update(self, name: str, progress: "TrainingProgress") -> None:
        """Shows how far a run is."""
        if not self._tasks and not self._last_line:
            self._shares[name] = progress.share
            self._begun = (time.monotonic(), self._work_done)
        self._shares[name] = progress.share
        news = described(progress)
        self._show_all()
        if self._is_live:
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task(name, total=1, news="")
            self._bars.update(self._tasks[name], completed=progress.step / max(1, progress.steps), news=news)
            if progress.step >= progress.steps and len(self._costs) > 1:
                self._bars.update(self._tasks[name], visible=False)
            return
        now = time.monotonic()
        is_last = progress.step >= progress.steps
        if is_last or now - self._last_line.get(name, -SECONDS_BETWEEN_LINES) >= SECONDS_BETWEEN_LINES:
            self._last_line[name] = now
            done = progress.step / max(1, progress.steps)
            print(f"{name} {done:4.0%}  {news}{self._all_news(', all ')}", file=sys.stderr, flush=True)

    @property
    def _work_done(self) -> float:
        return sum(self._costs.get(name, 0.0) * share for name, share in self._shares.items())

    def _all_news(self, opening: str) -> str:
        """How far the whole study is: '17 of 36 runs, 0:31:10 left'; nothing for a single run."""
        if len(self._costs) < 2:
            return ""
        started, before = self._begun
        total, done = sum(self._costs.values()), self._work_done
        speed = (done - before) / max(1e-9, time.monotonic() - started)
        left = f", {_duration((total - done) / speed)} left" if speed > 0 else ""
        finished = sum(share >= 1 for share in self._shares.values())
        return f"{opening}{finished} of {len(self._costs)} runs{left}"

    def _show_all(self) -> None:
        if not self._is_live or len(self._costs) < 2:
            return
        if self._all is None:
            self._all = self._bars.add_task("all", total=sum(self._costs.values()), news="")
        self._bars.update(self._all, completed=self._work_done, news=self._all_news(""))


def share_told(what: str) -> OnShare:
    """Hears of work, and says now and then on stderr how much of `what` is done; nothing of what is done
    sooner."""
    said = time.monotonic()

    def told(share: float) -> None:
        nonlocal said
        if time.monotonic() - said > SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            print(f"{share:4.0%} of {what}", file=sys.stderr, flush=True)

    return told


def described(progress: "TrainingProgress") -> str:
    """One line: losses, speed, time left, and the longest n-gram that was beaten."""
    words = [f"train {progress.train_nats:.3f} nats ({progress.train_bits:.2f} bits)"]
    if progress.validation_nats is not None:
        words.append(f"validation {progress.validation_nats:.3f}")
    words.append(f"{progress.chars_per_s / 1000:.0f}k chars/s")
    words.append(f"{_duration(progress.seconds_left)} left")
    if progress.longest_context_beaten is not None:
        words.append(f"beats the {progress.longest_context_beaten}-gram")
    return ", ".join(words)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
