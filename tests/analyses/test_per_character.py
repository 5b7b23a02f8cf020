# pyright: reportOperatorIssue=false, reportArgumentType=false, reportCallIssue=false
"""Characters planted to be better under one model come out first under it; a control does not."""

import numpy as np
import pytest
from planted_errors import TEST_CHARS, corpus_of, random_text, scored

from rnnscope.analyses.per_character import PerCharacterSettings, per_character
from rnnscope.analyses.per_character.published import LINUX_KERNEL, PUBLISHED, WAR_AND_PEACE
from rnnscope.errors import ConfigError, RecordError
from rnnscope.figures import charts
from rnnscope.figures.save import render
from rnnscope.records.corpus import Corpus
from rnnscope.records.surprisal import Surprisal
from rnnscope.settings import changed

SYMBOLS = "abez \n\r\t"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Corpus:
    return corpus_of(tmp_path_factory.mktemp("work"), random_text(SYMBOLS))


def truth(corpus: Corpus) -> str:
    """Characters that are predicted, in order."""
    return corpus.alphabet.decode(corpus.targets(corpus.part("test")).ravel())


def pair(
    folder, corpus, changes: dict[str, tuple[float, float]], noise: float = 0.0
) -> tuple[Surprisal, Surprisal]:
    """Network and n-gram: probability 0.5 for every character but those with others planted."""
    text, draw = truth(corpus), np.random.default_rng(1)

    def made(side: int, name: str) -> Surprisal:
        values = np.array([changes.get(c, (0.5, 0.5))[side] for c in text])
        values = np.clip(values + noise * draw.normal(size=len(text)), 0.01, 0.99)
        return scored(folder, corpus, name, values)

    return made(0, "lstm-1x64-s0"), made(1, "20-gram")


def by_name(rows) -> dict:
    return {row["character"]: row for row in rows}


def test_planted_characters_lead_their_sides_and_the_control_is_on_neither(tmp_path, corpus):
    planted = {"e": (0.8, 0.5), "\r": (0.6, 0.4), "z": (0.2, 0.5), "\t": (0.3, 0.4)}
    finding = per_character(*pair(tmp_path, corpus, planted, noise=0.02), corpus)
    sides = [
        [r["character"] for r in finding.tables["best"] if r["better"] == side]
        for side in ("network", "n-gram")
    ]
    assert sides[0][:2] == ["e", "carriage return"] and sides[1][:2] == ["z", "tab"]
    rows = by_name(finding.tables["characters"])
    for name, difference in (("e", 0.3), ("carriage return", 0.2), ("z", -0.3), ("tab", -0.1)):
        row = rows[name]
        assert row["low"] < difference < row["high"] and row["high"] - row["low"] < 0.01 and row["is_clear"]
    assert not any(rows[name]["is_clear"] for name in ("a", "space"))
    assert "lstm-1x64-s0 is furthest ahead on 'e'" in finding.reading
    assert "20-gram is furthest ahead on 'z'" in finding.reading


def test_counts_are_exact_and_characters_that_cannot_be_seen_have_names(tmp_path, corpus):
    finding = per_character(*pair(tmp_path, corpus, {"a": (0.6, 0.5)}), corpus)
    text, names = truth(corpus), {" ": "space", "\n": "newline", "\r": "carriage return", "\t": "tab"}
    counts = {row["character"]: row["count"] for row in finding.tables["characters"]}
    assert counts == {names.get(c, c): text.count(c) for c in SYMBOLS}
    assert sum(row["text_share"] for row in finding.tables["characters"]) == pytest.approx(1)
    assert finding.numbers["test_chars"] == TEST_CHARS


def test_contributions_are_share_times_difference_and_sum_to_the_difference_in_loss(tmp_path, corpus):
    network, ngram = pair(tmp_path, corpus, {"e": (0.8, 0.4), "z": (0.1, 0.2)}, noise=0.01)
    finding = per_character(network, ngram, corpus)
    rows = by_name(finding.tables["characters"])
    whole = network.manifest.mean_nats - ngram.manifest.mean_nats
    assert sum(row["contribution_nats"] for row in rows.values()) == pytest.approx(whole, abs=1e-6)
    assert finding.numbers["difference_nats"] == pytest.approx(whole, abs=1e-6)
    share = truth(corpus).count("e") / TEST_CHARS
    assert rows["e"]["contribution_nats"] == pytest.approx(-share * np.log(2), rel=0.01)
    assert rows["z"]["contribution_low"] < rows["z"]["contribution_nats"] < rows["z"]["contribution_high"]


def test_the_two_readings_can_disagree_on_one_character(tmp_path, corpus):
    """Half of the time much better, half of the time given up: more probability, more nats."""
    network, ngram = pair(tmp_path, corpus, {})
    values = np.full(TEST_CHARS, 0.5)
    of_b = np.flatnonzero(np.array(list(truth(corpus))) == "b")
    values[of_b] = np.resize([0.999, 0.01], len(of_b))
    finding = per_character(scored(tmp_path, corpus, "gambler", values), ngram, corpus)
    row = by_name(finding.tables["characters"])["b"]
    assert row["difference"] > 0 and row["contribution_nats"] > 0
    assert network.name in per_character(network, ngram, corpus).title


def test_a_character_that_occurs_twice_leads_only_where_the_least_count_lets_it(tmp_path):
    text = list(random_text("abc"))
    text[20_000] = text[25_000] = "!"
    corpus = corpus_of(tmp_path, "".join(text))
    made = pair(tmp_path, corpus, {"!": (0.99, 0.01), "a": (0.6, 0.5), "b": (0.4, 0.5)})
    finding = per_character(*made, corpus)
    assert by_name(finding.tables["characters"])["!"]["count"] == 2
    assert [row["character"] for row in finding.tables["best"]] == ["a", "b"]
    lax = per_character(*made, corpus, changed(PerCharacterSettings(), {"least_count": "2", "best": "1"}))
    assert [row["character"] for row in lax.tables["best"]] == ["!", "b"]
    strict = per_character(*made, corpus, PerCharacterSettings(least_count=20_000))
    assert (
        strict.reading.startswith("No character that occurs 20000 times or more")
        and "best" not in strict.tables
    )
    with pytest.raises(ConfigError, match="least_count=0"):
        changed(PerCharacterSettings(), {"least_count": "0"})


def test_two_predictors_alike_have_no_best_characters_and_no_figure(tmp_path, corpus):
    finding = per_character(*pair(tmp_path, corpus, {}), corpus)
    assert finding.reading.startswith("No character") and "best" not in finding.tables
    assert charts(finding) == {} and finding.numbers["difference_nats"] == 0


def test_a_side_that_leads_nowhere_is_said_to(tmp_path, corpus):
    finding = per_character(*pair(tmp_path, corpus, {c: (0.6, 0.5) for c in SYMBOLS}), corpus)
    assert "20-gram is ahead on no character" in finding.reading
    assert {row["better"] for row in finding.tables["best"]} == {"network"}
    assert render(charts(finding)["best"], "svg").startswith(b"<svg")


def test_predictors_of_different_texts_give_one_clear_line(tmp_path, corpus):
    network, ngram = pair(tmp_path, corpus, {})
    other = corpus_of(tmp_path, random_text("xyz"), "other")
    with pytest.raises(RecordError, match="'lstm-1x64-s0' was scored on another text than corpus 'other'"):
        per_character(network, ngram, other)


def test_published_values_stand_beside_the_characters_that_have_them(tmp_path, corpus):
    planted = {"\r": (0.7, 0.29), " ": (0.6, 0.672)}
    finding = per_character(*pair(tmp_path, corpus, planted), corpus, paper="war-and-peace")
    theirs = by_name(finding.tables["published"])
    assert set(theirs) == {"carriage return", "space"}
    assert theirs["carriage return"]["paper_network_probability"] == 0.686
    assert theirs["space"]["paper_difference"] == pytest.approx(0.119)
    assert finding.numbers["published_same_side"] == 1
    assert finding.numbers["published_ngram_most_apart"] == pytest.approx(0.001, abs=1e-5)
    assert by_name(finding.tables["characters"])["a"]["paper_network_probability"] is None
    marks = [row for row in charts(finding)["best"].rows if row["whose"] == "published"]
    assert sorted(row["probability"] for row in marks) == [0.289, 0.672, 0.686, 0.791]
    assert "published" not in per_character(*pair(tmp_path, corpus, planted), corpus).tables


def test_published_bars_are_ten_of_each_side():
    for published in (WAR_AND_PEACE, LINUX_KERNEL):
        ahead = [network > ngram for network, ngram in published.probabilities.values()]
        assert ahead == [True] * 10 + [False] * 10
    assert set(PUBLISHED) == {"war-and-peace", "linux-kernel"}


def test_an_alphabet_of_hundreds_has_intervals_for_the_commonest(tmp_path):
    symbols = "".join(chr(0x4E00 + n) for n in range(400))
    corpus = corpus_of(tmp_path, random_text(symbols))
    finding = per_character(
        *pair(tmp_path, corpus, {symbols[0]: (0.9, 0.5)}), corpus, PerCharacterSettings(least_count=10)
    )
    rows = finding.tables["characters"]
    assert len(rows) == 400 and sum(row["low"] is not None for row in rows) == 200
    assert finding.tables["best"][0]["character"] == symbols[0]


def test_a_text_too_short_for_an_interval_has_none_in_its_reading(tmp_path):
    short = corpus_of(tmp_path, random_text("ab", chars=801))
    finding = per_character(*pair(tmp_path, short, {"a": (0.6, 0.5)}), short)
    assert "no interval" in finding.reading and "nan" not in finding.reading.lower()
    assert set(charts(finding)) == {"best", "contributions"}


def test_two_networks_alike_in_family_are_told_apart_by_name(tmp_path, corpus):
    network, ngram = pair(tmp_path, corpus, {"a": (0.6, 0.5)})
    twin = scored(tmp_path, corpus, "20-gram", np.full(TEST_CHARS, 0.4))
    for one, other in ((network, ngram), (ngram, twin)):
        families = {row["family"] for row in charts(per_character(one, other, corpus))["best"].rows}
        assert len(families) == 2
