"""Sampled texts -> Finding: what each model writes, and how much of it is copied. Knows no model."""

from collections.abc import Sequence
from dataclasses import dataclass

from rnnscope.records.finding import Finding, Row

COPY_CHARS = 30
"""A stretch of at least this many characters that stands in the training text counts as copied."""


@dataclass(frozen=True)
class Sample:
    """A text that a model wrote, the prime not included."""

    run: str
    temperature: float
    prime: str
    text: str


def samples(texts: Sequence[Sample], train_text: str, corpus: str, seed: int) -> Finding:
    """The samples, each with its longest stretch copied from the training text and the share of it in such
    stretches.
    """
    rows: list[Row] = []
    for sample in texts:
        longest, copied = copied_from(sample.text, train_text)
        rows.append(
            {
                "run": sample.run,
                "temperature": sample.temperature,
                "prime": sample.prime,
                "text": sample.text,
                "longest_copied_chars": longest,
                "copied_share": copied,
            }
        )
    most = max(rows, key=lambda row: int(row["longest_copied_chars"] or 0), default=None)
    reading = "No model wrote anything."
    if most:
        reading = (
            f"The longest stretch that any sample shares with the training text has "
            f"{most['longest_copied_chars']} characters "
            f"({most['run']}, temperature {most['temperature']:g})."
        )
    return Finding(
        analysis="samples",
        corpus=corpus,
        title="What does each model write?",
        reading=reading,
        numbers={"seed": seed, "copy_chars": COPY_CHARS},
        tables={"samples": rows},
        caveats=["One sample a model, drawn with one seed and not picked."],
    )


def copied_from(text: str, train_text: str) -> tuple[int, float]:
    """Length of the longest stretch of `text` that stands in `train_text`, and the share of `text` within
    copied stretches.
    """
    longest, covered, start = 0, 0, 0
    covered_to = 0
    for stop in range(1, len(text) + 1):
        while text[start:stop] not in train_text:
            start += 1
        longest = max(longest, stop - start)
        if stop - start >= COPY_CHARS:
            covered += stop - max(start, covered_to)
            covered_to = stop
    return longest, covered / len(text) if text else 0.0
