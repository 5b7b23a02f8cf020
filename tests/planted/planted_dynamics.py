"""A network that passes predictors of n characters at known times."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rnnscope.analyses.training_dynamics import RoleHistory, training_dynamics
from rnnscope.records.divergence import Divergence, DivergenceManifest, write_divergence
from rnnscope.records.finding import Finding

EPOCHS = np.geomspace(0.01, 3.0, 24)
ROWS = 40
REFERENCES = {"1-gram": 2.4, "2-gram": 1.9, "3-gram": 1.5, "1-nn-128-s0": 2.5, "2-nn-128-s0": 1.0}


def loss(epochs: np.ndarray) -> np.ndarray:
    """Falls in the logarithm of the epoch, from 3.0 nats at 0.01 epochs to 1.2 at 3."""
    return 3.0 - 1.8 * np.log(epochs / 0.01) / np.log(300)


def planted(folder: Path, references: Mapping[str, float] = REFERENCES, noise: float = 0.05) -> Divergence:
    rng = np.random.default_rng(0)
    of_row = noise * rng.normal(size=ROWS)
    nats_MR = loss(EPOCHS)[:, None] + of_row
    reference_NR = np.array(list(references.values()))[:, None] + of_row
    reference_NR = reference_NR + noise * rng.normal(size=reference_NR.shape)
    kl_MNR = np.abs(nats_MR[:, None] - reference_NR[None]) + 0.3
    manifest = DivergenceManifest(
        predictor="lstm-1x128-s0",
        corpus="made",
        corpus_fingerprint="made",
        part="test",
        rows=ROWS,
        steps=100,
        milestones=[max(1, round(1000 * epoch)) for epoch in EPOCHS],
        epochs=EPOCHS.tolist(),
        references=list(references),
    )
    return write_divergence(folder / "divergence", manifest, kl_MNR, nats_MR, reference_NR)


ROLE = {"run": "a", "layer": 1, "unit": 3, "track": "quotes", "title": "inside quotes", "kind": "flag"}
CONTROLS = {"control_high": 0.6, "untrained": 0.8, "last_character": 0.7}


def histories() -> list[RoleHistory]:
    """Two roles of one network: unit 3's appears at the eleventh milestone, unit 4's never."""
    scores_KM = np.full((2, len(EPOCHS)), 0.75)
    scores_KM[0, 10:] = 0.9
    return [
        RoleHistory("a", EPOCHS.tolist(), [ROLE | CONTROLS | {"unit": unit} for unit in (3, 4)], scores_KM)
    ]


def finding(folder: Path) -> Finding:
    return training_dynamics(planted(folder), histories())


def three_checkpoints(corpus: str = "c") -> Finding:
    """Three checkpoints; nearest the 1-, 2-, 3-gram in turn, and clearly ahead of n < nearest alone."""
    curves = [
        {
            "epoch": epoch, "reference": f"{n}-gram", "family": "n-gram", "context": n,
            "kl": abs(n - near) + 0.1, "delta": near - n - 0.5,
            "delta_low": near - n - 0.6, "delta_high": near - n - 0.4,
        }
        for epoch, near in ((0.5, 1), (1.0, 2), (2.0, 3))
        for n in (1, 2, 3)
    ]  # fmt: skip
    references = [
        {"reference": f"{n}-gram", "family": "n-gram", "context": n, "nats": 3.0 - n} for n in (1, 2, 3)
    ]
    return Finding(
        analysis="training_dynamics", corpus=corpus, title="t", reading="r",
        tables={"curves": curves[::-1], "references": references},
    )  # fmt: skip
