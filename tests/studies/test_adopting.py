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
from rnnscope.corpora import build_corpus, text_file
from rnnscope.errors import ConfigError, RecordError
from rnnscope.models.saved import load_network
from rnnscope.records.corpus import Corpus
from rnnscope.records.finding import Finding
from rnnscope.records.run import Run
from rnnscope.studies.adopting import _pieces
from rnnscope.studies.alphabets import ids_of
from rnnscope.studies.health import Health, health_of
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
    assert all("Trained elsewhere: theirs. What they have" in each.caveats[-1] for each in found.values())
    assert not any("Every network here was trained once" in each for each in found["comparison"].caveats)
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
        ([1, 2, 3], "symbols are bytes .numbers., and those of 'tales' are not; build the corpus with"),
        (None, f"the network has {corpus.symbols + 2} symbols and 'tales' {corpus.symbols}; give"),
        (alphabet[:-2], f"lacks 2 of the {corpus.symbols} symbols of 'tales' "),
        ([*alphabet[:-1], "a", *alphabet[-1:]], "the alphabet has 'a' twice"),
        ({symbol: 3.5 for symbol in alphabet}, "the alphabet has 3.5 for .*; ids are whole numbers"),
        ([each for each in alphabet if each != "\n"], r"lacks 1 of the .* symbols of 'tales' \(newline\)"),
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
    with pytest.raises(ConfigError, match=r"nats from the network's own, and only 0\.00"):
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


def test_every_form_of_an_alphabet_is_the_same(planted):
    _, reader, corpus = planted
    _, alphabet = taken_apart(load_network(reader.weights_path), corpus)
    symbols = corpus.alphabet.symbols
    ids = [alphabet.index(symbol) for symbol in symbols]
    for given in (
        alphabet,
        tuple(alphabet),
        {symbol: place for place, symbol in enumerate(alphabet)},
        {symbol: np.int64(place) for place, symbol in enumerate(alphabet)},
        dict(enumerate(alphabet)),
        json.loads(json.dumps(dict(enumerate(alphabet)))),
        [None, None, *alphabet[2:]],  # what stands for no character may be there twice
    ):
        assert ids_of(given, corpus, len(alphabet)) == ids
    assert ids_of(None, corpus, len(symbols)) == list(range(len(symbols)))


def test_carriage_returns_that_python_took_away_are_told(tmp_path: Path):
    (tmp_path / "text").write_bytes(b"one line\r\nand another\r\n" * 3000)
    corpus = build_corpus(text_file(tmp_path / "text"), "text", tmp_path)
    alphabet = sorted(set((tmp_path / "text").read_text()))
    with pytest.raises(ConfigError, match=r"lacks the carriage returns of 'text': Python's open\(\)"):
        ids_of(alphabet, corpus, len(alphabet))


@pytest.mark.parametrize("kind", ["bytes", "chars"])
def test_bytes_and_characters_are_not_taken_for_each_other(tmp_path: Path, kind: str):
    """The same numbers mean e with an accent in one alphabet and a part of a character in the other."""
    (tmp_path / "text").write_text(
        "d\u00e9j\u00e0 vu, \u00e9t\u00e9. \u00e4\u00c3\u00a9\u00a0\n" * 4000, encoding="utf-8"
    )
    corpus = build_corpus(text_file(tmp_path / "text"), "text", tmp_path, alphabet=kind)
    module, head = nn.RNN(256, 4), nn.Linear(4, 256)
    alphabets = {"bytes": range(256), "chars": [chr(code) for code in range(256)]}
    asked = {"head": head, "work": tmp_path, "notice": lambda line: None}
    run = rnnscope.adopt(module, "text", alphabet=alphabets.pop(kind), name="fits", **asked)
    codes = corpus.codes.astype(int)
    if kind == "bytes":
        for given in (bytes(range(256)), [bytes([each]) for each in range(256)], np.arange(256)):
            assert ids_of(given, corpus, 256) == codes.tolist()
        assert ids_of(["<pad>", *range(256)], corpus, 257) == [each + 1 for each in codes]
    np.testing.assert_array_equal(
        run.weights("decoder_VH")["decoder_VH"], head.weight.detach().numpy()[codes]
    )
    ((other, given),) = alphabets.items()
    with pytest.raises(ConfigError, match=f"build the corpus with --alphabet {other}"):
        rnnscope.adopt(module, "text", alphabet=given, name="other", **asked)
    if kind == "bytes":
        with pytest.raises(ConfigError, match="the number 256; numbers are bytes"):
            rnnscope.adopt(module, "text", alphabet=range(1, 257), name="other", **asked)


def test_the_pieces_compared_are_spread_over_a_text_of_one_row_or_of_many(planted):
    _, _, corpus = planted
    part = corpus.part("validation")
    assert part.rows == 1
    pieces = _pieces(corpus)
    assert pieces.shape == (4, 500)
    found = {
        corpus.ids[start : start + 500].tobytes()
        for start in range(part.starts[0], part.starts[0] + part.chars)
    }
    assert len({piece.tobytes() for piece in pieces} & found) == 4
    assert pieces[0].tobytes() == corpus.ids[part.starts[0] :][:500].tobytes()


def test_rows_that_it_is_lost_in_are_told_without_advice_for_training(adopted: Run):
    lost = Health("theirs", (3,), (), 100, is_adopted=True)
    assert "from which it does not start well" in str(lost) and "--set" not in str(lost)
    assert health_of(adopted).is_adopted and health_of(adopted).is_sound
