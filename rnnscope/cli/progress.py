"""Training under way, on stderr: bars at a terminal, a line now and then elsewhere. Knows no training."""

import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

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

    def update(self, name: str, progress: "TrainingProgress") -> None:
        """Shows how far a run is."""
        news = described(progress)
        if self._is_live:
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task(name, total=1, news="")
            self._bars.update(self._tasks[name], completed=progress.step / max(1, progress.steps), news=news)
            return
        now = time.monotonic()
        is_last = progress.step >= progress.steps
        if is_last or now - self._last_line.get(name, -SECONDS_BETWEEN_LINES) >= SECONDS_BETWEEN_LINES:
            self._last_line[name] = now
            done = progress.step / max(1, progress.steps)
            print(f"{name} {done:4.0%}  {news}", file=sys.stderr, flush=True)


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
