"""Memories around a finished run: tuned on validation alone, kept, and made again when something changed."""

import contextlib
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rnnscope.cli.main import run
from rnnscope.errors import ConfigError, RecordError
from rnnscope.models.memory.gate import SURENESS
from rnnscope.models.memory.settings import (
    CacheSettings,
    DynamicEvaluationSettings,
    NgramMixSettings,
    memories_from,
)
from rnnscope.records.corpus import Corpus, CorpusManifest, PartRows, find_corpus
from rnnscope.records.run import find_run
from rnnscope.replay import memory_tuning
from rnnscope.scoring import score
from rnnscope.studies import memories as studied
from rnnscope.studies.memories import predictor_with, replay_with
from rnnscope.studies.work import Work

TEXT = "".join(f"def f{n % 7}(x):\n    return '(' + x + ')'  # say {n * n % 89}\n" for n in range(300))
MIX = NgramMixSettings(gate=True)
LOG_LINEAR = NgramMixSettings(gate=True, log_linear=True)
LEARNING = DynamicEvaluationSettings(segment_chars=20)


@pytest.fixture(autouse=True)
def little_to_tune(monkeypatch) -> None:
    """A short text needs no long search."""
    monkeypatch.setattr(memory_tuning, "SCALE_CHARS", 1000)
    monkeypatch.setattr(memory_tuning, "RATES", (1e-3, 1e-2))
    monkeypatch.setattr(memory_tuning, "DECAYS", (0.0, 3e-3))


def rnnscope(work: Path, *arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run([*arguments, "--work", str(work)])
    return status, out.getvalue(), err.getvalue()


def answer(work: Path, *arguments: str) -> dict:
    status, out, err = rnnscope(work, *arguments, "--json")
    assert status == 0, err
    return json.loads(out)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus, its counts and one run of it."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "code.py").write_text(TEXT)
    answer(folder, "corpus", "build", str(folder / "code.py"), "--name", "code")
    answer(folder, "ngram", "code", "--context", "1-4")
    answer(folder, "train", "code", "--cell", "gru", "--hidden", "8", "--set", "epochs=2", "--name", "tiny")
    return folder


@pytest.fixture
def work(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "work"))


def replayed(work: Path, *chain, part: str = "test"):
    found = find_run(work, "tiny")
    return replay_with(Work(work), found, find_corpus(work, "code"), chain, part)


def tuned_files(work: Path) -> dict[str, dict]:
    """Label -> what was tuned, without how long it took."""
    kept = {}
    for path in (work / "runs/code/tiny/memories").glob("*.json"):
        kept[path.stem] = json.loads(path.read_bytes())["tuned"] | {"seconds": 0}
    return kept


def test_every_memory_has_a_lower_loss_than_the_run_and_is_what_predictor_with_gives(work: Path):
    corpus, found = find_corpus(work, "code"), find_run(work, "tiny")
    rows = corpus.part("test")
    plain = answer(work, "replay", "tiny")["mean_nats"]
    for chain in ((CacheSettings(),), (MIX,), (LOG_LINEAR,), (LEARNING, NgramMixSettings())):
        record = replayed(work, *chain).surprisal
        assert record.manifest.mean_nats < plain
        reader = predictor_with(Work(work), found, corpus, chain)
        scores = score(reader, corpus.inputs(rows), corpus.targets(rows))
        np.testing.assert_array_equal(scores.nats_RT, record.nats_RT)


def test_tuning_never_reads_the_test_text(work: Path, tmp_path: Path):
    poisoned = Path(shutil.copytree(work, tmp_path / "poisoned"))
    corpus = find_corpus(work, "code")
    ids, part = np.array(corpus.ids), corpus.part("test")
    for start in part.starts:
        ids[start + 1 : start + part.row_chars] = 255  # its first character is validation's last target
    np.save(poisoned / "corpora/code/ids.npy", ids)
    for folder in (work, poisoned):
        for chain in ((CacheSettings(carries=True),), (LEARNING, LOG_LINEAR)):
            predictor_with(Work(folder), find_run(folder, "tiny"), find_corpus(folder, "code"), chain)
    with pytest.raises((IndexError, ValueError, RuntimeError)):
        replayed(poisoned, CacheSettings(carries=True))
    assert len(tuned_files(work)) == 3
    assert tuned_files(work) == tuned_files(poisoned)


def test_what_was_tuned_is_kept_and_a_killed_tuning_leaves_nothing(work: Path, monkeypatch):
    learning = replayed(work, LEARNING)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(memory_tuning, "tuned_dynamic_evaluation", killed)
        assert replayed(work, LEARNING).tuned == learning.tuned
        patched.setattr(memory_tuning, "tuned_ngram_mix", killed)
        with pytest.raises(KeyboardInterrupt):
            replayed(work, LEARNING, MIX)
        assert list(tuned_files(work)) == ["dynamic_evaluation,segment_chars=20"]
    both = replayed(work, LEARNING, MIX)
    assert both.tuned[0] == learning.tuned[0]
    assert both.surprisal.manifest.mean_nats < learning.surprisal.manifest.mean_nats


def test_a_record_that_cannot_be_read_is_tuned_again(work: Path):
    before = replayed(work, CacheSettings()).tuned
    path = work / "runs/code/tiny/memories/cache.json"
    path.write_text(path.read_text()[:40])
    after = replayed(work, CacheSettings()).tuned
    assert after[0].settings == before[0].settings


def test_other_settings_are_another_record_and_other_counts_are_counted_in(work: Path):
    fixed = {context: replayed(work, NgramMixSettings(context=context, weight=0.5)) for context in (1, 3)}
    assert fixed[1].surprisal.folder != fixed[3].surprisal.folder
    assert tuned_files(work) == {}
    old = replayed(work, NgramMixSettings())
    answer(work, "ngram", "code", "--context", "1-6")
    new = replayed(work, NgramMixSettings())
    parents = [each.surprisal.manifest.parents["predictor"] for each in (old, new)]
    assert parents[0] != parents[1]


def test_what_cannot_be_is_refused_before_anything_runs(work: Path):
    with pytest.raises(ConfigError, match="beyond the 4 that are counted"):
        replayed(work, NgramMixSettings(context=5))
    shutil.rmtree(work / "counts")
    with pytest.raises(RecordError, match="rnnscope ngram code"):
        replayed(work, NgramMixSettings())
    with pytest.raises(ConfigError, match="comes first"):
        replayed(work, CacheSettings(), LEARNING)
    with pytest.raises(ConfigError, match="no part 'tests'"):
        replayed(work, CacheSettings(), part="tests")


@pytest.mark.parametrize("chain", [(), ("--with", "cache")], ids=["the run", "a memory around it"])
def test_a_run_of_a_text_that_was_built_anew_since_is_refused_in_one_line(work: Path, chain: tuple[str, ...]):
    (work / "code.py").write_text(TEXT.upper())
    shutil.rmtree(work / "corpora/code")
    answer(work, "corpus", "build", str(work / "code.py"), "--name", "code")
    status, out, err = rnnscope(work, "replay", "tiny", *chain)
    assert status != 0 and not out
    assert (
        "run 'tiny' is of another text than 'code' is now; make it anew or build the corpus as it was" in err
    )
    assert len(err.strip().splitlines()) == 1 and not list(work.glob("runs/code/tiny/memories/*.json"))


def test_a_long_label_is_still_a_folders_name():
    chain = (
        DynamicEvaluationSettings(segment_chars=20, rate=0.00123, decay=0.00456, carries=True),
        NgramMixSettings(context=12, gate=True, log_linear=True),
        CacheSettings(window=2000, theta=0.123, weight=0.0456, carries=True),
    )
    other = (*chain[:2], CacheSettings(window=2000, theta=0.123, weight=0.0457, carries=True))
    labels = {studied.short_label(each) for each in (chain, other)}
    assert len(labels) == 2 and all(len(label) <= studied.LONGEST_LABEL for label in labels)


def test_settings_that_agree_in_six_digits_are_two_labels_and_two_predictors(work: Path):
    chains = [(CacheSettings(window=20, theta=theta),) for theta in (0.12345678, 0.12345679)]
    assert len({studied.short_label(each) for each in chains}) == 2
    assert studied.short_label((CacheSettings(theta=1, weight=0.25),)) == "cache,theta=1,weight=0.25"
    folders = {replayed(work, *each).surprisal.folder for each in chains}
    assert len(folders) == len(tuned_files(work)) == 2


@pytest.mark.parametrize(("rows", "places"), [(1, 25), (4, 24), (25, 25), (100, 25)])
def test_gradients_are_measured_at_places_all_over_the_training_text(rows: int, places: int, tmp_path: Path):
    row_chars = 120_000 // rows
    np.save(tmp_path / "ids.npy", np.arange(120_001))  # every character is its own place
    train = PartRows(starts=tuple(range(0, 120_000, row_chars)), row_chars=row_chars)
    corpus = Corpus(tmp_path, CorpusManifest.model_construct(parts={"train": train}))
    found = studied._scale_rows(corpus)
    np.testing.assert_array_equal(found.targets_RT, found.inputs_RT + 1)
    assert found.inputs_RT.shape == (places, 1000 // places)
    begun = found.inputs_RT[:, 0]
    assert np.diff(begun).max() <= 1.25 * 120_000 / places and begun[-1] >= 120_000 - 1.25 * 120_000 / places
    if rows >= 25:
        np.testing.assert_array_equal(begun, row_chars * np.linspace(0, rows - 1, 25).round())


@pytest.mark.parametrize("log_linear", [False, True])
def test_a_given_weight_is_tried_under_each_context_in_the_form_that_is_asked_for(
    work: Path, log_linear: bool
):
    told = NgramMixSettings(weight=0.6, log_linear=log_linear)
    (tuned,) = replayed(work, told).tuned
    found = {
        context: replayed(
            work, told.model_copy(update={"context": context}), part="validation"
        ).surprisal.manifest.mean_nats
        for context in range(5)
    }
    assert {each["context"]: each["nats"] for each in tuned.tried} == pytest.approx(found, abs=1e-5)
    assert tuned.nats == min(each["nats"] for each in tuned.tried) and tuned.sharpness == 1


@pytest.mark.parametrize(("log_linear", "heard"), [("false", 1), ("true", 2)])
def test_the_parameters_of_a_gate_are_those_that_were_fitted_and_are_heard(work: Path, log_linear, heard):
    settings = ("--set", "gate=true", "--set", "context=2", "--set", f"log_linear={log_linear}")
    (memory,) = answer(work, "replay", "tiny", "--with", "ngram_mix", *settings)["memories"]
    clues = 3 + SURENESS + 8
    assert memory["gate_parameters"] == heard * (clues + 1)


def test_a_text_too_short_for_an_interval_has_none_printed(work: Path):
    command = ("replay", "tiny", "--with", "ngram_mix", "--set", "context=2", "--set", "weight=0.5")
    assert answer(work, *command)["chars"] < 2000 and answer(work, *command)["low"] is None
    _, said, _ = rnnscope(work, *command)
    assert "; difference -" in said and "nan" not in said and "[" not in said
    _, said, _ = rnnscope(work, *command, "--part", "train")
    assert "; difference -" in said and " [-" in said


def test_the_command_says_the_difference_and_answers_at_once_again(work: Path):
    command = ("replay", "tiny", "--with", "dynamic_evaluation", "--with", "ngram_mix")
    command += ("--set", "segment_chars=20", "--set", "ngram_mix.context=2")
    first = answer(work, *command)
    assert first["mean_nats"] == pytest.approx(first["plain_nats"] + first["difference"], abs=1e-5)
    assert first["difference"] < 0 and {"low", "high"} < first.keys()
    assert [each["memory"] for each in first["memories"]] == ["dynamic_evaluation", "ngram_mix"]
    assert first["memories"][0]["tuned"] == ["rate", "decay"]
    assert first["memories"][1]["settings"]["context"] == 2
    assert Path(first["surprisal"]).parent == work / "runs/code/tiny/replays/test/with"
    status, said, noticed = rnnscope(work, *command)
    assert status == 0 and noticed == ""
    assert f"{first['mean_nats']:.4f} nats" in said and "microseconds of processor time per character" in said
    assert answer(work, *command) == first


REFUSED = [
    (["--with", "cash"], "no memory 'cash'; did you mean 'cache'?"),
    (["--with", "cache", "--set", "windw=3"], "no setting 'windw'; did you mean 'window'?"),
    (["--with", "cache", "--set", "window=0"], "window"),
    (["--with", "cache", "--set", "rate=1"], "no setting 'rate'; there is: carries, theta, weight, window"),
    (["--with", "cache", "--set", "ngram_mix.weight=1"], "no memory 'ngram_mix' here"),
    (["--with", "cache", "--with", "cache"], "named twice"),
    (["--with", "cache", "--with", "dynamic_evaluation"], "--with dynamic_evaluation --with cache"),
    (
        ["--with", "ngram_mix", "--with", "cache", "--set", "weight=.1"],
        "say ngram_mix.weight or cache.weight",
    ),
    (["--with", "ngram_mix", "--set", "weight=.1", "--set", "gate=true"], "give weight or gate=true"),
    (["--with", "cache", "--set", "weight=1"], "setting weight=1: input should be less than 1"),
    (["--with", "cache", "--rows", "2"], "leave --rows away"),
    (["--with", "cache", "--precision", "float16"], "leave --precision away"),
    (["--with", "cache", "--trace"], "--trace shows the network alone"),
    (["--set", "window=3"], "name it by --with"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED)
def test_a_wrong_memory_or_setting_is_one_line(trained: Path, arguments: list[str], said: str):
    status, _, error = rnnscope(trained, "replay", "tiny", *arguments)
    assert status == 2
    assert said in error and error.count("\n") == 1


def test_settings_of_several_memories_are_told_apart_by_name():
    mix, cache = memories_from(["ngram_mix", "cache"], {"cache.weight": "0.1", "context": "3"})
    assert (mix, cache) == (NgramMixSettings(context=3), CacheSettings(weight=0.1))
