"""What is said of a part's rows is what is said of them in the whole text."""

import importlib

import numpy as np
import pytest

from rnnscope.corpora import (
    TRACKS,
    annotate,
    annotate_part,
    build_corpus,
    text_file,
    track_from_function,
    track_from_regex,
)
from rnnscope.errors import ConfigError
from rnnscope.records.corpus import Corpus

ANNOTATE = importlib.import_module("rnnscope.corpora.annotate")


@pytest.mark.parametrize(("name", "split"), [("t.py", "contiguous"), ("t.py", "streams"), ("t.c", "streams")])
def test_rows_are_annotated_as_they_are_in_the_whole_text(tmp_path, monkeypatch, name, split):
    python = (
        'def f(x):\n    """A string (of\n\n    some length."""\n    return [x, "#", {x: 1}]  # done\n\n\n'
    )
    c = '/* a\n comment { */\nint f(int x)\n{\n\tif (x) {\n\t\tputs("{"); // y\n\t}\n}\n'
    (tmp_path / name).write_text((python if name == "t.py" else c) * 3000)
    corpus = build_corpus(text_file(tmp_path / name), None, tmp_path, split=split, fractions=(0.6, 0.2, 0.2))
    monkeypatch.setattr(importlib.import_module("rnnscope.corpora.annotate"), "LEAD_CHARS", 5_000)
    whole = annotate(corpus.text(0, corpus.manifest.ids_chars), corpus.manifest.language)
    part = corpus.part("test")
    for rows in (slice(None), slice(2, 3)):
        tracks = annotate_part(corpus, part, rows)
        for track, values_RT in tracks.items():
            expected = [whole[track][start : start + part.row_chars] for start in part.starts[rows]]
            assert np.array_equal(values_RT, np.stack(expected)), track
    assert tracks["inside_quotes"].any()


def test_input_t_of_a_row_is_annotated_and_not_its_target(tmp_path):
    (tmp_path / "t.txt").write_text('no "yes" no. ' * 200)
    corpus = build_corpus(text_file(tmp_path / "t.txt"), None, tmp_path)
    part = corpus.part("test")
    inside = annotate_part(corpus, part)["inside_quotes"]
    opening = corpus.inputs(part)[0] == corpus.alphabet.symbols.index('"')
    assert inside[0][opening].tolist()[:2] in ([True, False], [False, True])


def prose_corpus(folder, text: str) -> Corpus:
    (folder / "t.txt").write_text(text)
    return build_corpus(text_file(folder / "t.txt"), None, folder, split="streams")


def test_the_line_end_after_a_row_is_found_wherever_it_is(tmp_path):
    text = "".join("a" * (997 * n % 4001) + "\n" for n in range(60))
    corpus = prose_corpus(tmp_path, text)
    part = corpus.part("test")
    ahead_RT = annotate_part(corpus, part, tracks=[TRACKS["chars_to_line_end"]])["chars_to_line_end"]
    places_R1 = np.array(part.starts)[:, None]
    by_hand = np.array([text.index("\n", place) - place for place in range(len(text))])
    assert np.array_equal(ahead_RT, by_hand[places_R1 + np.arange(part.row_chars)])
    # the control: some of it is beyond every row's end and what is read there at least
    assert ahead_RT[:, -1].max() > ANNOTATE.TAIL_CHARS + part.row_chars


def test_a_line_end_that_is_too_far_to_be_read_is_taken_to_be_where_reading_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(ANNOTATE, "LEAD_CHARS", 2_000)
    corpus = prose_corpus(tmp_path, "ab" * 25_000)
    ahead_RT = annotate_part(corpus, corpus.part("test"), slice(1), [TRACKS["chars_to_line_end"]])
    assert ahead_RT["chars_to_line_end"][0, -1] == 2_001


def test_tracks_that_are_named_are_the_ones_given_in_their_order(tmp_path):
    corpus = prose_corpus(tmp_path, "One two. Three\n\n" * 500)
    part = corpus.part("validation")
    chosen = [track_from_regex(r"two\. Three"), TRACKS["column"], TRACKS["capital"]]
    tracks = annotate_part(corpus, part, slice(3), chosen)
    assert list(tracks) == [r"two\. Three", "column", "capital"]
    every = annotate_part(corpus, part, slice(3))
    assert np.array_equal(tracks["column"], every["column"])
    whole = annotate(corpus.text(0, corpus.manifest.ids_chars), "prose", chosen)
    for row, start in enumerate(part.starts[:3]):
        for name in tracks:
            assert np.array_equal(tracks[name][row], whole[name][start : start + part.row_chars]), name


def test_a_match_that_begins_in_a_row_and_ends_after_it_is_found(tmp_path):
    corpus = prose_corpus(tmp_path, "a<bc\nde>f" * 2000)
    part = corpus.part("test")
    pattern = track_from_regex("<[^>]*>")
    inside_RT = annotate_part(corpus, part, tracks=[pattern])[pattern.name]
    texts = [corpus.text(start, start + part.row_chars) for start in part.starts]
    assert inside_RT.tolist() == [[character not in "af" for character in text] for text in texts]
    cut = [annotate(text, "prose", [pattern])[pattern.name].tolist() for text in texts]
    assert inside_RT.tolist() != cut  # the control: rows alone do not know


def test_no_text_is_read_after_a_row_for_tracks_that_are_causal(tmp_path):
    corpus = prose_corpus(tmp_path, "abc\n" * 3000)
    part = corpus.part("test")
    read = []

    def length(text: str) -> np.ndarray:
        read.append(len(text))
        return np.zeros(len(text), dtype=bool)

    for is_causal in (True, False):
        track = track_from_function(length, "flag", "none", "none", is_causal)
        annotate_part(corpus, part, slice(1), [track])
    stop = part.starts[0] + part.row_chars
    assert read[0] == stop
    assert stop + ANNOTATE.TAIL_CHARS < read[1] <= stop + ANNOTATE.TAIL_CHARS + 5


def test_tracks_that_cannot_be_told_apart_or_are_of_another_language_are_refused(tmp_path):
    corpus = prose_corpus(tmp_path, "abc\n" * 3000)
    part = corpus.part("test")
    with pytest.raises(ConfigError, match="two tracks are called 'x'; give one of them another name"):
        annotate_part(corpus, part, tracks=[track_from_regex("a", "x"), track_from_regex("b", "x")])
    with pytest.raises(ConfigError, match="track 'indentation' is not for prose; there is: inside_quotes, "):
        annotate_part(corpus, part, tracks=[TRACKS["indentation"]])
