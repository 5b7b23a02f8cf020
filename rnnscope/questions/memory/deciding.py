"""What is measured of every memory -> the rule's verdict. Knows no model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnnscope.estimate import Interval, over_seeds
from rnnscope.questions.memory.kinds import NGRAM, NONE, ORACLES, errors_of
from rnnscope.questions.question import Decision, Measurement, Verdict, undecided
from rnnscope.records.finding import Row

HALF = 0.5
NUMBERS = ("nats", "validation_nats", "error_rate", "mended", "new", f"new_{errors_of(NGRAM)}", "us_per_char")


@dataclass(frozen=True)
class Setting:
    """One text at one size: what every reader made of it, by seed."""

    corpus: str
    budget: str
    rows: dict[tuple[str, int], Row]
    """(memory, seed) -> what was measured."""

    @property
    def name(self) -> str:
        return f"{self.corpus} at {self.budget}"

    @cached_property
    def seeds(self) -> list[int]:
        """Those of which the plain LSTM is there."""
        return sorted(seed for memory, seed in self.rows if memory == NONE)

    @cached_property
    def memories(self) -> list[str]:
        """All that every seed has, the plain LSTM left out, and those without a say that any has."""
        found = {name: row for (name, seed), row in self.rows.items() if name != NONE and seed in self.seeds}
        return [
            name for name, row in found.items() if self.seeds_of(name) == self.seeds or not row["has_say"]
        ]

    def seeds_of(self, memory: str) -> list[int]:
        return [seed for seed in self.seeds if (memory, seed) in self.rows]

    def column(self, memory: str, column: str, seeds: Sequence[int] | None = None) -> list[float]:
        """Its value with each of these seeds, or of those that it has."""
        of = self.seeds_of(memory) if seeds is None else seeds
        return [float(self.rows[memory, seed][column] or 0) for seed in of]

    def mean(self, memory: str, column: str) -> float:
        return float(np.mean(self.column(memory, column)))

    def best(self, may: Callable[[Row], bool] = lambda row: True) -> str | None:
        """Of the memories that have a say, that with the lowest validation loss."""
        first = {name: self.rows[name, self.seeds_of(name)[0]] for name in self.memories}
        names = [name for name, row in first.items() if row["has_say"] and may(row)]
        return min(names, key=lambda name: self.mean(name, "validation_nats"), default=None)

    def removed(self, memory: str, oracle: str = NGRAM) -> list[float]:
        """Removed share with every seed that it has: 1 less its errors of this kind over the plain LSTM's."""
        own, plain = (self.column(n, errors_of(oracle), self.seeds_of(memory)) for n in (memory, NONE))
        return [1 - a / b if b else 0.0 for a, b in zip(own, plain, strict=True)]

    def between_seeds(self) -> list[float]:
        """What `removed` is of the plain LSTM of the next seed, for which it is but chance."""
        errors = self.column(NONE, errors_of(NGRAM))
        turned = [*errors[1:], errors[0]]
        return [1 - other / own if own else 0.0 for own, other in zip(errors, turned, strict=True)]

    def gained(self, memory: str) -> list[float]:
        """Nats that it is below the plain LSTM, with every seed that it has."""
        plain, own = (self.column(name, "nats", self.seeds_of(memory)) for name in (NONE, memory))
        return [a - b for a, b in zip(plain, own, strict=True)]


def settings_of(measured: Sequence[Measurement]) -> list[Setting]:
    found: dict[tuple[str, str], dict[tuple[str, int], Row]] = {}
    for each in measured:
        of = found.setdefault((each.corpus, each.budget), {})
        of |= {(str(row["memory"]), each.seed): row for row in each.rows}
    return [Setting(corpus, budget, rows) for (corpus, budget), rows in sorted(found.items(), key=_by_size)]


def _by_size(item: tuple[tuple[str, str], object]) -> tuple[str, int]:
    (corpus, budget), _ = item
    return corpus, int(budget)


def deciding(settings: Sequence[Setting]) -> list[Setting]:
    """Those with a say: the smallest size of every text, which has the most seeds."""
    first: dict[str, Setting] = {}
    for setting in settings:
        first.setdefault(setting.corpus, setting)
    return list(first.values())


def decide(measured: Sequence[Measurement]) -> Decision:
    """The rule, from what every memory made of the text."""
    settings = settings_of(measured)
    judges = deciding(settings)
    seeds = sorted(set.intersection(*(set(each.seeds) for each in judges)))
    best = {each.name: each.best() for each in judges}
    if len(seeds) < 2 or None in best.values():
        return _undecided(settings)
    effect = _pooled(judges, [str(best[each.name]) for each in judges])
    helps = {each.name: over_seeds(each.gained(str(best[each.name]))) for each in judges}
    verdict: Verdict = "undecided"
    if not all(each.low > 0 for each in helps.values()):
        verdict = "premise not met"
    elif effect.low > HALF or effect.high < HALF:
        verdict = "yes" if effect.low > HALF else "no"
    own = [each.best(lambda row: not row["holds_ngrams"]) for each in judges]
    without = _pooled(judges, [str(name) for name in own]) if None not in own else None
    return Decision(
        verdict=verdict,
        effect=effect.value,
        low=effect.low,
        high=effect.high,
        reading=_reading(verdict, judges, best, effect, own, without),
        tables=_tables(settings),
        caveats=_caveats(judges, len(seeds)),
    )


def _pooled(settings: Sequence[Setting], memories: Sequence[str]) -> Interval:
    """Removed share, averaged over settings for each seed, and over seeds."""
    by_setting = [
        dict(zip(each.seeds, each.removed(memory), strict=True))
        for each, memory in zip(settings, memories, strict=True)
    ]
    common = set.intersection(*(set(each) for each in by_setting))
    return over_seeds([float(np.mean([each[seed] for each in by_setting])) for seed in sorted(common)])


def _reading(
    verdict: Verdict,
    judges: Sequence[Setting],
    best: dict[str, str | None],
    effect: Interval,
    own: Sequence[str | None],
    without: Interval | None,
) -> str:
    names = ", ".join(
        f"{best[each.name]} on {each.name} ({each.mean(NONE, 'nats'):.4f} to "
        f"{each.mean(str(best[each.name]), 'nats'):.4f} nats)"
        for each in judges
    )
    words = (
        f"{verdict.capitalize()}: of the errors of a plain LSTM that some n-gram would not have made the "
        f"best memory {_removes(effect)}, where the bet was on more than half of them gone. It is {names}."
    )
    if without:
        held = ", ".join(dict.fromkeys(str(name) for name in own))
        words += f" The best that holds no n-grams ({held}) {_removes(without)}."
    return words


def _removes(interval: Interval) -> str:
    """'removes 30.0 % (29 to 31)', or 'adds' where there are more."""
    sign, verb = (1, "removes") if interval.value >= 0 else (-1, "adds")
    low, high = sorted((sign * interval.low, sign * interval.high))
    return f"{verb} {sign * interval.value:.1%} ({low:.1%} to {high:.1%})"


def _tables(settings: Sequence[Setting]) -> dict[str, list[Row]]:
    judges = deciding(settings)
    return {
        "memories": [
            _memory_row(each, name, each in judges) for each in settings for name in [NONE, *each.memories]
        ],
        "control": [_control_row(each) for each in settings if len(each.seeds) > 1],
        "kinds": [row for each in settings for name in each.memories for row in _kind_rows(each, name)],
        "networks": [
            {"corpus": each.corpus, "budget": each.budget, "seed": seed} | row
            for each in settings
            for (_, seed), row in each.rows.items()
        ],
    }


def _memory_row(setting: Setting, memory: str, is_judge: bool) -> Row:
    """Means over seeds, with intervals of what is compared with the plain LSTM; it has a say where both it
    and its setting do."""
    seeds = setting.seeds_of(memory)
    first = setting.rows[memory, seeds[0]]
    removed, gained = over_seeds(setting.removed(memory)), over_seeds(setting.gained(memory))
    sees = next(
        (r for (name, _), r in setting.rows.items() if name == memory and r["sees_of_chars"] is not None), {}
    )
    return {
        "corpus": setting.corpus,
        "budget": setting.budget,
        "memory": memory,
        "seeds": len(seeds),
        "has_say": is_judge and first["has_say"],
        "parameters": first["parameters"],
        **{column: setting.mean(memory, column) for column in NUMBERS},
        "gained_nats": gained.value,
        **gained.ends("gained_low", "gained_high"),
        "removed": removed.value,
        **removed.ends("removed_low", "removed_high"),
        "text_low": first["removed_low"],
        "text_high": first["removed_high"],
        "sees_chars": sees.get("sees_chars"),
        "sees_of_chars": sees.get("sees_of_chars"),
    }


def _control_row(setting: Setting) -> Row:
    """The removed share of the plain LSTM of another seed, which remembers no more."""
    removed = over_seeds(setting.between_seeds())
    return {"corpus": setting.corpus, "budget": setting.budget, "removed": removed.value, **removed.ends()}


def _kind_rows(setting: Setting, memory: str) -> list[Row]:
    """What becomes of every kind of error."""
    rows: list[Row] = []
    for oracle in ORACLES:
        removed = over_seeds(setting.removed(memory, oracle))
        rows.append(
            {
                "corpus": setting.corpus,
                "budget": setting.budget,
                "memory": memory,
                "kind": oracle,
                "plain_errors": float(
                    np.mean(setting.column(NONE, errors_of(oracle), setting.seeds_of(memory)))
                ),
                "errors": setting.mean(memory, errors_of(oracle)),
                "removed": removed.value,
                **removed.ends(),
            }
        )
    return rows


def _caveats(judges: Sequence[Setting], seeds: int) -> list[str]:
    between = max(abs(value) for each in judges for value in each.between_seeds())
    return [
        f"{seeds} seeds; intervals are Student's t over them. Where there are fewer, removed_low and "
        "removed_high are missing or wide, and text_low and text_high, the bootstrap over the text for the "
        "first seed, say how much the text decides.",
        f"Control: between plain LSTMs of one seed and the next the removed share is at most {between:.1%}, "
        "up or down.",
        "An n-gram error is one that the best of nine n-grams, chosen afterwards for every character, would "
        "not have made: no single n-gram removes them all either.",
        "ngram_mix holds the n-grams' counts beside the network's parameters: it is larger than the plain "
        "LSTM, and its share says how much of the oracle is left once a real mixture has to choose.",
        "What is tuned or fitted on the validation text has a validation loss that flatters it by as much as "
        "a few numbers can (for a gate a few hundred: 0.001 to 0.004 nats), and so has a trained one whose "
        "best checkpoint is taken; the test text had no part in it. A best memory that leads by less is not "
        "clearly the best.",
        "The recipes of attention, transformer and mlstm had a few tries, on one text and with one seed; the "
        "plain LSTM's had many. They read as many characters, in streams and windows of their own.",
    ]


def _undecided(settings: Sequence[Setting]) -> Decision:
    return undecided(
        "Undecided: fewer than two seeds have a plain LSTM and a memory to set beside it.", _tables(settings)
    )
