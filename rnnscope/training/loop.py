"""Corpus, TrainConfig -> Run: the loop, its checkpoints and its end. Knows no terminal and no figure.

A run may be killed at any moment and goes on from its last checkpoint as if nothing had happened: what the
loop does at a step is a function of config, corpus and step, checkpoints are made only where the log has a
line, and the log is cut back to the checkpoint's length.
"""

import contextlib
import hashlib
import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from rnnscope.models.saved import save_model
from rnnscope.models.sizing import WINDOW, has_units
from rnnscope.records.corpus import Corpus
from rnnscope.records.folder import explained, is_whole
from rnnscope.records.run import Run, RunManifest, milestone_path
from rnnscope.recurrence.scan import backend_for
from rnnscope.recurrence.stack import native_step
from rnnscope.scoring import score, trapped_rows
from rnnscope.training.batches import Windows, windows_of
from rnnscope.training.checkpoints import Standing, newest_checkpoint, read_checkpoint, write_checkpoint
from rnnscope.training.claim import alone, check_corpus, check_folder
from rnnscope.training.compiling import pays_to_compile
from rnnscope.training.config import TrainConfig
from rnnscope.training.group import ALONE, Group
from rnnscope.training.learner import Learner
from rnnscope.training.logs import RunLog
from rnnscope.training.machine import device_named, facts, training_dtype
from rnnscope.training.progress import Progress, longest_context_beaten
from rnnscope.training.schedule import Schedule
from rnnscope.training.watch import DivergenceWatch

Notice = Callable[[str], None]
SMOOTHING = 0.9
"""Share of the old value in progress' running mean of the training loss, per logged step."""


def train(
    corpus: Corpus,
    config: TrainConfig,
    folder: Path,
    *,
    resume: Literal["auto", "never", "only"] = "auto",
    device: str = "auto",
    on_progress: Callable[[Progress], None] = lambda progress: None,
    notice: Notice = lambda line: None,
    checkpoint_s: float | int = 60,
    ngram_validation_nats: Mapping[int, float] | None = None,
    group: Group = ALONE,
    command: str = "",
) -> Run:
    """The finished run in `folder`: as it is there, gone on with, or trained from nothing.

    `resume`: 'auto' goes on where there is something to go on from, 'never' begins again, 'only' must find
    something. `ngram_validation_nats` (context length -> loss) is only for progress. A checkpoint is made at
    every validation and every `checkpoint_s` seconds. The processes of `group` train it together; only the
    first one of them touches the folder, and all get the run.

    Raises ConfigError where the folder has another config or the text is too short, RecordError where another
    process trains this run, the disk refuses or the folder belongs to another text, DivergenceError where
    training stopped making sense, BackendError for a device or precision that is not there.
    """
    with alone(folder) if group.is_first else contextlib.nullcontext():
        done = None
        if group.is_first:
            if resume == "never" and folder.exists():
                with explained(f"'{folder}'"):
                    shutil.rmtree(folder)
            check_folder(folder, config, corpus, resume)
            done = Run.read(folder) if is_whole(folder) else None
        if done := group.from_first(done):
            return done
        with contextlib.closing(
            _Training(
                corpus,
                config,
                folder,
                device,
                notice,
                checkpoint_s,
                ngram_validation_nats or {},
                on_progress,
                group,
            )
        ) as training:
            training.to_end()
            return training.finish(command)


@dataclass
class _Clock:
    """Seconds of training, validation and checkpoints not counted."""

    seconds: float
    since: float = 0.0

    def start(self) -> None:
        self.since = time.perf_counter()

    def stop(self) -> None:
        self.seconds += time.perf_counter() - self.since


class _Training:
    """One run on its way, in one process of its group."""

    def __init__(
        self,
        corpus: Corpus,
        config: TrainConfig,
        folder: Path,
        device: str,
        notice: Notice,
        checkpoint_s: float | int,
        ngram_validation_nats: Mapping[int, float],
        on_progress: Callable[[Progress], None],
        group: Group,
    ) -> None:
        self.corpus, self.config, self.folder = corpus, config, folder
        self.checkpoint_s, self.on_progress, self.group = checkpoint_s, on_progress, group
        self.ngram_validation_nats = ngram_validation_nats
        self.checkpoints = folder / "checkpoints"
        self.windows: Windows = windows_of(corpus, config)
        self.schedule = Schedule(config, self.windows.steps_per_epoch)
        self.milestones = self.schedule.milestones
        where = device_named(device)
        dtype = training_dtype(config.precision, where)
        self.machine = facts(where, dtype, _backend(config.cell, where, dtype, notice))
        if group.size > 1:
            self.machine |= {"processes": group.size}
        self.learner = Learner(config, corpus.symbols, self.schedule.steps, where, dtype, group)
        if pays_to_compile(config, self.schedule.steps, where, dtype, notice):
            self.learner.compile()
            self.machine |= {"backend": "autograd, compiled"}
        self.standing = self._begun(notice)
        self.log = RunLog(folder, self.standing.log_bytes) if group.is_first else None
        self.watch = DivergenceWatch(folder.name, corpus.symbols, self.standing.bad_steps)
        self.clock = _Clock(self.standing.train_seconds)
        notice(
            f"{folder.name}: {self.learner.network.parameter_count:,} parameters, from step "
            f"{self.standing.step} of {self.schedule.steps}, {self.machine['precision']} on "
            f"{self.machine['device']}, {self.machine['threads']} threads, {self.machine['backend']} backend"
        )

    def close(self) -> None:
        if self.log:
            self.log.close()

    def _begun(self, notice: Notice) -> Standing:
        """Where to begin: the newest whole checkpoint, restored, or nothing."""
        found = newest_checkpoint(self.checkpoints, notice) if self.group.is_first else None
        found = self.group.from_first(found)
        if found is None:
            return Standing(corpus_fingerprint=self.corpus.manifest.fingerprint)
        standing, tensors = found
        check_corpus(self.folder, standing.corpus_fingerprint, self.corpus)
        self.learner.restore(tensors)
        return standing

    def to_end(self) -> None:
        """Updates until the last one, or until validation has not improved for long enough."""
        saved_at = time.monotonic()
        self.clock.start()
        while not self._is_over():
            step = self.standing.step
            self.learner.update(self.windows.window(step), step, self.schedule.factor(step))
            self._now(step=step + 1)
            if step + 1 in self.milestones and self.group.is_first:
                save_model(milestone_path(self.folder, step + 1), self.learner.network)
            validates = self.schedule.validates_after(step + 1)
            if (step + 1) % self.config.log_steps and not validates:
                continue
            self._note_training()
            if validates:
                self._validate()
            is_time = time.monotonic() - saved_at >= self.checkpoint_s
            if validates or self.group.from_first(is_time):
                self._save()
                saved_at = time.monotonic()
            self._tell()
            self.clock.start()

    def finish(self, command: str) -> Run:
        """Writes the best weights and the manifest."""
        kept_step = self.standing.best_step
        assert kept_step is not None, "the last step validates"
        return self.group.from_first(self._written(command, kept_step) if self.group.is_first else None)

    def _written(self, command: str, kept_step: int) -> Run:
        if kept_step != self.standing.step:
            self.learner.restore_weights(read_checkpoint(self.checkpoints, kept_step)[1])
        weights = self.folder / "weights.safetensors"
        save_model(weights, self.learner.network)
        self._manifest(command, kept_step, weights.read_bytes()).write(self.folder)
        return Run.read(self.folder)

    def _now(self, **changes: object) -> None:
        self.standing = self.standing.model_copy(update=changes)

    def _is_over(self) -> bool:
        step, best, patience = self.standing.step, self.standing.best_step, self.config.patience_epochs
        if step >= self.schedule.steps:
            return True
        if patience is None or best is None or not self.schedule.validates_after(step):
            return False
        return step - best >= patience * self.windows.steps_per_epoch

    def _note_training(self) -> None:
        """The mean loss since the last line, checked and logged."""
        before = self.standing.step - self._logged_step
        train_nats, norm = self.learner.take_means()
        self.clock.stop()
        self.watch.update(self.standing.step, before, train_nats, norm)
        smooth = self.standing.smooth_nats
        smooth = train_nats if smooth is None else SMOOTHING * smooth + (1 - SMOOTHING) * train_nats
        self._now(smooth_nats=smooth, bad_steps=self.watch.bad_steps, train_seconds=self.clock.seconds)
        self._write({"train_nats": train_nats, "gradient_norm": norm, "rate_factor": self._factor()})

    @property
    def _logged_step(self) -> int:
        """The newest step before this one that has a line in the log."""
        step = self.standing.step - 1
        return max(step - step % self.config.log_steps, step - step % self.schedule.validation_steps)

    def _factor(self) -> float:
        return self.schedule.factor(self.standing.step - 1)

    def _validate(self) -> None:
        """Scores the whole validation part by the one protocol; remembers the best."""
        row_nats, nats = self._scored()
        trapped = trapped_rows(row_nats)
        best = self.standing.best_validation_nats
        self.watch.check(self.standing.step, "validation loss", math.isfinite(nats))
        self._now(validation_nats=nats)
        if best is None or nats < best:
            self._now(
                best_step=self.standing.step, best_validation_nats=nats, best_trapped_rows=tuple(trapped)
            )
        self._write({"validation_nats": nats, "trapped_rows": trapped})

    def _scored(self) -> tuple[np.ndarray, float]:
        """Mean nats of every row and of them all; the processes of the group share the rows out."""
        part = self.corpus.part("validation")
        own = self.group.part(len(part.starts))
        inputs, targets = self.corpus.inputs(part)[own], self.corpus.targets(part)[own]
        scores = score(self.learner.network, inputs, targets) if len(inputs) else None
        if self.group.size == 1 and scores:
            return scores.row_nats, scores.mean_nats
        rows = self.group.gathered_objects(scores.row_nats if scores else np.empty(0))
        row_nats = np.concatenate(rows)
        return row_nats, float(row_nats.mean())

    def _write(self, line: dict) -> None:
        step = {"step": self.standing.step, "epoch": self._epoch, "chars_seen": self._chars_seen}
        timing = {
            "step": self.standing.step,
            "seconds": round(self.clock.seconds, 3),
            "chars_per_s": round(self._chars_per_s),
        }
        if self.log:
            self.log.write(step | line, timing)

    def _save(self) -> None:
        # a checkpoint that cannot be gone on from must not take the place of one that can
        self.watch.check(self.standing.step, "network", self.learner.is_finite())
        tensors = self.learner.tensors()
        if self.log:
            self._now(log_bytes=self.log.sizes())
            write_checkpoint(self.checkpoints, self.standing, tensors)

    @property
    def _chars_per_step(self) -> int:
        return self.config.streams * self.config.window_chars

    @property
    def _chars_seen(self) -> int:
        return self.standing.step * self._chars_per_step

    @property
    def _epoch(self) -> float:
        return round(self.standing.step / self.windows.steps_per_epoch, 4)

    @property
    def _chars_per_s(self) -> float:
        return self._chars_seen / max(self.clock.seconds, 1e-9)

    def _tell(self) -> None:
        if not self.group.is_first:
            return
        now, schedule = self.standing, self.schedule
        left = (schedule.steps - now.step) * self._chars_per_step / max(self._chars_per_s, 1e-9)
        self.on_progress(
            Progress(
                run=self.folder.name,
                step=now.step,
                steps=schedule.steps,
                epoch=self._epoch,
                epochs=schedule.steps / self.windows.steps_per_epoch,
                train_nats=now.smooth_nats if now.smooth_nats is not None else float("nan"),
                validation_nats=now.validation_nats,
                best_validation_nats=now.best_validation_nats,
                chars_per_s=self._chars_per_s,
                seconds_left=left,
                longest_context_beaten=longest_context_beaten(
                    now.validation_nats, self.ngram_validation_nats
                ),
            )
        )

    def _manifest(self, command: str, kept_step: int, weights: bytes) -> RunManifest:
        config, corpus = self.config, self.corpus
        digest = hashlib.sha256(config.model_dump_json().encode())
        digest.update(corpus.manifest.fingerprint.encode())
        digest.update(weights)
        nats = self.standing.best_validation_nats
        assert nats is not None
        return RunManifest(
            command=command,
            parents={corpus.name: corpus.manifest.fingerprint},
            machine=self.machine,
            name=self.folder.name,
            corpus=corpus.name,
            corpus_fingerprint=corpus.manifest.fingerprint,
            cell=config.cell,
            context=config.context or None,
            layers=config.layers,
            hidden=config.hidden,
            symbols=corpus.symbols,
            parameters=self.learner.network.parameter_count,
            recipe=config.recipe,
            seed=config.seed,
            epochs=self._epoch,
            steps=self.standing.step,
            kept_step=kept_step,
            chars_seen=self._chars_seen,
            train_seconds=round(self.clock.seconds, 3),
            chars_per_s=round(self._chars_per_s, 1),
            validation_nats=nats,
            trapped_rows=list(self.standing.best_trapped_rows),
            fingerprint=digest.hexdigest(),
        )


def _backend(cell: str, device: torch.device, dtype: torch.dtype, notice: Notice) -> str:
    """What does the work, for the manifest."""
    if cell == WINDOW:
        return "embedding bag"
    if not has_units(cell):
        return "autograd"
    native = native_step(device, dtype, notice=notice)
    return native.name if native else backend_for(cell, device)
