"""Findings -> the first screen: what was trained, who won by how much, and who did not beat counting."""

from collections import Counter
from dataclasses import dataclass, field

from rnnscope.figures import family_of, plain
from rnnscope.figures.loss_axis import LN2
from rnnscope.figures.paired import differences_from
from rnnscope.figures.thin import needed
from rnnscope.records import Finding
from rnnscope.records.finding import Row, number
from rnnscope.records.run import ADOPTED

MOST_NAMES = 5
"""Models named in one sentence, and networks in the small table."""
MOST_DETAILED = 3
"""Networks whose distance from the best n-gram is spelled out."""
_NAME_CHARS = 60


@dataclass(frozen=True)
class Standing:
    """A model at a glance; numbers as they are printed, nats per character."""

    model: str
    family: str
    parameters: str
    nats: str
    interval: str
    """95 %, over the text."""
    bits: str
    against: str
    """Difference from the best n-gram."""
    against_interval: str


@dataclass(frozen=True)
class Answer:
    headline: str
    sentences: list[str]
    standings: list[Standing] = field(default_factory=list)
    reference: str = ""
    """The best n-gram."""
    note: str = ""


def answer(findings: list[Finding], title: str) -> Answer:
    """The answer in words, or `title` and the findings' own readings where there is no comparison."""
    comparison = next((finding for finding in findings if finding.analysis == "comparison"), None)
    models = needed(comparison.tables.get("models", []), "model", "test_nats") if comparison else []
    models = sorted((row for row in models if number(row["test_nats"]) is not None), key=_choice)
    if comparison is None or not models:
        return Answer(title, [finding.reading for finding in findings[:1]])
    networks = [row for row in models if row.get("family") not in ("n-gram", "n-NN")]
    counts = [row for row in models if row.get("family") == "n-gram"]
    if not networks or not counts:
        best = models[0]
        headline = (
            f"{_name(best)} predicts {_corpus(comparison)} best, at {_nats(best):.3f} nats per character"
        )
        return Answer(
            headline,
            [_trained(networks, comparison)] if networks else [],
            _standings(sorted(models[:MOST_NAMES], key=_nats), {}),
        )
    differences = {str(row["model"]): row for row in differences_from(comparison, str(counts[0]["model"]))}
    sentences = [
        _trained(networks, comparison),
        _won(networks[0], counts[0], differences),
        _beaten(networks, counts[0], differences),
        _runner_up(networks, comparison),
    ]
    listed = sorted([*networks[:MOST_NAMES], counts[0]], key=_nats)
    left = len(models) - len(listed)
    return Answer(
        headline=_headline(networks, counts[0], differences, _corpus(comparison)),
        sentences=[sentence for sentence in sentences if sentence],
        standings=_standings(listed, differences),
        reference=_name(counts[0]),
        note=f"{left} more {'model is' if left == 1 else 'models are'} in the table of the comparison."
        if left > 0
        else "",
    )


def _nats(row: Row) -> float:
    return number(row["test_nats"]) or 0.0


def _choice(row: Row) -> tuple[float, str]:
    """As the comparison chooses: by validation loss; by test loss where a finding has no other."""
    nats = number(row.get("validation_nats"))
    return _nats(row) if nats is None else nats, str(row["model"])


def _name(row: Row) -> str:
    return plain(str(row["model"]), _NAME_CHARS)


def _corpus(finding: Finding) -> str:
    return plain(finding.corpus, _NAME_CHARS)


def _verdict(row: Row | None) -> str:
    """'better', 'worse' or 'unclear': the network against the best n-gram."""
    if row is None or not row["is_clear"]:
        return "unclear"
    return "better" if (number(row["nats"]) or 0.0) < 0 else "worse"


def _interval(row: Row) -> str:
    low, high = number(row["low"]), number(row["high"])
    if low is None or high is None:
        return "no interval: too little text"
    ends = sorted((abs(low), abs(high))) if low * high > 0 else [low, high]
    return f"95 % interval {_signed(ends[0], low * high <= 0)} to {_signed(ends[1], low * high <= 0)}"


def _signed(value: float, with_sign: bool) -> str:
    return f"{value:+.3f}".replace("-", "−") if with_sign else f"{value:.3f}"


def _headline(networks: list[Row], ngram: Row, differences: dict[str, Row], corpus: str) -> str:
    network = networks[0]
    row = differences.get(str(network["model"]))
    size = abs(number(row["nats"]) or 0.0) if row else abs(_nats(network) - _nats(ngram))
    verdict = _verdict(row)
    if verdict == "better":
        return f"{_name(network)} beats the best n-gram on {corpus} by {size:.3f} nats per character"
    if verdict == "worse":
        if any(_verdict(differences.get(str(each["model"]))) == "better" for each in networks):
            return f"The best n-gram beats the best network, {_name(network)}, on {corpus} by {size:.3f} nats"
        return f"No network beats the best n-gram on {corpus}: {_name(network)} is {size:.3f} nats behind"
    return f"The best network and the best n-gram cannot be told apart on {corpus}"


def _trained(networks: list[Row], finding: Finding) -> str:
    kinds = Counter(family_of(row) for row in networks)
    names = [_counted({"RNN": "tanh RNN"}.get(kind, kind), count) for kind, count in kinds.items()]
    sentence = _listed(names)
    sentence = sentence[0].upper() + sentence[1:]
    verb = "was" if len(networks) == 1 else "were"
    sizes = sorted(int(size) for row in networks if (size := number(row.get("parameters"))) is not None)
    size = ""
    if sizes:
        ends = f"{sizes[0]:,}" if sizes[0] == sizes[-1] else f"{sizes[0]:,} to {sizes[-1]:,}"
        size = f"with {ends} parameters"
    chars, corpus = number(finding.numbers.get("test_chars")), _corpus(finding)
    if adopted := [_name(row) for row in networks if row.get("recipe") == ADOPTED]:
        tested = f"{int(chars):,} characters of {corpus}" if chars else corpus
        return (
            f"{' '.join(filter(None, [sentence, size]))} {verb} tested on {tested}. Trained elsewhere: "
            f"{_listed(adopted)}; whether that text was among what they read is not known here."
        )
    sentence = ", ".join(filter(None, [f"{sentence} {verb} trained on {corpus}", size]))
    return (
        f"{sentence}, and tested on {int(chars):,} characters they had not seen." if chars else f"{sentence}."
    )


def _counted(kind: str, count: int) -> str:
    if count > 1:
        return f"{count} {kind}s"
    return f"an {kind}" if kind[:1] in "LaeiouAEIO" else f"a {kind}"


def _won(network: Row, ngram: Row, differences: dict[str, Row]) -> str:
    row = differences.get(str(network["model"]))
    return (
        f"{_name(network)} needs {_nats(network):.3f} nats ({_nats(network) / LN2:.3f} bits) per character; "
        f"the best count model, {_name(ngram)}, needs {_nats(ngram):.3f}"
        + (f". Difference {abs(number(row['nats']) or 0.0):.3f} ({_interval(row)})." if row else ".")
    )


def _beaten(networks: list[Row], ngram: Row, differences: dict[str, Row]) -> str:
    """Which networks did not beat the best n-gram, in words."""
    failed = [network for network in networks if _verdict(differences.get(str(network["model"]))) != "better"]
    total = len(networks)
    if not failed:
        return "" if total == 1 else f"{'Both' if total == 2 else f'All {total}'} networks beat it."
    if len(failed) <= MOST_DETAILED:
        shown = [_failure(network, differences.get(str(network["model"]))) for network in failed]
    else:
        shown = [_name(network) for network in failed[:MOST_NAMES]]
        shown += [f"{len(failed) - MOST_NAMES} more"] if len(failed) > MOST_NAMES else []
    if len(failed) == total:
        none = "The network does not beat" if total == 1 else f"None of the {total} networks beats"
        return f"{none} it: {_listed(shown)}."
    which = "One network does" if len(failed) == 1 else f"{len(failed)} of the {total} networks do"
    return f"{which} not beat it: {_listed(shown)}."


def _failure(network: Row, difference: Row | None) -> str:
    if difference is None:
        return f"{_name(network)} (not compared)"
    if _verdict(difference) == "worse":
        return (
            f"{_name(network)} ({number(difference['nats']) or 0.0:.3f} nats worse, {_interval(difference)})"
        )
    return f"{_name(network)} (no clear difference, {_interval(difference)})"


def _runner_up(networks: list[Row], finding: Finding) -> str:
    if len(networks) < 2:
        return ""
    best, second = networks[:2]
    row = next(
        (r for r in differences_from(finding, str(second["model"])) if r["model"] == best["model"]), None
    )
    if row is None:
        return f"The second-best network is {_name(second)}, with {_nats(second):.3f}."
    if not row["is_clear"]:
        return f"{_name(best)} and {_name(second)} cannot be told apart ({_interval(row)})."
    nats = number(row["nats"]) or 0.0
    first, last = (best, second) if nats < 0 else (second, best)
    told = f"Among the networks, {_name(first)} leads {_name(last)} by {abs(nats):.3f} ({_interval(row)})"
    return f"{told}." if nats < 0 else f"{told}, but not in validation."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _standings(rows: list[Row], differences: dict[str, Row]) -> list[Standing]:
    return [_standing(row, differences.get(str(row["model"]))) for row in rows]


def _standing(row: Row, difference: Row | None) -> Standing:
    low, high, parameters = (number(row.get(name)) for name in ("low", "high", "parameters"))
    against = against_interval = ""
    if difference:
        against = _signed(number(difference["nats"]) or 0.0, True)
        ends = number(difference["low"]), number(difference["high"])
        if ends[0] is not None and ends[1] is not None:
            against_interval = f"[{_signed(ends[0], True)}, {_signed(ends[1], True)}]"
    return Standing(
        model=_name(row),
        family=family_of(row),
        parameters=f"{int(parameters):,}" if parameters is not None else "",
        nats=f"{_nats(row):.3f}",
        interval=f"{low:.3f}–{high:.3f}" if low is not None and high is not None else "",
        bits=f"{_nats(row) / LN2:.3f}",
        against=against,
        against_interval=against_interval,
    )
