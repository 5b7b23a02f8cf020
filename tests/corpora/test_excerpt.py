"""An excerpt of a corpus: the rows it has are the whole's, in every part."""

import numpy as np
import pytest

from rnnscope.corpora import build_corpus, text_file
from rnnscope.corpora.excerpt import excerpt
from rnnscope.errors import ConfigError
from rnnscope.records.corpus import PARTS, Corpus

SHAPES = {"train": (3, 40), "validation": (1, 7), "test": (2, 9)}


@pytest.fixture
def whole(tmp_path) -> Corpus:
    source = tmp_path / "tale.txt"
    source.write_text("".join(f"{n} birds sat on wall {n * n}.\n" for n in range(4000)), encoding="utf-8")
    return build_corpus(text_file(source), "tale", tmp_path / "work", split="streams")


def test_its_rows_are_the_first_of_every_part_with_the_same_symbols(whole, tmp_path):
    cut = excerpt(whole, "some", SHAPES, tmp_path / "work")
    assert (cut.codes == whole.codes).all()
    for part in PARTS:
        rows, chars = SHAPES[part]
        own, of = cut.part(part), whole.part(part)
        assert (own.rows, own.row_chars) == (rows, chars)
        for read in ("inputs", "targets"):
            expected = getattr(whole, read)(of)[:rows, :chars]
            np.testing.assert_array_equal(getattr(cut, read)(own), expected)


def test_it_is_another_text_than_the_whole(whole, tmp_path):
    cut = excerpt(whole, "some", SHAPES, tmp_path / "work")
    assert cut.manifest.fingerprint != whole.manifest.fingerprint
    assert cut.manifest.parents == {"tale": whole.manifest.fingerprint}


@pytest.mark.parametrize("shape", [(101, 5), (0, 5), (1, 1_000_000), (1, 0)])
def test_rows_that_are_not_there_are_refused_and_nothing_is_left(whole, tmp_path, shape):
    with pytest.raises(ConfigError, match="validation"):
        excerpt(whole, "some", SHAPES | {"validation": shape}, tmp_path / "work")
    assert not (tmp_path / "work" / "corpora" / "some").exists()
