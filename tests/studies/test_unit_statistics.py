"""Whoever counts, the numbers are the same to the last bit."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from planted_runs import run_manifest

from rnnscope.analyses.unit_statistics import UnitCounters, unit_statistics
from rnnscope.corpora import build_corpus, source_from
from rnnscope.errors import ConfigError, RecordError
from rnnscope.models import Network, NetworkConfig, initialise, save_model
from rnnscope.records.corpus import Corpus
from rnnscope.records.run import Run
from rnnscope.recurrence.kinds import CellName
from rnnscope.studies.executor import in_this_process, on_processes
from rnnscope.studies.unit_statistics import count_units, counted, unit_counters

HIDDEN = 8


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """25 rows of 800 characters to train on."""
    work = tmp_path_factory.mktemp("work")
    draw = np.random.default_rng(0)
    (work / "words.txt").write_text("".join(draw.choice(list("abc (),\n"), 25_001)))
    return build_corpus(source_from(str(work / "words.txt")), "words", work, split="streams")


def run_of(corpus: Corpus, cell: CellName, layers: int = 2) -> Run:
    """Random weights, as a run."""
    folder = corpus.folder.parents[1] / "runs" / corpus.name / cell
    folder.mkdir(parents=True, exist_ok=True)
    config = NetworkConfig(cell=cell, layers=layers, hidden=HIDDEN, symbols=corpus.symbols)
    network = Network(config)
    initialise(network, "orthogonal", torch.Generator().manual_seed(1))
    save_model(folder / "weights.safetensors", network)
    shape = config.model_dump(include={"layers", "hidden", "symbols"})
    run_manifest(cell, name=cell, corpus=corpus.name, **shape).write(folder)
    return Run.read(folder)


def as_numbers(counters: UnitCounters) -> list[Any]:
    """Every number of every counter."""
    made = unit_statistics("r", "lstm", counters, "c", "train").tables
    arrays = [counters.distribution.result()[site].places_HK for site in counters.distribution.sites]
    return [made, [array.tolist() for array in arrays]]


@pytest.mark.parametrize("cell", ["lstm", "gru", "gru-2015", "rnn"])
def test_rows_one_after_the_other_and_over_processes_are_the_same_numbers(corpus: Corpus, cell: CellName):
    run = run_of(corpus, cell)
    here = count_units(run, corpus, "train", in_this_process)
    assert repr(as_numbers(here)) == repr(as_numbers(count_units(run, corpus, "train", in_this_process)))
    if cell == "lstm":
        for processes in (1, 2):
            there = count_units(run, corpus, "train", on_processes(processes))
            assert repr(as_numbers(there)) == repr(as_numbers(here))
    found = here.distribution.result()
    assert {each.count for each in found.values()} == {corpus.part("train").chars}
    less = counted(run, corpus, "validation", list(unit_counters(cell, 2)), in_this_process)
    assert repr(as_numbers(UnitCounters(*less))) != repr(as_numbers(here))


def test_groups_of_another_size_change_rounding_alone(corpus: Corpus):
    run = run_of(corpus, "lstm")
    by_ten, by_seven = (
        UnitCounters(
            *counted(run, corpus, "train", list(unit_counters("lstm", 2)), in_this_process, group_rows=n)
        )
        for n in (10, 7)
    )
    for site, found in by_ten.distribution.result().items():
        other = by_seven.distribution.result()[site]
        np.testing.assert_allclose(found.mean_H, other.mean_H, rtol=1e-5, atol=1e-6)
        assert np.abs(found.places_HK - other.places_HK).sum() <= found.places_HK.sum() / 1000


def test_a_gru_of_the_paper_keeps_where_its_gate_is_shut(corpus: Corpus):
    counters = count_units(run_of(corpus, "gru-2015"), corpus, "validation", in_this_process)
    for site, kept in counters.keeping.result().items():
        overwritten_H = counters.distribution.result()[site].mean_H
        np.testing.assert_allclose(kept.mean_H, 1 - overwritten_H, rtol=1e-9)
    assert not count_units(run_of(corpus, "rnn"), corpus, "validation", in_this_process).keeping.result()


def test_every_unit_has_its_rows_and_the_summary_is_of_them(corpus: Corpus):
    run = run_of(corpus, "lstm")
    counters = count_units(run, corpus, "test", in_this_process)
    finding = unit_statistics(run.reference, "lstm", counters, corpus.name, "test")
    tables = finding.tables
    assert len(tables["units"]) == 2 * 7 * HIDDEN and len(tables["time_constants"]) == 2 * HIDDEN
    gates = {row["site"] for row in tables["units"] if "shut" in row}
    assert gates == {"i", "f", "o"}
    forget = [row for row in tables["units"] if (row["layer"], row["site"]) == (2, "f")]
    (summary,) = [row for row in tables["summary"] if (row["layer"], row["site"]) == (2, "f")]
    assert summary["shut"] == np.median([float(row["shut"] or 0) for row in forget])
    assert summary["mean_p10"] in [row["mean"] for row in forget]
    for layer in (1, 2):
        for site in ("f", "c"):
            shares = [r["share"] for r in tables["histograms"] if (r["layer"], r["site"]) == (layer, site)]
            assert sum(float(share or 0) for share in shares) == pytest.approx(1)
    assert finding.numbers["steps"] == corpus.part("test").chars
    assert "median unit of layer 2" in finding.reading


def test_a_run_in_another_place_is_counted_there(corpus: Corpus, tmp_path: Path):
    run = run_of(corpus, "gru")
    copy = Run.read(shutil.copytree(run.folder, tmp_path / "copy"))
    here, there = (count_units(each, corpus, "test", in_this_process) for each in (run, copy))
    assert repr(as_numbers(here)) == repr(as_numbers(there))


def test_what_cannot_be_counted_is_told(corpus: Corpus):
    run = run_of(corpus, "gru", layers=1)
    with pytest.raises(ConfigError, match="0 rows a job"):
        counted(run, corpus, "test", [], in_this_process, group_rows=0)
    with pytest.raises(ConfigError, match="no site"):
        counted(run, corpus, "test", list(unit_counters("lstm", 1)), in_this_process)
    run.weights_path.unlink()
    with pytest.raises(RecordError, match="weights"):
        counted(run, corpus, "test", list(unit_counters("gru", 1)), in_this_process)
