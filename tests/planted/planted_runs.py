"""The manifest of a run that was never trained."""

from rnnscope.records.run import RunManifest


def run_manifest(cell: str = "lstm", **changes: object) -> RunManifest:
    """Of one layer of 8 units of a cell; `changes` are fields."""
    fields: dict[str, object] = {
        "name": f"{cell}-1x8-s0",
        "corpus": "tales",
        "corpus_fingerprint": "c",
        "cell": cell,
        "layers": 1,
        "hidden": 8,
        "symbols": 20,
        "parameters": 1000,
        "recipe": "fast",
        "seed": 0,
        "epochs": 1,
        "steps": 10,
        "kept_step": 10,
        "chars_seen": 1000,
        "train_seconds": 1,
        "chars_per_s": 1000,
        "validation_nats": 1.2,
        "fingerprint": "f",
    }
    return RunManifest.model_validate(fields | changes)
