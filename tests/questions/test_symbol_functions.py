# pyright: reportOperatorIssue=false
"""What is read off a network on a synthetic text, and the whole question at a scale that means nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from rnnscope.corpora import build_corpus, source_from
from rnnscope.corpora.synthetic import alphabet, floor, part_states
from rnnscope.questions.question import Scale, answer
from rnnscope.questions.symbol_functions import SYMBOL_FUNCTIONS, texts
from rnnscope.questions.symbol_functions.measuring import _last_character, learned_rows
from rnnscope.questions.symbol_functions.question import OfShapes
from rnnscope.studies.executor import in_this_process
from rnnscope.studies.work import Work

SYMBOLS = 8


@dataclass(frozen=True)
class Planted:
    """Gives what it was given, in order of ids."""

    logs_NV: np.ndarray
    rows: int

    @property
    def symbols(self) -> int:
        return self.logs_NV.shape[1]

    def log_prob_blocks(self, inputs_RT: np.ndarray) -> Iterator[np.ndarray]:
        yield self.logs_NV.reshape(self.rows, -1, self.symbols).transpose(1, 0, 2)


def test_a_perfect_reader_has_learned_everything_and_one_that_sees_the_last_character_nothing(tmp_path: Path):
    corpus = build_corpus(source_from("synthetic", chars=60_000), None, tmp_path)
    known, part = part_states(corpus, "test"), corpus.part("test")
    order_V = np.searchsorted(corpus.codes, [ord(each) for each in alphabet(SYMBOLS)])
    places_V = np.argsort(order_V)
    exact_NV = floor(known.latents_N, SYMBOLS, 0).probabilities_TV
    last_NV = _last_character(corpus, places_V)[places_V[corpus.inputs(part).ravel()]]
    for p_NV, learned, accuracy in ((exact_NV, 1.0, 1.0), (last_NV, 0.0, None)):
        with np.errstate(divide="ignore"):
            rows = learned_rows(Planted(np.log(p_NV)[:, places_V], part.rows), corpus, known)
        assert [row["learned"] for row in rows] == pytest.approx([learned] * SYMBOLS, abs=1e-6)
        for row in rows:
            assert row["floor_nats"] < row["last_nats"]
            if accuracy and row["symbol"] in ("short counter", "long counter", "quote", "line"):
                assert row["accuracy"] == row["best_accuracy"] == accuracy


@pytest.mark.slow
def test_the_whole_question_is_answered_and_goes_on_where_it_was(tmp_path: Path):
    tiny = Scale(texts((0, 2, 4), 2, 30_000, 0.5), seeds=2, planned=OfShapes((1, 8), (2, 8)))
    question = replace(SYMBOL_FUNCTIONS, scales={"tiny": tiny})
    work = Work(tmp_path)
    finding = answer(question, "tiny", work, processes=1, executor=in_this_process)
    # 5 texts of 2 seeds, 2 cells, 2 shapes
    assert finding.numbers["networks"] == 40 and finding.numbers["seeds"] == 2
    assert finding.numbers["verdict"] in ("yes", "no", "undecided", "premise not met")
    rows = finding.tables["networks"]
    assert {row["specialised"] for row in rows if not row["symbols"]} == {0.0}
    for row in rows:
        assert row["test_nats"] > row["floor_nats"] - 0.02
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/*/questions/*.json")}
    assert len(kept) == 40
    assert answer(question, "tiny", work, processes=1, executor=in_this_process).tables == finding.tables
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
