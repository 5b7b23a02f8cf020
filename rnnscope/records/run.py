"""Run: one trained network on disk, finished or on its way, or one that was trained elsewhere. Knows files,
and tensors by name alone.

runs/CORPUS/NAME/config.json       the whole training config; written first
                 log.jsonl         one line per logged step and per validation; the same bytes for the same
                 config timing.jsonl      seconds and speed for the same steps: what the machine decides
                 checkpoints/      step-00001234.safetensors: weights, optimiser, random state, position
                 milestones/       step-00000012.safetensors: weights alone, on the way, where asked for
                 weights.safetensors   the best weights by validation loss, once finished
                 manifest.json     written last: a run that has one is finished
                 replays/PART/     surprisal/ trace/
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from safetensors import SafetensorError, safe_open

from rnnscope.errors import RecordError, did_you_mean
from rnnscope.records.folder import Manifest, is_whole

ADOPTED = "adopted"
"""The recipe of a network that was trained elsewhere: what is not known of its training is 0."""


class RunManifest(Manifest):
    kind: Literal["run"] = "run"
    name: str
    corpus: str
    corpus_fingerprint: str
    cell: str
    """A recurrent cell, or 'window' for an n-NN."""
    context: int | None = None
    """N, the characters that an n-NN sees; None for a recurrent network."""
    layers: int
    hidden: int
    symbols: int
    parameters: int
    recipe: str
    seed: int
    epochs: float
    """Epochs trained, less than asked for where early stopping ended the run."""
    steps: int
    kept_step: int
    """Updates after which the weights kept were reached: the best validation."""
    chars_seen: int
    train_seconds: float
    """Wall time of training steps, over all resumes; validation and checkpoints not counted."""
    chars_per_s: float
    validation_nats: float
    """Of the weights kept."""
    trapped_rows: list[int] = []
    """Validation rows whose loss stands far above the others': the network fell into a bad state there and
    stayed.
    """
    adopted_within_nats: float | None = None
    """Of an adopted network: the largest difference of a log-probability from its own, on a piece of the
    validation text."""
    outside_nats: float | None = None
    """Of an adopted network: what a character costs less, on average, since symbols that the text does not
    have get no probability here."""
    fingerprint: str
    """sha256 over config, corpus and weights."""


@dataclass(frozen=True)
class Run:
    """A finished run."""

    folder: Path
    manifest: RunManifest

    @classmethod
    def read(cls, folder: Path) -> "Run":
        return cls(folder, RunManifest.read(folder))

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def reference(self) -> str:
        """'CORPUS/NAME', what commands take."""
        return f"{self.manifest.corpus}/{self.manifest.name}"

    @property
    def is_adopted(self) -> bool:
        """Whether it was trained elsewhere; it then has no training config, no log and no milestones."""
        return self.manifest.recipe == ADOPTED

    @property
    def config_path(self) -> Path:
        return self.folder / "config.json"

    @property
    def weights_path(self) -> Path:
        return self.folder / "weights.safetensors"

    def weights(self, *names: str) -> dict[str, np.ndarray]:
        """Tensors of the weights kept by name, float32, read without torch: those named, by default all.
        Raises RecordError for a file that cannot be read and a tensor that it has not."""
        try:
            with safe_open(self.weights_path, framework="np") as file:
                return {name: file.get_tensor(name).astype(np.float32) for name in names or file.keys()}
        except (SafetensorError, OSError) as error:
            raise RecordError(
                f"weights '{self.weights_path}' cannot be read ({error}); train the run again"
            ) from None

    def milestones(self) -> dict[int, Path]:
        """Updates made -> the weights that the network then had, in order; empty where none were kept."""
        paths = (self.folder / "milestones").glob("step-*.safetensors")
        steps = {path.stem.removeprefix("step-"): path for path in paths}
        return {int(step): path for step, path in sorted(steps.items()) if step.isdecimal()}

    def log(self) -> list[dict]:
        """The lines of log.jsonl."""
        return read_jsonl(self.folder / "log.jsonl")

    def replay_folder(self, part: str, kind: str) -> Path:
        return self.folder / "replays" / part / kind


def milestone_path(folder: Path, step: int) -> Path:
    """Where a run keeps the weights that it has after `step` updates."""
    return folder / "milestones" / f"step-{step:08d}.safetensors"


def read_jsonl(path: Path) -> list[dict]:
    """All whole lines; a last line that was cut off by a kill is left out."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def find_run(work: Path, reference: str) -> Run:
    """The finished run 'CORPUS/NAME', 'NAME' (where one corpus has it) or a folder. Raises RecordError with
    the names there are.
    """
    runs = work / "runs"
    candidates = [Path(reference), runs / reference, *sorted(runs.glob(f"*/{_literal(reference)}"))]
    whole = {path.resolve() for path in candidates if is_whole(path)}
    if len(whole) > 1:
        raise RecordError(
            f"'{reference}' is more than one run: say "
            f"{' or '.join(sorted(f'{p.parent.name}/{p.name}' for p in whole))}"
        )
    if whole:
        return Run.read(whole.pop())
    for path in candidates:
        if (path / "config.json").is_file():
            raise RecordError(
                f"run '{reference}' is not finished; run its 'rnnscope train' command again and it goes on"
            )
    there = [f"{p.parent.parent.name}/{p.parent.name}" for p in runs.glob("*/*/manifest.json")]
    raise RecordError(f"no run '{reference}' in '{work}'; {did_you_mean(reference, there)}")


def _literal(name: str) -> str:
    """`name` for a glob, which would choke on wildcards and absolute paths."""
    return "".join(c if c.isalnum() or c in "._=,+-" else "?" for c in name) or "?"
