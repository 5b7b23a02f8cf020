"""Findings of unit cards made up for the tests: a few, many, and ones that mean harm."""

import random

from planted_texts import CODE, HOSTILE, PROSE, wave

from rnnscope.records import Excerpt, Finding
from rnnscope.records.finding import Row

HISTOGRAM = "700 50 0 0 0 0 0 0 0 0 10 0 0 0 0 0 0 0 40 200"
_PIECE = 50


def cards(runs: int = 2, units: int = 5) -> Finding:
    """`units` cards of each of the runs, the last of each a control."""
    draw = random.Random(3)
    found = Finding(
        analysis="unit_cards",
        corpus="python-library",
        title="What is known of single units?",
        reading="10 units are described.",
        numbers={"units": runs * units},
        tables={"cards": [], "facts": [], "symbols": [], "units": []},
        caveats=["Two units that are alike on this text may differ in what they cause."],
        command="rnnscope study python-library",
    )
    for run in range(runs):
        for unit in range(units):
            where: Row = {"run": f"lstm-{run}x128-s0", "layer": 1 + unit % 2, "unit": unit}
            is_control = unit == units - 1
            card: Row = {
                "why": "control: drawn at random" if is_control else "clear role",
                "state": "tanh(c)",
            }
            card["heading"] = f"Unit {unit} of layer {where['layer']}: follows inside quotes"
            card |= {"sentence": f"AUC 0.9{unit} on text not used to choose it.", "histogram": HISTOGRAM}
            found.tables["cards"].append(where | card)
            found.tables["units"].append(where | {"value_chars": 3.0 + unit})
            facts = {"values": "mean −0.12", "most alike": "1.3 (+0.71)"}
            found.tables["facts"] += [where | {"fact": name, "value": facts[name]} for name in facts]
            for symbol, logits in (("newline", 0.8), ("<", 0.4), (">", -0.7)):
                found.tables["symbols"].append(where | {"symbol": symbol, "logits": logits})
            for kind in ("highest", "highest", "lowest"):
                start = draw.randrange(len(CODE + PROSE) - _PIECE)
                text = "\n\t" + (CODE + PROSE)[start : start + _PIECE]
                found.excerpts.append(
                    Excerpt(
                        title=f"{where['run']}, unit {unit} of layer {where['layer']}: {kind}",
                        note=f"+0.9{unit} at character {start:,}",
                        site=f"layers.{unit % 2}.tanh_c",
                        unit=unit,
                        run=str(where["run"]),
                        text=text,
                        values=wave(len(text)),
                    )
                )
    return found


def hostile() -> Finding:
    """Harm in every string of a card, and rows that lack everything."""
    harm = " ".join(HOSTILE)
    where: Row = {"run": HOSTILE[0], "layer": 1, "unit": 3}
    card: Row = {"why": HOSTILE[1], "heading": HOSTILE[0], "sentence": harm, "state": HOSTILE[2]}
    excerpt = Excerpt(
        title=f"{HOSTILE[2]}: {HOSTILE[1]}",
        note=HOSTILE[0],
        site="layers.0.h",
        unit=3,
        run=HOSTILE[0],
        text=harm,
        values=wave(len(harm)),
    )
    return cards(1, 2).model_copy(
        update={
            "tables": {
                "cards": [
                    where | card | {"histogram": "1 2 x <b> -5 9"},
                    {},
                    {"run": None, "histogram": None},
                ],
                "facts": [where | {"fact": text, "value": text} for text in HOSTILE] + [{}],
                "symbols": [where | {"symbol": text, "logits": 1.0} for text in HOSTILE] + [{}],
            },
            "excerpts": [excerpt, excerpt.model_copy(update={"site": HOSTILE[0]})],
        }
    )
