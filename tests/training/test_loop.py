"""Training learns, stops, is killed and goes on."""

import json
import math
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from safetensors.torch import load_file

from rnnscope.errors import ConfigError, DivergenceError, RecordError
from rnnscope.models import load_model, load_network
from rnnscope.records.folder import MANIFEST, is_whole
from rnnscope.records.run import Run
from rnnscope.scoring import score
from rnnscope.training import Progress, train, with_settings
from rnnscope.training.checkpoints import newest_checkpoint


class Killed(Exception):
    """Stands for a process that ends at some step, right after its checkpoint."""


def killed_at(step: int):
    def on_progress(progress: Progress) -> None:
        if progress.step >= step:
            raise Killed

    return on_progress


def train_in_pieces(corpus, config, folder: Path, *steps: int) -> Run:
    for step in steps:
        with pytest.raises(Killed):
            train(corpus, config, folder, on_progress=killed_at(step), checkpoint_s=0)
    return train(corpus, config, folder, checkpoint_s=0)


def last_checkpoint(folder: Path):
    found = newest_checkpoint(folder / "checkpoints", pytest.fail)
    assert found is not None
    return found


def assert_same_run(one: Path, other: Path) -> None:
    """Weights, log, and everything that a later step would depend on."""
    assert (one / "weights.safetensors").read_bytes() == (other / "weights.safetensors").read_bytes()
    assert (one / "log.jsonl").read_bytes() == (other / "log.jsonl").read_bytes()
    (standing, tensors), (other_standing, other_tensors) = last_checkpoint(one), last_checkpoint(other)
    machine = {"train_seconds": 0.0, "log_bytes": (0, 0)}
    assert standing.model_copy(update=machine) == other_standing.model_copy(update=machine)
    assert tensors.keys() == other_tensors.keys() and any(name.startswith("optimiser.") for name in tensors)
    for name, tensor in tensors.items():
        assert tensor.equal(other_tensors[name]), name
    assert Run.read(one).manifest.fingerprint == Run.read(other).manifest.fingerprint


@pytest.mark.parametrize(
    ("recipe", "settings"),
    [
        ("fast", {}),
        ("fast", {"cell": "gru", "layers": 2, "dropout": 0.3}),
        ("fast", {"precision": "auto", "log_steps": 3}),
        ("fast", {"cell": "window", "context": 3}),
        ("fast", {"cell": "attention", "context": 30, "layers": 2, "dropout": 0.2}),
        ("fast", {"cell": "transformer", "context": 30, "dropout": 0.2}),
        ("fast", {"cell": "mlstm", "layers": 2, "dropout": 0.2}),
        ("paper-2015", {"cell": "gru-2015"}),
        ("paper-2015", {"cell": "rnn", "layers": 2, "dropout": 0.2}),
    ],
)
def test_twenty_steps_are_ten_and_resume_and_ten_bit_for_bit(
    periodic, small_config, tmp_path, recipe, settings
):
    """Over the end of an epoch (every 8 steps) and over validations."""
    config = small_config(recipe, epochs=2.5, window_chars=100, **settings)
    whole = train(periodic, config, tmp_path / "a" / "run")
    assert whole.manifest.steps == 20
    pieces = train_in_pieces(periodic, config, tmp_path / "b" / "run", 10)
    assert_same_run(whole.folder, pieces.folder)
    shreds = train_in_pieces(periodic, config, tmp_path / "c" / "run", 1, 3, 7, 8, 9, 16, 20)
    assert_same_run(whole.folder, shreds.folder)


KILLABLE = """
import signal, sys; from pathlib import Path
from rnnscope.records import Corpus; from rnnscope.training import TrainConfig, train
corpus, config = Corpus.read(Path(sys.argv[1])), TrainConfig.load(Path(sys.argv[2]))
def on_progress(progress):
    print(progress.step, flush=True)
    if progress.step == int(sys.argv[5]) + 9:
        signal.pause()  # the kill comes within these steps, wherever they are, or here
train(corpus, config, Path(sys.argv[3]), checkpoint_s=float(sys.argv[4]), on_progress=on_progress)
"""


def kill_at(step: int, corpus, config_path: Path, folder: Path, checkpoint_s: float) -> None:
    command = [sys.executable, "-c", KILLABLE, corpus.folder, config_path, folder, checkpoint_s, step]
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= step:
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL


@pytest.mark.slow
def test_a_run_killed_by_the_system_ends_as_if_it_had_not_been(periodic, small_config, tmp_path):
    """Killed while it writes checkpoints at every step, and again far from one; the log has no line twice."""
    config = small_config(epochs=8)
    config.write(tmp_path / "config.json")
    folder = tmp_path / "killed" / "run"
    kill_at(60, periodic, tmp_path / "config.json", folder, 0)
    assert not is_whole(folder)
    kill_at(150, periodic, tmp_path / "config.json", folder, 3600)
    begun_at = []
    killed = train(
        periodic,
        config,
        folder,
        on_progress=lambda progress: begun_at.append(progress.step),
        checkpoint_s=3600,
    )
    assert 60 < begun_at[0] <= 151
    whole = train(periodic, config, tmp_path / "whole" / "run")
    assert_same_run(whole.folder, killed.folder)
    steps = [line["step"] for line in killed.log() if "train_nats" in line]
    assert steps == list(range(1, whole.manifest.steps + 1))
    timing = [json.loads(line)["step"] for line in (folder / "timing.jsonl").read_text().splitlines()]
    assert timing == [line["step"] for line in killed.log()]


def test_a_broken_newest_checkpoint_costs_one_checkpoint_and_is_told(periodic, small_config, tmp_path):
    config, folder = small_config(), tmp_path / "broken" / "run"
    whole = train(periodic, config, tmp_path / "whole" / "run")
    for damage in (
        lambda content: content[:-40],
        lambda content: content[:-3] + b"\x01\x02\x03",
        lambda content: b"",
    ):
        with pytest.raises(Killed):
            train(periodic, config, folder, on_progress=killed_at(11), checkpoint_s=0, resume="never")
        newest = folder / "checkpoints" / "step-00000011.safetensors"
        newest.write_bytes(damage(newest.read_bytes()))
        told, steps = [], []
        run = train(
            periodic,
            config,
            folder,
            notice=told.append,
            on_progress=lambda now, steps=steps: steps.append(now.step),
        )
        assert any("step-00000011" in line and "going on from the one before" in line for line in told)
        assert steps[0] == 11
        assert_same_run(whole.folder, run.folder)


def test_only_two_checkpoints_and_the_best_are_kept(periodic, small_config, tmp_path):
    folder = tmp_path / "run"
    train(periodic, small_config(), folder, checkpoint_s=0)
    standing, _ = last_checkpoint(folder)
    steps = {int(path.stem.removeprefix("step-")) for path in (folder / "checkpoints").iterdir()}
    assert standing.step in steps and standing.best_step in steps and len(steps) <= 4


def test_a_finished_run_is_returned_and_its_files_are_left_alone(periodic, small_config, tmp_path):
    run = train(periodic, small_config(), tmp_path / "run", command="rnnscope train x")
    before = {path: path.stat().st_mtime_ns for path in run.folder.rglob("*")}
    again = train(
        periodic, small_config(), tmp_path / "run", on_progress=lambda progress: pytest.fail("trained")
    )
    assert again == run and before == {path: path.stat().st_mtime_ns for path in run.folder.rglob("*")}
    assert run.manifest.command == "rnnscope train x"
    assert {"processor", "cores", "threads", "torch", "precision", "backend"} <= run.manifest.machine.keys()


def test_a_run_killed_between_its_last_step_and_its_manifest_is_finished(periodic, small_config, tmp_path):
    run = train(periodic, small_config(), tmp_path / "run")
    content = (run.folder / MANIFEST).read_bytes()
    (run.folder / MANIFEST).unlink()
    (run.folder / "weights.safetensors").unlink()
    again = train(
        periodic, small_config(), tmp_path / "run", on_progress=lambda progress: pytest.fail("trained")
    )
    assert again.manifest.fingerprint == run.manifest.fingerprint and content


def test_another_config_in_the_folder_is_refused_by_the_field_that_differs(periodic, small_config, tmp_path):
    train(periodic, small_config(), tmp_path / "run")
    with pytest.raises(
        ConfigError,
        match=r"run 'run' has momentum=0.9, and this asks for momentum=0.5; "
        "choose",
    ):
        train(periodic, small_config(momentum=0.5), tmp_path / "run")
    again = train(periodic, small_config(momentum=0.5), tmp_path / "run", resume="never")
    assert json.loads(again.config_path.read_text())["momentum"] == 0.5


def test_another_text_in_the_folder_is_refused(periodic, shuffled, small_config, tmp_path):
    with pytest.raises(Killed):
        train(periodic, small_config(), tmp_path / "run", on_progress=killed_at(3), checkpoint_s=0)
    with pytest.raises(RecordError, match="trained on another text than 'shuffled'"):
        train(shuffled, small_config(), tmp_path / "run")
    train(periodic, small_config(), tmp_path / "run")
    with pytest.raises(RecordError, match="trained on another text than 'shuffled'"):
        train(shuffled, small_config(), tmp_path / "run")


def test_going_on_needs_something_to_go_on_from(periodic, small_config, tmp_path):
    with pytest.raises(RecordError, match="no run 'run' to go on with"):
        train(periodic, small_config(), tmp_path / "run", resume="only")
    assert not (tmp_path / "run").exists()


def test_two_processes_never_train_the_same_run(periodic, small_config, tmp_path):
    with (
        FileLock(tmp_path / ".run.lock"),
        pytest.raises(RecordError, match="being made by another process"),
    ):
        train(periodic, small_config(), tmp_path / "run")
    train(periodic, small_config(), tmp_path / "run")


@pytest.mark.parametrize("rates", [1e4, 1e37])
@pytest.mark.parametrize("recipe", ["fast", "paper-2015"])
def test_absurd_rates_end_in_one_line_and_the_last_good_checkpoint_stays(
    periodic, small_config, tmp_path, recipe, rates
):
    absurd = dict.fromkeys(("hidden_rate", "input_rate", "decoder_rate", "bias_rate"), rates)
    config = small_config(recipe, epochs=20, schedule="stepped", warmup_share=0.0, **absurd)
    with pytest.raises(DivergenceError, match=r"training of 'run' diverged: .* at step \d+; lower") as caught:
        train(periodic, config, tmp_path / "run", checkpoint_s=0)
    assert "\n" not in str(caught.value) and not is_whole(tmp_path / "run")
    found = newest_checkpoint(tmp_path / "run" / "checkpoints", pytest.fail)
    if found is not None:
        assert all(
            tensor.isfinite().all() for name, tensor in found[1].items() if name.startswith("network.")
        )


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "gru-2015"])
def test_a_periodic_text_is_learned_and_the_same_text_shuffled_is_not(
    periodic, shuffled, small_config, tmp_path, cell
):
    config = small_config(cell=cell, hidden=24, epochs=6)
    losses = {}
    for corpus in (periodic, shuffled):
        run = train(corpus, config, tmp_path / corpus.name)
        part = corpus.part("test")
        network = load_network(run.weights_path)
        losses[corpus.name] = score(network, corpus.inputs(part), corpus.targets(part)).mean_nats
    assert losses["periodic"] < 0.1
    assert losses["shuffled"] > 1.4


@pytest.mark.parametrize(("context", "is_learned"), [(1, False), (2, True), (5, True)])
def test_an_n_nn_learns_what_its_context_tells_and_no_more(
    periodic, small_config, tmp_path, context, is_learned
):
    """In the period of eleven the last two characters tell the next one, one does not."""
    run = train(periodic, small_config(cell="window", context=context, hidden=24, epochs=6), tmp_path / "run")
    part = periodic.part("test")
    nats = score(load_model(run.weights_path), periodic.inputs(part), periodic.targets(part)).mean_nats
    assert (nats < 0.05) == is_learned
    assert (run.manifest.cell, run.manifest.context) == ("window", context)


def test_runs_alike_in_all_but_seed_and_what_is_written_on_the_way_have_the_same_weights(
    periodic, small_config, tmp_path
):
    plain = small_config()
    noted = with_settings(plain, {"milestones": 5, "milestone_epochs": 0.5, "log_steps": 7})
    assert noted != plain and noted.all_but_seed() == plain.all_but_seed()
    weights = [
        train(periodic, config, tmp_path / f"{config.log_steps}").weights_path.read_bytes()
        for config in (plain, noted)
    ]
    assert weights[0] == weights[1]


def test_a_plain_cells_rate_is_that_of_the_runs_length_gone_on_with_or_not(periodic, small_config, tmp_path):
    config = small_config(cell="rnn", hidden_rate_updates="none", hidden_rate=0.01)
    steps = train(periodic, config, tmp_path / "any length").manifest.steps
    assert steps % 4 == 0
    quarter = with_settings(config, {"hidden_rate_updates": steps // 4, "hidden_rate": 0.02})
    train(periodic, quarter, tmp_path / "by length")
    train_in_pieces(periodic, quarter, tmp_path / "in pieces", steps // 3)
    any_length, by_length, in_pieces = (
        (tmp_path / name / "weights.safetensors").read_bytes()
        for name in ("any length", "by length", "in pieces")
    )
    assert any_length == by_length == in_pieces


def test_milestones_are_the_weights_on_the_way_and_change_nothing_else(periodic, small_config, tmp_path):
    config = small_config(epochs=2, milestones=5)
    plain = train(periodic, small_config(epochs=2), tmp_path / "plain")
    whole = train(periodic, config, tmp_path / "a" / "run")
    pieces = train_in_pieces(periodic, config, tmp_path / "b" / "run", 3, 30)
    steps = list(whole.milestones())
    assert steps[0] == 1 and steps[-1] == whole.manifest.steps and len(steps) == 5
    ratios = np.diff(np.log(steps))
    assert ratios.max() < 2 * ratios.min()
    assert plain.weights_path.read_bytes() == whole.weights_path.read_bytes()
    assert plain.milestones() == {}
    for step, path in whole.milestones().items():
        assert path.read_bytes() == pieces.milestones()[step].read_bytes()
    last = load_network(whole.milestones()[steps[-1]])
    first = load_network(whole.milestones()[1])
    part = periodic.part("test")
    nats = [score(each, periodic.inputs(part), periodic.targets(part)).mean_nats for each in (first, last)]
    assert nats[0] > nats[1] + 0.5


def test_weights_kept_are_those_of_the_best_validation_by_the_one_protocol(shuffled, small_config, tmp_path):
    """A text that can only be learned by heart gets worse on validation; the end is not what is kept."""
    config = small_config(hidden=64, epochs=30)
    run = train(shuffled, config, tmp_path / "run")
    validations = {line["step"]: line["validation_nats"] for line in run.log() if "validation_nats" in line}
    best = min(validations, key=lambda step: validations[step])
    assert run.manifest.kept_step == best < run.manifest.steps == max(validations)
    part = shuffled.part("validation")
    scores = score(load_network(run.weights_path), shuffled.inputs(part), shuffled.targets(part))
    assert scores.mean_nats == pytest.approx(run.manifest.validation_nats, abs=1e-9)


def test_a_run_without_a_better_validation_for_long_enough_ends_early(shuffled, small_config, tmp_path):
    run = train(shuffled, small_config(hidden=64, epochs=60, patience_epochs=5), tmp_path / "run")
    assert run.manifest.epochs < 60
    steps_per_epoch = round(run.manifest.steps / run.manifest.epochs)
    assert run.manifest.steps - run.manifest.kept_step == 5 * steps_per_epoch
    again = train_in_pieces(
        shuffled,
        small_config(hidden=64, epochs=60, patience_epochs=5),
        tmp_path / "b" / "run",
        run.manifest.steps,
    )
    assert again.manifest.steps == run.manifest.steps


def test_progress_counts_up_and_names_the_longest_context_beaten(periodic, small_config, tmp_path):
    seen: list[Progress] = []
    losses = {1: 5.0, 2: 4.0, 3: 1e-9}
    run = train(
        periodic, small_config(), tmp_path / "run", on_progress=seen.append, ngram_validation_nats=losses
    )
    assert [now.step for now in seen] == sorted(now.step for now in seen) and seen[-1].step == seen[-1].steps
    assert seen[-1].longest_context_beaten == 2 and seen[0].longest_context_beaten is None
    assert seen[-1].seconds_left == 0 and seen[-1].train_bits == pytest.approx(
        seen[-1].train_nats / math.log(2)
    )
    assert seen[-1].best_validation_nats == run.manifest.validation_nats


def test_seeds_decide_everything(periodic, small_config, tmp_path):
    one, same, other = (
        train(periodic, small_config(seed=seed), tmp_path / name / "run")
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert one.manifest.fingerprint == same.manifest.fingerprint != other.manifest.fingerprint
    weights = [load_file(run.weights_path)["decoder_VH"] for run in (one, other)]
    assert not torch.allclose(weights[0], weights[1])
