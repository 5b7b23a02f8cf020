"""`rnnscope replay RUN --with MEMORY`: what a memory around a run changes. Knows no memory."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from rnnscope.cli.options import command_line, emit, notice, parse_settings

if TYPE_CHECKING:
    from rnnscope.estimate import Interval
    from rnnscope.replay.memory_tuning import Tuned


def replay_inside(
    work: Path, run: str, memories: list[str], settings: list[str], part: str, as_json: bool
) -> None:
    """Prints the loss of a run inside memories beside its own."""
    from rnnscope.estimate import paired_difference
    from rnnscope.models.memory.settings import memories_from
    from rnnscope.records.corpus import find_corpus
    from rnnscope.records.run import find_run
    from rnnscope.studies.jobs import replay_run
    from rnnscope.studies.memories import replay_with
    from rnnscope.studies.work import Work

    chain = memories_from(memories, parse_settings(settings))
    found = find_run(work, run)
    corpus = find_corpus(work, found.manifest.corpus)
    plain = replay_run(found, corpus, part, command_line())
    inside = replay_with(Work(work), found, corpus, chain, part, command_line(), notice)
    record, chars = inside.surprisal.manifest, corpus.part(part).chars
    difference = paired_difference(inside.surprisal.nats_RT, plain.nats_RT)
    cost_us, plain_us = (_microseconds(each.manifest.machine) for each in (inside.surprisal, plain))
    result: dict[str, object] = {
        "run": found.reference,
        "part": part,
        "chars": chars,
        "mean_nats": record.mean_nats,
        "error_rate": record.error_rate,
        "plain_nats": plain.manifest.mean_nats,
        "plain_error_rate": plain.manifest.error_rate,
        "difference": difference.value,
        **difference.ends(),
        "us_per_char": cost_us,
        "plain_us_per_char": plain_us,
        "memories": [_described(*each) for each in zip(memories, inside.tuned, strict=True)],
        "surprisal": str(inside.surprisal.folder),
    }
    lines = [
        f"{found.reference} on {part} inside {', '.join(memories)}: {record.mean_nats:.4f} nats per "
        f"character, error rate {record.error_rate:.4f}",
        f"the run alone: {plain.manifest.mean_nats:.4f}, error rate {plain.manifest.error_rate:.4f}; "
        f"difference {difference.value:+.4f}{_bracket(difference)}",
    ]
    lines += [_line(*each) for each in zip(memories, inside.tuned, strict=True)]
    if cost_us is not None:
        alone = f", the run alone {plain_us:.1f}" if plain_us is not None else ""
        lines.append(f"{cost_us:.1f} microseconds of processor time per character{alone}")
    emit(as_json, result, [*lines, f"in {inside.surprisal.folder}"])


def _microseconds(machine: dict[str, str | int]) -> float | None:
    nanoseconds = machine.get("ns_per_char")
    return nanoseconds / 1000 if isinstance(nanoseconds, int) else None


def _bracket(interval: "Interval") -> str:
    """Nothing where a text is too short for it."""
    return "" if math.isnan(interval.low) else f" [{interval.low:+.4f}, {interval.high:+.4f}]"


def _settings(tuned: "Tuned") -> dict[str, int | float | bool | None]:
    """Of a memory, with the sharpness that was fitted."""
    return tuned.settings | ({} if tuned.sharpness == 1 else {"sharpness": tuned.sharpness})


def _gate_parameters(tuned: "Tuned") -> int | None:
    """None without a gate; a linear mixture hears the half of them that makes the weight."""
    mixing = tuned.mixing if tuned.gate is not None else None
    if mixing is None or mixing.gate is None:
        return None
    return mixing.gate.parameter_count // (1 if mixing.is_log_linear else 2)


def _described(name: str, tuned: "Tuned") -> dict[str, object]:
    return {
        "memory": name,
        "settings": _settings(tuned),
        "tuned": tuned.tuned,
        "validation_nats": tuned.nats,
        "tuning_chars": tuned.chars,
        "tuning_seconds": tuned.seconds,
        "gate_parameters": _gate_parameters(tuned),
    }


def _line(name: str, tuned: "Tuned") -> str:
    from rnnscope.models.memory.settings import plain

    shown = {field: plain(value, 4) for field, value in _settings(tuned).items() if value is not None}
    values = ", ".join(f"{field}={value}" for field, value in shown.items())
    if not tuned.tuned:
        return f"{name}: {values}"
    return (
        f"{name}: {values}; tuned: {', '.join(tuned.tuned)}, on {tuned.chars:,} validation characters "
        f"({tuned.nats:.4f} nats there) in {tuned.seconds:.0f} s of processor time"
    )
