"""What Karpathy, Johnson, Li 2015 print of long range, as data: facts with their source. Knows no model of
ours.
"""

from dataclasses import dataclass

from rnnscope.records.surprisal import kind_of

SOURCE = "Karpathy, Johnson, Li 2015, Figure 5 left and Figure 4 right (values measured off the figures)"
NETWORK = "LSTM"
NGRAM = "20-gram"


@dataclass(frozen=True)
class Closing:
    """One bin of distances: mean probability of the true closer, and the ends of the error bar drawn."""

    from_chars: int
    to_chars: int
    p: float
    low: float
    high: float


@dataclass(frozen=True)
class Published:
    text: str
    is_same_text: bool
    """Whether ours is that text to the byte; else only one of its length and making."""
    closings: dict[str, dict[str, tuple[Closing, ...]]]
    """Pair -> predictor -> bins."""
    means: dict[str, dict[str, float]]
    """'line end', 'space' -> predictor -> mean probability where it is the true character."""


def role(name: str, is_first: bool) -> str | None:
    """Which of the paper's two predictors stands beside ours of this name, if any does."""
    if name == NGRAM:
        return NGRAM
    return NETWORK if is_first and kind_of(name) == "network" else None


def _bins(text: str) -> tuple[Closing, ...]:
    rows = (line.split() for line in text.strip().splitlines())
    return tuple(Closing(int(a), int(b), float(p), float(low), float(high)) for a, b, p, low, high in rows)


PUBLISHED = {
    "linux-kernel": Published(
        text="a Linux kernel text",
        is_same_text=False,
        closings={
            "{ }": {
                NETWORK: _bins(
                    """
                    0 20 .349 .280 .417
                    20 40 .559 .514 .603
                    40 60 .697 .662 .731
                    60 80 .538 .505 .570
                    80 100 .528 .495 .561
                    100 125 .557 .521 .594
                    125 150 .522 .483 .562
                    150 200 .571 .536 .606
                    200 250 .550 .521 .580
                    250 300 .546 .490 .602
                    """
                ),
                NGRAM: _bins(
                    """
                    0 20 .297 .244 .350
                    20 40 .353 .308 .399
                    40 60 .371 .336 .407
                    60 80 .288 .258 .318
                    80 100 .290 .257 .323
                    100 125 .334 .300 .368
                    125 150 .335 .293 .378
                    150 200 .367 .330 .404
                    200 250 .353 .316 .389
                    250 300 .402 .343 .462
                    """
                ),
            }
        },
        means={"space": {NETWORK: 0.806, NGRAM: 0.709}},
    ),
    "war-and-peace": Published(
        text="War and Peace",
        is_same_text=True,
        closings={},
        means={"line end": {NETWORK: 0.686, NGRAM: 0.289}, "space": {NETWORK: 0.791, NGRAM: 0.672}},
    ),
}
