"""What can be typed wrongly is one line and status 2; nothing is left behind."""

import contextlib
import io
import json
import lzma
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from rnnscope.cli.main import run
from rnnscope.records.trace import Trace

TEXT = "def f(x):\n    return '(' + x + ')'  # say\n" * 400


@dataclass(frozen=True)
class Said:
    returncode: int
    stdout: str
    stderr: str


def rnnscope(work: Path, *arguments: str, stdin: bytes = b"") -> Said:
    """One command in this process: as good as one of its own, and torch is loaded once."""
    out, err = io.StringIO(), io.StringIO()
    given = io.TextIOWrapper(io.BytesIO(stdin))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), mock.patch("sys.stdin", given):
        status = run([*arguments, "--work", str(work)])
    return Said(status, out.getvalue(), err.getvalue())


def answer(work: Path, *arguments: str, stdin: bytes = b"") -> dict:
    """The one JSON object on stdout of a command that must succeed."""
    done = rnnscope(work, *arguments, "--json", stdin=stdin)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder with a corpus 'code' and a trained run of it."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "code.py").write_text(TEXT)
    built = answer(folder, "corpus", "build", str(folder / "code.py"), "--name", "code")
    assert built["name"] == "code"
    answer(folder, "train", "code", "--cell", "gru", "--hidden", "8", "--set", "epochs=3", "--name", "tiny")
    return folder


REFUSED = [
    (["corpus", "build", "no-such-file"], "no file or folder 'no-such-file'"),
    (["ngram", "nope"], "no corpus 'nope'"),
    (["ngram", "code", "--context", "9-x"], "--context '9-x'"),
    (["train", "nope"], "no corpus 'nope'"),
    (["train", "code", "--cell", "lstn"], "did you mean 'lstm'"),
    (["train", "code", "--hidden", "0"], "hidden"),
    (["train", "code", "--recipe", "quick"], "no recipe 'quick'"),
    (["train", "code", "--set", "epoch=1"], "did you mean 'epochs'"),
    (["train", "code", "--set", "epochs=many"], "epochs"),
    (["train", "code", "--set", "epochs"], "FIELD=VALUE"),
    (["train", "code", "--resume", "--hidden", "3"], "leave --resume away"),
    (["score", "no-run", "x"], "no run 'no-run'"),
    (["score", "tiny", "/no/such/text"], "/no/such/text"),
    (["sample", "tiny", "--prime", ""], "the prime is empty"),
    (["sample", "tiny", "--prime", "\u20ac"], "not in this alphabet"),
    (["sample", "tiny", "--temperature", "-1"], "temperature -1"),
    (["sample", "tiny", "--hold", "1.3"], "--hold '1.3' is not LAYER.UNIT=VALUE"),
    (["sample", "tiny", "--hold", "3=0.5"], "write it as --hold 1.37=0.9"),
    (["sample", "tiny", "--hold", "0.3=0.5"], "cannot hold 0.3: the network has one layer, 1"),
    (["sample", "tiny", "--hold", "1.8=0.5"], "layer 1 has units 0 to 7"),
    (["sample", "tiny", "--hold", "1.3=-1.5"], "h lies between -1 and 1"),
    (["sample", "tiny", "--hold", "1.3=nan"], "cannot hold 1.3 at nan"),
    (["sample", "tiny", "--hold", "1.3=.1", "--hold", "1.3=.2"], "1.3 is to be held twice"),
    (["unit", "tiny", "3"], "'3' is not LAYER.UNIT; write it as 1.37"),
    (["unit", "tiny", "2.0"], "no unit 2.0: the network has one layer, 1"),
    (["unit", "tiny", "1.8"], "layer 1 has units 0 to 7"),
    (["unit", "no-run", "1.8"], "no run 'no-run'"),
    (["sample", "tiny", "--compare"], "give --hold 1.0=0.9 too"),
    (["replay", "tiny", "--part", "tset"], "did you mean 'test'"),
    (["replay", "tiny", "--rows", "0"], "--rows 0"),
    (["replay", "tiny", "--precision", "int4"], "none of float16, float32, int8"),
    (["statistics", "no-run"], "no run 'no-run'"),
    (["statistics", "tiny", "--part", "tset"], "did you mean 'test'"),
    (["statistics", "tiny", "--processes", "0"], "--processes 0"),
    (["ablate", "no-run"], "no run 'no-run'"),
    (["ablate", "tiny", "--to", "one"], "neither mean nor zero"),
    (["ablate", "tiny", "--chars", "1"], "--chars 1"),
    (["ablate", "tiny", "--at", "99999999"], "no step 99999999"),
    (["ablate", "tiny", "--part", "tset"], "did you mean 'test'"),
    (["study", "code", "--scale", "huge"], "no scale 'huge'"),
    (["study", "code", "--processes", "0"], "--processes 0"),
    (["study", "code", "--budgets", "64"], "--budgets is a grid's"),
    (["study", "code", "--seeds", "2"], "--seeds are a grid's"),
    (["study", "code", "--grid", "figure2"], "no grid 'figure2'"),
    (["study", "code", "--grid", "figure1", "--cells", "lsmt", "--dry-run"], "no cell 'lsmt'"),
    (["report", "code"], "no findings of 'code'"),
    (["no-such-command"], "No such command"),
]


@pytest.mark.parametrize(("arguments", "expected"), REFUSED)
def test_a_mistake_is_one_line_that_says_what_would_do(work: Path, arguments: list[str], expected: str):
    done = rnnscope(work, *arguments)
    assert done.returncode == 2 and done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("rnnscope: ") and expected in line


def test_the_same_training_again_returns_at_once_and_says_the_same(work: Path):
    first = answer(
        work, "train", "code", "--cell", "gru", "--hidden", "8", "--set", "epochs=3", "--name", "tiny"
    )
    assert set(first) >= {
        "run",
        "parameters",
        "epochs",
        "validation_nats",
        "test_nats",
        "train_seconds",
        "chars_per_s",
    }
    assert first["run"] == "code/tiny" and first["epochs"] == 3


def test_another_config_under_the_same_name_is_refused(work: Path):
    done = rnnscope(work, "train", "code", "--hidden", "9", "--name", "tiny")
    assert done.returncode == 2 and "tiny" in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_a_score_is_the_mean_loss_of_the_text_and_bits_are_nats_over_log_two(work: Path, tmp_path: Path):
    text = tmp_path / "t.txt"
    text.write_text(TEXT[:500])
    scored = answer(work, "score", "tiny", str(text))
    assert scored["chars"] == 499
    assert scored["bits_per_char"] == pytest.approx(scored["nats_per_char"] / 0.6931471805599453)
    packed = tmp_path / "t.txt.xz"
    packed.write_bytes(lzma.compress(TEXT[:500].encode()))
    assert answer(work, "score", "code/tiny", str(packed)) == scored
    assert (
        answer(work, "score", str(work / "runs" / "code" / "tiny"), "-", stdin=TEXT[:500].encode()) == scored
    )


def test_unknown_characters_are_named_and_can_be_left_out(work: Path, tmp_path: Path):
    text = tmp_path / "t.txt"
    text.write_text("return €x\u202e")
    refused = rnnscope(work, "score", "tiny", str(text))
    assert refused.returncode == 2 and "'€' at 7" in refused.stderr
    done = rnnscope(work, "score", "tiny", str(text), "--skip-unknown", "--json")
    assert json.loads(done.stdout)["chars"] == 7 and "2 characters" in done.stderr


def test_a_sample_is_as_long_as_asked_for_and_the_seed_decides_it(work: Path):
    arguments = ["sample", "tiny", "--prime", "def ", "--chars", "200", "--temperature", "0.7"]
    first = answer(work, *arguments)
    assert len(first["text"]) == 200
    assert answer(work, *arguments) == first != answer(work, *arguments, "--seed", "1")


def test_a_text_with_a_unit_held_stands_beside_the_one_without(work: Path):
    arguments = ["sample", "tiny", "--prime", "def ", "--chars", "120"]
    alone = answer(work, *arguments)
    held = answer(work, *arguments, "--hold", "1.2=0.9", "--hold", "1.5=-1", "--compare")
    assert held["text_without"] == alone["text"]
    same = held["same_chars"]
    assert held["text"][:same] == alone["text"][:same] and held["text"][same] != alone["text"][same]
    assert held["change_nats"] > 0 and len(held["controls_nats"]) == 3  # of 8 units 2 are held
    assert held["held"][1] == {"layer": 1, "unit": 5, "value": -1.0}
    assert held["more_likely"] and all(row["after"] > row["before"] for row in held["more_likely"])
    said = rnnscope(work, *arguments, "--hold", "1.2=0.9", "--hold", "1.5=-1", "--compare").stdout
    assert "--- with 1.2 at +0.9, 1.5 at -1" in said and alone["text"] in said


def test_a_card_of_any_unit_is_told_and_makes_the_trace_it_needs(work: Path):
    card = answer(work, "unit", "tiny", "1.3")
    assert (work / "runs" / "code" / "tiny" / "replays" / "test" / "trace" / "manifest.json").is_file()
    assert (card["layer"], card["unit"]) == (1, 3) and card["heading"].startswith("Unit 3 of layer 1")
    assert "role was not looked for" not in card["heading"]  # though no study opened the run
    assert card["numbers"]["kept_chars"] > 0 and "update (z keeps) open" in card["facts"]["gates"]
    assert len(card["symbols"]) == 10 and card["excerpts"]
    assert all(len(each["text"]) == len(each["values"]) for each in card["excerpts"])
    said = rnnscope(work, "unit", "tiny", "1.3")
    assert said.stderr == "" and "memory by its gate" in said.stdout and "rnnscope ablate" in said.stdout
    # what the ablation found is on the card from then on
    answer(work, "ablate", "tiny", "--chars", "1000")
    assert "nats a character" in answer(work, "unit", "tiny", "1.3")["facts"]["held at its mean"]
    weights = work / "runs" / "code" / "tiny" / "weights.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(b"no weights")
    broken = rnnscope(work, "unit", "tiny", "1.3")
    weights.write_bytes(whole)
    assert broken.returncode == 2 and "train the run again" in broken.stderr


def test_a_replay_leaves_every_site_of_every_unit(work: Path):
    made = answer(work, "replay", "tiny", "--part", "validation", "--trace", "--precision", "float32")
    assert made["sites"] and set(made["sites"].values()) == {8}
    assert {"layers.0.r", "layers.0.z", "layers.0.n", "layers.0.h"} <= set(made["sites"])


def test_statistics_are_those_of_the_trace_and_the_same_for_people(work: Path):
    said = answer(work, "statistics", "tiny", "--part", "validation", "--processes", "1")
    made = answer(work, "replay", "tiny", "--part", "validation", "--trace", "--precision", "float32")
    trace = Trace.read(Path(made["trace"]))
    assert len(said["units"]) == 4 * 8 and len(said["time_constants"]) == 8
    for row in said["units"]:
        values = trace.site(f"layers.{row['layer'] - 1}.{row['site']}")[..., row["unit"]].astype(np.float64)
        assert said["steps"] == values.size
        assert row["mean"] == pytest.approx(values.mean(), abs=1e-6)
        assert row["deviation"] == pytest.approx(values.std(), abs=1e-6)
        assert row["least"] <= row["p10"] <= row["p50"] <= row["p90"] <= row["largest"]
    shown = rnnscope(work, "statistics", "tiny", "--part", "validation", "--processes", "1").stdout
    (update,) = [row for row in said["summary"] if row["site"] == "z"]
    assert f"{update['mean_p50']:.3f}" in shown and "z update (z keeps)" in shown
    assert said["reading"] in shown


def test_ngram_losses_are_given_for_every_context_asked_for(work: Path):
    made = answer(work, "ngram", "code", "--context", "1-3,6")
    assert list(made["context"]) == ["1", "2", "3", "6"]
    assert made["context"]["1"]["test_nats"] > made["context"]["3"]["test_nats"]
    assert 0 <= made["context"]["3"]["error_rate"] < made["context"]["1"]["error_rate"]
