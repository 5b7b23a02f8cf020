# pyright: reportArgumentType=false
"""What memories made of a text, made up so that the verdict is known."""

import numpy as np
from planted_questions import measurement

from rnnscope.questions.memory import decide
from rnnscope.questions.memory.kinds import NGRAM, NONE, ORACLES, errors_of
from rnnscope.questions.question import Measurement
from rnnscope.records.finding import Finding, Row

PLAIN = {NGRAM: 50_000, "memory": 8_000, "rare-words": 9_000, "word-model": 50_000, "punctuation": 8_000}


def row(memory: str, removed: float, gained: float, generator: np.random.Generator, **more) -> Row:
    """What one reader made of the text: `removed` of the plain LSTM's n-gram errors gone."""
    noise = 1 + 0.005 * float(generator.normal())
    errors = {errors_of(kind): round(PLAIN.get(kind, 30_000) * noise) for kind in ORACLES}
    errors[errors_of(NGRAM)] = round(errors[errors_of(NGRAM)] * (1 - removed))
    return {
        "memory": memory,
        "has_say": memory != NONE,
        "holds_ngrams": memory.startswith("ngram"),
        "parameters": 122_000,
        "nats": 1.2 - gained + 0.001 * float(generator.normal()),
        "validation_nats": 1.21 - gained,
        "error_rate": 0.45,
        "errors": sum(errors.values()),
        **errors,
        "mended": 9_000,
        "new": 4_000,
        f"new_{errors_of(NGRAM)}": 1_500,
        "removed": removed,
        "removed_low": removed - 0.01,
        "removed_high": removed + 0.01,
        "us_per_char": 25.0,
        "sees_chars": 80,
        "sees_of_chars": 500,
    } | more


def remembered(
    shares: dict[str, tuple[float, float]],
    seeds: int = 5,
    corpora: tuple[str, ...] = ("war-and-peace", "python-library"),
    budgets: tuple[str, ...] = ("128",),
) -> list[Measurement]:
    """memory -> (removed share, nats gained): with the plain LSTM's run those that wrap it, and a run of its
    own for each that is trained.
    """
    found = []
    for corpus in corpora:
        for budget in budgets:
            for seed in range(seeds if budget == budgets[0] else 1):
                generator = np.random.default_rng([seed, len(corpus)])
                rows = [row(NONE, 0.0, 0.0, generator)]
                rows += [row(name, *share, generator) for name, share in shares.items() if name != "mlstm"]
                runs = {"lstm-2x84": rows}
                if "mlstm" in shares:
                    runs["mlstm-2x80"] = [row("mlstm", *shares["mlstm"], generator)]
                for name, measured in runs.items():
                    made = measurement(name.split("-")[0], 2, seed, measured)
                    found.append(made.model_copy(update={"corpus": corpus, "budget": budget}))
    return found


def findings() -> list[Finding]:
    """A verdict."""
    shares = {"cache": (0.05, 0.01), "ngram_mix": (0.2, 0.05), "mlstm": (-0.1, -0.02)}
    decision = decide(remembered(shares, budgets=("128", "256")))
    return [
        Finding(
            analysis="memory", corpus="c", title="memory", reading=decision.reading, tables=decision.tables
        )
    ]
