"""How much a study does. Knows sizes and times, trains nothing."""

from dataclasses import dataclass

from rnnscope.errors import ConfigError, did_you_mean

CELLS = ("lstm", "gru", "rnn")


@dataclass(frozen=True)
class Scale:
    """One size of study: every cell at the parameter count of a one-layer LSTM."""

    name: str
    title: str
    library_chars: int
    """Characters of the embedded corpus; other corpora are taken whole."""
    budget_hidden: int
    """Hidden size of the one-layer LSTM whose parameter count all cells get."""
    layers: tuple[int, ...]
    recipe: str
    train_chars: int | None
    """Characters that each network trains on, in whole and half epochs of the corpus; None: the recipe's epochs."""
    longest_context: int
    trace_chars: int
    """Characters of the test text whose every gate and state is kept."""
    sample_chars: int


SCALES = {
    "smoke": Scale("smoke", "a few seconds, to see that everything works", 60_000, 16, (1,), "fast", 60_000, 8, 3_000, 150),
    "demo": Scale("demo", "minutes on a laptop", 1_500_000, 128, (1,), "fast", 8_000_000, 20, 60_000, 600),
    "small": Scale("small", "about an hour", 3_000_000, 256, (1, 2), "fast", 15_000_000, 20, 100_000, 1_000),
    "paper": Scale("paper", "the paper's own recipe, many hours", 6_000_000, 512, (1, 2, 3), "paper-2015", None, 20, 330_000, 2_000),
}  # fmt: skip


def scale_named(name: str) -> Scale:
    """Raises ConfigError for a scale that there is not."""
    if name not in SCALES:
        raise ConfigError(f"no scale '{name}'; {did_you_mean(name, SCALES)}")
    return SCALES[name]
