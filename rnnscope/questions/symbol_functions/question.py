"""When each symbol has its own function, do more units specialise and saturate?
docs/questions/symbol_functions.md.
"""

from collections.abc import Sequence
from itertools import product

from rnnscope.corpora.synthetic import SYNTHETIC, SyntheticSettings, synthetic_name
from rnnscope.estimate import Interval, over_seeds
from rnnscope.questions.question import Decision, MeasureJob, Measurement, Question, Scale, Verdict, points
from rnnscope.questions.symbol_functions.networks import (
    BESIDE,
    SATURATED,
    SHARES,
    SIDES,
    MeasuredNetwork,
    beyond,
    curves,
    mean,
    network_row,
    number,
    rows_of,
    settings_table,
    sharing_table,
    shown_units,
    slope,
    symbols_table,
)
from rnnscope.questions.text import Text
from rnnscope.records.finding import Row
from rnnscope.studies.configs import train_config
from rnnscope.studies.grid import PlannedRun, planned_run

CLAIM = (
    "The more symbols of a text have a function of their own, the more of a network's units specialise in "
    "one latent state, and the more of them saturate their gates."
)
RULE = (
    "Slope over S = 1 to 8 symbols of the share of units that specialise (a clear role in a true latent "
    "state), less that on control texts, whose symbols do nothing; the same over S = 0 to 8 for the share of "
    "units that saturate (a gate below 0.1 or above 0.9 in more than half of the steps). Averaged over cells "
    "and shapes for each seed, 95 % intervals over seeds. Premise: of the nats that the last character "
    "leaves open about the symbols the networks make up more than half, else 'premise not met'. Both slopes "
    "above zero: yes. One of them at or below zero with its whole interval: no. Else undecided."
)
LEARNED = 0.5
"""Share made up, for the premise."""
UNTRAINED_CHARS = 20_000


def measure(job: MeasureJob) -> list[Row]:
    """A row for the network, one for every symbol that has a function, one for every unit."""
    from rnnscope.questions.symbol_functions.measuring import measured

    return measured(job, UNTRAINED_CHARS)


def decide(measured: Sequence[Measurement]) -> Decision:
    """The rule, from the units and the losses of every network."""
    networks = [MeasuredNetwork.of(each) for each in measured]
    seeds = sorted({each.seed for each in networks})
    functional = [each for each in networks if each.symbols and not each.is_control]
    learned = over_seeds([mean([n.learned for n in functional if n.seed == seed]) for seed in seeds])
    slopes = {
        (what, side): over_seeds([slope(networks, what, side, seed) for seed in seeds])
        for what, side in product(SHARES, SIDES)
    }
    beyond_control = {what: over_seeds([beyond(networks, what, seed) for seed in seeds]) for what in SHARES}
    beside = {what: over_seeds([beyond(networks, what, seed) for seed in seeds]) for what in BESIDE}
    verdict: Verdict = "undecided"
    if not learned.low > LEARNED:
        verdict = "premise not met"
    elif all(each.low > 0 for each in beyond_control.values()):
        verdict = "yes"
    elif any(each.high <= 0 for each in beyond_control.values()):
        verdict = "no"
    beside["specialised from S = 0"] = over_seeds(
        [beyond(networks, "specialised", seed, first=0) for seed in seeds]
    )
    special, saturated = beyond_control["specialised"], beyond_control["saturated"]
    parts: list[Row] = [_part("learned", learned)]
    parts += [_part(f"{what}, {side}", each) for (what, side), each in slopes.items()]
    parts += [
        _part(f"{what}, functional less control", each) for what, each in (beyond_control | beside).items()
    ]
    return Decision(
        verdict=verdict,
        effect=special.value,
        low=special.low,
        high=special.high,
        reading=(
            f"{verdict.capitalize()}: each symbol with a function adds {points(special, 2)} points to the "
            f"share of units that specialise, beyond what it adds without one, and {points(saturated, 2)} to "
            f"the share that saturate. The networks make up {learned.value:.0%} ({learned.low:.0%} to "
            f"{learned.high:.0%}) of what the last character leaves open about the symbols."
        ),
        tables={
            "parts": parts,
            "curves": curves(networks, seeds),
            "settings": settings_table(networks, seeds),
            "symbols": symbols_table(functional),
            "sharing": sharing_table(functional),
            "units": shown_units(functional),
            "networks": [network_row(each) for each in networks],
        },
        caveats=[
            f"{len(seeds)} seeds, each with a text and letter tables of its own; intervals are Student's t "
            "over them.",
            "More symbols are more hypotheses to have a role in: the control has as many.",
            f"Before training {mean([_untrained(each) for each in networks]):.1%} of units are saturated.",
            f"Control texts have a floor of {_floors(networks, True):.3f} nats on average, functional ones "
            f"{_floors(networks, False):.3f}. Their letters are more predictable for that, the more symbols "
            "there are (at 8 half the nats a letter): functional less control also sets such letters "
            "against less predictable ones. Each side's own slope is in the table 'parts'.",
            *_not_learned(functional),
            "What one rule adds is mixed with which rule it is: symbols come in one order.",
        ],
    )


def _untrained(each: MeasuredNetwork) -> float:
    return mean([number(row, "untrained") > SATURATED for row in rows_of(each.measurement, "unit")])


def _not_learned(functional: Sequence[MeasuredNetwork]) -> list[str]:
    """Which symbols which networks did not learn, mean over texts and seeds."""
    few = [row for row in symbols_table(functional) if number(row, "learned") <= LEARNED]
    named = ", ".join(f"{row['symbol']} by {row['cell']} {row['shape']}" for row in few)
    return [f"Not learned: {named}."] if few else []


def _floors(networks: Sequence[MeasuredNetwork], is_control: bool) -> float:
    those = [each for each in networks if each.symbols and each.is_control == is_control]
    return mean([number(rows_of(each.measurement, "network")[0], "floor_nats") for each in those])


def _part(name: str, each: Interval) -> Row:
    return {"part": name, "value": each.value, "low": each.low, "high": each.high}


def texts(symbols: Sequence[int], seeds: int, chars: int, epochs: float) -> tuple[Text, ...]:
    """A functional text and, where it has symbols, a control for every seed."""
    found = []
    for seed, count, control in product(range(seeds), symbols, ("no", "yes")):
        if count or control == "no":
            settings = SyntheticSettings(symbols=count, control=control == "yes", seed=seed)
            found.append(
                Text(
                    source=SYNTHETIC,
                    epochs=epochs,
                    chars=chars,
                    settings={"symbols": count, "control": control, "seed": seed},
                    name=synthetic_name(settings, chars),
                    seed=seed,
                )
            )
    return tuple(found)


class OfShapes:
    """Plans an LSTM and a GRU of each shape on a text, with the text's own seed."""

    def __init__(self, *shapes: tuple[int, int]) -> None:
        self.shapes = shapes

    def __call__(self, scale: Scale, text: Text, symbols: int) -> list[PlannedRun]:
        assert text.seed is not None, "every text here has a seed of its own"
        return [
            planned_run(train_config("fast", cell, *shape, text.seed, {"epochs": text.epochs}), symbols)
            for cell, shape in product(("lstm", "gru"), self.shapes)
        ]


SYMBOL_FUNCTIONS = Question(
    name="symbol_functions",
    title="When each symbol has its own function, do more units specialise and saturate?",
    claim=CLAIM,
    rule=RULE,
    scales={
        "small": Scale(texts((0, 2, 5, 8), 3, 400_000, 2.0), seeds=3, planned=OfShapes((1, 48))),
        "full": Scale(
            texts(range(9), 5, 600_000, 2.0),
            seeds=5,
            planned=OfShapes((1, 48), (1, 96), (2, 48)),
        ),
    },
    version=1,
    measure=measure,
    decide=decide,
)
