"""`rnnscope sample`: a network writes, left alone or with units held."""

from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rnnscope.cli.options import DEFAULT_WORK, JsonOption, SeedOption, WorkOption, emit, parse_unit
from rnnscope.cli.replay import RunArgument
from rnnscope.errors import ConfigError

if TYPE_CHECKING:
    from rnnscope.replay.steering import Effect, Hold

MOST_SYMBOLS = 5
"""Symbols that a comparison names as more, and as less, likely."""


def register(app: typer.Typer) -> None:
    app.command()(sample)


def sample(
    run: RunArgument,
    prime: Annotated[str, typer.Option(help="What the text starts with.")] = "\n",
    chars: Annotated[int, typer.Option(help="Characters to write.")] = 500,
    temperature: Annotated[
        float, typer.Option(help="0 takes the likeliest character, 1 the model's own chances.")
    ] = 0.7,
    hold: Annotated[
        list[str] | None,
        typer.Option(
            help="Hold a unit at a value of tanh(c) for an LSTM, of h for another cell; may be given again.",
            metavar="LAYER.UNIT=VALUE",
        ),
    ] = None,
    compare: Annotated[
        bool,
        typer.Option("--compare", help="Without --hold, then with it: both texts, and what it changes."),
    ] = False,
    seed: SeedOption = 0,
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """Let a network write, left alone or with units held."""
    holds = [parsed(each) for each in hold or []]
    if compare and not holds:
        raise ConfigError(
            "--compare sets a text with a unit held beside one without; give --hold 1.0=0.9 too"
        )

    import numpy as np

    from rnnscope.records.corpus import find_corpus
    from rnnscope.records.run import find_run
    from rnnscope.replay.sampling import sample as draw
    from rnnscope.replay.steering import Hold, effect_of
    from rnnscope.studies.jobs import load, load_predictor

    found = find_run(work, run)
    alphabet = find_corpus(work, found.manifest.corpus).alphabet
    start = alphabet.encode(prime.encode("utf-8", "surrogateescape"), "the prime")
    held = [Hold(layer - 1, unit, value) for layer, unit, value in holds]
    opened = load(found) if held else None
    network = opened or load_predictor(found)
    ids = draw(network, start, chars, temperature, np.random.default_rng(seed), held)
    text = alphabet.readable(ids)
    result: dict[str, Any] = {
        "run": found.reference,
        "prime": prime,
        "temperature": temperature,
        "seed": seed,
        "held": [{"layer": layer, "unit": unit, "value": value} for layer, unit, value in holds],
        "text": text,
    }
    if not compare or opened is None:
        emit(as_json, result, [prime + text])
        return
    alone = draw(network, start, chars, temperature, np.random.default_rng(seed))
    effect = effect_of(
        opened, np.concatenate([start, alone]), held, len(start) - 1, np.random.default_rng(seed)
    )
    differs = np.flatnonzero(alone != ids)
    result |= {
        "text_without": alphabet.readable(alone),
        "same_chars": int(differs[0]) if len(differs) else chars,
        **told(effect, alphabet.names),
    }
    emit(as_json, result, _side_by_side(result, held))


def parsed(text: str) -> tuple[int, int, float]:
    """'1.37=0.9' -> layer (from 1), unit, value. Raises ConfigError for anything else."""
    unit, equals, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        equals = ""
    if not equals:
        raise ConfigError(f"--hold '{text}' is not LAYER.UNIT=VALUE; write it as --hold 1.37=0.9")
    return *parse_unit(unit, "--hold 1.37=0.9"), number


def told(effect: "Effect", names: list[str]) -> dict[str, Any]:
    """An effect as JSON: symbols by the change of their mean probability, largest first."""
    change_V = effect.after_V - effect.before_V
    order = change_V.argsort()
    rows = [
        {"symbol": names[i], "before": float(effect.before_V[i]), "after": float(effect.after_V[i])}
        for i in order
    ]
    return {
        "change_nats": effect.change_nats,
        "controls_nats": list(effect.controls_nats),
        "more_likely": [row for row in rows[: -MOST_SYMBOLS - 1 : -1] if row["after"] > row["before"]],
        "less_likely": [row for row in rows[:MOST_SYMBOLS] if row["after"] < row["before"]],
    }


def _side_by_side(result: dict[str, Any], held: list["Hold"]) -> list[str]:
    units = ", ".join(f"{hold.name} at {hold.value:+g}" for hold in held)
    controls = result["controls_nats"]
    others = "no other units are there to hold"
    if controls:
        others = (
            f"{len(controls)} times other units at the same value: median "
            f"{median(controls):.3f}, at most {max(controls):.3f}"
        )
    same = result["same_chars"]
    return [
        "--- as it is",
        result["prime"] + result["text_without"],
        f"--- with {units}",
        result["prime"] + result["text"],
        "---",
        f"the first {same:,} characters are the same"
        if same < len(result["text"])
        else "the two texts are the same",
        f"along the first text, predictions change by {result['change_nats']:.3f} nats a character "
        f"(Kullback-Leibler); {others}",
        *(
            f"{key.replace('_', ' ')}: "
            + ", ".join(f"{row['symbol']} {row['before']:.1%} to {row['after']:.1%}" for row in result[key])
            for key in ("more_likely", "less_likely")
            if result[key]
        ),
    ]
