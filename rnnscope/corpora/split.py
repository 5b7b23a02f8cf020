"""Length of a text -> which characters train, validate and test. Knows no text."""

import math

from rnnscope.errors import ConfigError, CorpusError
from rnnscope.records.corpus import PartName, PartRows, SplitKind

Fractions = tuple[float, float, float]

STREAM_ROWS = 100
"""Rows of a `streams` split: the paper's batch."""
STREAM_BLOCK_CHARS = 100
"""A row's parts are whole blocks of this many characters: the paper's sequence length."""
SCORED_ROW_CHARS = 10_000
"""Rows of a `contiguous` validation or test part are at least so long: several can be read side by side, and
the start from nothing at each row's head weighs little."""
_ROUNDING = 1e-9  # 0.29 * 100 is 28.999999999999996


def parse_fractions(text: str) -> Fractions:
    """'0.9,0.05,0.05' -> its three numbers. Raises ConfigError."""
    try:
        numbers = [float(number) for number in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 3:
        raise ConfigError(
            f"fractions '{text}' are not three numbers (train, validation, test); say 0.9,0.05,0.05"
        )
    return checked_fractions((numbers[0], numbers[1], numbers[2]))


def checked_fractions(fractions: Fractions) -> Fractions:
    """The fractions themselves. Raises ConfigError unless they are three positive numbers that sum to 1."""
    said = ",".join(f"{fraction:g}" for fraction in fractions)
    if len(fractions) != 3 or not all(math.isfinite(fraction) and fraction > 0 for fraction in fractions):
        raise ConfigError(f"fractions {said} are not three positive numbers (train, validation, test)")
    if abs(sum(fractions) - 1) > 1e-6:
        raise ConfigError(f"fractions {said} sum to {sum(fractions):g}; they must sum to 1")
    return fractions


def split_parts(chars: int, kind: SplitKind, fractions: Fractions) -> dict[PartName, PartRows]:
    """The three parts of a text of `chars` characters. Raises CorpusError where it is too short."""
    return stream_parts(chars, fractions) if kind == "streams" else contiguous_parts(chars, fractions)


def stream_parts(chars: int, fractions: Fractions) -> dict[PartName, PartRows]:
    """The paper's split: equal rows, and the last parts of EVERY row are validation and test.

    The text is cut to a multiple of rows * block, every row is counted in blocks, and train and validation
    get the floor of their fraction of them (char-rnn's CharSplitLMMinibatchLoader, June 2015). The last input
    has a target too, so a text of exactly so many characters loses a block. Rows are fewer than 100 where the
    text is short. Raises CorpusError where it is too short for one.
    """
    least_blocks = max(3, *(math.ceil(1 / fraction - _ROUNDING) for fraction in fractions[:2]))
    rows = min(STREAM_ROWS, (chars - 1) // (least_blocks * STREAM_BLOCK_CHARS))
    if rows < 1:
        raise CorpusError(
            f"the text is too short to split: it has {chars:,} characters, and a 'streams' split with these "
            f"fractions needs {least_blocks * STREAM_BLOCK_CHARS + 1:,}"
        )
    blocks = (chars - 1) // (rows * STREAM_BLOCK_CHARS)
    train, validation = (math.floor(blocks * fraction + _ROUNDING) for fraction in fractions[:2])
    lengths = [count * STREAM_BLOCK_CHARS for count in (train, validation, blocks - train - validation)]
    offsets = [0, lengths[0], lengths[0] + lengths[1]]
    heads = [row * blocks * STREAM_BLOCK_CHARS for row in range(rows)]

    def part(index: int) -> PartRows:
        return PartRows(starts=tuple(head + offsets[index] for head in heads), row_chars=lengths[index])

    return {"train": part(0), "validation": part(1), "test": part(2)}


def contiguous_parts(chars: int, fractions: Fractions) -> dict[PartName, PartRows]:
    """Train, validation and test one after the other; train is one row, the others equal rows.

    Validation and test have 1 to 100 rows, one for every 10,000 characters; what is left below a whole number
    of rows goes to train, so that every character but the first is predicted in exactly one part. Raises
    CorpusError where a part would be empty.
    """
    inputs = chars - 1
    scored = [math.floor(inputs * fraction + _ROUNDING) for fraction in fractions[1:]]
    rows = [min(max(count // SCORED_ROW_CHARS, 1), 100) for count in scored]
    row_chars = [count // r for count, r in zip(scored, rows, strict=True)]
    validation, test = (r * length for r, length in zip(rows, row_chars, strict=True))
    train = inputs - validation - test
    if min(train, validation, test) < 1:
        least = math.ceil(1 / min(fractions)) + 1
        raise CorpusError(
            f"the text is too short to split: it has {chars:,} characters, and these fractions need {least:,}"
        )

    def part(first: int, index: int) -> PartRows:
        starts = tuple(first + row * row_chars[index] for row in range(rows[index]))
        return PartRows(starts=starts, row_chars=row_chars[index])

    return {
        "train": PartRows(starts=(0,), row_chars=train),
        "validation": part(train, 0),
        "test": part(train + validation, 1),
    }
