"""Ablation, flags -> Finding: which units a network needs, and where. Knows no network."""

from collections.abc import Mapping

import numpy as np

from rnnscope.estimate import Interval, Resampled, has_both_sides, resampled
from rnnscope.records.ablation import Ablation
from rnnscope.records.finding import Finding, Row

BLOCK_CHARS = 200
"""Of the bootstrap: the text is short, and what a unit does reaches less far than this."""
AFTER_STEP = 100
"""Characters that are looked at where a unit was held at one step alone."""


def ablation(record: Ablation, flags: Mapping[str, np.ndarray]) -> Finding:
    """What each unit is worth: the change of loss without it, overall and where a flag is on against where
    it is off.

    `flags`: name -> bool (R, T), at the characters read. A unit's flag is chosen on the first half of every
    row and its difference reported on the second, both with block-bootstrap intervals (estimate.py).
    """
    at_step = record.manifest.at_step
    change_URT = record.change_URT.astype(np.float32)
    if at_step is not None:
        # before it nothing changes, and a flag says little of the few characters after it
        change_URT, flags = change_URT[:, :, at_step : at_step + AFTER_STEP], {}
    steps = change_URT.shape[2]
    middle = steps // 2
    overall = resampled(list(change_URT), block_chars=BLOCK_CHARS)
    usable = {name: on_RT[:, :steps] for name, on_RT in flags.items() if _is_usable(on_RT[:, :steps], middle)}
    chosen = _chosen(change_URT[:, :, :middle], {n: on[:, :middle] for n, on in usable.items()})
    later = {name: on_RT[:, middle:] for name, on_RT in usable.items()}
    specific = _specific(change_URT[:, :, middle:], later, chosen)
    rows: list[Row] = []
    for index, (site, unit) in enumerate(record.units):
        worth = overall.combination({index: 1.0})
        row: Row = {
            "layer": int(site.split(".")[1]) + 1,
            "unit": unit,
            "site": site,
            "held_at": float(record.held_at_U[index]),
            "change_nats": worth.value,
            "low": worth.low,
            "high": worth.high,
            "is_clear": worth.is_clear,
        }
        rows.append(
            row | _told(chosen[index] if chosen else None, specific, index, change_URT, later, middle)
        )
    rows.sort(key=lambda row: -float(row["change_nats"] or 0))
    needed = [row for row in rows if row["is_clear"] and float(row["change_nats"] or 0) > 0]
    harmful = [row for row in rows if row["is_clear"] and float(row["change_nats"] or 0) < 0]
    best = rows[0]
    manifest = record.manifest
    how = f"held at {'its mean' if manifest.to == 'mean' else 'zero'}"
    if at_step is not None:
        how += f" at step {at_step} alone"
    over = "per character" if at_step is None else f"per character over the next {steps}"
    return Finding(
        analysis="ablation",
        corpus=manifest.corpus,
        title="Which units does the network need?",
        reading=(
            f"{manifest.predictor}: without unit {best['unit']} of layer {best['layer']}, {how}, the loss is "
            f"{best['change_nats']:+.4f} nats {over}{_interval(best)}, "
            f"more than without any other; {len(needed)} of {len(rows)} units are clearly needed, "
            f"{len(harmful)} clearly harm."
        ),
        numbers={
            "units": len(rows),
            "units_needed": len(needed),
            "units_that_harm": len(harmful),
            "whole_network_nats": float(record.nats_RT.mean(dtype=np.float64)),
            "text_chars": manifest.rows * steps,
        },
        tables={"units": rows},
        caveats=_caveats(record, overall),
    )


def _interval(row: Row) -> str:
    low, high = float(row["low"] or 0), float(row["high"] or 0)
    return f" ({low:+.4f} to {high:+.4f})" if np.isfinite(low) else ""


def _is_usable(on_RT: np.ndarray, middle: int) -> bool:
    halves = (on_RT[:, :middle], on_RT[:, middle:])
    return all(has_both_sides(half) for half in halves)


def _weights(on_Rt: np.ndarray) -> np.ndarray:
    """The series whose mean with a change is the change's mean where on less its mean where off."""
    share = on_Rt.mean()
    return np.where(on_Rt, 1 / share, -1 / (1 - share))


def _chosen(change_URt: np.ndarray, flags: Mapping[str, np.ndarray]) -> list[str]:
    """For every unit the flag with the largest difference."""
    if not flags:
        return []
    per_flag = [np.tensordot(change_URt, _weights(on_Rt), 2) / on_Rt.size for on_Rt in flags.values()]
    names = list(flags)
    return [names[int(place)] for place in np.abs(np.stack(per_flag)).argmax(axis=0)]


def _specific(change_URt: np.ndarray, flags: Mapping[str, np.ndarray], chosen: list[str]) -> Resampled | None:
    """Mean change where on less mean change where off, for every unit and its flag.

    Both means are ratios whose denominators vary from sample to sample. Their difference is linearised about
    its value, so that a mean effect that is the same everywhere adds nothing to the interval.
    """
    if not chosen:
        return None
    series = []
    for change_Rt, name in zip(change_URt, chosen, strict=True):
        on_Rt = flags[name]
        inside, outside = change_Rt[on_Rt].mean(), change_Rt[~on_Rt].mean()
        from_own_mean = change_Rt - np.where(on_Rt, inside, outside)
        series.append(from_own_mean * _weights(on_Rt) + (inside - outside))
    return resampled(series, block_chars=BLOCK_CHARS)


def _told(
    name: str | None,
    specific: Resampled | None,
    index: int,
    change_URT: np.ndarray,
    later: Mapping[str, np.ndarray],
    middle: int,
) -> Row:
    """The unit's flag: what it loses inside and outside of it."""
    if name is None or specific is None:
        return {"track": None, "inside_nats": None, "outside_nats": None, "specificity_nats": None}
    on_Rt, change_Rt = later[name], change_URT[index, :, middle:]
    difference: Interval = specific.combination({index: 1.0})
    return {
        "track": name,
        "inside_nats": float(change_Rt[on_Rt].mean()),
        "outside_nats": float(change_Rt[~on_Rt].mean()),
        "specificity_nats": difference.value,
        "specificity_low": difference.low,
        "specificity_high": difference.high,
        "is_specific": difference.is_clear,
    }


def _caveats(record: Ablation, overall: Resampled) -> list[str]:
    units = len(overall.means_M)
    said = [
        f"About one in twenty of {units} units is 'clear' by chance: read the size of an effect first.",
        "A unit that can be done without may be one of several that do the same: they are taken away one by "
        "one.",
        "A unit's track is chosen among several on the first half of each row and reported on the second.",
    ]
    if record.manifest.to == "zero":
        said.append("Zero may be a value that a unit never takes; at its mean it only stops to tell.")
    if not overall.draws_MN.shape[1]:
        said.append("The text is too short for intervals.")
    return said
