"""In which order a network learns: how far it is from predictors of n characters, and when it passes them."""

from typing import Any, Literal

import altair as alt

from rnnscope.figures.figure import ROWS, Figure, draws
from rnnscope.figures.loss_axis import numbers, padded
from rnnscope.figures.theme import BAND_PX
from rnnscope.figures.thin import left_out, needed
from rnnscope.records import Finding
from rnnscope.records.finding import Row, number

LOSSES = (
    "A line is a predictor of n characters. Above zero the network's loss is the lower one: it has learned "
    "more than n characters tell. Bands are 95 % intervals over the text."
)
APART = (
    "A line is a predictor of n characters; low is near. Where a line has its lowest point the network "
    "predicts most like it."
)


@draws("training_dynamics")
def training_dynamics(finding: Finding, most_rows: int) -> list[Figure]:
    """Figures 'losses' and 'apart', and 'roles' where there are any."""
    curves = needed(finding.tables.get("curves", []), "epoch", "context", "family", "kl", "delta")
    references = needed(finding.tables.get("references", []), "reference", "context", "family")
    figures = []
    if curves:
        drawn = curves[:most_rows]
        note = left_out(len(drawn), len(curves), "points")
        figures += [
            Figure(
                name="losses",
                title="When the network passes each context",
                reading=_passed(references),
                chart=_lines(drawn, "delta", "nats that the network is ahead"),
                rows=drawn,
                note=_published(references) or note,
                how_to_read=LOSSES,
            ),
            Figure(
                name="apart",
                title="Which context the network is most like",
                reading=_nearest(references, number(finding.numbers.get("last_epoch")) or 0.0),
                chart=_lines(drawn, "kl", "symmetric divergence, nats"),
                rows=drawn,
                note=note,
                how_to_read=APART,
            ),
        ]
    roles = needed(finding.tables.get("roles", []), "title", "epoch", "unit", "layer")
    there = [row for row in roles if row["epoch"] is not None]
    if there:
        figures.append(_roles(there[:most_rows], len(roles)))
    return figures


def _lines(rows: list[Row], field: Literal["delta", "kl"], title: str) -> Any:
    """A panel per family, a line per n."""
    families = sorted({str(row["family"]) for row in rows})
    contexts = sorted({int(row["context"] or 0) for row in rows})
    epochs = numbers(rows, "epoch")
    x = alt.X(
        "epoch:Q",
        title="epochs of training",
        scale=alt.Scale(type="log", domain=[min(epochs), max(epochs)], nice=False),
        axis=alt.Axis(format="~g", tickCount=5, grid=False, labelOverlap=True),
    )
    low, high = padded(numbers(rows, f"{field}_low", f"{field}_high", field))
    y = {"title": title, "scale": alt.Scale(domain=[low, high], nice=False, zero=False)}
    color = alt.Color(
        "context:Q",
        scale=alt.Scale(domain=[contexts[0], max(contexts[-1], contexts[0] + 1)]),
        legend=alt.Legend(title="n", type="symbol", values=contexts, columns=len(contexts), format="d"),
    )
    base = alt.Chart().encode(x=x, color=color)
    band = (
        base.transform_filter(f"isValid(datum.{field}_low)")
        .mark_area(opacity=0.15, aria=False)
        .encode(y=alt.Y(f"{field}_low:Q", **y), y2=f"{field}_high:Q", detail="reference:N")
    )
    line = base.mark_line(strokeWidth=1.8, aria=False).encode(
        y=alt.Y(f"{field}:Q", **y),
        detail="reference:N",
        tooltip=[
            alt.Tooltip("reference:N"),
            alt.Tooltip("epoch:Q", format=".3g"),
            alt.Tooltip("delta:Q", title="ahead, nats", format="+.3f"),
            alt.Tooltip("kl:Q", title="divergence", format=".3f"),
        ],
    )
    zero = alt.Chart(alt.Data(values=[{}])).mark_rule(style="reference", aria=False).encode(y=alt.datum(0))
    layers = [band, line, *([zero] if field == "delta" else [])]
    chart = alt.layer(*layers, data=ROWS).properties(width=300, height=250)
    facet = alt.Facet("family:N", title=None, sort=families, header=alt.Header(labelAnchor="start"))
    page = {"panels": len(families), "group": 1, "least_px": 220, "most_px": 420}
    return chart.facet(facet, columns=2, spacing=22).properties(usermeta={"rnnscope": page})


def _passed(references: list[Row]) -> str:
    """How many are passed, of each family."""
    said = []
    for family, own in _by_family(references).items():
        count = sum(row.get("crossed_at") is not None for row in own)
        said.append(f"{count} of {len(own)} {family}s")
    return f"The network passes {' and '.join(said)} on its way."


def _nearest(references: list[Row], ends: float) -> str:
    """When the network is nearest to each, of those that it moves away from again before it ends."""
    said = []
    for family, own in _by_family(references).items():
        left = [row for row in own if (number(row.get("nearest_at")) or ends) < ends]
        if left:
            told = ", ".join(f"{row['context']} at {row['nearest_at']:.2g}" for row in left)
            said.append(f"to the {family}s of {told} epochs")
    if not said:
        return "It comes nearer to all of them to the end."
    return (
        f"It is nearest {' and '.join(said)}, and moves away from them again; to the others it comes nearer "
        "to the end."
    )


def _by_family(references: list[Row]) -> dict[str, list[Row]]:
    families = dict.fromkeys(str(row["family"]) for row in references)
    return {family: [row for row in references if row["family"] == family] for family in families}


def _published(references: list[Row]) -> str:
    told = [row for row in references if row.get("paper_crossed_at") is not None]
    if not told:
        return ""
    times = ", ".join(f"{row['context']} at {row['paper_crossed_at']:g}" for row in told)
    return f"The 2015 paper's 3-layer LSTM passes its n-NNs of {times} epochs (its own optimiser, read off)."


def _roles(rows: list[Row], roles: int) -> Figure:
    """When each role appeared: a row per track, a mark per unit."""
    tracks = list(dict.fromkeys(str(row["title"]) for row in rows))
    epochs = numbers(rows, "epoch")
    scale = alt.Scale(type="log", domain=[min(epochs) * 0.9, max(epochs) * 1.1], nice=False)
    layers = sorted({int(row["layer"] or 1) for row in rows})
    chart = (
        alt.Chart(ROWS)
        .mark_point(size=60, opacity=0.8, aria=False)
        .encode(
            x=alt.X(
                "epoch:Q", title="epochs of training", scale=scale, axis=alt.Axis(format="~g", tickCount=5)
            ),
            y=alt.Y("title:N", title=None, sort=tracks, axis=alt.Axis(labelLimit=220)),
            color=alt.Color(
                "layer:O", sort=layers, legend=alt.Legend(title="layer") if len(layers) > 1 else None
            ),
            tooltip=[
                alt.Tooltip("run:N"),
                alt.Tooltip("layer:Q"),
                alt.Tooltip("unit:Q"),
                alt.Tooltip("epoch:Q", format=".3g"),
                alt.Tooltip("score_last:Q", title="score at the end", format=".3f"),
            ],
        )
        .properties(width="container", height=BAND_PX * max(2, len(tracks)))
    )
    return Figure(
        name="roles",
        title="When units take up their roles",
        reading=f"{len(rows)} of {roles} roles are above their controls for good within these epochs; "
        f"'{rows[0]['title']}' is the first.",
        chart=chart,
        rows=rows,
        how_to_read="A mark is a unit, at the epoch from which it follows its track more closely than all "
        "controls of the trained network.",
    )
