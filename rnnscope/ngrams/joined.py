"""A part's rows read as one text, joins and all. Knows no model."""

import numpy as np

from rnnscope.records.corpus import PartRows


def joined_rows(ids: np.ndarray, part: PartRows) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of the part's characters as one row, shape (1, chars - 1) each.

    This is how an n-gram tool reads a file that the rows were written to, and how Table 2 of Karpathy,
    Johnson, Li (2015) comes out: the first characters of every row are predicted from the end of the row
    before, which is another place of the book. It costs War and Peace 0.003 nats at length 20. The protocol
    of `rnnscope.scoring`, which networks are held to, starts every row afresh: compare n-grams with networks
    under that one.
    """
    text = np.concatenate([ids[start : start + part.row_chars] for start in part.starts])
    return text[None, :-1], text[None, 1:]
