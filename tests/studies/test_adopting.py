"""A network that was trained elsewhere is a run like any other, is what it was, and says where it is from."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from planted_foreign import taken_apart
from planted_reader import COLUMN_UNIT, QUOTE_UNIT, reader_run
from torch import nn

import rnnscope
from rnnscope.cli.main import run as command
from rnnscope.errors import ConfigError, RecordError
from rnnscope.models.saved import load_network
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Finding
from rnnscope.records.run import Run
from rnnscope.studies.jobs import replay_run


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run, Corpus]:
    work = tmp_path_factory.mktemp("work")
    return work, *reader_run(work)


@pytest.fixture(scope="module")
def adopted(planted) -> Run:
    work, reader, corpus = planted
    model, alphabet = taken_apart(load_network(reader.weights_path), corpus)
    return rnnscope.adopt(
        model,
        "tales",
        path="rnn",
        embed=model.embed,
        head=model.out,
        alphabet=alphabet,
        name="theirs",
        work=work,
        notice=lambda line: None,
    )


def test_a_network_of_ours_taken_apart_and_adopted_is_itself(planted, adopted: Run):
    _, reader, corpus = planted
    ours = reader.weights()
    for name, values in adopted.weights().items():
        np.testing.assert_allclose(values, ours[name], atol=1e-6, err_msg=name)
    theirs = replay_run(adopted, corpus, "test")
    np.testing.assert_allclose(theirs.nats_RT, replay_run(reader, corpus, "test").nats_RT, atol=1e-4)
    assert adopted.is_adopted and not reader.is_adopted
    assert (adopted.manifest.adopted_within_nats or 0) < 1e-4
    assert 0 < (adopted.manifest.outside_nats or 0) < 1e-3
    assert adopted.milestones() == {} and adopted.log() == []


@pytest.mark.slow
def test_a_study_of_it_finds_its_planted_units_and_says_where_it_comes_from(planted, adopted: Run, capsys):
    work, *_ = planted
    asked = ["study", "tales", "--models", "theirs,reader", "--work", str(work), "--processes", "1", "--json"]
    assert command(asked) == 0
    told = json.loads(capsys.readouterr().out)
    found = {name: Finding.load(Path(path)) for name, path in told["findings"].items()}
    units = {(row["run"], row["unit"]) for row in found["cell_roles"].tables["roles"] if row["is_clear"]}
    assert units >= {(run, unit) for run in ("theirs", "reader") for unit in (QUOTE_UNIT, COLUMN_UNIT)}
    assert any(
        "How theirs began before training is not known" in each for each in found["cell_roles"].caveats
    )
    assert any("Trained elsewhere: theirs. What" in each for each in found["comparison"].caveats)
    rows = {row["model"]: row for row in found["comparison"].tables["models"]}
    assert rows["theirs"]["recipe"] == "adopted" and rows["reader"]["recipe"] == "fast"
    assert rows["theirs"]["epochs"] is rows["theirs"]["train_seconds"] is rows["theirs"]["seed"] is None
    page = Path(told["report"]).read_text()
    assert "Trained elsewhere: theirs" in page and "they had not seen" not in page


def test_the_same_weights_again_are_left_alone_and_others_want_another_name(planted, adopted: Run):
    work, reader, corpus = planted
    model, alphabet = taken_apart(load_network(reader.weights_path), corpus)
    asked = {"path": "rnn", "embed": model.embed, "head": model.out, "alphabet": alphabet, "work": work}
    before = (adopted.folder / "manifest.json").stat().st_mtime_ns
    again = rnnscope.adopt(model, "tales", name="theirs", notice=lambda line: None, **asked)
    assert again.manifest == adopted.manifest
    assert (adopted.folder / "manifest.json").stat().st_mtime_ns == before
    with torch.no_grad():
        model.decoder.bias[4] += 0.5
    for name in ("theirs", "reader"):
        with pytest.raises(ConfigError, match=f"run '{name}' of 'tales' is there and is another"):
            rnnscope.adopt(model, "tales", name=name, notice=lambda line: None, **asked)
    assert Run.read(adopted.folder).manifest == adopted.manifest


def test_training_does_not_take_its_place(planted, adopted: Run, capsys):
    work, *_ = planted
    assert command(["train", "tales", "--hidden", "8", "--name", "theirs", "--work", str(work)]) == 2
    assert "'theirs' is a network that was trained elsewhere" in capsys.readouterr().err
    assert Run.read(adopted.folder).manifest == adopted.manifest


def test_a_state_dict_is_adopted_from_the_command_line(planted, adopted: Run, tmp_path: Path, capsys):
    work, reader, corpus = planted
    model, alphabet = taken_apart(load_network(reader.weights_path), corpus)
    torch.save(model.state_dict(), tmp_path / "model.pt")
    (tmp_path / "ids.json").write_text(json.dumps({symbol: place for place, symbol in enumerate(alphabet)}))
    asked = ["adopt", "tales", str(tmp_path / "model.pt"), "--alphabet", str(tmp_path / "ids.json")]
    assert command([*asked, "--work", str(work), "--name", "filed", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["run"] == "tales/filed" and told["within_nats"] < 1e-4
    assert told["validation_nats"] == pytest.approx(adopted.manifest.validation_nats, abs=1e-6)
    assert (
        Run.read(work / "runs" / "tales" / "filed").weights_path.read_bytes()
        == adopted.weights_path.read_bytes()
    )


def test_an_alphabet_that_does_not_fit_is_told(planted):
    work, reader, corpus = planted
    model, alphabet = taken_apart(load_network(reader.weights_path), corpus)
    asked = {"path": "rnn", "embed": model.embed, "head": model.out, "work": work}
    for given, said in (
        (None, f"the network has {corpus.symbols + 2} symbols and 'tales' {corpus.symbols}; give"),
        (alphabet[:-2], f"lacks 2 of the {corpus.symbols} symbols of 'tales' "),
        ([*alphabet[:-1], "a", *alphabet[-1:]], "the alphabet has 'a' twice"),
        ({symbol: 3 for symbol in alphabet}, "gives one id to several symbols"),
        ({symbol: place + 5 for place, symbol in enumerate(alphabet)}, "and the network's go from 0 to"),
    ):
        with pytest.raises(ConfigError, match=said):
            rnnscope.adopt(model, "tales", alphabet=given, name="bad", **asked)
    assert not (work / "runs" / "tales" / "bad").exists()
    with pytest.raises(RecordError, match="no corpus 'tale' in"):
        rnnscope.adopt(model, "tale", alphabet=alphabet, **asked)


def test_a_head_that_is_not_affine_leaves_nothing(planted):
    work, reader, corpus = planted
    model, alphabet = taken_apart(load_network(reader.weights_path), corpus)
    head = nn.Sequential(nn.Tanh(), model.decoder)
    with pytest.raises(ConfigError, match=r"nats from the network's own, where 0\.001 is the most"):
        rnnscope.adopt(
            model, "tales", path="rnn", embed=model.embed, head=head, alphabet=alphabet, name="bad", work=work
        )
    assert not (work / "runs" / "tales" / "bad").exists()


def test_ids_in_another_order_are_noticed_by_the_loss(planted):
    """A network that knows what comes next is worse than a guess when its symbols are confused."""
    work, reader, corpus = planted
    network = load_network(reader.weights_path)
    with torch.no_grad():
        network.decoder_VH.zero_()
        counts = torch.from_numpy(np.bincount(corpus.ids, minlength=corpus.symbols)).float()
        network.decoder_bias_V.copy_(counts.log())
    model, alphabet = taken_apart(network, corpus)
    told: list[str] = []
    asked = {"path": "rnn", "embed": model.embed, "head": model.out, "work": work}
    outside = f"2 of the network's {corpus.symbols + 2} symbols are not in this text"
    with pytest.warns(UserWarning, match=outside):  # and no other
        rnnscope.adopt(model, "tales", alphabet=alphabet, name="in-order", **asked)
    confused = [*alphabet[:2], *reversed(alphabet[2:])]
    rnnscope.adopt(model, "tales", alphabet=confused, name="confused", notice=told.append, **asked)
    assert len(told) == 2 and "no better than a uniform guess" in told[1]
