"""`rnnscope replay RUN --with MEMORY`: what a memory around a run changes. Knows no memory."""

from pathlib import Path
from typing import TYPE_CHECKING

from rnnscope.cli.options import command_line, emit, notice, parse_settings

if TYPE_CHECKING:
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
        f"difference {difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]",
    ]
    lines += [_line(*each) for each in zip(memories, inside.tuned, strict=True)]
    if cost_us is not None:
        alone = f", the run alone {plain_us:.1f}" if plain_us is not None else ""
        lines.append(f"{cost_us:.1f} microseconds of processor time per character{alone}")
    emit(as_json, result, [*lines, f"in {inside.surprisal.folder}"])


def _microseconds(machine: dict[str, str | int]) -> float | None:
    nanoseconds = machine.get("ns_per_char")
    return nanoseconds / 1000 if isinstance(nanoseconds, int) else None


def _described(name: str, tuned: "Tuned") -> dict[str, object]:
    return {
        "memory": name,
        "settings": tuned.settings | ({} if tuned.sharpness == 1 else {"sharpness": tuned.sharpness}),
        "tuned": tuned.tuned,
        "validation_nats": tuned.nats,
        "tuning_chars": tuned.chars,
        "tuning_seconds": tuned.seconds,
        "gate_parameters": None if tuned.gate is None else sum(map(_size, tuned.gate.values())),
    }


def _size(numbers: list) -> int:
    return sum(_size(each) if isinstance(each, list) else 1 for each in numbers)


def _line(name: str, tuned: "Tuned") -> str:
    shown = tuned.settings | ({} if tuned.sharpness == 1 else {"sharpness": tuned.sharpness})
    values = ", ".join(f"{field}={_plain(value)}" for field, value in shown.items() if value is not None)
    if not tuned.tuned:
        return f"{name}: {values}"
    return (
        f"{name}: {values}; tuned: {', '.join(tuned.tuned)}, on {tuned.chars:,} validation characters "
        f"({tuned.nats:.4f} nats there) in {tuned.seconds:.0f} s of processor time"
    )


def _plain(value: object) -> str:
    return (
        str(value).lower()
        if isinstance(value, bool)
        else f"{value:.4g}"
        if isinstance(value, float)
        else f"{value}"
    )
