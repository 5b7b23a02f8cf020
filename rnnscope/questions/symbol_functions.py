"""When each symbol has its own function, do more units specialise and saturate?
docs/questions/symbol_functions.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from rnnscope.corpora.synthetic import SYNTHETIC, SyntheticSettings, synthetic_name
from rnnscope.estimate import Interval, over_seeds
from rnnscope.questions.question import Decision, MeasureJob, Measurement, Question, Scale, Text, Verdict
from rnnscope.records.finding import Row

CLAIM = (
    "The more symbols of a text have a function of their own, the more of a network's units specialise in "
    "one latent state, and the more of them saturate their gates."
)
RULE = (
    "Slope over S = 0 to 8 symbols of the share of units that specialise (a clear role in a true latent "
    "state), less that on control texts, whose symbols do nothing; the same for the share of units that "
    "saturate (a gate below 0.1 or above 0.9 in more than half of the steps). Averaged over cells and shapes "
    "for each seed, 95 % intervals over seeds. Premise: of the nats that the last character leaves open about "
    "the symbols the networks make up more than half, else 'premise not met'. Both slopes above zero: yes. "
    "One of them at or below zero with its whole interval: no. Else undecided."
)
LEARNED = 0.5
"""Share made up, for the premise."""
SATURATED = 0.5
"""Of the steps, for a unit's gate to count as saturated."""
MOSTLY = 0.9
"""Of the steps, by the stricter count."""
STRONG = 0.5
"""Of 2 AUC - 1 or of the rank correlation, by the stricter count."""
KEEPS = {"lstm": "saturated_f", "gru": "saturated_z"}
UNTRAINED_CHARS = 20_000


@dataclass(frozen=True)
class Network:
    """What decides of one network."""

    cell: str
    shape: str
    seed: int
    symbols: int
    is_control: bool
    measurement: Measurement
    shares: Mapping[str, float]
    """Shares of its units, by the counts of SHARES and those beside them."""

    @classmethod
    def of(cls, each: Measurement) -> "Network":
        facts, units = _rows(each, "network")[0], _rows(each, "unit")
        return cls(
            each.cell,
            f"{each.layers}x{facts['hidden']}",
            each.seed,
            int(facts["symbols"] or 0),
            bool(facts["is_control"]),
            each,
            {
                "specialised": _mean([bool(row["has_role"]) for row in units]),
                "saturated": _mean([_number(row, "saturated") > SATURATED for row in units]),
                "strongly specialised": _mean([_is_strong(row) for row in units]),
                "saturated in nine steps of ten": _mean(
                    [_number(row, "saturated") > MOSTLY for row in units]
                ),
                "keeping gate saturated": _mean(
                    [_number(row, KEEPS[each.cell]) > SATURATED for row in units]
                ),
                "saturated steps of the keeping gate": _mean(
                    [_number(row, KEEPS[each.cell]) for row in units]
                ),
            },
        )

    @property
    def setting(self) -> tuple[str, str]:
        return self.cell, self.shape

    @property
    def learned(self) -> float:
        """Mean over the symbols of its text."""
        return float(np.mean([row["learned"] for row in _rows(self.measurement, "symbol")]))


SIDES = ("functional", "control")
SHARES = ("specialised", "saturated")
BESIDE = (
    "strongly specialised",
    "saturated in nine steps of ten",
    "keeping gate saturated",
    "saturated steps of the keeping gate",
)
"""Counted too, without a say."""


def measure(job: MeasureJob) -> list[Row]:
    """A row for the network, one for every symbol that has a function, one for every unit."""
    from rnnscope.questions.symbol_measures import measured

    return measured(job, UNTRAINED_CHARS)


def decide(measured: Sequence[Measurement]) -> Decision:
    """The rule, from the units and the losses of every network."""
    networks = [Network.of(each) for each in measured]
    seeds = sorted({each.seed for each in networks})
    functional = [each for each in networks if each.symbols and not each.is_control]
    learned = over_seeds([_mean([n.learned for n in functional if n.seed == seed]) for seed in seeds])
    slopes = {
        (what, side): over_seeds([_slope(networks, what, side, seed) for seed in seeds])
        for what, side in product(SHARES, SIDES)
    }
    beyond = {what: over_seeds([_beyond(networks, what, seed) for seed in seeds]) for what in SHARES}
    beside = {what: over_seeds([_beyond(networks, what, seed) for seed in seeds]) for what in BESIDE}
    verdict: Verdict = "undecided"
    if not learned.low > LEARNED:
        verdict = "premise not met"
    elif all(each.low > 0 for each in beyond.values()):
        verdict = "yes"
    elif any(each.high <= 0 for each in beyond.values()):
        verdict = "no"
    special, saturated = beyond["specialised"], beyond["saturated"]
    parts: list[Row] = [_part("learned", learned)]
    parts += [_part(f"{what}, {side}", each) for (what, side), each in slopes.items()]
    parts += [_part(f"{what}, functional less control", each) for what, each in (beyond | beside).items()]
    return Decision(
        verdict=verdict,
        effect=special.value,
        low=special.low,
        high=special.high,
        reading=(
            f"{verdict.capitalize()}: each symbol with a function adds {_points(special)} points to the "
            f"share of units that specialise, beyond what it adds without one, and {_points(saturated)} to "
            f"the share that saturate. The networks make up {learned.value:.0%} ({learned.low:.0%} to "
            f"{learned.high:.0%}) of what the last character leaves open about the symbols."
        ),
        tables={
            "parts": parts,
            "curves": _curves(networks, seeds),
            "settings": _settings(networks, seeds),
            "symbols": _symbols(functional),
            "sharing": _sharing(functional),
            "units": _shown_units(functional),
            "networks": [_told(each) for each in networks],
        },
        caveats=[
            f"{len(seeds)} seeds, each with a text and letter tables of its own; intervals are Student's t "
            "over them.",
            "More symbols are more hypotheses to have a role in: the control has as many.",
            f"Before training {_mean([_untrained(each) for each in networks]):.1%} of units are saturated.",
            f"Control texts have a floor of {_floors(networks, True):.3f} nats on average, functional ones "
            f"{_floors(networks, False):.3f}; their letters are more predictable for that.",
            "What one rule adds is mixed with which rule it is: symbols come in one order.",
        ],
    )


def _slope(networks: Sequence[Network], what: str, side: str, seed: int) -> float:
    """Per symbol, by least squares, mean over cells and shapes; S = 0 counts on both sides."""
    found = []
    for setting in sorted({each.setting for each in networks}):
        those = [each for each in _on(networks, side) if each.setting == setting and each.seed == seed]
        found.append(
            np.polyfit([each.symbols for each in those], [each.shares[what] for each in those], 1)[0]
        )
    return _mean(found)


def _beyond(networks: Sequence[Network], what: str, seed: int) -> float:
    functional, control = (_slope(networks, what, side, seed) for side in SIDES)
    return functional - control


def _on(networks: Sequence[Network], side: str) -> list[Network]:
    return [each for each in networks if not each.symbols or each.is_control == (side == "control")]


def _rows(each: Measurement, what: str) -> list[Row]:
    return [row for row in each.rows if row["what"] == what]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _number(row: Row, column: str) -> float:
    return float(row.get(column) or 0)


def _is_strong(row: Row) -> bool:
    """Whether its role is one that it follows closely."""
    return bool(row["has_role"]) and _number(row, f"score_{row['track']}") > STRONG


def _untrained(each: Network) -> float:
    return _mean([_number(row, "untrained") > SATURATED for row in _rows(each.measurement, "unit")])


def _floors(networks: Sequence[Network], is_control: bool) -> float:
    those = [each for each in networks if each.symbols and each.is_control == is_control]
    return _mean([float(_rows(each.measurement, "network")[0]["floor_nats"] or 0) for each in those])


def _part(name: str, each: Interval) -> Row:
    return {"part": name, "value": each.value, "low": each.low, "high": each.high}


def _points(each: Interval) -> str:
    return f"{100 * each.value:+.2f} ({100 * each.low:+.2f} to {100 * each.high:+.2f})"


def _curves(networks: Sequence[Network], seeds: Sequence[int]) -> list[Row]:
    """Mean share over shapes, with its interval over seeds: what the figure draws."""
    rows: list[Row] = []
    for what, side, cell in product(SHARES, SIDES, sorted({each.cell for each in networks})):
        there = [each for each in _on(networks, side) if each.cell == cell]
        for symbols in sorted({each.symbols for each in there}):
            each = over_seeds(
                [
                    _mean([n.shares[what] for n in there if n.symbols == symbols and n.seed == seed])
                    for seed in seeds
                ]
            )
            rows.append(
                {"what": what, "side": side, "cell": cell, "symbols": symbols}
                | {"share": each.value, "low": each.low, "high": each.high}
            )
    return rows


def _settings(networks: Sequence[Network], seeds: Sequence[int]) -> list[Row]:
    """The effects of every cell and shape by itself."""
    rows: list[Row] = []
    for setting, what in product(sorted({each.setting for each in networks}), SHARES):
        those = [each for each in networks if each.setting == setting]
        each = over_seeds([_beyond(those, what, seed) for seed in seeds])
        rows.append(
            {"cell": setting[0], "shape": setting[1], "what": what, "value": each.value} | each.ends()
        )
    return rows


def _symbols(functional: Sequence[Network]) -> list[Row]:
    """How well every symbol was learned, by cell and shape, mean over texts and seeds."""
    found: dict[tuple[str, str, str], list[Row]] = {}
    for each in functional:
        for row in _rows(each.measurement, "symbol"):
            found.setdefault((*each.setting, str(row["symbol"])), []).append(row)
    columns = ("learned", "nats", "floor_nats", "last_nats", "accuracy", "best_accuracy")
    return [
        dict(zip(("cell", "shape", "symbol"), key, strict=True))
        | {name: _mean([float(row[name] or 0) for row in rows]) for name in columns}
        for key, rows in found.items()
    ]


def _sharing(functional: Sequence[Network]) -> list[Row]:
    """Who shares, who splits: means over seeds, by cell, shape and number of symbols."""
    found: dict[tuple[str, str, int], list[tuple[float, ...]]] = {}
    for each in functional:
        units = [row for row in _rows(each.measurement, "unit") if row["has_role"]]
        own = [str(row["symbol"]) for row in units]
        several = sum(int(row["functions"] or 0) > 1 for row in units)
        found.setdefault((*each.setting, each.symbols), []).append(
            (len(units), several, len(set(own)), each.symbols - len(set(own)))
        )
    columns = ("units", "units_with_several", "symbols_with_units", "symbols_without")
    return [
        dict(zip(("cell", "shape", "symbols"), key, strict=True))
        | dict(zip(columns, np.mean(counts, axis=0).tolist(), strict=True))
        for key, counts in sorted(found.items())
    ]


def _shown_units(functional: Sequence[Network]) -> list[Row]:
    """Every unit of one network a cell, the first seed's with most symbols, against every state."""
    rows: list[Row] = []
    for cell in sorted({each.cell for each in functional}):
        there = [each for each in functional if each.cell == cell]
        shown = min(there, key=lambda each: (-each.symbols, each.seed, each.shape))
        for unit in _rows(shown.measurement, "unit"):
            scores = {n: v for n, v in unit.items() if n.startswith("score_")}
            rows += [
                {"run": shown.measurement.run, "cell": cell, "shape": shown.shape, "layer": unit["layer"]}
                | {"unit": unit["unit"], "track": unit["track"], "has_role": unit["has_role"]}
                | {"state": name.removeprefix("score_"), "score": score}
                for name, score in scores.items()
            ]
    return rows


def _told(each: Network) -> Row:
    """A row for every network."""
    facts = _rows(each.measurement, "network")[0]
    return {
        "corpus": each.measurement.corpus,
        "run": each.measurement.run,
        "cell": each.cell,
        "shape": each.shape,
        "seed": each.seed,
        "symbols": each.symbols,
        "is_control": each.is_control,
        "test_nats": each.measurement.test_nats,
        "floor_nats": facts["floor_nats"],
        **each.shares,
        "learned": each.learned if each.symbols and not each.is_control else None,
    }


def texts(symbols: Sequence[int], seeds: int, chars: int, epochs: float, shapes: tuple) -> tuple[Text, ...]:
    """A functional text and, where it has symbols, a control for every seed."""
    found = []
    for seed, count, control in product(range(seeds), symbols, ("no", "yes")):
        if count or control == "no":
            settings = SyntheticSettings(symbols=count, control=control == "yes", seed=seed)
            found.append(
                Text(
                    source=SYNTHETIC,
                    epochs=epochs,
                    budgets=(),
                    chars=chars,
                    settings={"symbols": count, "control": control, "seed": seed},
                    name=synthetic_name(settings, chars),
                    shapes=shapes,
                    seed=seed,
                )
            )
    return tuple(found)


SYMBOL_FUNCTIONS = Question(
    name="symbol_functions",
    title="When each symbol has its own function, do more units specialise and saturate?",
    claim=CLAIM,
    rule=RULE,
    scales={
        "small": Scale(texts((0, 2, 5, 8), 3, 400_000, 2.0, ((1, 48),)), layers=(1,), seeds=3),
        "full": Scale(texts(range(9), 5, 600_000, 2.0, ((1, 48), (1, 96), (2, 48))), layers=(1, 2), seeds=5),
    },
    version=1,
    measure=measure,
    decide=decide,
)
