"""Divergence -> Finding: in which order a network learns what n characters of context tell. Knows no network.

As in Karpathy, Johnson, Li 2015, section 4.3: a network during its first epochs beside predictors of n
characters, trained to their end. Where the divergence from n's predictor is least, the network predicts most
like it; where its loss passes n's, it has learned more than n characters tell.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from pydantic import Field

from rnnscope.analyses.training_dynamics import published
from rnnscope.analyses.training_dynamics.crossing import crossing_interval
from rnnscope.analyses.training_dynamics.roles import RoleHistory, appearances
from rnnscope.estimate import Resampled, resampled
from rnnscope.records.divergence import Divergence
from rnnscope.records.finding import Finding, Row
from rnnscope.records.surprisal import kind_of
from rnnscope.settings import Numbers, Settings

ROLE_CAVEAT = (
    "A role counts as there once its score stays above what the controls of the trained network reach."
)
CROSSING_SAMPLES = 500
"""Bootstrap samples in which a crossing is looked for."""


class DynamicsSettings(Settings):
    """What the analysis can be told."""

    contexts: Numbers = tuple(range(1, 10))
    """n of the n-grams and n-NNs that the network is set beside, as far as there are."""
    chars: int = Field(default=100_000, ge=100)
    """Characters of the test text that all of them read, from the head of every row."""
    role_chars: int = Field(default=60_000, ge=100)
    """Characters over which roles are followed through training."""


def training_dynamics(
    divergence: Divergence,
    histories: Sequence[RoleHistory] = (),
    paper: str | None = None,
    seed: int = 0,
) -> Finding:
    """Curves of divergence and of loss differences, crossing times, and when units' roles appeared.

    `paper`: 'linux-kernel' puts the 2015 paper's own times beside those of n-NNs.
    """
    manifest = divergence.manifest
    curves, references = _curves(divergence, seed)
    if paper == "linux-kernel":
        references = [_with_published(row) for row in references]
    roles = [row for history in histories for row in appearances(history)]
    return Finding(
        analysis="training_dynamics",
        corpus=manifest.corpus,
        title="In which order does a network learn what n characters tell?",
        reading=" ".join(
            each for each in (_reading(manifest.predictor, references), _of_roles(roles)) if each
        ),
        numbers={
            "run": manifest.predictor,
            "milestones": len(manifest.milestones),
            "first_epoch": manifest.epochs[0],
            "last_epoch": manifest.epochs[-1],
            "chars": manifest.rows * manifest.steps,
        },
        tables={"references": references, "curves": curves, "roles": roles},
        caveats=[
            "Times are of this recipe: another optimiser, batch or rate takes other times, maybe in another "
            "order.",
            "One network, one seed; the intervals are of the text alone.",
            "The divergence is the mean of both directions; the 2015 paper does not say whether it took the "
            "mean or the sum.",
            *([ROLE_CAVEAT] if roles else []),
        ],
    )


def no_milestones(corpus: str) -> Finding:
    """What is to be said where no network kept weights on its way."""
    return Finding(
        analysis="training_dynamics",
        corpus=corpus,
        title="In which order does a network learn what n characters tell?",
        reading=(
            "No network of this text kept its weights on the way; 'rnnscope train CORPUS --set "
            "milestones=40' trains one that does."
        ),
    )


def _curves(divergence: Divergence, seed: int) -> tuple[list[Row], list[Row]]:
    """(a row per milestone and reference, a row per reference)."""
    manifest = divergence.manifest
    gaps_MNR = divergence.reference_nats_NR[None] - divergence.nats_MR[:, None]
    count = len(manifest.references)
    deltas = _over_rows(gaps_MNR.reshape(-1, gaps_MNR.shape[2]), seed)
    apart = _over_rows(divergence.kl_MNR.reshape(-1, gaps_MNR.shape[2]), seed)
    curves, references = [], []
    for n, name in enumerate(manifest.references):
        places = [m * count + n for m in range(len(manifest.milestones))]
        own = [_curve_row(manifest.epochs[m], name, apart, deltas, at) for m, at in enumerate(places)]
        curves += own
        nearest = min(own, key=lambda row: float(row["kl"] or 0))
        drawn_MN = np.column_stack([deltas.means_M[places], deltas.draws_MN[places][:, :CROSSING_SAMPLES]])
        crossed = crossing_interval(manifest.epochs, drawn_MN, deltas)
        references.append(
            {
                **_named(name),
                "nats": float(divergence.reference_nats_NR[n].mean(dtype=np.float64)),
                "crossed_at": crossed.value if crossed else None,
                "crossed_low": crossed.low if crossed else None,
                "crossed_high": crossed.high if crossed else None,
                "nearest_at": nearest["epoch"],
                "nearest_kl": nearest["kl"],
                "last_kl": own[-1]["kl"],
                "last_delta": own[-1]["delta"],
            }
        )
    return curves, references


def _over_rows(series_SR: np.ndarray, seed: int) -> Resampled:
    """Rows of the text as blocks: each is read afresh."""
    return resampled((values_R[:, None] for values_R in series_SR), seed, block_chars=1)


def _curve_row(epoch: float, name: str, apart: Resampled, deltas: Resampled, at: int) -> Row:
    kl, delta = (each.combination({at: 1.0}) for each in (apart, deltas))
    return (
        {"epoch": epoch, **_named(name), "kl": kl.value}
        | kl.ends("kl_low", "kl_high")
        | {"delta": delta.value}
        | delta.ends("delta_low", "delta_high")
    )


def _named(name: str) -> Row:
    """Of '3-gram' or '3-nn...': the name, its family and n."""
    family = kind_of(name)
    return {
        "reference": name,
        "family": family,
        "context": None if family == "network" else int(name.partition("-")[0]),
    }


def _with_published(row: Row) -> Row:
    n = row["context"] if row["family"] == "n-NN" else None
    facts: Mapping[str, Mapping[int, float]] = {
        "paper_crossed_at": published.CROSSED_AT,
        "paper_nearest_at": published.NEAREST_AT,
        "paper_nearest_kl": published.NEAREST,
    }
    return row | {name: values.get(int(n)) if n is not None else None for name, values in facts.items()}


def _reading(name: str, references: Sequence[Row]) -> str:
    clauses, passed_rows = [], []
    for family in ("n-gram", "n-NN"):
        own = [row for row in references if row["family"] == family]
        if not own:
            continue
        passed = [row for row in own if row["crossed_at"] is not None]
        passed_rows.append(passed)
        times = ", ".join(f"{row['context']} at {row['crossed_at']:.2g}" for row in passed)
        clause = f"the {family}s of {times} epochs" if passed else f"no {family} on the way"
        ahead = [row for row in own if row["crossed_at"] is None and float(row["last_delta"] or 0) > 0]
        left = [row for row in own if float(row["last_delta"] or 0) <= 0]
        asides = [
            f"{said} {_listed([int(row['context'] or 0) for row in rows])}"
            for said, rows in (("from its first milestone", ahead), ("not yet", left))
            if rows and (passed or rows is ahead)
        ]
        clauses.append(clause + (f" ({'; '.join(asides)})" if asides else ""))
    if not clauses:
        return f"{name} was set beside no n-gram and no n-NN."
    return f"{name} passes {' and '.join(clauses)}{_order(passed_rows)}."


def _order(families: Sequence[Sequence[Row]]) -> str:
    """Whether longer contexts are passed later, as far as intervals tell times apart."""
    pairs = [pair for rows in families for pair in combinations(sorted(rows, key=_context), 2)]
    if not pairs:
        return ""
    early = sum(_end(longer, "high") < _end(shorter, "low") for shorter, longer in pairs)
    late = sum(_end(longer, "low") > _end(shorter, "high") for shorter, longer in pairs)
    if early:
        return f": a longer context is clearly passed before a shorter one in {early} of {len(pairs)} pairs"
    return f": the longer context clearly later in {late} of {len(pairs)} pairs, in none clearly sooner"


def _context(row: Row) -> int:
    return int(row["context"] or 0)


def _end(row: Row, which: str) -> float:
    """An end of the crossing's interval; nan, which is neither sooner nor later, where there is none."""
    value = row[f"crossed_{which}"]
    return float("nan") if value is None else float(value)


def _listed(contexts: Sequence[int]) -> str:
    """'3', '3 or 5', or '3 to 9' where none between is missing."""
    if len(contexts) > 2 and contexts[-1] - contexts[0] == len(contexts) - 1:
        return f"{contexts[0]} to {contexts[-1]}"
    return " or ".join(map(str, contexts))


def _of_roles(roles: Sequence[Row]) -> str:
    there = [row for row in roles if row["epoch"] is not None]
    if not there:
        return ""
    first, last = there[0], there[-1]
    if len(there) == 1:
        return f"The one role, '{first['title']}', is there from epoch {first['epoch']:.2g}."
    return (
        f"Of {len(roles)} roles that units end with '{first['title']}' is there first, from epoch "
        f"{first['epoch']:.2g}, and '{last['title']}' last, from {last['epoch']:.2g}."
    )
