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
    dropout: float
    """Small texts are learned by heart without it."""
    train_chars: int | None
    """Characters that each network trains on, in whole and half epochs of the corpus; None: the recipe's
    epochs.
    """
    longest_context: int
    milestones: int
    """Weights kept along each network's training."""
    window_contexts: tuple[int, ...]
    """n-NNs: the characters that they see."""
    window_hidden: tuple[int, ...]
    """Units of each; the better one on the validation part stands for its context."""
    context_readings: int
    """Places of the test text from which each model is read anew, to see how far back it looks."""
    dynamics_chars: int
    """Characters of the test text over which a network on its way is set beside other predictors."""
    trace_chars: int
    """Characters of the test text whose every gate and state is kept."""
    sample_chars: int


SCALES = {
    scale.name: scale
    for scale in (
        Scale(
            name="smoke",
            title="a minute, to see that everything works",
            library_chars=100_000,
            budget_hidden=16,
            layers=(1,),
            recipe="fast",
            dropout=0.0,
            train_chars=90_000,
            longest_context=8,
            milestones=6,
            window_contexts=(1, 2),
            window_hidden=(16,),
            context_readings=40,
            dynamics_chars=2_000,
            trace_chars=3_000,
            sample_chars=150,
        ),
        Scale(
            name="demo",
            title="minutes on a laptop",
            library_chars=1_000_000,
            budget_hidden=256,
            layers=(1,),
            recipe="fast",
            dropout=0.2,
            train_chars=4_500_000,
            longest_context=20,
            milestones=16,
            window_contexts=(),
            window_hidden=(),
            context_readings=200,
            dynamics_chars=10_000,
            trace_chars=60_000,
            sample_chars=600,
        ),
        Scale(
            name="small",
            title="about an hour",
            library_chars=3_000_000,
            budget_hidden=256,
            layers=(1, 2),
            recipe="fast",
            dropout=0.15,
            train_chars=15_000_000,
            longest_context=20,
            milestones=40,
            window_contexts=(1, 2, 3, 4, 5, 6, 7),
            window_hidden=(128, 512),
            context_readings=1500,
            dynamics_chars=100_000,
            trace_chars=100_000,
            sample_chars=1_000,
        ),
        Scale(
            name="paper",
            title="the paper's own recipe at its largest sizes, days",
            library_chars=6_000_000,
            budget_hidden=512,
            layers=(1, 2, 3),
            recipe="paper-2015",
            dropout=0.0,
            train_chars=None,
            longest_context=20,
            milestones=40,
            window_contexts=(1, 2, 3, 4, 5, 6, 7, 8, 9),
            window_hidden=(128, 512),
            context_readings=3000,
            dynamics_chars=100_000,
            trace_chars=100_000,
            sample_chars=2_000,
        ),
    )
}


def scale_named(name: str) -> Scale:
    """Raises ConfigError for a scale that there is not."""
    if name not in SCALES:
        raise ConfigError(f"no scale '{name}'; {did_you_mean(name, SCALES)}")
    return SCALES[name]
