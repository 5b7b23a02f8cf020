"""Words as the oracles read them: which they are, where a memory's window ends, what a search of it costs."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_oracles import CAUSES, TRAIN, WRONG, corpus_of, errors_of

from rnnscope.analyses.error_oracles import OracleSettings, PartText, list_errors
from rnnscope.analyses.error_oracles.words import NEVER, last_seen
from rnnscope.settings import changed


@pytest.mark.parametrize(("between", "is_seen"), [(100 - 6, True), (100 - 5, False)])
def test_the_window_ends_exactly_n_characters_before_the_word(tmp_path: Path, between: int, is_seen: bool):
    row = "wonder" + "." * between + "wonder"
    corpus = corpus_of(tmp_path / "corpus", TRAIN, [row])
    model, ngrams = errors_of(tmp_path, corpus, {(0, 6 + between + 1): WRONG})
    (found,) = list_errors(model, ngrams, corpus, changed(CAUSES, {"memory_chars": "100"}))
    assert (found["oracle"] == "memory") == is_seen


def test_a_window_that_moves_with_the_character_loses_the_word_a_character_later(tmp_path: Path):
    row = "wonder" + "." * 93 + "wonder"
    corpus = corpus_of(tmp_path / "corpus", TRAIN, [row])
    model, ngrams = errors_of(tmp_path, corpus, {(0, 99 + letter): WRONG for letter in (1, 2)})
    moving = changed(CAUSES, {"memory_window": "character", "memory_chars": "100"})
    assert [each["oracle"] for each in list_errors(model, ngrams, corpus, moving)] == ["memory", "none"]


def test_the_memory_reads_the_row_the_rows_or_the_text_before_as_told(tmp_path: Path):
    rows = ["a wonder was.", "some wonder .", "before house."]
    corpus = corpus_of(tmp_path / "corpus", TRAIN, rows)
    model, ngrams = errors_of(tmp_path, corpus, {(1, 6): WRONG, (2, 8): WRONG})

    def seen(reads: str) -> list[bool]:
        told = changed(CAUSES, {"memory_reads": reads, "memory_chars": "90"})
        return [each["oracle"] == "memory" for each in list_errors(model, ngrams, corpus, told)]

    assert (seen("row"), seen("rows"), seen("book")) == ([False] * 2, [True, False], [True, True])


def test_a_word_inside_a_longer_one_is_remembered_and_case_counts_unless_told(tmp_path: Path):
    row = "Skillfully the skill skill Skill"
    corpus = corpus_of(tmp_path / "corpus", "skill skillfully the " * 8, [row])
    model, ngrams = errors_of(tmp_path, corpus, {(0, 16): WRONG, (0, 28): WRONG})
    told = [
        [
            each["oracle"]
            for each in list_errors(model, ngrams, corpus, changed(CAUSES, {"ignore_case": case}))
        ]
        for case in (False, True)
    ]
    assert told == [["none", "memory"], ["memory", "memory"]]


def test_words_of_code_have_underscores_and_joiners_join_where_both_sides_are_words(tmp_path: Path):
    row = "a_b1 it's 'quoted'"
    for language, joiners, words in (
        ("c", "", ["a_b1", "it", "s", "quoted"]),
        ("prose", "", ["a", "b", "it", "s", "quoted"]),
        ("prose", "'", ["a", "b", "it's", "quoted"]),
    ):
        corpus = corpus_of(tmp_path / f"{language}{joiners != ''}", TRAIN, [row], language)
        text = PartText(corpus, corpus.part("test"), OracleSettings(joiners=joiners))
        assert text.words == words


def test_words_are_counted_in_the_training_part_alone_and_whole_at_the_rows_ends(tmp_path: Path):
    corpus = corpus_of(tmp_path / "corpus", "one two two ", ["two one new", "new one two"])
    text = PartText(corpus, corpus.part("test"), OracleSettings())
    assert text.training_count_RT[0].tolist() == [2, 2, 2, -1, 1, 1, 1, -1, 0, 0, 0]
    assert text.place_RT[1].tolist() == [0, 1, 2, 0, 0, 1, 2, 0, 0, 1, 2]


class Watched(str):
    """A text that counts the characters it is asked to search."""

    searched = 0

    def rfind(self, word: str, start: int, stop: int) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        Watched.searched += max(0, stop - start)
        return super().rfind(word, start, stop)


def searched_for(words: list[str]) -> int:
    text = Watched(" ".join(words))
    places = np.cumsum([0, *(len(word) + 1 for word in words[:-1])]).tolist()
    Watched.searched = 0
    last_seen(text, words, places, 0, 500)
    return Watched.searched


@pytest.mark.parametrize("kinds", [3, 10**6])
def test_the_memory_searches_a_text_of_ten_times_the_length_ten_times_as_much(kinds: int):
    generator = np.random.default_rng(0)
    words = [f"w{number}" for number in generator.integers(kinds, size=20_000)]
    assert searched_for(words) <= 10.5 * searched_for(words[:2000])
    assert searched_for(words) <= 500 * len(words)
    if kinds == 3:  # known words are searched for no further than where they were last
        assert searched_for(words) < 50 * len(words)


@given(st.lists(st.sampled_from(["a", "aa", "ab", "ba", "b", "aab"]), max_size=40), st.integers(1, 12))
def test_what_was_last_seen_is_what_a_search_of_the_whole_window_finds(words: list[str], most: int):
    text = " ".join(words)
    places = np.cumsum([0, *(len(word) + 1 for word in words[:-1])]).tolist() if words else []
    found = last_seen(text, words, places, 0, most)
    for word, place, distance in zip(words, places, found, strict=True):
        at = text.rfind(word, max(0, place - most), place)
        assert distance == (place - at if at >= 0 else NEVER)
