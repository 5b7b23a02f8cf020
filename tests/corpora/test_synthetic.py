"""The synthetic language: its rules hold in every text, its states are in the text, its floor is exact."""

import re

import numpy as np
import pytest

from rnnscope.corpora import build_corpus, source_from
from rnnscope.corpora.synthetic import (
    STATES,
    SYMBOLS,
    SyntheticSettings,
    alphabet,
    control_floor,
    control_text,
    event_classes,
    floor,
    functional_text,
    parse,
    part_states,
    states_of,
    synthetic,
    synthetic_name,
)
from rnnscope.corpora.synthetic.language import COPIED, DEPTH, LETTERS, LONG_CHARS, SHORT_CHARS, WIDTH
from rnnscope.errors import ConfigError, RecordError
from rnnscope.estimate import mean_interval

CHARS = 60_000
EVERY = range(len(SYMBOLS) + 1)


@pytest.fixture(scope="module")
def text() -> str:
    return functional_text(8, CHARS, 0)[0]


def places(text: str, symbols: int) -> np.ndarray:
    there = alphabet(symbols)
    return np.array([there.index(each) for each in text])


def test_brackets_close_the_innermost_one_of_their_kind_and_nest_no_deeper_than_the_bound(text):
    still_open: list[str] = []
    deepest = 0
    for each in text:
        if each in "([":
            still_open.append(each)
            deepest = max(deepest, len(still_open))
        elif each in ")]":
            assert still_open.pop() + each in ("()", "[]")
    assert deepest == DEPTH


def test_every_line_but_the_last_is_of_the_width(text):
    lines = text.split("\n")
    assert {len(line) for line in lines[:-1]} == {WIDTH} and len(lines[-1]) <= WIDTH


@pytest.mark.parametrize(("sign", "mark", "chars"), [("#", ".", SHORT_CHARS), ("&", ";", LONG_CHARS)])
def test_a_mark_comes_exactly_so_many_characters_after_its_sign_and_nowhere_else(text, sign, mark, chars):
    joined = text.replace("\n", "")
    signs, marks = (np.array([m.start() for m in re.finditer(re.escape(c), joined)]) for c in (sign, mark))
    due = signs + chars + 1
    assert np.array_equal(due[due < len(joined)], marks)


def test_a_quote_holds_the_letters_that_were_drawn_before_it(text):
    joined = re.sub(r"[\n.;]", "", text)  # lines and marks go through a quote
    pieces = joined.split('"')
    assert {piece for piece in pieces[1:-1:2] if len(piece) != COPIED} == set()
    outside, quoted = "", 0
    for place, piece in enumerate(pieces[:-1]):
        letters = re.sub(r"[^a-l]", "", piece)
        if place % 2 and len(outside) >= COPIED:
            assert letters == outside[-COPIED:]
            quoted += 1
        elif place % 2 == 0:
            outside += letters
    assert quoted > 500


def test_while_letters_alternate_they_come_from_one_half_and_the_other_and_else_they_do_not():
    written, _ = functional_text(8, CHARS, 0)
    bare = re.sub(r'"[a-l]*"', "", re.sub(r"[\n.;]", "", written))
    changes = [0, 0]
    for place, stretch in enumerate(bare.split("%")):
        half = np.array([each < "g" for each in re.sub("[^a-l]", "", stretch)])
        changes[place % 2] += int((half[1:] == half[:-1]).sum())
    assert changes[1] == 0 and changes[0] > 1000


def test_the_toggle_changes_which_letters_follow_which():
    written, latents = functional_text(2, CHARS, 0)
    ids, on = places(written, 2), latents.before.part("toggle") > 0
    follow = (ids[1:] < len(LETTERS)) & (ids[:-1] < len(LETTERS))
    counts = np.zeros((2, 12, 12))
    np.add.at(counts, (on[1:][follow].astype(int), ids[:-1][follow], ids[1:][follow]), 1)
    off_rows, on_rows = counts / counts.sum(axis=2, keepdims=True)
    assert np.abs(off_rows - on_rows).sum(axis=1).mean() > 0.8


@pytest.mark.parametrize("symbols", EVERY)
def test_reading_the_text_alone_gives_back_every_state_of_the_generator(symbols: int):
    written, latents = functional_text(symbols, CHARS // 3, 7)
    assert set(written) == set(alphabet(symbols))
    assert np.array_equal(parse(written).packed_T, latents.packed_T)


def test_states_after_a_prefix_do_not_depend_on_what_follows(text):
    assert np.array_equal(parse(text[:5000]).packed_T, parse(text).packed_T[:5000])


@pytest.mark.parametrize("symbols", EVERY)
def test_probabilities_sum_to_one_and_what_is_drawn_costs_their_entropy(symbols: int):
    written, latents = functional_text(symbols, CHARS, 1)
    found = floor(latents.before, symbols, 1)
    assert np.allclose(found.probabilities_TV.sum(axis=1), 1)
    assert found.probabilities_TV.min() >= 0
    surprisal = found.surprisal(places(written, symbols))
    assert np.isfinite(surprisal).all(), "something was drawn that the rules forbid"
    apart = mean_interval((surprisal - found.entropy_T)[None], block_chars=100)
    assert apart.low - 0.01 < 0 < apart.high + 0.01


def test_what_a_rule_decides_is_certain_or_free(text):
    latents = parse(text)
    found = floor(latents.before, 8, 0)
    names = [symbol.name for symbol in SYMBOLS]
    certain = found.probabilities_TV.max(axis=1) == 1
    due = found.functional_TS[:, [names.index(n) for n in ("short counter", "quote", "line", "long counter")]]
    assert np.array_equal(due.any(axis=1), certain) and due.sum(axis=1).max() == 1
    for name, closing in (("round", ")"), ("square", "]")):
        possible = found.probabilities_TV[:, alphabet(8).index(closing)] > 0
        assert np.array_equal(possible, found.functional_TS[:, names.index(name)])
    assert (found.asked_TS | ~found.functional_TS).all(), "what a rule decides is asked for"
    assert all(len(classes) == len(alphabet(8)) for classes in event_classes(8))


def test_one_seed_gives_one_text_and_another_one_another():
    assert functional_text(3, 2000, 5)[0] == functional_text(3, 2000, 5)[0] != functional_text(3, 2000, 6)[0]
    assert control_text(3, 2000, 5)[0] == control_text(3, 2000, 5)[0] != functional_text(3, 2000, 5)[0]


@pytest.mark.parametrize("symbols", [1, 4, 8])
def test_a_control_has_every_symbol_as_often_and_the_same_floor(symbols: int):
    written, latents = functional_text(symbols, CHARS, 2)
    control, table = control_text(symbols, CHARS, 2)
    functional = [each for each in alphabet(symbols) if each not in LETTERS]
    assert [control.count(each) for each in functional] == [written.count(each) for each in functional]
    own = floor(latents.before, symbols, 2).surprisal(places(written, symbols)).mean()
    assert control_floor(control, table, symbols).mean() == pytest.approx(own, abs=0.02)


def test_symbols_of_a_control_depend_on_nothing_before_them():
    control, _ = control_text(8, CHARS, 2)
    ids = places(control, 8)
    is_symbol = ids >= len(LETTERS)
    rates = np.bincount(ids[is_symbol] - len(LETTERS)) / len(ids)
    for lag in (1, 2, SHORT_CHARS + 1, LONG_CHARS + 1, WIDTH + 1):
        for sign in range(len(rates)):
            after = ids[lag:][ids[:-lag] == sign + len(LETTERS)]
            seen = np.array([(after == other + len(LETTERS)).sum() for other in range(len(rates))])
            wanted = rates * len(after)
            assert (np.abs(seen - wanted) < 6 * np.sqrt(wanted) + 6).all()


def test_a_control_has_states_of_the_same_kinds_and_they_vary():
    latents = parse(control_text(8, CHARS, 2)[0])
    for state in STATES:
        values = state.of(latents)
        assert values.min() < values.max(), state.name
    assert latents.part("short").max() == SHORT_CHARS + 1 and latents.part("quote").max() == COPIED + 1


def test_a_corpus_keeps_its_settings_and_gives_the_states_and_floor_of_a_part(tmp_path):
    for control in ("false", "true"):
        changes = {"symbols": "5", "seed": "3", "control": control}
        corpus = build_corpus(source_from("synthetic", chars=40_000, settings=changes), None, tmp_path)
        settings = SyntheticSettings(symbols=5, seed=3, control=control == "true")
        assert corpus.name == synthetic_name(settings, 40_000)
        states = part_states(corpus, "test")
        part = corpus.part("test")
        inputs = "".join(corpus.text(s, s + part.row_chars) for s in part.starts)
        assert states.floor_nats_RT.shape == (part.rows, part.row_chars)
        assert len(states.latents_N.packed_T) == len(inputs)
        is_line_end = np.array(list(inputs)) == "\n"
        assert (states.latents_N.part("column")[is_line_end] == 0).all()
        shown = float(str(corpus.manifest.source["floor_nats"]))
        assert states.floor_nats_RT.mean() == pytest.approx(shown, abs=0.05)
        # what a part's characters are in follows from the whole text before them
        read = parse(corpus.text(0, part.starts[-1] + part.row_chars))
        for state in states_of(5):
            rows = [state.of(read)[start : start + part.row_chars] for start in part.starts]
            assert np.array_equal(np.concatenate(rows), state.of(states.latents_N))


def test_other_corpora_and_settings_are_refused(tmp_path):
    (tmp_path / "t.txt").write_text("text " * 1000)
    with pytest.raises(RecordError, match="no synthetic text"):
        part_states(build_corpus(source_from(str(tmp_path / "t.txt")), None, tmp_path), "test")
    with pytest.raises(ConfigError, match="symbols=9"):
        synthetic({"symbols": 9})
    with pytest.raises(ConfigError, match="--set is for synthetic only"):
        source_from(str(tmp_path / "t.txt"), settings={"symbols": "2"})
    with pytest.raises(ConfigError, match="--seed is for"):
        source_from("synthetic", seed=3)
