"""Rows -> what they say, in sentences. Knows no losses."""

from collections.abc import Mapping, Sequence

import numpy as np

from rnnscope.analyses.effective_context.classes import WITHIN_WORD, WORD_START
from rnnscope.estimate import BLOCK_CHARS, CONFIDENCE, RESAMPLES
from rnnscope.records.context_losses import ContextLosses
from rnnscope.records.finding import Row

MOST_NAMES = 4
"""Predictors that the reading names one by one."""
LEAST_GAIN = 0.05
"""Of the threshold: gains below it are not told, however clear."""
CLASS_CHARS = 10
"""Visible characters at which letters are told apart."""
PAPER_UNROLLED = 100
"""Steps that gradients went back in Karpathy, Johnson, Li 2015, section 3.3."""


def reading_of(tables: Mapping[str, Sequence[Row]], threshold_nats: float, most_chars: int) -> str:
    """How far back the models see, and what the first gains from the farthest characters."""
    models, first = tables["models"], str(tables["models"][0]["model"])
    needs = [
        f"{row['model']} {_chars(row, 'cut', most_chars)} / {_chars(row, 'shuffled', most_chars)}"
        for row in models[:MOST_NAMES]
    ]
    if len(models) > MOST_NAMES:
        needs.append(f"{len(models) - MOST_NAMES} more in the table of models")
    sentences = [
        f"Last characters needed to come within {threshold_nats:g} nats of what all of the text so far "
        f"gives, with the rest cut off / shuffled: {'; '.join(needs)}.",
        _farthest(first, tables["gains"], LEAST_GAIN * threshold_nats),
        _flat(models[:MOST_NAMES]),
        _by_class(first, tables["classes"]),
    ]
    return " ".join(filter(None, sentences))


def _chars(row: Row, rest: str, most_chars: int) -> str:
    """'25 (20 to 40)'."""
    chars, low, high = (row[f"{rest}_chars{end}"] for end in ("", "_low", "_high"))
    needed = f"more than {most_chars}" if chars is None else str(chars)
    if low is None:  # no bootstrap samples, or none that comes so near
        return needed
    return f"{needed} ({low} to {f'more than {most_chars}' if high is None else high})"


def _farthest(model: str, gains: Sequence[Row], least_nats: float) -> str:
    """The farthest characters that clearly help."""
    clear = [
        row
        for row in gains
        if row["model"] == model
        and row["rest"] == "cut"
        and row["is_clear"]
        and float(row["nats"] or 0) >= least_nats
    ]
    if not clear:
        return ""
    row = max(clear, key=lambda each: int(each["from_chars"] or 0))
    return (
        f"{model} still gains from characters {row['from_chars']} to {row['to_chars']} back: "
        f"{_sure(row, 'nats')}."
    )


def _flat(models: Sequence[Row]) -> str:
    flat = [f"{row['model']} from {row['flat_from']}" for row in models if row["flat_from"] is not None]
    return f"Wholly flat: {', '.join(flat)} characters on." if flat else ""


def _by_class(model: str, classes: Sequence[Row]) -> str:
    """What a few characters lose at letters that begin a word, within words, and where they lose most."""
    rows = [row for row in classes if row["model"] == model and row["rest"] == "cut"]
    lengths = [int(row["characters"] or 0) for row in rows]
    near = max((each for each in lengths if each <= CLASS_CHARS), default=0)
    at = {str(row["class"]): row for row in rows if row["characters"] == near}
    if WORD_START not in at or WITHIN_WORD not in at:
        return ""
    told = [f"{name} {_sure(at[name], 'excess_nats')}" for name in (WORD_START, WITHIN_WORD)]
    most = max(at, key=lambda name: float(at[name]["excess_nats"] or 0))
    if most not in (WORD_START, WITHIN_WORD) and float(at[most]["low"] or 0) > 0:
        told.append(f"{most}, most of all, {_sure(at[most], 'excess_nats')}")
    visible = f"{near} to {up_to}" if (up_to := at[WORD_START]["up_to"]) != near else f"{near}"
    return f"With {visible} characters visible {model} loses at {'; at '.join(told)}."


def _sure(row: Row, field: str) -> str:
    """'0.0012 nats (0.0008 to 0.0016)': as many digits as the number is small."""
    value, low, high = (float(row[name] or 0) for name in (field, "low", "high"))
    decimals = 3 if abs(value) >= 0.01 else 4
    interval = f" ({low:.{decimals}f} to {high:.{decimals}f})" if np.isfinite(low) else ""
    return f"{value:.{decimals}f} nats{interval}"


def caveats_of(losses: Sequence[ContextLosses], paper: str | None, *, has_intervals: bool) -> list[str]:
    """How the numbers can be misread, what they were measured on, and where published ones are from."""
    first = losses[0].manifest
    said = [
        "A network that begins in its zero state and is given few characters is out of its habit: training "
        "seldom starts it so. What it loses then is not all for want of text. Shuffled text is out of its "
        "habit in another way, for it never read any. Each is an upper bound of what the missing text was "
        "worth: read the lower of the two.",
        "What can be shown is what a model uses, not what the text offers: a better model may see further.",
        f"{first.readings:,} readings of {first.most_chars} characters, begun anew, give a loss at every k; "
        f"means are over all k up to the next one named. The excess is over the ordinary loss of the same "
        f"character, at least {first.most_chars} characters into its row and at least twice as many as are "
        "visible.",
    ]
    if has_intervals:
        said.append(
            f"Intervals ({CONFIDENCE:.0%}) are of the text, not of training: {RESAMPLES} bootstrap samples "
            f"of blocks of readings that begin within {BLOCK_CHARS} characters; neighbouring blocks share "
            "some text, so that they are a little too narrow. Of many gains a few are clear by chance: read "
            "the size."
        )
    else:
        said.append("The text is too short for intervals.")
    declared = [each.name for each in losses if each.manifest.sees is not None]
    if declared:
        said.append(
            f"Not measured but known of {', '.join(declared[:MOST_NAMES])}: beyond the characters that it "
            "sees its losses are the whole context's. Cut off, an n-gram is the n-gram of that length."
        )
    if paper is not None:
        said.append(
            "Karpathy, Johnson, Li 2015 measured no such curve; their networks were trained with gradients "
            f"that go {PAPER_UNROLLED} steps back, and they saw a cell keep a quote for some 230 characters."
        )
    return said
