"""`rnnscope unit`: what is known of one unit."""

from typing import Annotated, Any

import typer

from rnnscope.cli.options import (
    DEFAULT_WORK,
    JsonOption,
    WorkOption,
    command_line,
    emit,
    parse_unit,
    visible,
)
from rnnscope.cli.replay import RunArgument

BLOCKS = " ▁▂▃▄▅▆▇█"


def register(app: typer.Typer) -> None:
    app.command()(unit)


def unit(
    run: RunArgument,
    place: Annotated[
        str,
        typer.Argument(
            help="The unit: its layer from 1, its number from 0, as in 1.37.", metavar="LAYER.UNIT"
        ),
    ],
    work: WorkOption = DEFAULT_WORK,
    as_json: JsonOption = False,
) -> None:
    """The card of one unit: role, values, memory, gates, what it promotes, and the text that drives it."""
    asked = parse_unit(place, "1.37")

    from rnnscope.records.corpus import find_corpus
    from rnnscope.records.run import find_run
    from rnnscope.studies.opening import card_of
    from rnnscope.studies.work import Work

    found = find_run(work, run)
    corpus = find_corpus(work, found.manifest.corpus)
    finding = card_of(Work(work), found, corpus, asked, command_line())
    tables = finding.plain()["tables"]
    (card,) = tables["cards"]
    result = {
        "run": found.reference,
        "layer": asked[0],
        "unit": asked[1],
        "heading": card["heading"],
        "sentence": card["sentence"],
        "numbers": next(row for row in tables["units"] if (row["layer"], row["unit"]) == asked),
        "facts": {row["fact"]: row["value"] for row in tables["facts"]},
        "symbols": [
            {name: row[name] for name in ("symbol", "logits", "weight")} for row in tables["symbols"]
        ],
        "excerpts": [
            {"kind": each.title.rpartition(": ")[2], "note": each.note, "text": each.text}
            | {"values": each.values}
            for each in finding.excerpts
        ],
        "caveats": finding.caveats,
    }
    emit(as_json, result, _lines(result, card))


def _lines(result: dict[str, Any], card: dict[str, Any]) -> list[str]:
    lines = [card["heading"], card["sentence"], ""]
    facts = {f"time at {card['state']}": f"-1 {_bars(card['histogram'])} +1", **result["facts"]}
    for name, is_more in (("makes likelier", True), ("makes less likely", False)):
        symbols = [each for each in result["symbols"] if (each["logits"] > 0) == is_more]
        if symbols:
            facts[name] = (
                ", ".join(f"{_named(each['symbol'])} {each['logits']:+.2f}" for each in symbols) + " logits"
            )
    width = max(map(len, facts))
    lines += [f"{name:{width}}  {value}" for name, value in facts.items()]
    kind = ""
    for each in result["excerpts"]:
        if each["kind"] != kind:
            kind = each["kind"]
            lines += ["", kind]
        lines.append(f"  {visible(each['text'])}")
        lines.append(f"      {each['note']}")
    return lines


def _bars(histogram: str) -> str:
    shares = [int(word) for word in histogram.split()]
    most = max(shares)
    return "".join(BLOCKS[-(-share * (len(BLOCKS) - 1) // most)] for share in shares)


def _named(symbol: str) -> str:
    """A character in quotes, a name in words as it is."""
    return f"'{symbol}'" if len(symbol) == 1 else symbol
