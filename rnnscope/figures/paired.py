"""Paired differences seen from one model: who is better than it, by how much, how surely."""

from rnnscope.records import Finding
from rnnscope.records.finding import Row, number


def differences_from(finding: Finding, reference: str) -> list[Row]:
    """Rows (model, against=reference, nats, low, high, is_clear) of a comparison; negative: model is better.

    Best first. A pair is in the table once, in either order: the wrong way round it is turned. Bounds may be
    None.
    """
    rows: list[Row] = []
    for row in finding.tables.get("differences", []):
        nats, low, high = (number(row.get(name)) for name in ("nats", "low", "high"))
        if nats is None or not row.get("model") or not row.get("against"):
            continue
        is_clear = bool(row.get("is_clear"))
        if row["against"] == reference:
            rows.append(
                {
                    "model": row["model"],
                    "against": reference,
                    "nats": nats,
                    "low": low,
                    "high": high,
                    "is_clear": is_clear,
                }
            )
        elif row["model"] == reference:
            low, high = (None if high is None else -high), (None if low is None else -low)
            rows.append(
                {
                    "model": row["against"],
                    "against": reference,
                    "nats": -nats,
                    "low": low,
                    "high": high,
                    "is_clear": is_clear,
                }
            )
    return sorted(rows, key=lambda row: number(row["nats"]) or 0.0)
