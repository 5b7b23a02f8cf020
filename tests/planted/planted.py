"""Findings made up for the tests: a small study, a large one, and texts that mean harm.

Numbers are planted so that the answer is known: in the small study LSTM and GRU beat the best n-gram and the
RNN does not. Everything is drawn from one seeded generator.
"""

import math
import random
from functools import cache
from itertools import combinations

from planted_texts import CODE, HOSTILE, PROSE, TRACKS, quoted, wave

from rnnscope.records import Excerpt, Finding
from rnnscope.records.finding import Row

CORPUS = "python-library"
GATES = {"lstm": ("forget", "input", "output"), "gru": ("update", "reset")}


@cache
def small() -> list[Finding]:
    """Three networks and twenty n-grams: what a demo study finds."""
    draw = random.Random(0)
    runs = [
        ("lstm-1x128-s0", "lstm", 1, 128, 1.214),
        ("gru-1x150-s0", "gru", 1, 150, 1.231),
        ("rnn-1x272-s0", "rnn", 1, 272, 1.361),
    ]
    return _findings(runs, draw, excerpt_chars=700, samples_chars=400)


@cache
def large() -> list[Finding]:
    """36 runs, thousands of gate units and long excerpts: more than five megabytes if all were shown."""
    draw = random.Random(1)
    runs = []
    for cell, layers, hidden, seed in (
        (c, d, h, s) for c in ("lstm", "gru", "rnn") for d in (1, 2, 3) for h in (64, 256) for s in (0, 1)
    ):
        loss = {"lstm": 1.30, "gru": 1.31, "rnn": 1.42}[cell] - 0.05 * (layers > 1) - 0.1 * (hidden > 64)
        runs.append((f"{cell}-{layers}x{hidden}-s{seed}", cell, layers, hidden, loss + draw.gauss(0, 0.006)))
    return _findings(runs, draw, excerpt_chars=20_000, samples_chars=20_000, points=600)


def hostile() -> list[Finding]:
    """The small study with harm in every string that can come from a text or a name."""
    harm = " ".join(HOSTILE)
    found = small()
    comparison, *_, samples = found
    models = [
        row | {"model": f"{row['model']}{HOSTILE[i % 4]}"}
        for i, row in enumerate(comparison.tables["models"][:6])
    ]
    texts: list[Row] = [
        {"run": text, "temperature": 0.5, "prime": HOSTILE[0], "text": text} for text in HOSTILE
    ]
    excerpt = Excerpt(
        title=HOSTILE[0],
        note=HOSTILE[1],
        site="layers.0.h",
        unit=3,
        run=HOSTILE[3],
        text=harm,
        values=wave(len(harm)),
    )
    roles = next(finding for finding in found if finding.analysis == "cell_roles")
    return [
        comparison.model_copy(
            update={
                "corpus": HOSTILE[1],
                "title": HOSTILE[0],
                "reading": harm,
                "command": HOSTILE[1],
                "caveats": HOSTILE,
                "numbers": {
                    "best_model": HOSTILE[0],
                    "best_test_nats": 1.2,
                    "best_ngram": HOSTILE[3],
                    HOSTILE[1]: HOSTILE[2],
                },
                "tables": {
                    "models": models,
                    "contexts": comparison.tables["contexts"],
                    HOSTILE[1]: [{HOSTILE[0]: HOSTILE[7], "quoted": 'a "b", c\nd', "n": -1.5}],
                },
            }
        ),
        roles.model_copy(update={"excerpts": [excerpt, *roles.excerpts]}),
        samples.model_copy(update={"tables": {"samples": texts}}),
        unknown().model_copy(update={"analysis": "../../etc/passwd"}),
    ]


def unknown() -> Finding:
    """From an analysis that nothing here has heard of."""
    return Finding(
        analysis="unheard_of",
        corpus=CORPUS,
        title="What would remove the errors?",
        reading="An n-gram oracle removes 18.2 % of the errors of lstm-1x128-s0.",
        numbers={
            "errors": 140_212,
            "ngram_share": 0.182,
            "is_whole": True,
            "oracle": "n-gram",
            "missing": None,
        },
        tables={
            "oracles": [{"oracle": f"oracle {i}", "errors": 1000 * i, "share": i / 11} for i in range(9)]
        },
        caveats=["Oracles are applied in order; the order matters."],
        command="rnnscope analyse unheard_of python-library",
    )


Planted = tuple[str, str, int, int, float]


def _findings(
    runs: list[Planted], draw: random.Random, excerpt_chars: int, samples_chars: int, points: int = 120
) -> list[Finding]:
    contexts = _contexts()
    return [
        _comparison(runs, contexts, draw),
        _map(runs, draw),
        _curves(runs, contexts, draw, points),
        _saturation(runs, draw),
        _roles(runs, draw, excerpt_chars),
        _samples(runs, samples_chars),
    ]


def _contexts() -> list[Row]:
    losses = [2.612, 2.071, 1.702, 1.501, 1.402, 1.349, 1.323, 1.309, 1.303, 1.302]
    losses += [1.303 + 0.001 * i for i in range(10)]
    return [
        {"context": n, "validation_nats": loss + 0.012, "test_nats": loss, "error_rate": 0.2 + loss / 5}
        for n, loss in enumerate(losses, 1)
    ]


def _comparison(runs: list[Planted], contexts: list[Row], draw: random.Random) -> Finding:
    models: list[Row] = [
        _model(name, "network", loss, draw)
        | {
            "cell": cell,
            "layers": layers,
            "hidden": hidden,
            "parameters": _parameters(hidden),
            "epochs": 3.0,
        }
        | {"train_seconds": 49.1 + hidden / 10}
        for name, cell, layers, hidden, loss in runs
    ]
    for row in contexts[:9] + contexts[19:]:
        models.append(
            _model(f"{row['context']}-gram", "n-gram", float(row["test_nats"] or 0), draw)
            | {"context": row["context"]}
        )
    models.sort(key=lambda row: float(row["test_nats"] or 0))
    differences: list[Row] = []
    for better, worse in combinations(models, 2):
        nats = float(better["test_nats"] or 0) - float(worse["test_nats"] or 0)
        width = 0.004 + 0.01 * draw.random()
        pair: Row = {"model": better["model"], "against": worse["model"], "nats": nats}
        differences.append(pair | {"low": nats - width, "high": nats + width, "is_clear": abs(nats) > width})
    best = models[0]
    best_ngram = next(row for row in models if row["family"] == "n-gram")
    return Finding(
        analysis="comparison",
        corpus=CORPUS,
        title="Which model predicts the text best?",
        reading=f"{best['model']} beats the best n-gram, {best_ngram['model']}.",
        numbers={
            "best_model": best["model"],
            "best_test_nats": best["test_nats"],
            "test_chars": 120_000,
            "best_ngram": best_ngram["model"],
            "best_ngram_test_nats": best_ngram["test_nats"],
        },
        tables={"models": models, "differences": differences, "contexts": contexts} | _grid_tables(runs),
        caveats=[
            "Intervals are of the text, not of training: another seed of the same network moves its loss too."
        ],
        command="rnnscope analyse comparison python-library",
    )


def _parameters(hidden: int) -> int:
    return {64: 44_823, 256: 375_639}.get(hidden, 122_327 + 9 * hidden)


def _grid_tables(runs: list[Planted]) -> dict[str, list[Row]]:
    """What a grid of networks of several sizes has besides."""
    if len(runs) < 10:
        return {}
    steps = [
        ("depth", "1 to 2 layers", -0.02),
        ("gating", "RNN to LSTM", -0.05),
        ("size", "budget 1 to 2", -0.1),
    ]
    effects: list[Row] = [
        {"axis": axis, "step": step, "where": "all", "pairs": 6, "nats": nats, "low": nats - 0.004}
        | {"high": nats + 0.004, "is_clear": True}
        for axis, step, nats in steps
    ]
    published: list[Row] = [
        {"cell": cell, "layers": layers, "budget": hidden, "parameters": _parameters(hidden), "seeds": 1}
        | {"published_nats": loss + 0.05, "test_nats": loss, "difference": -0.05, "is_reached": True}
        for _, cell, layers, hidden, loss in runs
    ]
    return {"effects": effects, "published": published}


def _map(runs: list[Planted], draw: random.Random) -> Finding:
    places: list[Row] = [
        {"model": name, "family": "network", "cell": cell, "layers": layers, "hidden": hidden}
        | {"parameters": _parameters(hidden), "x": len(cell) + draw.gauss(0, 0.3), "y": draw.gauss(0, 1)}
        | {"nearest": runs[0][0], "agreement": 0.8}
        for name, cell, layers, hidden, _ in runs
    ]
    return Finding(
        analysis="model_map",
        corpus=CORPUS,
        title="Which models predict alike?",
        reading="Two networks agree on 80% of characters.",
        numbers={"models": len(runs), "neighbours_shared": 0.8, "rank_correlation": 0.7},
        tables={"places": places},
        caveats=["Axes of a t-SNE map mean nothing."],
        command="rnnscope study python-library",
    )


def _model(name: str, family: str, loss: float, draw: random.Random) -> Row:
    half = 0.011 + 0.004 * draw.random()
    row: Row = {
        "model": name,
        "family": family,
        "cell": None,
        "layers": None,
        "hidden": None,
        "context": None,
    }
    row |= {"parameters": None, "epochs": None, "train_seconds": None, "test_nats": loss, "low": loss - half}
    row |= {"high": loss + half, "test_bits": loss / math.log(2), "error_rate": 0.2 + loss / 5}
    return row | {"error_low": 0.19 + loss / 5, "error_high": 0.21 + loss / 5}


def _curves(runs: list[Planted], contexts: list[Row], draw: random.Random, points: int) -> Finding:
    rows: list[Row] = []
    for name, cell, _, _, loss in runs:
        for step in range(1, points + 1):
            share = step / points
            nats = loss + 3.2 * math.exp(-6 * share**0.45) + 0.002
            validates = step % max(1, points // 12) == 0
            rows.append(
                {
                    "run": name,
                    "cell": cell,
                    "step": step,
                    "chars_seen": int(3_600_000 * share),
                    "epoch": 3 * share,
                    "seconds": 50 * share,
                    "train_nats": nats - 0.03 + draw.gauss(0, 0.025),
                    "validation_nats": nats if validates else None,
                }
            )
    return Finding(
        analysis="training_curves",
        corpus=CORPUS,
        title="How did each network learn?",
        reading="lstm-1x128-s0 reached 1.226 validation nats in 49 s (below every n-gram).",
        numbers={"runs": len(runs), "train_seconds": 151.3},
        tables={
            "points": rows,
            "contexts": [{k: row[k] for k in ("context", "validation_nats")} for row in contexts],
        },
        caveats=["Training losses are running means; compare validation losses."],
        command="rnnscope analyse training_curves python-library",
    )


def _saturation(runs: list[Planted], draw: random.Random) -> Finding:
    rows: list[Row] = []
    for name, cell, layers, hidden, _ in runs:
        for layer in range(1, layers + 1):
            for gate in GATES.get(cell, ()):
                for unit in range(hidden):
                    held = draw.betavariate(0.6 if layer > 1 else 1.2, 1.0 if layer > 1 else 2.5)
                    right = held * draw.betavariate(*((3, 0.7) if gate == "forget" else (1, 1)))
                    where: Row = {"run": name, "cell": cell, "layer": layer, "gate": gate, "unit": unit}
                    rows.append(where | {"left": held - right, "right": right, "never_moves": False})
    return Finding(
        analysis="saturation",
        corpus=CORPUS,
        title="How often is each gate shut or open?",
        reading="In lstm-1x128-s0 9 of 128 forget gates of layer 1 are open on over 90 % of steps.",
        numbers={"steps": 120_000, "gate_units": len(rows), "left_below": 0.1, "right_above": 0.9},
        tables={
            "gates": rows,
            "summary": [{"run": run[0], "units": run[3], "mostly_open": 9} for run in runs],
        },
        caveats=["A gate unit that is always saturated may belong to a unit that does nothing."],
        command="rnnscope analyse saturation python-library",
    )


def _roles(runs: list[Planted], draw: random.Random, excerpt_chars: int) -> Finding:
    roles: list[Row] = []
    best: list[Row] = []
    for name, cell, layers, hidden, _ in runs:
        for unit in range(layers * hidden):
            roles.append(
                _role(name, cell, 1 + unit // hidden, unit % hidden, *draw.choice(TRACKS), draw, strong=False)
            )
        best += [_role(name, cell, 1, draw.randrange(hidden), *track, draw, strong=True) for track in TRACKS]
    text = (CODE + PROSE) * (excerpt_chars // len(CODE + PROSE) + 1)
    excerpts = [
        Excerpt(
            title=f"{row['run']}, layer {row['layer']}, unit {row['unit']}: {row['track']}",
            note=f"Score {row['score']:.3f} on other text; shifted at most {row['control_high']:.3f}.",
            site=str(row["site"]),
            unit=int(row["unit"] or 0),
            run=str(row["run"]),
            text=text[:excerpt_chars],
            values=quoted(text[:excerpt_chars]) if index % 2 == 0 else wave(excerpt_chars),
        )
        for index, row in enumerate(best[: 6 * min(len(runs), 36)])
    ]
    return Finding(
        analysis="cell_roles",
        corpus=CORPUS,
        title="Which units follow something that people see in the text?",
        reading=f"{len(best)} pairs of network and property have a unit above their control.",
        tables={"roles": roles, "best": best},
        excerpts=excerpts,
        caveats=["A unit that follows quotes need not be what the network uses to close them."],
        command="rnnscope analyse cell_roles python-library",
    )


def _role(
    run: str, cell: str, layer: int, unit: int, track: str, kind: str, draw: random.Random, strong: bool
) -> Row:
    chance = 0.5 if kind == "flag" else 0.0
    control = chance + abs(draw.gauss(0, 0.03))
    score = (
        chance + (0.95 - chance) * draw.betavariate(6, 2)
        if strong
        else min(1.0, control + draw.expovariate(7))
    )
    row: Row = {
        "run": run,
        "cell": cell,
        "layer": layer,
        "unit": unit,
        "site": f"layers.{layer - 1}.tanh_c",
        "track": track,
    }
    row |= {
        "kind": kind,
        "score": score,
        "control": control,
        "control_high": control + 0.05,
        **{"untrained": control + 0.02, "last_character": control},
        "low": score - 0.01,
        "high": min(1.0, score + 0.01),
        "bits": 0.1,
        "q": 1e-4 if strong else 0.5,
        "text_chars": 60_000,
    }
    return row | {"is_clear": strong and score - 0.01 > control + 0.05}


def _samples(runs: list[Planted], chars: int) -> Finding:
    rows: list[Row] = [
        {
            "run": name,
            "temperature": temperature,
            "prime": "def ",
            "text": (CODE[4:] + PROSE) * (chars // 500 + 1),
        }
        for name, *_ in runs
        for temperature in (0.5, 0.8)
    ]
    rows = [
        row | {"text": str(row["text"])[:chars], "longest_copied_chars": 23, "copied_share": 0.0}
        for row in rows
    ]
    return Finding(
        analysis="samples",
        corpus=CORPUS,
        title="What does each model write?",
        reading="The longest stretch that any sample shares with the training text has 23 characters.",
        numbers={"seed": 0},
        tables={"samples": rows},
        caveats=["One sample a model, drawn with one seed and not picked."],
        command="rnnscope analyse samples python-library",
    )
