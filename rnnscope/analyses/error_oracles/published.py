"""What Karpathy, Johnson, Li 2015 found on War and Peace, as data: facts with their source. Knows no model of
ours.
"""

from dataclasses import dataclass

from rnnscope.errors import ConfigError, did_you_mean

SOURCE = "Karpathy, Johnson, Li 2015, section 4.4 and Figure 6 (slices measured off the figure, +-0.1 %)"
TEXTS = ("war-and-peace", "linux-kernel")
CHARS = 330_000


@dataclass(frozen=True)
class PublishedModel:
    """One model's errors by oracle and slice."""

    name: str
    errors: int
    chars: int
    percents: dict[tuple[str, str], float]
    """(oracle, slice) -> per cent of the model's errors."""

    def share(self, oracle: str, label: str | None = None) -> float | None:
        """Of the model's errors; all slices of the oracle where no label is given. None for what the paper
        does not have."""
        found = [
            percent
            for (name, each), percent in self.percents.items()
            if name == oracle and label in (None, each)
        ]
        return sum(found) / 100 if found else None


_SLICES: dict[str, tuple[str, ...]] = {
    "n-gram": tuple(f"{n}-gram" for n in range(1, 10)),
    "memory": ("last 100", "last 500", "last 1,000", "last 5,000"),
    "rare-words": ("never trained on", "1 time", "2 times", "3 times", "4 times", "5 times"),
    "word-model": ("after space or quote", "after newline"),
    "punctuation": ("punctuation",),
    "boost": ("+0.1", "+0.2", "+0.3", "+0.4", "+0.5"),
}


def _percents(*groups: str) -> dict[tuple[str, str], float]:
    """One text of numbers per oracle, in the paper's order."""
    return {
        (oracle, label): float(percent)
        for (oracle, labels), numbers in zip(_SLICES.items(), groups, strict=True)
        for label, percent in zip(labels, numbers.split(), strict=True)
    }


LARGE = PublishedModel(
    "LSTM-3 (512)",
    140_000,
    CHARS,
    _percents(
        "1.13 2.86 2.12 2.45 2.27 2.13 2.02 1.72 1.17",
        ".71 1.94 1.00 2.44",
        "2.82 1.58 1.21 1.11 .96 .85",
        "32.27 4.90",
        "6.11",
        "2.19 3.14 4.37 5.96 8.57",
    ),
)
"""1.082 nats."""
SMALL = PublishedModel(
    "LSTM-2 (64)",
    184_000,
    CHARS,
    _percents(
        "0.93 2.52 4.46 7.65 6.31 4.49 3.19 2.32 1.44",
        ".58 1.62 0.86 2.08",
        "2.19 1.25 0.97 0.89 .75 .67",
        "24.96 3.96",
        "4.75",
        "1.33 2.33 3.85 5.49 8.16",
    ),
)
"""1.442 nats."""


def published_for(paper: str | None) -> list[PublishedModel]:
    """Large, then small; none but for War and Peace: the paper took no other text apart. Raises ConfigError
    for an unknown text."""
    if paper is not None and paper not in TEXTS:
        raise ConfigError(f"no published values for '{paper}'; {did_you_mean(paper, TEXTS)}")
    return [LARGE, SMALL] if paper == "war-and-peace" else []


def nearest(models: list[PublishedModel], error_rate: float) -> PublishedModel | None:
    """The published model that errs most nearly as often."""
    return min(models, key=lambda each: abs(each.errors / each.chars - error_rate), default=None)
