"""A record on disk is taken where it has what is asked for, and made anew where it has not."""

from pathlib import Path

import pytest
from planted_reader import reader_run

from rnnscope.replay.trace import replay_trace
from rnnscope.studies.ablating import ablate_run
from rnnscope.studies.jobs import load
from rnnscope.studies.unit_records import ablation_of


def test_a_trace_of_other_sites_is_made_anew_and_one_of_the_same_is_not(tmp_path: Path):
    run, corpus = reader_run(tmp_path)
    folder = tmp_path / "trace"

    def sites_of(*sites: str) -> set[str]:
        wanted = sites or None
        return set(replay_trace(lambda: load(run), run, corpus, "test", folder, sites=wanted).manifest.sites)

    assert sites_of("layers.0.h") == {"layers.0.h"}
    everything = sites_of()
    assert {"layers.0.h", "layers.0.f", "layers.0.c"} < everything
    assert not any(site.startswith("layers.0.pre_") for site in everything)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rnnscope.replay.trace.write_trace", None)
        assert sites_of() == everything
    assert sites_of("layers.0.o") == {"layers.0.o"}


def test_an_ablation_of_another_name_leaves_the_one_that_cards_show(tmp_path: Path):
    run, corpus = reader_run(tmp_path)
    by_hand = ablate_run(run, corpus, "test", 600, "mean", None, "rnnscope ablate")
    other = ablate_run(run, corpus, "test", 200, "mean", None, "rnnscope question", "question")
    assert other.manifest.steps < by_hand.manifest.steps
    shown = ablation_of(run, "test")
    assert shown is not None and shown.manifest == by_hand.manifest
