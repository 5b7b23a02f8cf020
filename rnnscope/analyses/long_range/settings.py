"""What the analysis of long range can be told. Knows no record."""

from itertools import pairwise

from pydantic import Field, field_validator

from rnnscope.corpora.pairs import pair_from
from rnnscope.settings import Numbers, Settings, Words


class LongRangeSettings(Settings):
    pairs: Words = ()
    """Openers and closers, such as '{ }, /* */, tags'; left out: those of the corpus's language."""
    bins: Numbers = (20, 40, 60, 80, 100, 125, 150, 200, 250, 300)
    """Distances at which one bin ends and the next begins; the first begins at 0, the last has no end. As in
    Karpathy, Johnson, Li 2015, Figure 5."""
    far_chars: int = Field(default=60, ge=1)
    """Distance from which a closer is far."""
    least_places: int = Field(default=20, ge=2)
    """Closers, line ends or spaces that a bin needs for its mean to be told."""
    line_bin_chars: int = Field(default=5, ge=1)
    """Width of a bin of line lengths."""

    @field_validator("pairs")
    @classmethod
    def _are_pairs(cls, pairs: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(pair_from(pair).name for pair in pairs))

    @field_validator("bins")
    @classmethod
    def _ascend(cls, bins: tuple[int, ...]) -> tuple[int, ...]:
        if not bins or bins[0] < 1 or any(low >= high for low, high in pairwise(bins)):
            raise ValueError("write distances in ascending order, such as 20,40,60")
        return bins
