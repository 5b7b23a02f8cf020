"""Windows are the text, side by side, and never pretend that rows touch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnscope.errors import ConfigError
from rnnscope.training.batches import Windows, windows_of


def windows(rows: int, row_chars: int, streams: int, window_chars: int, **settings) -> Windows:
    """Rows with 7 characters between them; every character of the text is its own position."""
    starts = np.arange(rows) * (row_chars + 7)
    ids = np.arange(starts[-1] + row_chars + 1)
    chosen = {"redraws_offset": False, "zero_state_probability": 0.0, "seed": 0} | settings
    return Windows(ids, starts, row_chars, streams, window_chars, **chosen)


SHAPES = st.tuples(st.integers(1, 6), st.integers(3, 60), st.integers(1, 5), st.integers(1, 9)).filter(
    lambda shape: shape[0] * shape[1] // shape[2] >= shape[3]
)


@settings(deadline=None)
@given(shape=SHAPES, redraws=st.booleans(), seed=st.integers(0, 99))
def test_an_epoch_reads_no_character_twice_and_leaves_out_less_than_a_window_a_stream(shape, redraws, seed):
    rows, row_chars, streams, window_chars = shape
    made = windows(*shape, redraws_offset=redraws, seed=seed)
    for epoch in (0, 1):
        steps = range(epoch * made.steps_per_epoch, (epoch + 1) * made.steps_per_epoch)
        read = np.concatenate([made.window(step).inputs_TB for step in steps])
        assert read.shape[1] == streams and len(np.unique(read)) == read.size
        inputs = {int(start) + t for start in made.starts_R for t in range(row_chars)}
        assert set(read.ravel().tolist()) <= inputs
        assert read.size > rows * row_chars - streams * (window_chars + 1)


@settings(deadline=None)
@given(shape=SHAPES, redraws=st.booleans(), seed=st.integers(0, 99))
def test_targets_are_the_next_character_of_the_text(shape, redraws, seed):
    made = windows(*shape, redraws_offset=redraws, seed=seed)
    for step in range(2 * made.steps_per_epoch):
        window = made.window(step)
        assert np.array_equal(window.targets_TB, window.inputs_TB + 1)


@settings(deadline=None)
@given(shape=SHAPES, redraws=st.booleans(), seed=st.integers(0, 99))
def test_a_state_is_carried_exactly_where_the_text_before_was_read_without_a_join(shape, redraws, seed):
    """A stream goes on from its last window unless a row ended in it: then, and only then, it begins anew."""
    made = windows(*shape, redraws_offset=redraws, seed=seed)
    for step in range(1, 2 * made.steps_per_epoch):
        before, now = made.window(step - 1), made.window(step)
        if step % made.steps_per_epoch == 0:
            assert (now.fresh_B == redraws).all()
            continue
        positions = np.concatenate([before.inputs_TB, now.inputs_TB[:1]])
        is_joined = (np.diff(positions, axis=0) != 1).any(axis=0)
        assert np.array_equal(now.fresh_B, is_joined)


def test_a_hundred_streams_over_a_hundred_rows_never_begin_anew():
    """The paper's streams are its rows: the state goes along each and on into the next epoch."""
    made = windows(100, 300, 100, 100)
    assert made.steps_per_epoch == 3
    assert made.window(0).fresh_B.all()
    assert not any(made.window(step).fresh_B.any() for step in range(1, 9))
    assert np.array_equal(made.window(4).inputs_TB[0], made.starts_R + 100)


def test_offsets_are_drawn_anew_each_epoch_and_depend_on_the_seed():
    made, other = (windows(1, 1000, 4, 10, redraws_offset=True, seed=seed) for seed in (0, 1))
    first = [int(made.window(epoch * made.steps_per_epoch).inputs_TB[0, 0]) for epoch in range(5)]
    assert len(set(first)) == 5
    assert first[1] != int(other.window(other.steps_per_epoch).inputs_TB[0, 0])
    assert np.array_equal(made.window(70).inputs_TB, made.window(70).inputs_TB)


def test_states_are_zeroed_at_about_the_rate_asked_for():
    made = windows(1, 4_000_000, 50, 10, zero_state_probability=0.1)
    zeroed = np.mean([made.window(step).fresh_B.mean() for step in range(1, 2001)])
    assert 0.09 < zeroed < 0.11


def test_a_window_of_a_text_far_beyond_memory_is_had_as_quickly_as_any():
    """Positions are arithmetic: an index array of this text would have 80 terabytes."""
    text = np.broadcast_to(np.uint8(3), (10**13 + 1,))
    made = Windows(text, np.array([0]), 10**13, 32, 50, True, 0.01, 0)
    assert made.window(10**9).inputs_TB.shape == (50, 32)


def test_a_text_too_short_for_its_streams_is_refused(make_corpus, small_config):
    corpus = make_corpus(np.arange(101) % 6)
    with pytest.raises(
        ConfigError,
        match=r"streams=4 of window_chars=30 need 120 characters.* has 80; set "
        "streams",
    ):
        windows_of(corpus, small_config(window_chars=30))
