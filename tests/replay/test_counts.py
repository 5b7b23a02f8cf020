"""One pass feeds all counters, however the text is cut; what the wired units do is found."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnnscope.counters import AutocorrelationCounter, DistributionCounter, KeepingCounter, SaturationCounter
from rnnscope.errors import ConfigError, RecordError
from rnnscope.records.corpus import Corpus, CorpusManifest, PartRows
from rnnscope.replay import counts
from rnnscope.replay.counts import count_over

_spec = importlib.util.spec_from_file_location("wired", Path(__file__).with_name("wired.py"))
assert _spec and _spec.loader
wired = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(wired)

ROWS, STEPS = 3, 1500
GATE, STATE = "layers.0.f", "layers.0.c"


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Three rows of parentheses, all shut where a row begins, and nothing else of a corpus."""
    ids = wired.ids_of("".join(wired.paren_text(STEPS, seed) for seed in range(ROWS)) + "a")
    np.save(tmp_path / "ids.npy", ids)
    part = PartRows(starts=tuple(range(0, ROWS * STEPS, STEPS)), row_chars=STEPS)
    return Corpus(tmp_path, CorpusManifest.model_construct(name="c", parts={"test": part}))


def counters() -> list[Any]:
    return [
        SaturationCounter((GATE,)),
        DistributionCounter((GATE, STATE)),
        KeepingCounter((GATE,)),
        AutocorrelationCounter((STATE,)),
    ]


def test_the_pass_gives_what_the_counters_say_of_the_whole_trace(corpus: Corpus, monkeypatch):
    network, whole = wired.wired_lstm(), counters()
    blocks = list(network.record_blocks(corpus.inputs(corpus.part("test")), [GATE, STATE]))
    for counter in whole:
        counter.update({site: np.concatenate([b[site] for b in blocks], axis=1) for site in (GATE, STATE)})
    monkeypatch.setattr(counts, "READ_CHARS", 1000)
    heard: list[int] = []
    found = count_over(network, corpus, "test", counters(), on_steps=heard.append)
    assert heard[-1] == STEPS and len(heard) == -(-STEPS // 333)
    # another length of block is another product, so the last bit of a float32 may differ
    saturation, distribution, keeping, lasting = found
    np.testing.assert_allclose(saturation.result()[GATE], whole[0].result()[GATE], atol=1e-3)
    for site in (GATE, STATE):
        mine, expected = distribution.result()[site], whole[1].result()[site]
        assert mine.count == expected.count == ROWS * STEPS
        np.testing.assert_allclose(mine.mean_H, expected.mean_H, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(mine.variance_H, expected.variance_H, rtol=1e-3, atol=1e-9)
    np.testing.assert_allclose(keeping.result()[GATE].mean_H, whole[2].result()[GATE].mean_H, rtol=1e-5)
    moves = [unit for unit in range(wired.UNITS) if unit != wired.STILL_UNIT]
    np.testing.assert_allclose(
        lasting.result()[STATE].values_KH[:, moves],
        whole[3].result()[STATE].values_KH[:, moves],
        atol=1e-4,
    )


def test_what_a_unit_was_wired_to_keep_is_what_its_time_constants_say(corpus: Corpus):
    *_, keeping, lasting = count_over(wired.wired_lstm(), corpus, "test", counters())
    steps_H = keeping.result()[GATE].steps_H
    assert steps_H[wired.STILL_UNIT] == pytest.approx(-1 / np.log(0.5))
    others = np.delete(steps_H, wired.PAREN_UNIT)
    assert steps_H[wired.PAREN_UNIT] > 10_000 > 100 * others.max()
    # parentheses stay open for 16 characters in the mean and shut for as long: r falls as exp(-0.12 k)
    lasts_H = lasting.result()[STATE].steps_H
    assert 6 < lasts_H[wired.PAREN_UNIT] < 12
    assert np.isnan(lasts_H[wired.STILL_UNIT])
    moving = np.delete(lasts_H, [wired.PAREN_UNIT, wired.STILL_UNIT])
    assert moving.max() < lasts_H[wired.PAREN_UNIT]


def test_only_wanted_sites_are_recorded_and_without_any_nothing_is_run(corpus: Corpus, monkeypatch):
    network, asked = wired.wired_lstm(), []
    record_from = network.record_from

    def spied(inputs_RT, sites, state):
        asked.append(sites)
        return record_from(inputs_RT, sites, state)

    monkeypatch.setattr(network, "record_from", spied)
    count_over(network, corpus, "test", [KeepingCounter((GATE,)), SaturationCounter((GATE,))])
    assert asked == [[GATE]]
    (nothing,) = count_over(network, corpus, "test", [SaturationCounter(())])
    assert asked == [[GATE]] and nothing == SaturationCounter(())


def test_rows_are_added_to_counters_that_stay_as_they_are(corpus: Corpus):
    network, empty = wired.wired_lstm(), counters()
    first: list[Any] = count_over(network, corpus, "test", empty, slice(0, 1))
    steps = first[0].steps
    both: list[Any] = count_over(network, corpus, "test", first, slice(1, 3))
    assert [c.result() for c in empty] == [{}, {}, {}, {}]
    assert first[0].steps == steps == STEPS and both[0].steps == 3 * STEPS
    # pairs of one row's end and another's beginning would make more of them
    assert both[3].found[STATE].count[-1, 0] == 3 * (STEPS - 512)


def test_a_site_or_a_part_that_is_not_there_is_named_and_broken_weights_are_refused(corpus: Corpus):
    network = wired.wired_lstm()
    with pytest.raises(ConfigError, match=r"no site 'layers\.0\.x'"):
        count_over(network, corpus, "test", [SaturationCounter(("layers.0.x",))])
    with pytest.raises(ConfigError, match="did you mean 'test'"):
        count_over(network, corpus, "tset", counters())
    network.layers[0].w_hidden_GH.data[:] = np.nan
    with pytest.raises(RecordError, match="not finite"):
        count_over(network, corpus, "test", counters())
